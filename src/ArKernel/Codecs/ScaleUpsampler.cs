using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Codecs;

/// <summary>
/// What the codes of a scale add to the full-size sum: h_k = φ_k(bicubic(e)), φ(x) = (1 − ρ) x + ρ · conv3×3(x), a few φ being shared by all scales (VAR,
/// section 3.2 and the official quantizer).
/// </summary>
internal sealed class ScaleUpsampler : nn.Module
{
    private readonly ModuleList<Conv2d> convolutions = nn.ModuleList<Conv2d>();
    private readonly ScaleList scales;
    private readonly double ratio; // ρ

    internal ScaleUpsampler(ScaleList scales, int channels, int convolutionCount, double ratio)
        : base(nameof(ScaleUpsampler))
    {
        ArgumentOutOfRangeException.ThrowIfNegative(convolutionCount);
        if (!(ratio is >= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(ratio), ratio, "The share of the convolution (ρ) must be between 0 and 1.");
        }

        (this.scales, this.ratio) = (scales, ratio);
        for (int number = 0; ratio > 0 && number < convolutionCount; number++)
        {
            convolutions.Add(nn.Conv2d(channels, channels, 3, padding: 1));
        }

        RegisterComponents();
    }

    /// <summary>
    /// The convolution of each scale: that whose tick is nearest to k/(K−1), the ticks being spread evenly over 0 to 1. Ties are broken as numpy's linspace
    /// and argmin break them in float64, which published weights depend on.
    /// </summary>
    internal static int ConvolutionOf(int scale, int scales, int convolutions)
    {
        if (convolutions == 1 || scales == 1)
        {
            return 0;
        }

        double margin = convolutions == 4 ? 1.0 / 3 / convolutions : 1.0 / 2 / convolutions;
        double step = (1 - margin - margin) / (convolutions - 1), place = (double)scale / (scales - 1);
        int nearest = 0;
        double least = double.PositiveInfinity;
        for (int number = 0; number < convolutions; number++)
        {
            double tick = number == convolutions - 1 ? 1 - margin : number * step + margin;
            if (Math.Abs(tick - place) < least)
            {
                (nearest, least) = (number, Math.Abs(tick - place));
            }
        }

        return nearest;
    }

    /// <summary>The contribution of a scale.</summary>
    /// <param name="scale">The scale, from 0.</param>
    /// <param name="embeddings">[batch, channels, side, side].</param>
    /// <returns>[batch, channels, last side, last side].</returns>
    internal Tensor Forward(int scale, Tensor embeddings)
    {
        long side = scales.Sides[^1];
        Tensor x = scales.Sides[scale] == side
            ? embeddings
            : nn.functional.interpolate(embeddings, [side, side], mode: InterpolationMode.Bicubic, align_corners: false);
        return convolutions.Count == 0
            ? x
            : x * (1 - ratio) + convolutions[ConvolutionOf(scale, scales.Count, convolutions.Count)].forward(x) * ratio;
    }
}
