using ArKernel.Backbones;
using ArKernel.Orders;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Queries;

/// <summary>
/// A mask token stands at every position still hidden, those of later groups included; before these rows stand some that carry the class, and the known tokens
/// (MAR, Li et al. 2024). For a <see cref="MaskedBackbone"/>, whose encoder sees all rows but the masks.
/// </summary>
public sealed class MaskToken : Query
{
    private readonly Linear projection; // C → d
    private readonly Parameter classVectors; // [classes + 1, channels]; one row without classes
    private readonly Parameter mask; // [1, channels]
    private readonly int classRows;

    /// <summary>Creates the query.</summary>
    /// <param name="tokenChannels">Channels of a token (C).</param>
    /// <param name="channels">The width of a row (d).</param>
    /// <param name="classRows">How many rows carry the class (MAR's buffer).</param>
    /// <param name="classes">The number of classes; 0 for an unconditional model.</param>
    /// <param name="labelDropout">The probability of training a sample without its label, which guidance needs.</param>
    public MaskToken(int tokenChannels, int channels, int classRows, int classes = 0, double labelDropout = 0.1)
        : base(nameof(MaskToken), classes, labelDropout)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classRows, 1); // the encoder needs something to see before any token is known
        projection = nn.Linear(tokenChannels, channels);
        classVectors = TransformerBackbone.NewVectors(classes + 1, channels);
        mask = TransformerBackbone.NewVectors(1, channels);
        this.classRows = classRows;
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override int RowCount(GenerationOrder order, int from, int to) => classRows + order.PositionCount;

    /// <inheritdoc/>
    public override BackboneInput Rows(Draft draft, StepRange steps, NoisyTokens? noisy = null)
    {
        int last = draft.Order.StepCount, hidden = draft.Order.CountOf(steps.From, last);
        Tensor vectors = IsConditional ? ClassVectors(classVectors, draft) : Unconditional(classVectors, draft);
        Tensor known = draft.ForRows(projection.forward(draft.TokensOf(0, steps.From)));
        Tensor places = draft.ForRows(draft.Positions(0, last)) + classRows;
        return new BackboneInput(cat([vectors.unsqueeze(1).expand(-1, classRows, -1), known, mask.expand(known.shape[0], hidden, -1)], 1))
        {
            Attention = AttentionPattern.Full,
            Positions = cat([arange(classRows, device: places.device).expand(places.shape[0], -1), places], 1),
            Predicting = hidden,
        };
    }
}
