namespace ArKernel.Theory.Information;

/// <summary>The mutual information of two variables, I(X;Y), or of two given a third, I(X;Y|Z); in nats.</summary>
public static class MutualInformation
{
    /// <summary>Between discrete variables.</summary>
    /// <param name="x">Samples, independent of one another.</param>
    /// <param name="y">The other variable's samples, as many.</param>
    /// <param name="given">What is known already, as many samples; null for nothing.</param>
    /// <param name="estimator">How the bias of few samples is met.</param>
    /// <param name="surrogates">Shuffles of x (given the condition) for the p-value; 0 for none.</param>
    /// <param name="seed">The seed of the shuffles.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    /// <exception cref="TooFewSamplesException">There are fewer than two samples.</exception>
    public static InformationEstimate Discrete(Symbols x, Symbols y, Symbols? given = null, EntropyEstimator estimator = EntropyEstimator.MillerMadow, int surrogates = 0, int seed = 0)
    {
        SameCount(x.Count, y.Count, given?.Count ?? y.Count);
        Entropy.RequireSamples(x.Count, 2);
        Codes z = given is null ? Codes.Constant(x.Count) : Codes.Of(given);
        return Discrete(Measure(given is not null), Codes.Of(x), Codes.Of(y), z, estimator, surrogates, seed, random => Surrogates.WithinStrata(z.Values, z.Used, random), isProcess: false);
    }

    /// <summary>Between jointly normal variables: from the determinants of covariances. The p-value is that of the likelihood ratio, 2N·I against χ².</summary>
    /// <param name="x">Samples, independent of one another.</param>
    /// <param name="y">The other variable's samples, as many.</param>
    /// <param name="given">What is known already, as many samples; null for nothing.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    /// <exception cref="TooFewSamplesException">There are not more samples than variables + 1.</exception>
    /// <exception cref="SingularCovarianceException">A variable is a linear function of others.</exception>
    public static InformationEstimate Gaussian(Samples x, Samples y, Samples? given = null)
    {
        Samples joint = given is null ? Samples.Join(x, y) : Samples.Join(x, y, given);
        double Estimate(int count) => GaussianInformation.Conditional(GaussianInformation.Covariance(joint.Slice(0, count)), x.Variables, y.Variables, joint.Names);
        double value = Estimate(joint.Count);
        // Of a correlation ρ the information −½ ln(1−ρ²) has the standard error |ρ|/√N, to first order; ρ² = 1 − e^(−2I).
        double error = Math.Sqrt(-Special.ExpMinusOne(-2 * value) / joint.Count);
        return new InformationEstimate(Measure(given is not null), "normal distribution", value, error, joint.Count)
        {
            PValue = Special.ChiSquaredTail(2 * joint.Count * value, x.Variables * y.Variables),
            OfFirst = Estimate,
        };
    }

    /// <summary>Between real variables of any distribution with a density, by nearest neighbours; each variable is scaled to unit variance first.</summary>
    /// <param name="x">Samples, independent of one another.</param>
    /// <param name="y">The other variable's samples, as many.</param>
    /// <param name="given">What is known already, as many samples; null for nothing. With it the estimator is that of Frenzel and Pompe.</param>
    /// <param name="neighbours">k: more lowers the variance and raises the bias.</param>
    /// <param name="form">Which of Kraskov, Stögbauer and Grassberger's two estimators; with a condition there is only the first.</param>
    /// <param name="surrogates">Shuffles of x for the p-value; 0 for none. They need that nothing is given.</param>
    /// <param name="seed">The seed of the shuffles.</param>
    /// <exception cref="ArgumentException">The lengths differ, or a form or surrogates were asked for that a condition excludes.</exception>
    /// <exception cref="TooFewSamplesException">There are not more samples than neighbours.</exception>
    /// <exception cref="TiedSamplesException">Samples repeat or a variable is constant.</exception>
    public static InformationEstimate NearestNeighbours(Samples x, Samples y, Samples? given = null, int neighbours = 4, KraskovForm form = KraskovForm.First, int surrogates = 0, int seed = 0)
    {
        if (given is not null && (form == KraskovForm.Second || surrogates > 0))
        {
            throw new ArgumentException("With a condition there is only the first form, and shuffles would destroy x's dependence on the condition: leave form and surrogates out.");
        }

        double[] Local(int count) => given is null
            ? NeighbourInformation.Mutual(x.Slice(0, count), y.Slice(0, count), neighbours, form)
            : NeighbourInformation.Conditional(x.Slice(0, count), y.Slice(0, count), given.Slice(0, count), neighbours);
        SameCount(x.Count, y.Count, given?.Count ?? y.Count);
        double[] local = Local(x.Count);
        double value = local.Average();
        (double[] Values, double P) test = Surrogates.Test(value, surrogates, seed, random =>
            NeighbourInformation.Mutual(x.Reorder(Surrogates.Permutation(x.Count, random)), y, neighbours, form).Average());
        return new InformationEstimate(Measure(given is not null), given is null ? $"nearest neighbours (Kraskov-Stögbauer-Grassberger {(int)form})" : "nearest neighbours (Frenzel-Pompe)", value, DiscreteInformation.StandardError(local), x.Count)
        {
            Settings = [new("neighbours", neighbours)],
            PValue = surrogates > 0 ? test.P : null,
            Surrogates = test.Values,
            UsedSeed = surrogates > 0 ? seed : null,
            OfFirst = count => Local(count).Average(),
        };
    }

    /// <summary>I(X;Y|Z) of codes, with surrogates that reorder x.</summary>
    internal static InformationEstimate Discrete(string measure, Codes x, Codes y, Codes z, EntropyEstimator estimator, int surrogates, int seed, Func<Random, int[]> order, bool isProcess)
    {
        double value = DiscreteInformation.Conditional(x, y, z, estimator);
        double[] local = DiscreteInformation.Local(x, y, z);
        (double[] Values, double P) test = Surrogates.Test(value, surrogates, seed, random => DiscreteInformation.Conditional(x.Reorder(order(random)), y, z, estimator));
        return new InformationEstimate(measure, Entropy.Name(estimator), value, isProcess ? DiscreteInformation.StandardErrorOfProcess(local) : DiscreteInformation.StandardError(local), x.Count)
        {
            Settings = [new("alphabets", $"{x.Alphabet} × {y.Alphabet}{(z.Alphabet > 1 ? $" × {z.Alphabet}" : "")}")],
            PValue = surrogates > 0 ? test.P : null,
            Surrogates = test.Values,
            UsedSeed = surrogates > 0 ? seed : null,
            OfFirst = count => DiscreteInformation.Conditional(x.Slice(0, count), y.Slice(0, count), z.Slice(0, count), estimator),
        };
    }

    private static string Measure(bool conditional) => conditional ? "conditional mutual information" : "mutual information";

    private static void SameCount(int x, int y, int z)
    {
        if (x != y || x != z)
        {
            throw new ArgumentException(x == y ? $"There are {x} samples of x and y, but {z} of the condition." : $"There are {x} samples of x, but {y} of y.");
        }
    }
}
