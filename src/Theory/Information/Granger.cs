using MathNet.Numerics.LinearAlgebra;

namespace ArKernel.Theory.Information;

/// <summary>
/// Granger's tests: does the past of x help to predict y beyond y's own past, and beyond that of other series? (Granger 1969; conditional form
/// and the logarithm of the variance ratio: Geweke 1982, 1984.) For normal processes that ratio is twice the transfer entropy (Barnett, Barrett
/// and Seth 2009, arXiv 0910.4514).
/// </summary>
public static class Granger
{
    /// <summary>Tests whether x Granger-causes y.</summary>
    /// <param name="x">The series that may help; one variable or more.</param>
    /// <param name="y">The series to be predicted; one variable or more (with more there is no F statistic).</param>
    /// <param name="lags">The number of lags; null chooses it for the joint autoregression of all series.</param>
    /// <param name="given">Series whose past is known already; null for none.</param>
    /// <param name="criterion">How lags are chosen.</param>
    /// <param name="mostLags">The largest number tried; null takes 12 (N/100)^¼.</param>
    /// <param name="integration">The highest order of integration of the series: so many further lags are fitted and not tested (Toda &amp; Yamamoto 1995); 0 for stationary series.</param>
    /// <param name="surrogates">Block permutations of x for a p-value without a theory of its distribution; 0 for none.</param>
    /// <param name="seed">The seed of the permutations.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    /// <exception cref="TooFewSamplesException">There are too few times for the lags.</exception>
    /// <exception cref="SingularCovarianceException">A series is constant or a linear function of others.</exception>
    public static GrangerTest Test(
        Samples x, Samples y, int? lags = null, Samples? given = null, InformationCriterion criterion = InformationCriterion.Bayes, int? mostLags = null, int integration = 0, int surrogates = 0, int seed = 0)
    {
        Samples all = given is null ? Samples.Join(x, y) : Samples.Join(x, y, given);
        if (lags is < 1 || integration < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(lags), $"{lags} lags and {integration} further ones were asked for; there must be at least 1 and 0.");
        }

