namespace ArKernel.Theory.Information;

/// <summary>Information between discrete variables from their counts.</summary>
internal static class DiscreteInformation
{
    /// <summary>I(X;Y|Z) = H(X,Z) + H(Y,Z) − H(X,Y,Z) − H(Z), each entropy by the same estimator; nats.</summary>
    public static double Conditional(Codes x, Codes y, Codes z, EntropyEstimator estimator)
    {
        Codes yz = y.Pair(z);
        return x.Pair(z).Entropy(estimator) + yz.Entropy(estimator) - x.Pair(yz).Entropy(estimator) - z.Entropy(estimator);
    }

    /// <summary>Each sample's share of the plug-in I(X;Y|Z): ln p(x,y,z) p(z) / (p(x,z) p(y,z)).</summary>
    public static double[] Local(Codes x, Codes y, Codes z)
    {
        Codes xz = x.Pair(z);
        Codes yz = y.Pair(z);
        Codes xyz = x.Pair(yz);
        (int[] cz, int[] cxz, int[] cyz, int[] cxyz) = (z.Counts(), xz.Counts(), yz.Counts(), xyz.Counts());
        double[] local = new double[x.Count];
        for (int i = 0; i < local.Length; i++)
        {
            local[i] = Math.Log((double)cxyz[xyz.Values[i]] * cz[z.Values[i]] / ((double)cxz[xz.Values[i]] * cyz[yz.Values[i]]));
        }

        return local;
    }

    /// <summary>The standard error of the mean of independent contributions.</summary>
    public static double StandardError(ReadOnlySpan<double> local)
    {
        double mean = 0;
        foreach (double value in local)
        {
            mean += value / local.Length;
        }

        double squares = 0;
        foreach (double value in local)
        {
            squares += (value - mean) * (value - mean);
        }

        return Math.Sqrt(squares / Math.Max(1, local.Length - 1) / local.Length);
    }

    /// <summary>The standard error of the mean of a process, by the means of √n batches: neighbouring times depend on one another.</summary>
    public static double StandardErrorOfProcess(ReadOnlySpan<double> local)
    {
        int length = Math.Max(1, (int)Math.Sqrt(local.Length));
        double[] means = new double[local.Length / length];
        for (int batch = 0; batch < means.Length; batch++)
        {
            foreach (double value in local.Slice(batch * length, length))
            {
                means[batch] += value / length;
            }
        }

        return StandardError(means);
    }
}
