namespace ArKernel.Theory.Information;

/// <summary>Orders of samples that destroy what a test looks for and keep the rest: the null distribution of a permutation test.</summary>
internal static class Surrogates
{
    /// <summary>Estimates on surrogates and the p-value, (1 + surrogates at least as large)/(1 + surrogates).</summary>
    public static (double[] Values, double P) Test(double value, int surrogates, int seed, Func<Random, double> estimate)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(surrogates);
        Random random = new(seed);
        double[] values = new double[surrogates];
        for (int i = 0; i < surrogates; i++)
        {
            values[i] = estimate(random);
        }

        return (values, (1.0 + values.Count(surrogate => surrogate >= value)) / (1 + surrogates));
    }

    /// <summary>A random order: for samples that are independent of one another.</summary>
    public static int[] Permutation(int count, Random random)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        random.Shuffle(order);
        return order;
    }

    /// <summary>A random order within each stratum: keeps the dependence on what is conditioned on.</summary>
    public static int[] WithinStrata(int[] strata, int used, Random random)
    {
        List<int>[] members = [.. Enumerable.Range(0, used).Select(_ => new List<int>())];
        for (int i = 0; i < strata.Length; i++)
        {
            members[strata[i]].Add(i);
        }

        int[] order = new int[strata.Length];
        foreach (List<int> stratum in members)
        {
            int[] shuffled = [.. stratum];
            random.Shuffle(shuffled);
            for (int i = 0; i < shuffled.Length; i++)
            {
                order[stratum[i]] = shuffled[i];
            }
        }

        return order;
    }

    /// <summary>The sequence begun elsewhere, at least <paramref name="least"/> steps away: keeps the dependence within a process.</summary>
    public static int[] CircularShift(int count, int least, Random random)
    {
        int shift = random.Next(Math.Min(least, count / 2), count - Math.Min(least, count / 2) + 1);
        return [.. Enumerable.Range(0, count).Select(i => (i + shift) % count)];
    }

    /// <summary>Blocks of a sequence in random order: keeps the dependence within blocks.</summary>
    public static int[] Blocks(int count, int length, Random random)
    {
        int[] starts = [.. Enumerable.Range(0, (count + length - 1) / length).Select(i => i * length)];
        random.Shuffle(starts);
        return [.. starts.SelectMany(start => Enumerable.Range(start, Math.Min(length, count - start)))];
    }
}
