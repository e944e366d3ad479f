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
    /// <returns>[count, positions] int64, or [count, positions, token channels] of a model with continuous tokens.</returns>
    /// <exception cref="ArgumentException">An option is out of range, or guidance is asked of an unconditional model.</exception>
    public static Tensor Sample(
        AutoregressiveModel model, int count, SamplingOptions? options = null, Tensor? condition = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        using Tensor nothing = NewTokens(model, count, 0);
        return Continue(model, nothing, model.Order.StepCount, options, condition, cancellationToken);
    }

    /// <summary>
    /// Continues prompts. A raster model goes on beyond its own length: whenever its window is full, the later half of the tokens becomes
    /// the new prompt, so every token still sees at least half a window.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="prompt">[batch, prompt] int64 (or [batch, prompt, token channels]), the tokens of the first steps, in generation order; zero columns for no prompt.</param>
    /// <param name="steps">The number of steps (groups) to add.</param>
    /// <param name="options">How to draw; null draws from the model's own distribution.</param>
    /// <param name="condition">[batch] int64 class labels, or null for an unconditional model.</param>
    /// <param name="cancellationToken">Stops between two steps.</param>
    /// <returns>[batch, prompt + added] tokens in generation order, fewer where every row met a stop token; a complete sample of another order than raster stands by position.</returns>
    /// <exception cref="ArgumentException">A shape or option does not fit.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static Tensor Continue(
        AutoregressiveModel model, Tensor prompt, int steps, SamplingOptions? options = null, Tensor? condition = null, CancellationToken cancellationToken = default)
    {
        options ??= new SamplingOptions();
        options.Validate();
        GenerationOrder order = model.Order;
        int done = Check(model, prompt, steps, options), end = done + steps, windowStart = 0;
        bool wasTraining = model.training;
        using IDisposable noGradient = no_grad();
        using var scope = NewDisposeScope();
        Device device = model.Device;
        using var generator = new Generator(unchecked((ulong)options.Seed), device);
        condition = condition?.to(device);
        long? nullLabel = options.GuidanceScale != 1 ? model.Query.NullLabel : null;

        // Raster tokens stand in one line, which the window moves along; others stand by position.
        Tensor tokens = NewTokens(model, prompt.shape[0], order.IsRaster ? end : order.PositionCount);
        Draft draft = NewWindow();
        Place(draft, prompt.to(device), done);
        Tensor? stops = options.StopTokens.Count > 0 ? tensor(options.StopTokens.ToArray(), device: device) : null;
        Tensor? finished = stops is null ? null : zeros([prompt.shape[0], 1], ScalarType.Bool, device);
        Tensor? keep = options.Known?.Keep.to(device), known = options.Known?.Tokens.to(device);
        Stage? stage = null;
        KeyValueCache? cache = null;
        int cached = 0, written = done;
        model.eval();
        try
        {
            for (int step = done; step < end; step++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (step - windowStart == order.StepCount)
                {
                    windowStart = step - order.StepCount / 2;
                    draft.Dispose();
                    draft.Tokens.Dispose(); // a view of the line: one a window would pile up
                    draft = NewWindow();
                    stage = null;
                }

                int place = step - windowStart;
                Stage current = model.StageOf(place);
                if (current != stage)
                {
                    cache?.Dispose();
                    (stage, cached) = (current, 0);
                    cache = options.UseCache ? current.Backbone.NewCache(draft.RowCount) : null;
                }

                using DisposeScope inner = NewDisposeScope();
                var prediction = new Prediction(model, draft, place, place + 1, cache, cached)
                {
                    GuidanceScale = 1 + (options.GuidanceScale - 1) * options.GuidanceSchedule(ProgressAt(order, place)),
                    History = !options.HasPenalties ? null : order.IsRaster ? tokens.narrow(1, 0, step) : draft.TokensOf(0, place),
                };
                Tensor drawn = current.Head.Sample(prediction, options, generator);
                if (finished is not null && step > done)
                {
                    drawn = where(finished, tokens.narrow(1, step - 1, 1), drawn);
                }

                if (keep is not null)
                {
                    Tensor kept = draft.Of(keep, place);
                    drawn = where(drawn.dim() == 3 ? kept.unsqueeze(2) : kept, draft.Of(known!, place), drawn);
                }

                draft.Write(place, drawn);
                (cached, written) = (prediction.Cached, step + 1);
                options.StepCompleted?.Invoke(step - done + 1);
                if (finished is not null && finished.logical_or_(drawn.eq(stops!).any(-1, keepdim: true)).all().item<bool>())
                {
                    break;
                }
            }

            Tensor result = order.IsRaster ? tokens.narrow(1, 0, written).alias() : end == order.StepCount ? tokens : draft.TokensOf(0, end);
            return result.MoveToOuterDisposeScope();
        }
        finally
        {
            cache?.Dispose();
            draft.Dispose();
            model.train(wasTraining);
        }

        Draft NewWindow() => new(
            order, order.IsRaster ? tokens.narrow(1, windowStart, Math.Min(order.PositionCount, end - windowStart)) : tokens, condition, nullLabel, generator);
    }

    /// <summary>The backbone's output for the group of a step of a raster model, given the tokens of all earlier steps.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokens">[batch, tokens of steps 0..step-1].</param>
    /// <param name="step">The step about to be predicted.</param>
    /// <param name="cache">The rows of earlier steps, however many; those up to this step are added.</param>
    /// <param name="labels">[batch] class labels, or null.</param>
    /// <returns>[batch, 1, channels].</returns>
    internal static Tensor NextHidden(AutoregressiveModel model, Tensor tokens, int step, KeyValueCache cache, Tensor? labels)
    {
        using var draft = new Draft(model.Order, tokens, labels);
        return new Prediction(model, draft, step, step + 1, cache, cache.Length).Hidden();
    }

    private static Tensor NewTokens(AutoregressiveModel model, long batch, long positions) => model.Head.TokenChannels == 0
        ? zeros([batch, positions], ScalarType.Int64, model.Device)
        : zeros([batch, positions, model.Head.TokenChannels], model.parameters().First().dtype, model.Device);

    /// <summary>Writes the tokens of the first steps, which stand in generation order.</summary>
    private static void Place(Draft draft, Tensor prompt, int steps)
    {
        if (draft.Order.IsRaster)
        {
            draft.Tokens.narrow(1, 0, Math.Min(prompt.shape[1], draft.Tokens.shape[1])).copy_(prompt);
            return;
        }

        for (int step = 0; step < steps; step++)
        {
            draft.Write(step, prompt.narrow(1, draft.Order.CountOf(0, step), draft.Order.CountOf(step, step + 1)));
        }
    }

    private static SamplingProgress ProgressAt(GenerationOrder order, int step) => new(
        step, order.StepCount, order.CountOf(0, step) / (double)order.PositionCount, order.CountOf(0, step + 1) / (double)order.PositionCount);

    /// <summary>Refuses what cannot be sampled; returns the number of steps that the prompt completes.</summary>
    private static int Check(AutoregressiveModel model, Tensor prompt, int steps, SamplingOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        GenerationOrder order = model.Order;
        int channels = model.Head.TokenChannels;
        bool discrete = channels == 0, fits = discrete
            ? prompt.dim() == 2 && prompt.dtype == ScalarType.Int64
            : prompt.dim() == 3 && prompt.shape[2] == channels && prompt.is_floating_point();
        if (!fits)
        {
            throw new ArgumentException(
                $"Sampler: the prompt is [{string.Join(", ", prompt.shape)}] {prompt.dtype}; it must be {(discrete ? "[batch, tokens] Int64" : $"[batch, tokens, {channels}] floating-point")}.", nameof(prompt));
        }

        if (options.Known is KnownTokens known && (known.Keep.dtype != ScalarType.Bool || !known.Keep.shape.SequenceEqual([prompt.shape[0], order.PositionCount]) || !known.Tokens.shape.Take(2).SequenceEqual(known.Keep.shape)))
        {
            throw new ArgumentException(
                $"Sampler: the known tokens are [{string.Join(", ", known.Tokens.shape)}] and where to keep them is [{string.Join(", ", known.Keep.shape)}] {known.Keep.dtype}; " +
                $"both must begin with [{prompt.shape[0]}, {order.PositionCount}], the latter Bool.");
        }

        if (options.GuidanceScale != 1 && !model.Stages.All(stage => stage.Query.IsConditional))
        {
            throw new ArgumentException(
                $"Sampler: GuidanceScale is {options.GuidanceScale}, but model '{model.GetName()}' is unconditional; leave it at 1, or train a model with classes.");
        }

        if (options.StopTokens.Count > 0 && !order.IsRaster)
        {
            throw new ArgumentException($"Sampler: StopTokens need raster order; model '{model.GetName()}' has order '{order.Name}', whose samples all have the same length.");
        }

        bool endless = order.IsRaster && !model.Query.IsConditional && discrete;
        if (endless && prompt.shape[1] > order.PositionCount)
        {
            throw new ArgumentException($"Sampler: the prompt has {prompt.shape[1]} tokens; the model sees at most {order.PositionCount}.", nameof(prompt));
        }

        int done = order.StepsOf(prompt.shape[1]);
        return endless || done + (long)steps <= order.StepCount
            ? done
            : throw new ArgumentException(
                $"Sampler: the prompt's {done} steps and {steps} more exceed the {order.StepCount} steps of order '{order.Name}'.", nameof(steps));
    }
}
