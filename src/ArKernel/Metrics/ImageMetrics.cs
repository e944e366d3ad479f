using TorchSharp;
using static TorchSharp.torch;

namespace ArKernel.Metrics;

/// <summary>
/// Measures of drawn images against real ones, by the features and class probabilities of a network, such as <see cref="FeatureNetwork"/>. They are small-image
/// analogues and must not be called FID and Inception Score, whose network is another. Everything is computed in float64.
/// </summary>
public static class ImageMetrics
{
    private const int RowsAtOnce = 1024;

    /// <summary>
    /// The Fréchet distance of two Gaussians with the features' means and covariances: ‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2 (Σ₁^½ Σ₂ Σ₁^½)^½) (Dowson and Landau
    /// 1982; Heusel et al. 2017). With few samples it is biased upwards: compare at equal numbers, and with the distance between two halves of the real images.
    /// </summary>
    /// <param name="first">[samples, features].</param>
    /// <param name="second">[samples, features].</param>
    /// <exception cref="ArgumentException">The widths differ, there are fewer than two samples, or a feature is not finite.</exception>
    public static double FrechetDistance(Tensor first, Tensor second)
    {
        using IDisposable noGradient = no_grad();
        using var scope = NewDisposeScope();
        (Tensor a, Tensor b) = Pair(first, second, least: 2);
        (Tensor mean, Tensor covariance) = Moments(a);
        (Tensor otherMean, Tensor otherCovariance) = Moments(b);
        Tensor root = Root(covariance);
        Tensor product = root.matmul(otherCovariance).matmul(root);
        (Tensor eigenvalues, _) = linalg.eigh((product + product.t()) / 2);
        Tensor distance = (mean - otherMean).square().sum() + covariance.trace() + otherCovariance.trace() - 2 * eigenvalues.clamp_min(0).sqrt().sum();
        return Math.Max(0, distance.item<double>()); // what is below zero is rounding
    }

    /// <summary>
    /// exp(E_x KL(p(y|x) ‖ p(y))) under a classifier, 1 to the number of classes (Salimans et al. 2016): high when every image is surely of one class, and all
    /// classes occur.
    /// </summary>
    /// <param name="probabilities">[samples, classes], rows that sum to one.</param>
    /// <param name="splits">The parts, one after another, over which mean and deviation are taken.</param>
    /// <returns>The mean over the parts, and their standard deviation.</returns>
    /// <exception cref="ArgumentException">There are fewer samples than parts, or the rows are no probabilities.</exception>
    public static (double Mean, double Deviation) ClassifierScore(Tensor probabilities, int splits = 10)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(splits, 1);
        using IDisposable noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor p = Checked(probabilities, nameof(probabilities), splits);
        if (p.min().item<double>() < 0 || (p.sum(-1) - 1).abs().max().item<double>() > 1e-4)
        {
            throw new ArgumentException("The probabilities must be at least 0 and sum to 1 in every row; apply softmax to logits.", nameof(probabilities));
        }

        double[] scores = [.. p.tensor_split(splits, 0).Select(part =>
        {
            Tensor marginal = part.mean([0], keepdim: true);
            return Math.Exp((part.xlogy(part) - part.xlogy(marginal)).sum(-1).mean().item<double>());
        })];
        double mean = scores.Average();
        return (mean, Math.Sqrt(scores.Average(score => (score - mean) * (score - mean))));
    }

    /// <summary>
    /// Improved precision and recall (Kynkäänniemi et al. 2019): the share of drawn samples that lie in the ball of some real one, a ball reaching to the
    /// k-th nearest of its own set; and the share of real samples that lie in the ball of some drawn one.
    /// </summary>
    /// <param name="real">[samples, features].</param>
    /// <param name="drawn">[samples, features].</param>
    /// <param name="neighbours">How many neighbours a ball reaches to (k).</param>
    /// <exception cref="ArgumentException">The widths differ, there are no more samples than neighbours, or a feature is not finite.</exception>
    public static (double Precision, double Recall) PrecisionRecall(Tensor real, Tensor drawn, int neighbours = 3)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(neighbours, 1);
        using IDisposable noGradient = no_grad();
        using var scope = NewDisposeScope();
        (Tensor a, Tensor b) = Pair(real, drawn, least: neighbours + 1);
        return (Covered(b, a, neighbours), Covered(a, b, neighbours));
    }

    /// <summary>The share of conditional samples that the classifier takes for the class they were asked to be.</summary>
    /// <param name="probabilities">[samples, classes]; logits do as well.</param>
    /// <param name="labels">[samples] int64.</param>
    public static double ClassAccuracy(Tensor probabilities, Tensor labels)
    {
        if (labels.dim() != 1 || probabilities.dim() != 2 || labels.shape[0] != probabilities.shape[0] || labels.shape[0] == 0)
        {
            throw new ArgumentException(
                $"There are labels [{string.Join(", ", labels.shape)}] for probabilities [{string.Join(", ", probabilities.shape)}]; they must be [samples] and [samples, classes].");
        }

        using IDisposable noGradient = no_grad();
        using var scope = NewDisposeScope();
        return probabilities.argmax(-1).eq(labels.to(probabilities.device)).to(ScalarType.Float64).mean().item<double>();
    }

    /// <summary>The share of points within the ball of some centre.</summary>
    private static double Covered(Tensor points, Tensor centres, int neighbours)
    {
        // The nearest of its own set is the centre itself. A ball's own edge belongs to it, and rounding must not exclude it.
        Tensor[] nearest = [.. centres.split(RowsAtOnce, 0).Select(part => Distances(part, centres).topk(neighbours + 1, -1, largest: false).values.select(1, neighbours))];
        Tensor radii = cat(nearest, 0);
        long covered = points.split(RowsAtOnce, 0).Sum(part => (Distances(part, centres) <= radii * (1 + 1e-12)).any(-1).sum().item<long>());
        return covered / (double)points.shape[0];
    }

    // Not by the expanded square, which loses small distances between far points.
    private static Tensor Distances(Tensor a, Tensor b) => cdist(a, b, compute_mode: compute_mode.donot_use_mm_for_euclid_dist);

    private static (Tensor Mean, Tensor Covariance) Moments(Tensor x)
    {
        Tensor mean = x.mean([0]), centred = x - mean;
        return (mean, centred.t().matmul(centred) / (x.shape[0] - 1));
    }

    /// <summary>The symmetric square root of a covariance; what is negative by rounding counts as 0.</summary>
    private static Tensor Root(Tensor covariance)
    {
        (Tensor eigenvalues, Tensor vectors) = linalg.eigh(covariance);
        return (vectors * eigenvalues.clamp_min(0).sqrt()).matmul(vectors.t());
    }

    private static (Tensor, Tensor) Pair(Tensor first, Tensor second, int least) =>
        first.dim() == 2 && second.dim() == 2 && first.shape[1] == second.shape[1]
            ? (Checked(first, nameof(first), least), Checked(second, nameof(second), least))
            : throw new ArgumentException(
                $"The features are [{string.Join(", ", first.shape)}] and [{string.Join(", ", second.shape)}]; both must be [samples, features] of the same width.");

    private static Tensor Checked(Tensor x, string name, int least)
    {
        if (x.dim() != 2 || x.shape[0] < least)
        {
            throw new ArgumentException($"There are [{string.Join(", ", x.shape)}] values; there must be at least {least} rows.", name);
        }

        Tensor values = x.detach().to(ScalarType.Float64).cpu();
        return values.isfinite().all().item<bool>() ? values : throw new ArgumentException("A value is NaN or infinite.", name);
    }
}
