namespace ArKernel.Metrics;

/// <summary>How far a text repeats itself, which texts of high likelihood tend to do.</summary>
public static class Repetition
{
    /// <summary>The share of n-grams that occurred before in the sequence, 1 − distinct / all ("seq-rep-n", Welleck et al. 2020): 0 for a text without repetition, near 1 for a loop.</summary>
    /// <param name="tokens">The sequence.</param>
    /// <param name="n">Tokens an n-gram.</param>
    /// <returns>0 to 1; 0 for a sequence shorter than an n-gram.</returns>
    public static double OfNGrams(IReadOnlyList<long> tokens, int n = 4)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 1);
        int count = tokens.Count - n + 1;
        if (count < 1)
        {
            return 0;
        }

        HashSet<string> distinct = new(StringComparer.Ordinal);
        for (int start = 0; start < count; start++)
        {
            distinct.Add(string.Join(',', Enumerable.Range(start, n).Select(i => tokens[i])));
        }

        return 1 - (double)distinct.Count / count;
    }

    /// <summary>The shortest period with which a sequence ends, if three of it are complete: a loop; 0 if it ends in none.</summary>
    /// <param name="tokens">The sequence.</param>
    /// <param name="longest">The longest period to look for.</param>
    public static int LoopLength(IReadOnlyList<long> tokens, int longest = 32)
    {
        for (int period = 1; period <= Math.Min(longest, tokens.Count / 3); period++)
        {
            if (Enumerable.Range(1, 2 * period).All(back => tokens[^back] == tokens[^(back + period)]))
            {
                return period;
            }
        }

        return 0;
    }
}
