namespace ArKernel.Theory.Information;

/// <summary>The entropy of samples, in nats.</summary>
public static class Entropy
{
    /// <summary>The entropy of discrete samples.</summary>
    /// <param name="symbols">The samples, independent of one another.</param>
    /// <param name="estimator">How the bias of few samples is met.</param>
    /// <exception cref="TooFewSamplesException">There are fewer than two samples.</exception>
    public static InformationEstimate Discrete(Symbols symbols, EntropyEstimator estimator = EntropyEstimator.MillerMadow)
    {
        RequireSamples(symbols.Count, 2);
        Codes codes = Codes.Of(symbols);
        int[] counts = codes.Counts();
        double[] local = [.. codes.Values.Select(code => -Math.Log(counts[code] / (double)codes.Count))];
        return new InformationEstimate("entropy", Name(estimator), codes.Entropy(estimator), DiscreteInformation.StandardError(local), codes.Count)
        {
            Settings = [new("alphabet", symbols.Alphabet)],
            OfFirst = count => codes.Slice(0, count).Entropy(estimator),
        };
    }

    /// <summary>The differential entropy of a normal distribution with the samples' covariance.</summary>
    /// <param name="samples">The samples, independent of one another.</param>
    /// <exception cref="TooFewSamplesException">There are not more samples than variables + 1.</exception>
    /// <exception cref="SingularCovarianceException">A variable is a linear function of the others.</exception>
    public static InformationEstimate Gaussian(Samples samples)
    {
        double value = GaussianInformation.Entropy(samples);
        // ½ ln det of a Wishart matrix has the variance ½ · variables/samples, to first order.
        return new InformationEstimate("differential entropy", "normal distribution", value, Math.Sqrt(samples.Variables / (2.0 * samples.Count)), samples.Count)
        {
            OfFirst = count => GaussianInformation.Entropy(samples.Slice(0, count)),
        };
    }

    /// <summary>The differential entropy from the distances to the k-th nearest neighbours (Kozachenko &amp; Leonenko 1987), in the largest-coordinate norm.</summary>
    /// <param name="samples">The samples, independent of one another.</param>
    /// <param name="neighbours">k: more lowers the variance and raises the bias.</param>
    /// <exception cref="TooFewSamplesException">There are not more samples than neighbours.</exception>
    /// <exception cref="TiedSamplesException">Samples repeat, so that a distance is 0.</exception>
    public static InformationEstimate NearestNeighbours(Samples samples, int neighbours = 4)
    {
        double[] local = NeighbourInformation.Entropy(samples, neighbours);
        return new InformationEstimate("differential entropy", "nearest neighbours (Kozachenko-Leonenko)", local.Average(), DiscreteInformation.StandardError(local), samples.Count)
        {
            Settings = [new("neighbours", neighbours)],
            OfFirst = count => NeighbourInformation.Entropy(samples.Slice(0, count), neighbours).Average(),
        };
    }

    internal static void RequireSamples(int count, int least)
    {
        if (count < least)
        {
            throw new TooFewSamplesException($"There are {count} samples; at least {least} are needed.", "Take more samples, or fewer lags.");
        }
    }

    internal static string Name(EntropyEstimator estimator) => estimator switch
    {
        EntropyEstimator.PlugIn => "plug-in",
        EntropyEstimator.MillerMadow => "plug-in with Miller-Madow correction",
        EntropyEstimator.Grassberger => "Grassberger's estimator",
        EntropyEstimator.ChaoShen => "Chao and Shen's estimator",
        EntropyEstimator.Shrinkage => "James-Stein shrinkage",
        _ => "Nemenman, Shafee and Bialek's estimator",
    };
}
