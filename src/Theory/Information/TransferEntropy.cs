namespace ArKernel.Theory.Information;

/// <summary>
/// The transfer entropy from x to y (Schreiber 2000), TE = I(Y_t ; X_{t−1..t−k} | Y_{t−1..t−l}): what the last k values of x tell of the next y
/// beyond its own last l values. In nats a step.
/// </summary>
public static class TransferEntropy
{
    private const string MeasureName = "transfer entropy";

    /// <summary>Between discrete series, from counts.</summary>
    /// <param name="x">The source.</param>
    /// <param name="y">The target, as long.</param>
    /// <param name="sourceLags">k.</param>
    /// <param name="targetLags">l.</param>
    /// <param name="estimator">How the bias of few samples is met.</param>
    /// <param name="surrogates">Circular shifts of the source for the p-value; 0 for none.</param>
    /// <param name="seed">The seed of the shifts.</param>
    /// <exception cref="ArgumentException">The lengths differ, or a lag is not positive.</exception>
    /// <exception cref="TooFewSamplesException">The series are too short for the lags.</exception>
    public static InformationEstimate Discrete(Symbols x, Symbols y, int sourceLags = 1, int targetLags = 1, EntropyEstimator estimator = EntropyEstimator.MillerMadow, int surrogates = 0, int seed = 0)
    {
        int start = Start(x.Count, y.Count, sourceLags, targetLags);
        Codes past = Codes.Of(x).Past(sourceLags, start);
        Codes own = Codes.Of(y).Past(targetLags, start);
        Codes next = Codes.Of(y.Slice(start, y.Count - start));
        int[] Shift(Random random) => Surrogates.CircularShift(next.Count, start + 1, random);
        return Rate(MutualInformation.Discrete(MeasureName, past, next, own, estimator, surrogates, seed, Shift, isProcess: true), sourceLags, targetLags);
    }

    /// <summary>Between real series of any distribution with a density, by nearest neighbours (Frenzel &amp; Pompe 2007).</summary>
    /// <param name="x">The source; one variable or more.</param>
    /// <param name="y">The target, as long; one variable or more.</param>
    /// <param name="sourceLags">k.</param>
    /// <param name="targetLags">l.</param>
    /// <param name="neighbours">How many: more lowers the variance and raises the bias.</param>
    /// <param name="surrogates">Circular shifts of the source for the p-value; 0 for none.</param>
    /// <param name="seed">The seed of the shifts.</param>
    /// <exception cref="ArgumentException">The lengths differ, or a lag is not positive.</exception>
    /// <exception cref="TooFewSamplesException">The series are too short for the lags and neighbours.</exception>
    /// <exception cref="TiedSamplesException">Values repeat or a series is constant.</exception>
    public static InformationEstimate NearestNeighbours(Samples x, Samples y, int sourceLags = 1, int targetLags = 1, int neighbours = 4, int surrogates = 0, int seed = 0)
    {
        int start = Start(x.Count, y.Count, sourceLags, targetLags);
        Samples past = x.Past(sourceLags, start);
        Samples own = y.Past(targetLags, start);
        Samples next = y.Slice(start, y.Count - start);
        double[] local = NeighbourInformation.Conditional(past, next, own, neighbours);
        double value = local.Average();
        (double[] Values, double P) test = Surrogates.Test(value, surrogates, seed, random =>
            NeighbourInformation.Conditional(past.Reorder(Surrogates.CircularShift(next.Count, start + 1, random)), next, own, neighbours).Average());
        return Rate(
            new InformationEstimate(MeasureName, "nearest neighbours (Frenzel-Pompe)", value, DiscreteInformation.StandardErrorOfProcess(local), next.Count)
            {
                Settings = [new("neighbours", neighbours)],
                PValue = surrogates > 0 ? test.P : null,
                Surrogates = test.Values,
                UsedSeed = surrogates > 0 ? seed : null,
                OfFirst = count => NeighbourInformation.Conditional(past.Slice(0, count), next.Slice(0, count), own.Slice(0, count), neighbours).Average(),
            },
            sourceLags,
            targetLags);
    }

    /// <summary>Between normal series: half the logarithm of the ratio of prediction errors, which is half of Geweke's measure. The p-value is that of the likelihood ratio.</summary>
    /// <param name="x">The source; one variable or more.</param>
    /// <param name="y">The target, as long; one variable or more.</param>
    /// <param name="lags">The number of lags of both; null chooses it.</param>
    /// <param name="given">Series whose past is known already; null for none.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    /// <exception cref="TooFewSamplesException">The series are too short for the lags.</exception>
    /// <exception cref="SingularCovarianceException">A series is constant or a linear function of others.</exception>
    public static InformationEstimate Gaussian(Samples x, Samples y, int? lags = null, Samples? given = null)
    {
        GrangerTest test = Granger.Test(x, y, lags, given);
        double value = test.TransferEntropy;
        InformationEstimate estimate = new(MeasureName, "vector autoregression", value, Math.Sqrt(-Special.ExpMinusOne(-2 * value) / test.Samples), test.Samples)
        {
            PValue = test.LikelihoodRatioPValue,
            OfFirst = count => Granger.Test(x.Slice(0, count + test.Lags), y.Slice(0, count + test.Lags), test.Lags, given?.Slice(0, count + test.Lags)).TransferEntropy,
        };
        return Rate(estimate, test.Lags, test.Lags);
    }

    /// <summary>Of a known autoregressive process, exactly: the errors of predicting the target from infinite pasts with and without the source.</summary>
    /// <param name="process">A stationary process.</param>
    /// <param name="source">The source's variables.</param>
    /// <param name="target">The target's variables.</param>
    /// <param name="given">Variables whose past is known already.</param>
    /// <returns>Nats a step.</returns>
    /// <exception cref="UnstableProcessException">The process is not stationary.</exception>
    public static double Exact(VectorAutoregression process, int[] source, int[] target, params int[] given)
    {
        double without = LogDeterminant(process.PredictionError([.. target, .. given]));
        double with = LogDeterminant(process.PredictionError([.. target, .. given, .. source]));
        return Math.Max(0, (without - with) / 2);

        double LogDeterminant(MathNet.Numerics.LinearAlgebra.Matrix<double> error) =>
            GaussianInformation.LogDeterminant(VectorAutoregression.Pick(error, target, target), [.. target.Select(i => $"variable {i}")]);
    }

    internal static int Start(int x, int y, int sourceLags, int targetLags)
    {
        if (x != y)
        {
            throw new ArgumentException($"The source has {x} times and the target {y}; there must be as many.");
        }

        if (sourceLags < 1 || targetLags < 1)
        {
            throw new ArgumentException($"{sourceLags} lags of the source and {targetLags} of the target were asked for; each has at least one.");
        }

        int start = Math.Max(sourceLags, targetLags);
        if (x < start + 2)
        {
            throw new TooFewSamplesException($"Series of {x} times leave {Math.Max(0, x - start)} with a past of {start}.", "Take longer series or fewer lags.");
        }

        return start;
    }

    private static InformationEstimate Rate(InformationEstimate estimate, int sourceLags, int targetLags) =>
        estimate with { Unit = "nats a step", Settings = [new("source lags", sourceLags), new("target lags", targetLags), .. estimate.Settings] };
}
