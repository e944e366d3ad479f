using ArKernel.Metrics;
using static TorchSharp.torch;

namespace ArKernel.Tests.Metrics;

public sealed class ImageMetricsTests
{
    private static Tensor Draw(ulong seed, params long[] shape)
    {
        using var generator = new Generator(seed);
        return randn(shape, ScalarType.Float64, generator: generator);
    }

    [Fact]
    public void Equal_features_have_no_distance()
    {
        Tensor features = Draw(1, 500, 16) * 3 + 1;
        Assert.True(ImageMetrics.FrechetDistance(features, features) < 1e-6);
        Assert.True(ImageMetrics.FrechetDistance(features.narrow(1, 0, 2).repeat(1, 8), features.narrow(1, 0, 2).repeat(1, 8)) < 1e-6); // singular covariance
    }

    [Fact]
    public void Diagonal_gaussians_have_the_distance_of_the_closed_form()
    {
        Tensor mean = tensor(new double[] { 0, 1, -2, 0.5 }), otherMean = tensor(new double[] { 1, 1, 0, 0 });
        Tensor deviation = tensor(new double[] { 1, 0.5, 2, 3 }), otherDeviation = tensor(new double[] { 1, 1.5, 1, 0.2 });
        double expected = ((mean - otherMean).square() + (deviation - otherDeviation).square()).sum().item<double>();
        double actual = ImageMetrics.FrechetDistance(Draw(2, 50_000, 4) * deviation + mean, Draw(3, 50_000, 4) * otherDeviation + otherMean);
        Assert.Equal(expected, actual, 0.02 * expected);
    }

    /// <summary>With moments that are exact by construction, the closed form for covariances that do not commute: 2 × 2, by the eigenvalues of Σ₁Σ₂.</summary>
    [Fact]
    public void Correlated_gaussians_have_the_distance_of_the_closed_form_exactly()
    {
        Tensor white = tensor(new double[] { 1, 1, 1, -1, -1, 1, -1, -1 }, [4, 2]) * Math.Sqrt(0.75); // covariance with n − 1: identity
        Tensor a = tensor(new double[] { 2, 0.5, 0, 1 }, [2, 2]), b = tensor(new double[] { 1, 0, -0.7, 3 }, [2, 2]);
        Tensor first = a.t().matmul(a), second = b.t().matmul(b), product = first.matmul(second);
        double trace = product.trace().item<double>(), determinant = (product[0, 0] * product[1, 1] - product[0, 1] * product[1, 0]).item<double>();
        double root = Math.Sqrt(trace + 2 * Math.Sqrt(determinant)); // tr √M of a 2 × 2 matrix
        double expected = first.trace().item<double>() + second.trace().item<double>() - 2 * root + 4;
        Assert.Equal(expected, ImageMetrics.FrechetDistance(white.matmul(a), white.matmul(b) + tensor(new double[] { 2, 0 })), 1e-9);
    }

    [Fact]
    public void Rotating_all_features_changes_no_distance()
    {
        Tensor first = Draw(4, 300, 8), second = Draw(5, 300, 8) * 2 + 1;
        (Tensor rotation, _) = linalg.qr(Draw(6, 8, 8));
        double distance = ImageMetrics.FrechetDistance(first, second);
        Assert.Equal(distance, ImageMetrics.FrechetDistance(first.matmul(rotation), second.matmul(rotation)), 1e-6);
        Assert.Equal(distance, ImageMetrics.FrechetDistance(second, first), 1e-6);
    }

