using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Backbones;

/// <summary>What a condition does to a block: both normalizations are scaled and shifted, both residual branches gated.</summary>
/// <param name="AttentionShift">b₁.</param>
/// <param name="AttentionScale">1 + s₁.</param>
/// <param name="AttentionGate">γ₁.</param>
/// <param name="FeedForwardShift">b₂.</param>
/// <param name="FeedForwardScale">1 + s₂.</param>
/// <param name="FeedForwardGate">γ₂.</param>
internal readonly record struct BlockModulation(
    Tensor AttentionShift, Tensor AttentionScale, Tensor AttentionGate, Tensor FeedForwardShift, Tensor FeedForwardScale, Tensor FeedForwardGate);

/// <summary>The linear map from a condition to scales, shifts and gates (AdaLN; VAR and xAR in one layout, DiT in the other).</summary>
internal sealed class Modulation : nn.Module
{
    private readonly Linear projection;
    private readonly ModulationLayout layout;
    private readonly int parts;

    private Modulation(DecoderConfiguration configuration, int parts)
        : base(nameof(Modulation))
    {
        (layout, this.parts) = (configuration.Modulation, parts);
        projection = nn.Linear(configuration.Channels, parts * configuration.Channels);
        RegisterComponents();
    }

    internal static Modulation OfBlock(DecoderConfiguration configuration) => new(configuration, 6);

    internal static Modulation OfOutput(DecoderConfiguration configuration) => new(configuration, 2);

    /// <summary>The modulation of a block's rows.</summary>
    /// <param name="condition">[batch, vectors, channels], SiLU applied.</param>
    /// <param name="rows">The number of rows, a multiple of the vectors.</param>
    internal BlockModulation ForBlock(Tensor condition, long rows)
    {
        Tensor[] part = Parts(condition, rows);
        return layout == ModulationLayout.GatesScalesShifts
            ? new(part[4], part[2] + 1, part[0], part[5], part[3] + 1, part[1])
            : new(part[0], part[1] + 1, part[2], part[3], part[4] + 1, part[5]);
    }

    /// <summary>LN(x) ⊙ (1 + s) + b after the last block.</summary>
    internal Tensor Modulate(Tensor normalized, Tensor condition)
    {
        Tensor[] part = Parts(condition, normalized.shape[1]);
        (Tensor scale, Tensor shift) = layout == ModulationLayout.GatesScalesShifts ? (part[0], part[1]) : (part[1], part[0]);
        return shift.addcmul(normalized, scale + 1, 1);
    }

    private Tensor[] Parts(Tensor condition, long rows)
    {
        Tensor all = projection.forward(condition); // on the vectors, not the rows: a group of tokens shares one
        long vectors = condition.shape[1];
        return (vectors == 1 || vectors == rows ? all : all.repeat_interleave(rows / vectors, 1)).chunk(parts, -1);
    }

    /// <summary>
    /// VAR draws all but the gates at half the deviation and the gates at 10⁻⁵ of it, so that a new block is almost the identity; DiT begins
    /// at zero and is it exactly.
    /// </summary>
    internal void Initialize(double deviation)
    {
        projection.bias!.zero_();
        if (layout == ModulationLayout.ShiftScaleGate)
        {
            projection.weight!.zero_();
            return;
        }

        nn.init.normal_(projection.weight!, 0, deviation / 2);
        if (parts == 6)
        {
            projection.weight!.narrow(0, 0, projection.weight!.shape[0] / 3).mul_(2e-5);
        }
    }
}
