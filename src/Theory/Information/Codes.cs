namespace ArKernel.Theory.Information;

/// <summary>A sequence of discrete values, tuples too, as dense codes 0..Used-1 beside the number of values there could be.</summary>
internal sealed class Codes
{
    private Codes(int[] values, int used, double alphabet) => (Values, Used, Alphabet) = (values, used, alphabet);

    public int[] Values { get; }

    /// <summary>The number of different values that occur.</summary>
    public int Used { get; }

    /// <summary>The number of different values possible.</summary>
    public double Alphabet { get; }

    public int Count => Values.Length;

    public static Codes Of(Symbols symbols) => new(symbols.Span.ToArray(), symbols.Alphabet, symbols.Alphabet);

    public static Codes Constant(int count) => new(new int[count], 1, 1);

    public Codes Slice(int start, int count) => new(Values[start..(start + count)], Used, Alphabet);

    /// <summary>The same values in another order.</summary>
    public Codes Reorder(int[] order) => new([.. order.Select(i => Values[i])], Used, Alphabet);

    /// <summary>The pairs with another sequence of the same length.</summary>
    public Codes Pair(Codes other)
    {
        int[] pairs = new int[Count];
        long size = (long)Used * other.Used;
        int used = 0;
        if (size <= 4L * Count + 1024)
        {
            int[] known = new int[size];
            for (int i = 0; i < pairs.Length; i++)
            {
                ref int code = ref known[Values[i] + (long)Used * other.Values[i]];
                code = code == 0 ? ++used : code;
                pairs[i] = code - 1;
            }
        }
        else
        {
            Dictionary<long, int> known = [];
            for (int i = 0; i < pairs.Length; i++)
            {
                long key = Values[i] + (long)Used * other.Values[i];
                if (!known.TryGetValue(key, out int code))
                {
                    known[key] = code = used++;
                }

                pairs[i] = code;
            }
        }

        return new Codes(pairs, used, Alphabet * other.Alphabet);
    }

    /// <summary>The values at the <paramref name="lags"/> times before <paramref name="start"/>, <paramref name="start"/> + 1, … as tuples.</summary>
    public Codes Past(int lags, int start)
    {
        Codes past = Constant(Count - start);
        for (int lag = 1; lag <= lags; lag++)
        {
            past = past.Pair(Slice(start - lag, Count - start));
        }

        return past;
    }

    public int[] Counts()
    {
        int[] counts = new int[Used];
        foreach (int value in Values)
        {
            counts[value]++;
        }

        return counts;
    }

    public double Entropy(EntropyEstimator estimator) => CountEntropy.Estimate(Counts(), Alphabet, estimator);
}
