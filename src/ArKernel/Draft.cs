using ArKernel.Orders;
using static TorchSharp.torch;

namespace ArKernel;

/// <summary>Which steps are to be predicted, and which the cache knows already.</summary>
/// <param name="Cached">The rows of the steps before this one are not wanted: they are in the cache, or belong to an earlier stage of the model.</param>
/// <param name="From">The first step to be predicted.</param>
/// <param name="To">The step after the last.</param>
public readonly record struct StepRange(int Cached, int From, int To);

/// <summary>The tokens of steps about to be predicted with noise added, for heads that remove it little by little: x_t = (1 − t) x + t ε.</summary>
/// <param name="Values">[batch, tokens, token channels] x_t, in generation order.</param>
/// <param name="Times">[batch, steps] the time t of each step, or [batch, tokens] of each token; 1 for pure noise and 0 for clean tokens.</param>
public sealed record NoisyTokens(Tensor Values, Tensor Times)
{
    /// <summary>Whether a step sees the steps before it without noise, as it does in sampling; else with the noise they have here (noisy context).</summary>
    public bool CleanContext { get; init; }
}

/// <summary>
/// A batch of samples in the making, or complete ones to learn from: their tokens, what they are conditioned on, and the sequence in which
/// their positions are predicted.
/// </summary>
public sealed class Draft : IDisposable
{
    /// <summary>Begins with tokens of which some or all are known.</summary>
    /// <param name="order">The order; one that is drawn is drawn here, for each sample of its own.</param>
    /// <param name="tokens">[batch, positions] int64, or [batch, positions, token channels]; positions of later steps hold anything finite.</param>
    /// <param name="condition">[batch] int64 class labels, or null for an unconditional model.</param>
    /// <param name="nullLabel">The label that means "no class", to predict every sample with and without its condition (guidance); or null.</param>
    /// <param name="generator">What an order is drawn from; null is torch's own.</param>
    public Draft(GenerationOrder order, Tensor tokens, Tensor? condition = null, long? nullLabel = null, Generator? generator = null)
    {
        (Order, Tokens, Condition, IsGuided) = (order, tokens, condition, nullLabel is not null);
        Labels = nullLabel is long none && condition is not null ? cat([condition, full_like(condition, none)]) : condition;
        if (order.IsDrawn)
        {
            Tensor fixedSequence = tensor(order.Permutation(0, order.StepCount), device: tokens.device);
            Sequence = fixedSequence[rand([tokens.shape[0], order.PositionCount], device: tokens.device, generator: generator).argsort(1)];
        }
        else if (!order.IsRaster)
        {
            Sequence = tensor(order.Permutation(0, order.StepCount), device: tokens.device).unsqueeze(0);
        }
    }

    /// <summary>The order of prediction.</summary>
    public GenerationOrder Order { get; }

    /// <summary>[batch, positions] or [batch, positions, token channels], by position.</summary>
    public Tensor Tokens { get; }

    /// <summary>[batch] class labels, or null.</summary>
    public Tensor? Condition { get; }

    /// <summary>[rows] the labels of all rows: with guidance those of the samples, then as many of no class.</summary>
    public Tensor? Labels { get; }

    /// <summary>Whether every sample stands in two rows, with its condition in the first half of them and without in the second.</summary>
    public bool IsGuided { get; }

    /// <summary>[1 or batch, positions] int64 the position predicted at each place of the sequence; null for raster order.</summary>
    public Tensor? Sequence { get; }

    /// <summary>What a query keeps from step to step so as not to compute it anew, such as a running sum of scales. Disposed with the draft.</summary>
    public IDisposable? State { get; set; }

    /// <summary>The number of rows the backbone is given: a row a sample, or two with guidance.</summary>
    public long RowCount => IsGuided ? 2 * Tokens.shape[0] : Tokens.shape[0];

    /// <summary>The positions of consecutive steps, in generation order.</summary>
    /// <param name="from">The first step.</param>
    /// <param name="to">The step after the last.</param>
    /// <returns>[1 or batch, positions of the steps] int64.</returns>
    public Tensor Positions(int from, int to) => Sequence is null
        ? arange(from, to, device: Tokens.device).unsqueeze(0)
        : Sequence.narrow(1, Order.CountOf(0, from), Order.CountOf(from, to));

    /// <summary>The tokens of consecutive steps, in generation order.</summary>
    /// <param name="from">The first step.</param>
    /// <param name="to">The step after the last.</param>
    /// <returns>[batch, positions of the steps] or [batch, positions of the steps, token channels].</returns>
    public Tensor TokensOf(int from, int to) => Of(Tokens, from, to);

    /// <summary>What of anything given by position belongs to consecutive steps, in generation order.</summary>
    /// <param name="byPosition">[batch, positions] or [batch, positions, channels].</param>
    /// <param name="from">The first step.</param>
    /// <param name="to">The step after the last; null for one step.</param>
    internal Tensor Of(Tensor byPosition, int from, int? to = null)
    {
        int end = to ?? from + 1;
        if (Sequence is null)
        {
            return byPosition.narrow(1, from, end - from);
        }

        Tensor positions = Positions(from, end);
        return Order.IsDrawn ? byPosition.gather(1, Across(byPosition, positions)) : byPosition.index_select(1, positions.squeeze(0));
    }

    /// <summary>Puts the tokens of a step where they belong.</summary>
    /// <param name="step">The step.</param>
    /// <param name="tokens">[batch, positions of the step] or [batch, positions of the step, token channels], in generation order.</param>
    public void Write(int step, Tensor tokens)
    {
        if (Sequence is null)
        {
            Tokens.narrow(1, step, 1).copy_(tokens);
        }
        else
        {
            Tokens.scatter_(1, Across(Tokens, Positions(step, step + 1)).expand(tokens.shape), tokens.to(Tokens.dtype));
        }
    }

    /// <summary>What belongs to samples, for all rows.</summary>
    /// <param name="ofSamples">[batch, …], or [1, …] for what all share.</param>
    /// <returns>[rows, …], or as it was where all share it.</returns>
    public Tensor ForRows(Tensor ofSamples) => IsGuided && ofSamples.shape[0] == Tokens.shape[0] ? cat([ofSamples, ofSamples]) : ofSamples;

    /// <inheritdoc/>
    public void Dispose() => State?.Dispose();

    private static Tensor Across(Tensor target, Tensor positions) =>
        target.dim() == 2 ? positions : positions.unsqueeze(2).expand(-1, -1, target.shape[2]);
}
