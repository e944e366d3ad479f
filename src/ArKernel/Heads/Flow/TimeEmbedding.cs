using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Heads.Flow;

/// <summary>A time of 0 to 1 as a vector: cosines and sines of 1000 t at 128 frequencies each, then Linear, SiLU, Linear (DiT).</summary>
public sealed class TimeEmbedding : nn.Module<Tensor, Tensor>
{
    private const int Frequencies = 128;
    private const double LongestPeriod = 10_000;

    private readonly Linear first;
    private readonly Linear second;

    /// <summary>Creates the embedding.</summary>
    /// <param name="channels">The width of the vector.</param>
    public TimeEmbedding(long channels)
        : base(nameof(TimeEmbedding))
    {
        first = nn.Linear(2 * Frequencies, channels);
        second = nn.Linear(channels, channels);
        nn.init.normal_(first.weight!, 0, 0.02);
        nn.init.normal_(second.weight!, 0, 0.02);
        RegisterComponents();
    }

    /// <summary>Embeds times.</summary>
    /// <param name="input">[...], 0 to 1.</param>
    /// <returns>[..., channels].</returns>
    public override Tensor forward(Tensor input) => second.forward(nn.functional.silu(first.forward(Waves(input))));

    /// <summary>[...] to [..., 256]: cos(1000 t ω_i), then sin(1000 t ω_i), ω_i = 10000^(−i/128).</summary>
    internal static Tensor Waves(Tensor time)
    {
        Tensor frequencies = (arange(Frequencies, ScalarType.Float32, time.device) * (-Math.Log(LongestPeriod) / Frequencies)).exp();
        Tensor angles = time.to(ScalarType.Float32).unsqueeze(-1) * 1000 * frequencies;
        return cat([angles.cos(), angles.sin()], -1);
    }
}
