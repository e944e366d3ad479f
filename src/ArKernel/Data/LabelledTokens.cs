using static TorchSharp.torch;

namespace ArKernel.Data;

/// <summary>
/// Batches of samples of equal length, such as images as tokens, with their class labels as the condition. Every epoch is a new permutation of the samples, drawn
/// from the seed and the epoch's number; batches run across the ends of epochs, so every sample occurs equally often.
/// </summary>
public sealed class LabelledTokens : IBatchSource
{
    private readonly int[] tokens;
    private readonly byte[]? labels;
    private readonly EpochSequence sequence;

    /// <summary>Creates the source.</summary>
    /// <param name="tokens">[samples × positions] token ids, sample after sample.</param>
    /// <param name="positions">Tokens a sample.</param>
    /// <param name="labels">[samples] class labels, or null.</param>
    /// <param name="batchSize">Samples a batch.</param>
    /// <param name="seed">Determines the permutations; null keeps the samples' own sequence, as evaluation does.</param>
    /// <exception cref="ArgumentException">There are no samples, a part of one is missing, or the labels are not one a sample.</exception>
    public LabelledTokens(int[] tokens, int positions, byte[]? labels, int batchSize, int? seed = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(positions, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        if (tokens.Length == 0 || tokens.Length % positions != 0)
        {
            throw new ArgumentException($"{tokens.Length} tokens are no positive number of samples of {positions}.", nameof(tokens));
        }

        if (labels is not null && labels.Length != tokens.Length / positions)
        {
            throw new ArgumentException($"There are {labels.Length} labels for {tokens.Length / positions} samples.", nameof(labels));
        }

        (this.tokens, this.labels, Positions, BatchSize, Seed, Count) = (tokens, labels, positions, batchSize, seed, tokens.Length / positions);
        sequence = new EpochSequence(Count, seed);
    }

    /// <summary>Tokens a sample.</summary>
    public int Positions { get; }

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
        long[] batch = new long[(long)BatchSize * Positions];
        long[]? condition = labels is null ? null : new long[BatchSize];
        for (int row = 0; row < BatchSize; row++)
        {
            int sample = sequence.SampleAt(step * BatchSize + row);
            for (int position = 0; position < Positions; position++)
            {
                batch[row * Positions + position] = tokens[sample * Positions + position];
            }

            if (condition is not null)
            {
                condition[row] = labels![sample];
            }
        }

        return new Batch(
            tensor(batch, [BatchSize, Positions], ScalarType.Int64),
            condition is null ? null : tensor(condition, ScalarType.Int64));
    }
}