    [Fact]
    public void The_classifier_score_is_one_without_information_and_the_number_of_classes_at_best()
    {
        Assert.Equal((1.0, 0.0), Rounded(ImageMetrics.ClassifierScore(full([100, 10], 0.1, ScalarType.Float64))));
        Assert.Equal((1.0, 0.0), Rounded(ImageMetrics.ClassifierScore(eye(10, dtype: ScalarType.Float64)[0].repeat(100, 1)))); // sure, but all of one class
        Assert.Equal((10.0, 0.0), Rounded(ImageMetrics.ClassifierScore(eye(10, dtype: ScalarType.Float64).repeat(10, 1))));

        // Two classes, p = 0.9 or 0.1: exp(ln 2 − h(0.9)).
        Tensor two = tensor(new double[] { 0.9, 0.1, 0.1, 0.9 }, [2, 2]).repeat(10, 1);
        Assert.Equal(Math.Exp(Math.Log(2) + 0.9 * Math.Log(0.9) + 0.1 * Math.Log(0.1)), ImageMetrics.ClassifierScore(two).Mean, 1e-9);
        static (double, double) Rounded((double Mean, double Deviation) score) => (Math.Round(score.Mean, 9), Math.Round(score.Deviation, 9));
    }

    [Fact]
    public void Precision_and_recall_are_one_for_equal_sets_and_zero_for_far_ones()
    {
        Tensor features = Draw(7, 1500, 6);
        Assert.Equal((1.0, 1.0), ImageMetrics.PrecisionRecall(features, features));
        Assert.Equal((0.0, 0.0), ImageMetrics.PrecisionRecall(features, features + 1e3));
        (double precision, double recall) = ImageMetrics.PrecisionRecall(features, Draw(8, 1500, 6));
        Assert.InRange(precision, 0.7, 1);
        Assert.InRange(recall, 0.7, 1);

        // A generator that has fallen on one mode of two is precise and does not recall the other.
        Tensor modes = cat([Draw(9, 500, 3), Draw(10, 500, 3) + 100], 0);
        (precision, recall) = ImageMetrics.PrecisionRecall(modes, Draw(11, 1000, 3));
        Assert.True(precision > 0.8 && recall is > 0.3 and <= 0.5, $"{precision} {recall}");
    }

    [Fact]
    public void Balls_reach_to_the_kth_neighbour()
    {
        Tensor real = tensor(new double[] { 0, 1, 3, 7 }, [4, 1]);
        Tensor drawn = tensor(new double[] { -1, -1.01, 12.9, 13.1, 20 }, [5, 1]); // k = 2: radii 3, 2, 3, 6: reach from −3 to 13
        Assert.Equal(3 / 5.0, ImageMetrics.PrecisionRecall(real, drawn, neighbours: 2).Precision);
    }

    [Fact]
    public void Class_accuracy_counts_the_likeliest_class()
    {
        Tensor probabilities = tensor(new float[] { 0.2f, 0.8f, 0.6f, 0.4f, 0.9f, 0.1f }, [3, 2]);
        Assert.Equal(2 / 3.0, ImageMetrics.ClassAccuracy(probabilities, tensor(new long[] { 1, 1, 0 })), 1e-12);
    }

    [Fact]
    public void Input_that_cannot_be_measured_is_refused()
    {
        Tensor features = Draw(12, 5, 3);
        Assert.Contains("[5, 2]", Assert.Throws<ArgumentException>(() => ImageMetrics.FrechetDistance(features, features.narrow(1, 0, 2))).Message);
        Assert.Contains("at least 2", Assert.Throws<ArgumentException>(() => ImageMetrics.FrechetDistance(features, features.narrow(0, 0, 1))).Message);
        Assert.Contains("NaN", Assert.Throws<ArgumentException>(() => ImageMetrics.FrechetDistance(features, features * double.NaN)).Message);
        Assert.Contains("softmax", Assert.Throws<ArgumentException>(() => ImageMetrics.ClassifierScore(features, 2)).Message);
        Assert.Contains("at least 6", Assert.Throws<ArgumentException>(() => ImageMetrics.PrecisionRecall(features, features, 5)).Message);
    }

