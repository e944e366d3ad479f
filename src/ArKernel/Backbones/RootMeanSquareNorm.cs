using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Backbones;

/// <summary>RMSNorm over the last axis: y = g ⊙ x · (mean(x²) + ε)^(−1/2), computed in float32 (Zhang &amp; Sennrich 2019, eq. 4).</summary>
public sealed class RootMeanSquareNorm : nn.Module<Tensor, Tensor>
{
    private readonly Parameter? weight; // g
    private readonly double epsilon;

    /// <summary>Creates the normalization with unit gain.</summary>
    /// <param name="channels">The width of the last axis.</param>
    /// <param name="epsilon">Added under the root (ε).</param>
    /// <param name="gain">Whether there is a gain to learn.</param>
    public RootMeanSquareNorm(long channels, double epsilon, bool gain = true)
        : base(nameof(RootMeanSquareNorm))
    {
        if (gain)
        {
            weight = new Parameter(ones(channels));
            weight.DetachFromDisposeScope();
        }

        this.epsilon = epsilon;
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        Tensor x = input.dtype is ScalarType.Float16 or ScalarType.BFloat16 ? input.to(ScalarType.Float32) : input;
        Tensor scale = x.square().mean([-1], keepdim: true).add(epsilon).rsqrt();
        Tensor normalized = (x * scale).to(input.dtype);
        return weight is null ? normalized : normalized * weight;
    }
}
