using static TorchSharp.torch;

namespace ArKernel.Metrics;

/// <summary>How much of images a tokenizer keeps.</summary>
public static class ReconstructionMetrics
{
    private const int WindowSide = 11;
    private const double WindowDeviation = 1.5;

    /// <summary>The peak signal-to-noise ratio 10 log₁₀(range² / squared error), of each image and averaged; infinite for an image without error.</summary>
    /// <param name="images">[batch, channels, height, width].</param>
    /// <param name="others">The same shape.</param>
    /// <param name="range">The greatest possible difference of two values: 2 for images of −1 to 1.</param>
    /// <returns>Decibels.</returns>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public static double PeakSignalToNoise(Tensor images, Tensor others, double range = 2)
    {
        using IDisposable noGradient = no_grad();
        using var scope = NewDisposeScope();
        (Tensor a, Tensor b) = Pair(images, others);
        return (10 * (range * range / (a - b).square().mean([1, 2, 3])).log10()).mean().item<double>();
    }

    /// <summary>
    /// The structural similarity (Wang et al. 2004, eq. 13) under a Gaussian window of 11×11 pixels and deviation 1.5, with K₁ = 0.01 and K₂ = 0.03, averaged over
    /// all places where the window fits: 1 for equal images.
    /// </summary>
    /// <param name="images">[batch, channels, height, width].</param>
    /// <param name="others">The same shape.</param>
    /// <param name="range">The greatest possible difference of two values (L): 2 for images of −1 to 1.</param>
    /// <exception cref="ArgumentException">The shapes differ, or the images are smaller than the window.</exception>
    public static double StructuralSimilarity(Tensor images, Tensor others, double range = 2)
    {
        using IDisposable noGradient = no_grad();
        using var scope = NewDisposeScope();
        (Tensor a, Tensor b) = Pair(images, others);
        if (a.shape[2] < WindowSide || a.shape[3] < WindowSide)
        {
            throw new ArgumentException($"The images are [{string.Join(", ", a.shape)}]; the structural similarity needs {WindowSide}×{WindowSide} pixels at least.", nameof(images));
        }

        Tensor bell = ((arange(WindowSide, dtype: ScalarType.Float64) - WindowSide / 2).square() / (-2 * WindowDeviation * WindowDeviation)).exp();
        Tensor window = (bell.unsqueeze(1) * bell / bell.sum().square()).view(1, 1, WindowSide, WindowSide);
        Tensor Mean(Tensor x) => nn.functional.conv2d(x.flatten(0, 1).unsqueeze(1), window);
        Tensor meanA = Mean(a), meanB = Mean(b);
        Tensor varianceA = Mean(a * a) - meanA * meanA, varianceB = Mean(b * b) - meanB * meanB, covariance = Mean(a * b) - meanA * meanB;
        double c1 = Math.Pow(0.01 * range, 2), c2 = Math.Pow(0.03 * range, 2);
        Tensor similarity = (2 * meanA * meanB + c1) * (2 * covariance + c2) / ((meanA * meanA + meanB * meanB + c1) * (varianceA + varianceB + c2));
        return similarity.mean().item<double>();
    }

    private static (Tensor, Tensor) Pair(Tensor a, Tensor b) =>
        a.dim() == 4 && a.numel() > 0 && a.shape.SequenceEqual(b.shape)
            ? (a.detach().to(ScalarType.Float64).cpu(), b.detach().to(ScalarType.Float64).cpu())
            : throw new ArgumentException($"The images are [{string.Join(", ", a.shape)}] and [{string.Join(", ", b.shape)}]; both must be of one shape [batch, channels, height, width].");
}