    [Fact]
    public void The_signal_to_noise_ratio_of_a_known_error_is_its_decibels()
    {
        Tensor images = Draw(13, 2, 1, 16, 16).clamp(-1, 1);
        Assert.Equal(20, ReconstructionMetrics.PeakSignalToNoise(images, images + 0.2), 1e-9); // 10 log10(4 / 0.04)
        Assert.Equal(double.PositiveInfinity, ReconstructionMetrics.PeakSignalToNoise(images, images));
        Assert.Contains("one shape", Assert.Throws<ArgumentException>(() => ReconstructionMetrics.PeakSignalToNoise(images, images[0])).Message);
    }

    [Fact]
    public void The_structural_similarity_is_that_of_the_definition()
    {
        Tensor images = Draw(14, 2, 3, 16, 20).clamp(-1, 1), others = (images + Draw(15, 2, 3, 16, 20) * 0.3).clamp(-1, 1);
        Assert.Equal(1, ReconstructionMetrics.StructuralSimilarity(images, images), 1e-9);
        Assert.Equal(ReconstructionMetrics.StructuralSimilarity(others, images), ReconstructionMetrics.StructuralSimilarity(images, others), 1e-12);

        // Constant images: only the luminance term is left.
        Tensor dark = full([1, 1, 11, 11], 0.3, ScalarType.Float64), bright = full([1, 1, 11, 11], 0.8, ScalarType.Float64);
        double c1 = 0.02 * 0.02;
        Assert.Equal((2 * 0.3 * 0.8 + c1) / (0.3 * 0.3 + 0.8 * 0.8 + c1), ReconstructionMetrics.StructuralSimilarity(dark, bright), 1e-9);

        // One window, summed by hand.
        double[] x = images[0, 0].narrow(0, 0, 11).narrow(1, 0, 11).contiguous().data<double>().ToArray(), y = others[0, 0].narrow(0, 0, 11).narrow(1, 0, 11).contiguous().data<double>().ToArray();
        double[] weights = [.. Enumerable.Range(0, 121).Select(i => Math.Exp(-((i / 11 - 5) * (i / 11 - 5) + (i % 11 - 5) * (i % 11 - 5)) / 4.5))];
        double total = weights.Sum();
        double Mean(Func<int, double> value) => Enumerable.Range(0, 121).Sum(i => weights[i] / total * value(i));
        double mx = Mean(i => x[i]), my = Mean(i => y[i]);
        double vx = Mean(i => (x[i] - mx) * (x[i] - mx)), vy = Mean(i => (y[i] - my) * (y[i] - my)), cross = Mean(i => (x[i] - mx) * (y[i] - my));
        double expected = (2 * mx * my + c1) * (2 * cross + 0.0036) / ((mx * mx + my * my + c1) * (vx + vy + 0.0036));
        Tensor window = tensor(x, [1, 1, 11, 11]), otherWindow = tensor(y, [1, 1, 11, 11]);
        Assert.Equal(expected, ReconstructionMetrics.StructuralSimilarity(window, otherWindow), 1e-9);
        Assert.Contains("11×11", Assert.Throws<ArgumentException>(() => ReconstructionMetrics.StructuralSimilarity(window.narrow(2, 0, 9), window.narrow(2, 0, 9))).Message);
    }

    [Fact]
    public void Bits_for_each_dimension_say_what_they_are_of()
    {
        BitsPerDimension exact = BitsPerDimension.FromNats(784 * Math.Log(16), 784, LikelihoodKind.Exact); // uniform over 16 levels
        Assert.Equal(4, exact.Bits, 1e-12);
        Assert.Equal("4.000 bits/dim", exact.ToString());
        Assert.Contains("tokens", (exact with { Kind = LikelihoodKind.Tokens }).ToString());

        // The uniform density over −1 to 1 says nothing about a byte: 8 bits.
        BitsPerDimension bound = BitsPerDimension.FromDensity(100 * Math.Log(2), 100);
        Assert.Equal((8, LikelihoodKind.Bound), (Math.Round(bound.Bits, 12), bound.Kind));
        Assert.Equal("≤ 8.000 bits/dim", bound.ToString());
    }
}