        int used = lags ?? AutoregressionFit.Choose(all, criterion, mostLags);
        (double ratio, double? f, int times, int freedom) = Statistics(all, x.Variables, y.Variables, used, integration);
        (double[] Values, double P) test = Surrogates.Test(ratio, surrogates, seed, random =>
        {
            int[] order = Surrogates.Blocks(x.Count, Math.Max(used + 1, (int)Math.Sqrt(x.Count)), random);
            Samples permuted = given is null ? Samples.Join(x.Reorder(order), y) : Samples.Join(x.Reorder(order), y, given);
            return Statistics(permuted, x.Variables, y.Variables, used, integration).Ratio;
        });
        return new GrangerTest
        {
            Source = string.Join(", ", all.Names.Take(x.Variables)),
            Target = string.Join(", ", all.Names.Skip(x.Variables).Take(y.Variables)),
            Lags = used,
            LagsChosenBy = lags is null ? criterion : null,
            Conditioning = given?.Variables ?? 0,
            Integration = integration,
            Samples = times,
            Tested = used * x.Variables,
            Freedom = freedom,
            Outputs = y.Variables,
            LikelihoodRatio = ratio,
            F = f,
            SurrogatePValue = surrogates > 0 ? test.P : null,
            UsedSeed = surrogates > 0 ? seed : null,
            AtLags = other => Statistics(all, x.Variables, y.Variables, other, integration) is var (r, _, _, _) ? Special.ChiSquaredTail(r, other * x.Variables * y.Variables) : 1,
        };
    }

    /// <summary>Tests every ordered pair of variables, given all others, and corrects for the number of tests.</summary>
    /// <param name="series">[time, variables].</param>
    /// <param name="lags">The number of lags; null chooses it for the joint autoregression.</param>
    /// <param name="rate">The share of false discoveries among the links reported (Benjamini &amp; Hochberg 1995).</param>
    /// <param name="conditional">Whether each pair is tested given the other variables; otherwise indirect and common causes appear as links.</param>
    /// <param name="criterion">How lags are chosen.</param>
    /// <exception cref="TooFewSamplesException">There are too few times for the lags.</exception>
    /// <exception cref="SingularCovarianceException">A series is constant or a linear function of others.</exception>
    public static GrangerNetwork Network(Samples series, int? lags = null, double rate = 0.05, bool conditional = true, InformationCriterion criterion = InformationCriterion.Bayes)
    {
        int used = lags ?? AutoregressionFit.Choose(series, criterion, null);
        int size = series.Variables;
        double[,] p = new double[size, size];
        double[,] information = new double[size, size];
        for (int source = 0; source < size; source++)
        {
            p[source, source] = double.NaN;
            foreach (int target in Enumerable.Range(0, size).Where(target => target != source))
            {
                int[] others = conditional ? [.. Enumerable.Range(0, size).Where(i => i != source && i != target)] : [];
                GrangerTest test = Test(series.Select(source), series.Select(target), used, others.Length == 0 ? null : series.Select(others));
                p[source, target] = test.PValue;
                information[source, target] = test.TransferEntropy;
            }
        }

        return new GrangerNetwork(series.Names, p, information, used, rate, conditional, series.Count);
    }

    /// <summary>N ln(|RSS restricted| / |RSS full|) and, for one output, F. The tested lags of x come last, so that one factorisation gives both models.</summary>
    private static (double Ratio, double? F, int Times, int Freedom) Statistics(Samples all, int sources, int outputs, int lags, int integration)
    {
        int start = lags + integration;
        int times = all.Count - start;
        int coefficients = 1 + start * all.Variables;
        if (times <= coefficients + outputs)
        {
            throw new TooFewSamplesException($"{all.Count} times are too few for {start} lags of {all.Variables} series: {Math.Max(0, times)} equations for {coefficients} coefficients.", "Take longer series, fewer lags or fewer series.");
        }

        double[][] columns = [.. Enumerable.Range(0, all.Variables).Select(all.Column)];
        List<(int Variable, int Lag)> order = [];
        order.AddRange(from variable in Enumerable.Range(sources, all.Variables - sources) from lag in Enumerable.Range(1, start) select (variable, lag));
        order.AddRange(from variable in Enumerable.Range(0, sources) from lag in Enumerable.Range(lags + 1, integration) select (variable, lag));
        order.AddRange(from variable in Enumerable.Range(0, sources) from lag in Enumerable.Range(1, lags) select (variable, lag));
        double[] constant = new double[times];
        Array.Fill(constant, 1);
        LeastSquares regression = new(
            [constant, .. order.Select(entry => columns[entry.Variable][(start - entry.Lag)..(all.Count - entry.Lag)])],
            [.. Enumerable.Range(sources, outputs).Select(j => columns[j][start..])],
            index => index == 0 ? "The constant" : $"'{all.Names[order[index - 1].Variable]}' at lag {order[index - 1].Lag}");
        int tested = lags * sources;
        Matrix<double> restricted = regression.Residual(coefficients - tested);
        Matrix<double> full = regression.Residual(coefficients);
        string[] names = [.. all.Names.Skip(sources).Take(outputs).Select(name => $"what is left of {name}")];
        int freedom = times - coefficients;
        if (outputs == 1 && full[0, 0] <= 1e-20 * columns[sources].Sum(value => value * value))
        {
            throw new SingularCovarianceException($"'{all.Names[sources]}' is predicted without any error by the past.", "There is no noise to test against: the relation is exact.");
        }

        double ratio = times * (GaussianInformation.LogDeterminant(restricted, names) - GaussianInformation.LogDeterminant(full, names));
        return (Math.Max(0, ratio), outputs == 1 ? (restricted[0, 0] - full[0, 0]) / tested / (full[0, 0] / freedom) : null, times, freedom);
    }
}
