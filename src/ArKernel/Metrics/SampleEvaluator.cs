using System.Diagnostics;
using ArKernel.Data;
using ArKernel.Decoding;
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

/// <summary>Images a model drew, and what they cost.</summary>
/// <param name="Quality">How good they are.</param>
/// <param name="Images">[count, channels, height, width], −1 to 1; of classes 0, 1, 2, … in turn.</param>
/// <param name="ModelCalls">Model calls a batch, which are those an image waits for.</param>
/// <param name="ImagesPerSecond">Images drawn and decoded in a second, many at once.</param>
/// <param name="SecondsAlone">What an image takes that is drawn alone: the median of some.</param>
public sealed record SampledImages(SampleQuality Quality, Tensor Images, double ModelCalls, double ImagesPerSecond, double SecondsAlone) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => Images.Dispose();
}

/// <summary>Judges drawn images against one fixed set of real ones, always by the same number of each, since the Fréchet distance depends on it.</summary>
public sealed class SampleEvaluator : IDisposable
{
    private const int DrawnAlone = 9;

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

    /// <summary>Draws as many images as real ones are compared with, takes the time, and judges them.</summary>
    /// <param name="model">The model.</param>
    /// <param name="decode">The images [batch, channels, height, width] of its tokens, such as a tokenizer's Decode.</param>
    /// <param name="options">How to draw; its seed is that of the first batch.</param>
    /// <param name="classes">The number of classes, asked for in turn; 0 for a model without.</param>
    /// <param name="batchSize">Images drawn at once.</param>
    public SampledImages Sample(AutoregressiveModel model, Func<Tensor, Tensor> decode, SamplingOptions? options = null, int classes = 10, int batchSize = 100)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        options ??= new SamplingOptions();
        using IDisposable noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor labels = arange(Count) % Math.Max(1, classes);
        List<Tensor> images = [];
        long calls = model.ModelCalls;
        int batches = 0;
        var watch = Stopwatch.StartNew();
        for (int first = 0; first < Count; first += batchSize, batches++)
        {
            using var inner = NewDisposeScope();
            int count = Math.Min(batchSize, Count - first);
            Tensor tokens = Sampler.Sample(model, count, options with { Seed = options.Seed + batches }, classes > 0 ? labels.narrow(0, first, count) : null);
            images.Add(decode(tokens).MoveToOuterDisposeScope());
        }

        watch.Stop();
        double callsOfBatch = (double)(model.ModelCalls - calls) / batches;
        double[] alone = new double[DrawnAlone];
        for (int i = 0; i < DrawnAlone; i++)
        {
            using var inner = NewDisposeScope();
            long begin = Stopwatch.GetTimestamp();
            decode(Sampler.Sample(model, 1, options, classes > 0 ? labels.narrow(0, i, 1) : null));
            alone[i] = Stopwatch.GetElapsedTime(begin).TotalSeconds;
        }

        Array.Sort(alone);
        Tensor all = cat(images, 0);
        return new SampledImages(
            Evaluate(all, classes > 0 ? labels : null), all.cpu().DetachFromDisposeScope(), callsOfBatch, Count / watch.Elapsed.TotalSeconds, alone[DrawnAlone / 2]);
    }

    /// <inheritdoc/>
    public void Dispose() => realFeatures.Dispose();
}
