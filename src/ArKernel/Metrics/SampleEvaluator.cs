using ArKernel.Data;
using static TorchSharp.torch;

namespace ArKernel.Metrics;

/// <summary>How good drawn images are.</summary>
/// <param name="FrechetDistance">The Fréchet distance of their features from those of real images; compare with <see cref="SampleEvaluator.Floor"/> and <see cref="SampleEvaluator.Ceiling"/>.</param>
/// <param name="ClassifierScore">How sure and how varied their classes are, 1 to the number of classes.</param>
/// <param name="ClassifierScoreDeviation">The standard deviation of the score over ten parts.</param>
/// <param name="Precision">The share of drawn images that look like real ones.</param>
/// <param name="Recall">The share of real images that look like drawn ones.</param>
/// <param name="ClassAccuracy">The share of images that are of the class they were asked to be, or null where none was asked.</param>
public sealed record SampleQuality(
    double FrechetDistance, double ClassifierScore, double ClassifierScoreDeviation, double Precision, double Recall, double? ClassAccuracy);

/// <summary>Judges drawn images against one fixed set of real ones, always by the same number of each, since the Fréchet distance depends on it.</summary>
public sealed class SampleEvaluator : IDisposable
{
    private readonly FeatureNetwork network;
    private readonly Tensor realFeatures; // [count, features]

    /// <summary>Takes the features of real images.</summary>
    /// <param name="network">The network to judge by.</param>
    /// <param name="real">The real images; the first <paramref name="count"/> are compared with.</param>
    /// <param name="count">How many images of each kind are compared, even.</param>
    /// <param name="seed">Determines the noise images of <see cref="Ceiling"/>.</param>
    /// <exception cref="ArgumentException">There are fewer real images.</exception>
    public SampleEvaluator(FeatureNetwork network, ImageSet real, int count = 2000, ulong seed = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 10);
        if (real.Count < count)
        {
            throw new ArgumentException($"SampleEvaluator: {count} images are to be compared, but there are {real.Count} real ones; lower count.", nameof(real));
        }

        (this.network, Count) = (network, count);
        using var scope = NewDisposeScope();
        realFeatures = network.Features(real.ToTensor(0, count)).DetachFromDisposeScope();

        using var generator = new Generator(seed);
        Tensor noise = rand([count, real.Channels, real.Height, real.Width], generator: generator) * 2 - 1;
        Floor = ImageMetrics.FrechetDistance(realFeatures.narrow(0, 0, count / 2), realFeatures.narrow(0, count / 2, count / 2));
        Ceiling = ImageMetrics.FrechetDistance(realFeatures, network.Features(noise));
    }

    /// <summary>How many images of each kind are compared.</summary>
    public int Count { get; }

    /// <summary>The Fréchet distance between the two halves of the real images: at half the number it is above what perfect samples would get.</summary>
    public double Floor { get; }

    /// <summary>The Fréchet distance of uniform noise.</summary>
    public double Ceiling { get; }

    /// <summary>Judges images.</summary>
    /// <param name="images">[<see cref="Count"/>, channels, height, width], −1 to 1.</param>
    /// <param name="labels">[<see cref="Count"/>] int64: the classes that were asked for, or null.</param>
    /// <exception cref="ArgumentException">Their number is another.</exception>
    public SampleQuality Evaluate(Tensor images, Tensor? labels = null)
    {
        if (images.dim() != 4 || images.shape[0] != Count)
        {
            throw new ArgumentException($"SampleEvaluator: the images are [{string.Join(", ", images.shape)}]; there must be {Count}, as many as real ones.", nameof(images));
        }

        using var scope = NewDisposeScope();
        Tensor features = network.Features(images), probabilities = network.Probabilities(images);
        (double score, double deviation) = ImageMetrics.ClassifierScore(probabilities);
        (double precision, double recall) = ImageMetrics.PrecisionRecall(realFeatures, features);
        return new SampleQuality(
            ImageMetrics.FrechetDistance(realFeatures, features),
            score,
            deviation,
            precision,
            recall,
            labels is null ? null : ImageMetrics.ClassAccuracy(probabilities, labels));
    }

    /// <inheritdoc/>
    public void Dispose() => realFeatures.Dispose();
}
