using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Backbones;

/// <summary>
/// An encoder that sees the rows of what is known, and a decoder that sees these and the rows of what is hidden (MAE, He et al. 2022; MAR, Li et al. 2024). Both
/// attend in both directions, so nothing can be cached and every step is a call of its own.
/// </summary>
public sealed class MaskedBackbone : Backbone
{
    private readonly TransformerBackbone encoder;
    private readonly Linear between;
    private readonly TransformerBackbone decoder;
    private readonly Parameter outputPlaces; // [positions, channels], added to the outputs (MAR's "diffusion position")

    /// <summary>Creates the two halves.</summary>
    /// <param name="encoder">The shape of the encoder.</param>
    /// <param name="decoder">The shape of the decoder, of the same width.</param>
    /// <exception cref="ArgumentException">The widths or lengths differ.</exception>
    public MaskedBackbone(DecoderConfiguration encoder, DecoderConfiguration decoder)
        : base(nameof(MaskedBackbone), encoder.Channels, decoder.MaximumLength)
    {
        if (encoder.Channels != decoder.Channels || encoder.MaximumLength != decoder.MaximumLength)
        {
            throw new ArgumentException(
                $"MaskedBackbone: the encoder is {encoder.Channels} wide for {encoder.MaximumLength} rows, the decoder {decoder.Channels} for {decoder.MaximumLength}; they must be the same.");
        }

        this.encoder = new TransformerBackbone(encoder);
        between = nn.Linear(encoder.Channels, decoder.Channels);
        this.decoder = new TransformerBackbone(decoder);
        outputPlaces = TransformerBackbone.NewVectors(decoder.MaximumLength, decoder.Channels);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override bool SeesStepsInSequence => false;

    /// <inheritdoc/>
    public override KeyValueCache? NewCache(long batch) => null;

    /// <inheritdoc/>
    public override Tensor Forward(BackboneInput input, KeyValueCache? cache = null, List<Tensor>? attentionWeights = null)
    {
        if (cache is not null || input.Positions is not Tensor positions || input.Predicting is not int hidden || hidden >= input.Rows.shape[1])
        {
            throw new ArgumentException("MaskedBackbone: the rows need positions, and known rows before the hidden ones that they predict; a cache is of no use. Query MaskToken makes such.");
        }

        long known = input.Rows.shape[1] - hidden;
        var seen = new BackboneInput(input.Rows.narrow(1, 0, known)) { Attention = AttentionPattern.Full, Positions = positions.narrow(1, 0, known), Condition = input.Condition };
        Tensor encoded = between.forward(encoder.Forward(seen, attentionWeights: attentionWeights));
        Tensor rows = cat([encoded, input.Rows.narrow(1, known, hidden)], 1);
        return decoder.Forward(input with { Rows = rows, Attention = AttentionPattern.Full }, attentionWeights: attentionWeights) + outputPlaces[positions];
    }
}
