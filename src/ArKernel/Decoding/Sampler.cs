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
        Device device = model.parameters().First().device;
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
    /// <returns>[batch, prompt + added] int64 in generation order; a complete sample of another order than raster stands by position.</returns>
    /// <exception cref="ArgumentException">A shape or option does not fit.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static Tensor Continue(
        AutoregressiveModel model, Tensor prompt, int steps, SamplingOptions? options = null, Tensor? condition = null, CancellationToken cancellationToken = default)
    {
        options ??= new SamplingOptions();
        options.Validate();
        GenerationOrder order = model.Order;
        Check(model, prompt, steps, options);

        using IDisposable noGradient = inference_mode();
        using var scope = NewDisposeScope();
        bool wasTraining = model.training;
        model.eval();
        Device device = model.parameters().First().device;
        using var generator = new Generator((ulong)options.Seed, device);
        bool guided = options.GuidanceScale != 1;
        Tensor? labels = guided && condition is not null ? cat([condition, full_like(condition, model.Query.NullLabel)]) : condition;
        try
        {
            Tensor tokens = prompt.to(device); // everything, by step
            int done = StepsOf(order, prompt.shape[1]), end = done + steps, windowStart = 0;
            KeyValueCache? cache = null;
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
                    tokens = Step(model, tokens, windowStart, step - windowStart, cache, guided, labels, options, generator);
                    tokens.MoveToOuterDisposeScope();
                    options.StepCompleted?.Invoke(step - done + 1);
                }
            }
            finally
            {
                cache?.Dispose();
            }

            bool byPosition = !order.IsRaster && end == order.StepCount;
            Tensor result = byPosition ? ToPositions(tokens, order) : tokens.clone();
            return result.MoveToOuterDisposeScope();
        }
        finally
        {
            model.train(wasTraining);
        }
    }

    private static Tensor Step(
        AutoregressiveModel model, Tensor tokens, int windowStart, int step, KeyValueCache? cache, bool guided, Tensor? labels, SamplingOptions options, Generator generator)
    {
        GenerationOrder order = model.Order;
        Tensor window = tokens.narrow(1, windowStart, tokens.shape[1] - windowStart);
        Tensor rows = guided ? cat([window, window]) : window;
        int from = cache is null ? 0 : StepsOf(order, cache.Length);
        Tensor byPosition = order.IsRaster ? rows : ToPositions(rows, order);
        Tensor inputs = model.Query.Inputs(byPosition, labels, order, from, step + 1);
        Tensor hidden = model.Attend(inputs, from, step + 1, cache);
        int size = order.Groups[step].Length;
        hidden = hidden.narrow(1, hidden.shape[1] - size, size);
        Tensor? unconditional = null;
        if (guided)
        {
            Tensor[] halves = hidden.chunk(2, 0);
            (hidden, unconditional) = (halves[0], halves[1]);
        }

        return cat([tokens, model.Head.Sample(hidden, unconditional, tokens, options, generator)], 1);
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
        for (long left = tokens; left > 0; steps++)
        {
            left -= order.Groups[steps].Length;
            if (left < 0)
            {
                throw new ArgumentException($"{tokens} tokens do not complete a step of order '{order.Name}'.");
            }
        }

        return steps;
    }

    private static void Check(AutoregressiveModel model, Tensor prompt, int steps, SamplingOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        GenerationOrder order = model.Order;
        if (prompt.dim() != 2)
        {
            throw new ArgumentException($"Sampler: the prompt is [{string.Join(", ", prompt.shape)}]; it must be [batch, tokens].", nameof(prompt));
        }

        bool endless = order.IsRaster && !model.Query.IsConditional;
        if (!endless && prompt.shape[1] + steps > order.PositionCount)
        {
            throw new ArgumentException(
                $"Sampler: {prompt.shape[1]} prompt tokens and {steps} steps exceed the {order.StepCount} steps of order '{order.Name}'.", nameof(steps));
        }

        if (endless && prompt.shape[1] > order.PositionCount)
        {
            throw new ArgumentException($"Sampler: the prompt has {prompt.shape[1]} tokens; the model sees at most {order.PositionCount}.", nameof(prompt));
        }

        if (options.GuidanceScale != 1 && !model.Query.IsConditional)
        {
            throw new ArgumentException(
                $"Sampler: GuidanceScale is {options.GuidanceScale}, but model '{model.GetName()}' is unconditional; leave it at 1, or train a model with classes.");
        }
    }
}
