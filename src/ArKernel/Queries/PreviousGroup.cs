using ArKernel.Backbones;
using ArKernel.Codecs;
using ArKernel.Orders;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Queries;

/// <summary>
/// The tokens of the group generated just before are the rows of a step, so a step may have more or fewer rows than tokens to predict: the
/// previous diagonal (NAR), or the previous window fused into one row (Token-Shuffle). Before the first stands a learned start, one a class. A
/// row's place is that of the token it holds, counted from 1; the start has place 0.
/// </summary>
public sealed class PreviousGroup : Query
{
    private readonly TokenEmbedding embedding;
    private readonly TokenShuffle? fusion;
    private readonly Parameter start; // [classes + 1, channels], the last row for "no class"; one row without classes

    /// <summary>Creates the query.</summary>
    /// <param name="embedding">[vocabulary, channels] the vectors of the tokens.</param>
    /// <param name="classes">The number of classes; 0 for an unconditional model.</param>
    /// <param name="labelDropout">The probability of training a sample without its label, which guidance needs.</param>
    /// <param name="fusion">Makes one row of the tokens of a group, or null for a row a token.</param>
    public PreviousGroup(TokenEmbedding embedding, int classes = 0, double labelDropout = 0.1, TokenShuffle? fusion = null)
        : base(nameof(PreviousGroup), classes, labelDropout)
    {
        (this.embedding, this.fusion) = (embedding, fusion);
        start = TransformerBackbone.NewVectors(classes + 1, embedding.Weight.shape[1]);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override int RowCount(GenerationOrder order, int from, int to) => Enumerable.Range(from, to - from).Sum(step => RowsOf(order, step));

    /// <inheritdoc/>
    public override BackboneInput Rows(Draft draft, StepRange steps, NoisyTokens? noisy = null)
    {
        GenerationOrder order = draft.Order;
        if (fusion is not null && order.Groups.Any(group => group.Length != fusion.WindowTokens))
        {
            throw new ArgumentException($"PreviousGroup: order '{order.Name}' must have {fusion.WindowTokens} tokens a step, as many as are fused.");
        }

        int first = Math.Max(steps.Cached - 1, 0);
        Tensor rows = TokenEmbedding.Look(embedding.Weight, draft.TokensOf(first, steps.To - 1), nameof(PreviousGroup));
        Tensor places = fusion is null ? draft.Positions(first, steps.To - 1) + 1 : arange(first + 1, steps.To, device: rows.device).unsqueeze(0);
        rows = draft.ForRows(fusion is null ? rows : fusion.Fuse(rows));
        places = draft.ForRows(places);
        if (steps.Cached == 0)
        {
            Tensor vectors = IsConditional ? ClassVectors(start, draft) : Unconditional(start, draft);
            rows = cat([vectors.unsqueeze(1), rows], 1);
            places = cat([zeros([places.shape[0], 1], ScalarType.Int64, rows.device), places], 1);
        }

        int[] counts = [.. Enumerable.Range(steps.Cached, steps.To - steps.Cached).Select(step => RowsOf(order, step))];
        return BlockCausal(new BackboneInput(rows) { Positions = places, Predicting = counts.Skip(steps.From - steps.Cached).Sum() }, counts);
    }

    private int RowsOf(GenerationOrder order, int step) => step == 0 || fusion is not null ? 1 : order.Groups[step - 1].Length;
}
