using static TorchSharp.torch;

namespace ArKernel.Data;

/// <summary>
/// Batches of samples that a tensor holds, such as images or latents. Every epoch is a new permutation of the samples, drawn from the seed and the epoch's
/// number; batches run across the ends of epochs, so every sample occurs equally often.
/// </summary>
public sealed class TensorBatches : IBatchSource
{
    private readonly Tensor samples;
    private readonly Tensor? labels;
    private readonly EpochSequence sequence;

    /// <summary>Creates the source. The tensors stay the caller's, and must live as long as the source is used.</summary>
    /// <param name="samples">[samples, ...]; bytes become floats of −1 to 1, everything else stays as it is.</param>
    /// <param name="labels">[samples] int64, or null.</param>
    /// <param name="batchSize">Samples a batch.</param>
    /// <param name="seed">Determines the permutations; null keeps the samples' own sequence, as evaluation does.</param>
    /// <exception cref="ArgumentException">There are no samples, or the labels are not one int64 a sample.</exception>
    public TensorBatches(Tensor samples, Tensor? labels, int batchSize, int? seed = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        if (samples.dim() == 0 || samples.shape[0] == 0)
        {
            throw new ArgumentException($"The samples are [{string.Join(", ", samples.shape)}]; there must be one at least.", nameof(samples));
        }

        if (labels is not null && (labels.dim() != 1 || labels.shape[0] != samples.shape[0] || labels.dtype != ScalarType.Int64))
        {
            throw new ArgumentException($"The labels are {labels.dtype} [{string.Join(", ", labels.shape)}] for {samples.shape[0]} samples; there must be one Int64 a sample.", nameof(labels));
        }

        (this.samples, this.labels, BatchSize, Seed, Count) = (samples, labels, batchSize, seed, (int)samples.shape[0]);
        sequence = new EpochSequence(Count, seed);
    }

    /// <summary>Samples a batch.</summary>
    public int BatchSize { get; }

    /// <summary>The number of samples.</summary>
    public int Count { get; }

    /// <summary>Determines the permutations; null keeps the samples' own sequence.</summary>
    public int? Seed { get; }

    /// <summary>The number of batches an epoch needs.</summary>
    public int BatchesPerEpoch => (Count + BatchSize - 1) / BatchSize;

    /// <inheritdoc/>
    public Batch GetBatch(long step)
    {
        long[] places = new long[BatchSize];
        for (int row = 0; row < BatchSize; row++)
        {
            places[row] = sequence.SampleAt(step * BatchSize + row);
        }

        using Tensor indices = tensor(places, device: samples.device);
        using Tensor chosen = samples.index_select(0, indices);
        return new Batch(ImageSet.ToUnit(chosen), labels?.index_select(0, indices));
    }
}
