using ArKernel.Backbones;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Queries;

/// <summary>
/// The token generated just before stands at a position; before the first stands a start: one learned vector, one a class, or a token of the
/// vocabulary, as published language models have it.
/// </summary>
public sealed class PreviousToken : Query
{
    private readonly TokenEmbedding embedding;
    private readonly Parameter? start; // [classes + 1, channels], the last row for "no class"; one row without classes
    private readonly long startToken;

    /// <summary>Creates the query.</summary>
    /// <param name="embedding">[vocabulary, channels] the vectors of the tokens.</param>
    /// <param name="classes">The number of classes; 0 for an unconditional model.</param>
    /// <param name="labelDropout">The probability of training a sample without its label, which guidance needs.</param>
    public PreviousToken(TokenEmbedding embedding, int classes = 0, double labelDropout = 0.1)
        : base(nameof(PreviousToken), classes, labelDropout)
    {
        this.embedding = embedding;
        start = TransformerBackbone.NewVectors(classes + 1, embedding.Weight.shape[1]);
        RegisterComponents();
    }

    private PreviousToken(TokenEmbedding embedding, long startToken)
        : base(nameof(PreviousToken))
    {
        (this.embedding, this.startToken) = (embedding, startToken);
        RegisterComponents();
    }

    /// <summary>Creates the query of a model that begins every text with a token, such as GPT-2's <c>&lt;|endoftext|&gt;</c> (50256).</summary>
    /// <param name="embedding">[vocabulary, channels] the vectors of the tokens.</param>
    /// <param name="startToken">The token before the first.</param>
    public static PreviousToken StartingWith(TokenEmbedding embedding, int startToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(startToken);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(startToken, embedding.Weight.shape[0]);
        return new PreviousToken(embedding, (long)startToken);
    }

    /// <inheritdoc/>
    public override BackboneInput Rows(Draft draft, StepRange steps, NoisyTokens? noisy = null)
    {
        if (draft.Order.CountOf(steps.Cached, steps.To) != steps.To - steps.Cached)
        {
            throw new ArgumentException(
                $"PreviousToken needs an order of one position a step; '{draft.Order.Name}' has {draft.Order.PositionCount} positions in {draft.Order.StepCount} steps.");
        }

        // The token before step k is the one of step k − 1.
        Tensor before = draft.TokensOf(Math.Max(steps.Cached - 1, 0), steps.To - 1);
        Tensor rows = draft.ForRows(TokenEmbedding.Look(embedding.Weight, before, nameof(PreviousToken)));
        return new BackboneInput(steps.Cached > 0 ? rows : cat([Start(draft).unsqueeze(1), rows], 1))
        {
            Positions = draft.Order.IsRaster ? null : draft.ForRows(draft.Positions(steps.Cached, steps.To)),
            Predicting = steps.To - steps.From,
        };
    }

    private Tensor Start(Draft draft) => IsConditional
        ? ClassVectors(start!, draft)
        : Unconditional(start ?? embedding.Weight.narrow(0, startToken, 1), draft);
}
