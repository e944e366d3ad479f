using ArKernel.Backbones;
using ArKernel.Orders;
using TorchSharp;
using static TorchSharp.torch;

namespace ArKernel.Decoding;

/// <summary>
/// The sampling loop, one for every order: for each group its inputs are made from the groups before, the backbone sees them with the
/// cache of the earlier ones, and the head draws the group's tokens.
/// </summary>
public static class Sampler
{
    /// <summary>Draws samples.</summary>
    /// <param name="model">The model.</param>
    /// <param name="count">The number of samples; with a condition, the number of labels.</param>
    /// <param name="options">How to draw; null draws from the model's own distribution.</param>
    /// <param name="condition">[count] int64 class labels, or null for an unconditional model.</param>
    /// <param name="cancellationToken">Stops between two steps.</param>
    /// <returns>[count, positions] int64.</returns>
    /// <exception cref="ArgumentException">An option is out of range, or guidance is asked of an unconditional model.</exception>
    public static Tensor Sample(
        AutoregressiveModel model, int count, SamplingOptions? options = null, Tensor? condition = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        Device device = model.Device;
        using Tensor nothing = empty([count, 0], ScalarType.Int64, device);
        return Continue(model, nothing, model.Order.StepCount, options, condition, cancellationToken);
    }

    /// <summary>
    /// Continues prompts. A raster model goes on beyond its own length: whenever its window is full, the later half of the tokens becomes
    /// the new prompt, so every token still sees at least half a window.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="prompt">[batch, prompt] int64, the tokens of the first steps, in generation order; zero columns for no prompt.</param>
    /// <param name="steps">The number of steps (groups) to add.</param>
    /// <param name="options">How to draw; null draws from the model's own distribution.</param>
    /// <param name="condition">[batch] int64 class labels, or null for an unconditional model.</param>
    /// <param name="cancellationToken">Stops between two steps.</param>
    /// <returns>[batch, prompt + added] int64 in generation order, shorter where every row met a stop token; a complete sample of another order than raster stands by position.</returns>
    /// <exception cref="ArgumentException">A shape or option does not fit.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static Tensor Continue(
        AutoregressiveModel model, Tensor prompt, int steps, SamplingOptions? options = null, Tensor? condition = null, CancellationToken cancellationToken = default)
    {
        options ??= new SamplingOptions();
        options.Validate();
        GenerationOrder order = model.Order;
        int done = Check(model, prompt, steps, options), end = done + steps;
        bool guided = options.GuidanceScale != 1, wasTraining = model.training;
        using IDisposable noGradient = no_grad();
        using var scope = NewDisposeScope();
        Device device = model.Device;
        using var generator = new Generator(unchecked((ulong)options.Seed), device);
        condition = condition?.to(device);
        Tensor? labels = guided && condition is not null ? cat([condition, full_like(condition, model.Query.NullLabel)]) : condition;
        long count = prompt.shape[1], added = order.StepCount == order.PositionCount ? steps : order.Permutation(done, end).Length;
        Tensor tokens = cat([prompt.to(device), zeros([prompt.shape[0], added], ScalarType.Int64, device)], 1); // in generation order, the first count known
        Tensor? stops = options.StopTokens.Count > 0 ? tensor(options.StopTokens.ToArray(), device: device) : null;
        Tensor? finished = stops is null ? null : zeros([prompt.shape[0], 1], ScalarType.Bool, device);
        int windowStart = 0;
        KeyValueCache? cache = null;
        model.eval();
        try
        {
            for (int step = done; step < end; step++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (step - windowStart == order.StepCount)
                {
                    windowStart = step - order.StepCount / 2;
                    cache?.Dispose();
                    cache = null;
                }

                if (options.UseCache)
                {
                    cache ??= model.Backbone.NewCache(guided ? 2 * prompt.shape[0] : prompt.shape[0]);
                }

                using DisposeScope inner = NewDisposeScope();
                Tensor window = tokens.narrow(1, windowStart, count - windowStart);
                Tensor hidden = NextHidden(model, guided ? cat([window, window]) : window, step - windowStart, cache, labels);
                Tensor? unconditional = null;
                if (guided)
                {
                    Tensor[] halves = hidden.chunk(2, 0);
                    (hidden, unconditional) = (halves[0], halves[1]);
                }

                Tensor drawn = model.Head.Sample(hidden, unconditional, tokens.narrow(1, 0, count), options, generator);
                if (finished is not null && step > done)
                {
                    drawn = where(finished, tokens.narrow(1, count - 1, 1), drawn);
                }

                tokens.narrow(1, count, hidden.shape[1]).copy_(drawn);
                count += hidden.shape[1];
                options.StepCompleted?.Invoke(step - done + 1);
                if (finished is not null && finished.logical_or_(drawn.eq(stops!).any(-1, keepdim: true)).all().item<bool>())
                {
                    break;
                }
            }

            Tensor result = !order.IsRaster && end == order.StepCount ? ToPositions(tokens, order) : tokens.narrow(1, 0, count).alias();
            return result.MoveToOuterDisposeScope();
        }
        finally
        {
            cache?.Dispose();
            model.train(wasTraining);
        }
    }

    /// <summary>The backbone's output for the group of a step, given the tokens of all earlier steps.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokens">[batch, tokens of steps 0..step-1] in generation order.</param>
    /// <param name="step">The step about to be predicted.</param>
    /// <param name="cache">The rows of earlier steps, however many; those up to this step are added. Null sees everything anew.</param>
    /// <param name="labels">[batch] class labels, or null.</param>
    /// <returns>[batch, positions of the group, channels].</returns>
    internal static Tensor NextHidden(AutoregressiveModel model, Tensor tokens, int step, KeyValueCache? cache, Tensor? labels)
    {
        GenerationOrder order = model.Order;
        int from = cache is null ? 0 : StepsOf(order, cache.Length), size = order.Groups[step].Length;
        Tensor inputs = model.Query.Inputs(order.IsRaster ? tokens : ToPositions(tokens, order), labels, order, from, step + 1);
        Tensor hidden = model.Attend(inputs, from, step + 1, cache);
        return hidden.narrow(1, hidden.shape[1] - size, size);
    }

    /// <summary>Puts tokens in generation order where they belong; positions not generated yet hold 0.</summary>
    private static Tensor ToPositions(Tensor tokens, GenerationOrder order)
    {
        Tensor positions = tensor(order.Permutation(0, StepsOf(order, tokens.shape[1])), device: tokens.device).expand(tokens.shape[0], -1);
        return zeros([tokens.shape[0], order.PositionCount], ScalarType.Int64, tokens.device).scatter(1, positions, tokens);
    }

    /// <summary>The number of steps that a number of tokens completes.</summary>
    private static int StepsOf(GenerationOrder order, long tokens)
    {
        if (order.StepCount == order.PositionCount)
        {
            return (int)tokens;
        }

        int steps = 0;
        long left = tokens;
        while (left > 0 && steps < order.StepCount)
        {
            left -= order.Groups[steps++].Length;
        }

        return left == 0 ? steps : throw new ArgumentException($"{tokens} tokens do not complete a step of order '{order.Name}'.");
    }

    /// <summary>Refuses what cannot be sampled; returns the number of steps that the prompt completes.</summary>
    private static int Check(AutoregressiveModel model, Tensor prompt, int steps, SamplingOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        GenerationOrder order = model.Order;
        if (prompt.dim() != 2 || prompt.dtype != ScalarType.Int64)
        {
            throw new ArgumentException($"Sampler: the prompt is [{string.Join(", ", prompt.shape)}] {prompt.dtype}; it must be [batch, tokens] Int64.", nameof(prompt));
        }

        if (options.GuidanceScale != 1 && !model.Query.IsConditional)
        {
            throw new ArgumentException(
                $"Sampler: GuidanceScale is {options.GuidanceScale}, but model '{model.GetName()}' is unconditional; leave it at 1, or train a model with classes.");
        }

        if (options.StopTokens.Count > 0 && !order.IsRaster)
        {
            throw new ArgumentException($"Sampler: StopTokens need raster order; model '{model.GetName()}' has order '{order.Name}', whose samples all have the same length.");
        }

        bool endless = order.IsRaster && !model.Query.IsConditional;
        if (endless && prompt.shape[1] > order.PositionCount)
        {
            throw new ArgumentException($"Sampler: the prompt has {prompt.shape[1]} tokens; the model sees at most {order.PositionCount}.", nameof(prompt));
        }

        int done = StepsOf(order, prompt.shape[1]);
        return endless || done + (long)steps <= order.StepCount
            ? done
            : throw new ArgumentException(
                $"Sampler: the prompt's {done} steps and {steps} more exceed the {order.StepCount} steps of order '{order.Name}'.", nameof(steps));
    }
}
