using static TorchSharp.torch;

namespace ArKernel.Data;

/// <summary>Batches of windows at random places of a token sequence; where they lie is a function of the seed and the batch's number.</summary>
public sealed class TokenWindows : IBatchSource
{
    private readonly TokenStream tokens;

    /// <summary>Creates the source.</summary>
    /// <param name="tokens">The sequence.</param>
    /// <param name="length">Tokens a window.</param>
    /// <param name="batchSize">Windows a batch.</param>
    /// <param name="seed">Determines where the windows lie.</param>
    /// <exception cref="ArgumentException">The sequence is shorter than a window.</exception>
    public TokenWindows(TokenStream tokens, int length, int batchSize, int seed = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        if (tokens.Length < length)
        {
            throw new ArgumentException($"The sequence has {tokens.Length} tokens; a window needs {length}.", nameof(tokens));
        }

        (this.tokens, Length, BatchSize, Seed) = (tokens, length, batchSize, seed);
    }

    /// <summary>Creates the source over token ids in memory.</summary>
    /// <param name="tokens">The token ids.</param>
    /// <param name="length">Tokens a window.</param>
    /// <param name="batchSize">Windows a batch.</param>
    /// <param name="seed">Determines where the windows lie.</param>
    public TokenWindows(IReadOnlyList<int> tokens, int length, int batchSize, int seed = 1)
        : this(new TokenStream(tokens), length, batchSize, seed)
    {
    }

    /// <summary>Tokens a window.</summary>
    public int Length { get; }

    /// <summary>Windows a batch.</summary>
    public int BatchSize { get; }

    /// <summary>Determines where the windows lie.</summary>
    public int Seed { get; }

    /// <inheritdoc/>
    public Batch GetBatch(long step)
    {
        long[] batch = new long[(long)BatchSize * Length];
        ulong places = (ulong)(tokens.Length - Length + 1);
        long key = Seeds.Mix(Seed, step);
        for (int row = 0; row < BatchSize; row++)
        {
            long start = (long)((ulong)Seeds.Mix(key, row) % places);
            tokens.Copy(start, batch.AsSpan(row * Length, Length));
        }

        return new Batch(tensor(batch, [BatchSize, Length], ScalarType.Int64));
    }
}
