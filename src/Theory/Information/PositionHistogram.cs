namespace ArKernel.Theory.Information;

/// <summary>
/// Independent positions, each with its own histogram of values (add-α smoothed): what is known of an image set when no pixel may see
/// another. An autoregressive model's gain over it is the information between positions.
/// </summary>
public sealed class PositionHistogram
{
    private readonly double[,] bits;

    private PositionHistogram(double[,] bits) => this.bits = bits;

    /// <summary>The number of positions of a sample.</summary>
    public int PositionCount => bits.GetLength(0);

    /// <summary>The number of values a position can take.</summary>
    public int LevelCount => bits.GetLength(1);

    /// <summary>Counts the values at each position.</summary>
    /// <param name="samples">Samples of one length, values 0..levelCount-1.</param>
    /// <param name="levelCount">The number of values a position can take, at least 2.</param>
    /// <param name="smoothing">α, added to every count; above 0, so that an unseen value costs a finite number of bits.</param>
    /// <exception cref="ArgumentException">There are no samples, their lengths differ, or a value is out of range.</exception>
    public static PositionHistogram Fit(IReadOnlyList<int[]> samples, int levelCount, double smoothing = 1.0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(levelCount, 2);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(smoothing);
        if (samples.Count == 0 || samples[0].Length == 0)
        {
            throw new ArgumentException("A histogram needs at least one sample with at least one position.", nameof(samples));
        }

        var table = new double[samples[0].Length, levelCount];
        foreach (int[] sample in samples)
        {
            Check(sample, table);
            for (int position = 0; position < sample.Length; position++)
            {
                table[position, sample[position]]++;
            }
        }

        double total = samples.Count + (smoothing * levelCount);
        for (int position = 0; position < table.GetLength(0); position++)
        {
            for (int level = 0; level < levelCount; level++)
            {
                table[position, level] = -Math.Log2((table[position, level] + smoothing) / total);
            }
        }

        return new PositionHistogram(table);
    }

    /// <summary>The mean code length of samples, in bits per dimension.</summary>
    /// <param name="samples">Samples of the length the histogram was fitted to, at least one.</param>
    /// <exception cref="ArgumentException">There are no samples, a length differs, or a value is out of range.</exception>
    public double BitsPerDimension(IReadOnlyList<int[]> samples)
    {
        if (samples.Count == 0)
        {
            throw new ArgumentException("No samples have no bits per dimension.", nameof(samples));
        }

        double sum = 0;
        foreach (int[] sample in samples)
        {
            Check(sample, bits);
            for (int position = 0; position < sample.Length; position++)
            {
                sum += bits[position, sample[position]];
            }
        }

        return sum / samples.Count / PositionCount;
    }

    private static void Check(int[] sample, double[,] table)
    {
        if (sample.Length != table.GetLength(0))
        {
            throw new ArgumentException($"A sample has {sample.Length} positions, the histogram {table.GetLength(0)}.", nameof(sample));
        }

        foreach (int value in sample)
        {
            if ((uint)value >= (uint)table.GetLength(1))
            {
                throw new ArgumentException($"Value {value} is outside 0..{table.GetLength(1) - 1}.", nameof(sample));
            }
        }
    }
}
