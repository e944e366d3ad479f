using ArKernel.Backbones;
using ArKernel.Orders;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Queries;

/// <summary>
/// The coarse token of a place stands where its fine token is about to be predicted, all places at once and after a row for the class (CTF's second
/// stage). For orders of coarse tokens, one a step, and as many fine ones in the last step.
/// </summary>
public sealed class CoarseTokens : Query
{
    private readonly TokenEmbedding embedding;
    private readonly Parameter start; // [classes + 1, channels]; one row without classes

    /// <summary>Creates the query.</summary>
    /// <param name="coarseVocabularySize">The number of coarse tokens.</param>
    /// <param name="channels">The width of a row.</param>
    /// <param name="classes">The number of classes; 0 for an unconditional model.</param>
    /// <param name="labelDropout">The probability of training a sample without its label.</param>
    public CoarseTokens(int coarseVocabularySize, int channels, int classes = 0, double labelDropout = 0.1)
        : base(nameof(CoarseTokens), classes, labelDropout)
    {
        embedding = new TokenEmbedding(coarseVocabularySize, channels);
        start = TransformerBackbone.NewVectors(classes + 1, channels);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override int RowCount(GenerationOrder order, int from, int to) => order.CountOf(from, to) + 1;

    /// <inheritdoc/>
    public override BackboneInput Rows(Draft draft, StepRange steps, NoisyTokens? noisy = null)
    {
        int places = draft.Order.CountOf(steps.From, steps.To);
        if (steps.To - steps.From != 1 || draft.Order.CountOf(0, steps.From) != places)
        {
            throw new ArgumentException($"CoarseTokens: steps {steps.From}..{steps.To - 1} of order '{draft.Order.Name}' are not one step of as many tokens as stand before it.");
        }

        Tensor vectors = IsConditional ? ClassVectors(start, draft) : Unconditional(start, draft);
        Tensor rows = draft.ForRows(TokenEmbedding.Look(embedding.Weight, draft.TokensOf(0, steps.From), nameof(CoarseTokens)));
        return new BackboneInput(cat([vectors.unsqueeze(1), rows], 1))
        {
            Attention = AttentionPattern.Full,
            Positions = arange(places + 1, device: rows.device).unsqueeze(0),
            Predicting = places,
        };
    }
}
