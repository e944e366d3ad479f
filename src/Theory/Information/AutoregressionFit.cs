using MathNet.Numerics.LinearAlgebra;

namespace ArKernel.Theory.Information;

/// <summary>A vector autoregressive process fitted to data.</summary>
public sealed record AutoregressionFit : TheoryResult
{
    private readonly Dictionary<InformationCriterion, double[]> criteria; // by the number of lags, from 0
    private readonly InformationCriterion criterion;
    private readonly bool isChosen;

    private AutoregressionFit(VectorAutoregression process, int samples, Dictionary<InformationCriterion, double[]> criteria, InformationCriterion criterion, bool isChosen) =>
        (Process, Samples, this.criteria, this.criterion, this.isChosen) = (process, samples, criteria, criterion, isChosen);

    /// <summary>The fitted process; its noise covariance is the residuals' maximum-likelihood one, divided by the number of times.</summary>
    public VectorAutoregression Process { get; }

    /// <summary>The times that have a full past.</summary>
    public int Samples { get; }

    /// <summary>The number of lags.</summary>
    public int Lags => Process.Lags.Count;

    /// <summary>A criterion at every number of lags tried, from 0; all on the same times.</summary>
    /// <param name="which">The criterion.</param>
    public IReadOnlyList<double> Criterion(InformationCriterion which) => criteria[which];

    /// <inheritdoc/>
    public override string Title => $"Vector autoregression of {Process.Variables} variables, {Lags} lags";

    /// <inheritdoc/>
    public override IReadOnlyList<Quantity> Quantities =>
    [
        new("spectral radius", Process.SpectralRadius) { Note = Process.SpectralRadius < 1 ? "" : "not stationary" },
        new("lags", Lags) { Note = isChosen ? $"chosen by {Name(criterion)}" : "" },
        .. Enum.GetValues<InformationCriterion>().Where(which => Lags < criteria[which].Length).Select(which => new Quantity(Name(which), criteria[which][Lags])),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters => [new("times", Samples), new("lags tried", criteria[criterion].Length - 1)];

    /// <inheritdoc/>
    public override IReadOnlyList<Chart> Charts
    {
        get
        {
            double[] lags = [.. Enumerable.Range(0, criteria[criterion].Length).Select(i => (double)i)];
            return lags.Length < 2 ? [] : [new CurveChart("Choice of lags", "lags", "criterion (nats a time)", [.. Enum.GetValues<InformationCriterion>().Select(which => new Curve(Name(which), lags, criteria[which]))])];
        }
    }

    internal static AutoregressionFit Of(Samples series, int? lags, InformationCriterion criterion, int? mostLags)
    {
        int most = Math.Max(lags ?? 0, mostLags ?? MostLags(series.Count, series.Variables));
        if (lags is < 1 || most < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(lags), lags ?? mostLags, "An autoregression has at least one lag.");
        }

        // Only the orders that the times allow are compared; one that was asked for is always among them.
        most = Math.Max(lags ?? 1, Math.Min(most, LargestLags(series.Count, series.Variables)));
        Dictionary<InformationCriterion, double[]> compared = Compare(series, most);
        double[] scores = compared[criterion];
        int chosen = lags ?? Math.Max(1, Array.IndexOf(scores, scores.Min()));
        (LeastSquares regression, int times) = Regress(series, chosen, chosen);
        int size = series.Variables;
        Matrix<double> coefficients = regression.Coefficients();
        double[][,] matrices = [.. Enumerable.Range(0, chosen).Select(lag => coefficients.SubMatrix(1 + lag * size, size, 0, size).Transpose().ToArray())];
        VectorAutoregression process = new(matrices, (regression.Residual(1 + chosen * size) / times).ToArray(), coefficients.Row(0).ToArray());
        return new AutoregressionFit(process, times, compared, criterion, lags is null);
    }

    /// <summary>The number of lags that a criterion chooses, at least 1.</summary>
    internal static int Choose(Samples series, InformationCriterion criterion, int? mostLags)
    {
        double[] scores = Compare(series, Math.Min(mostLags ?? MostLags(series.Count, series.Variables), LargestLags(series.Count, series.Variables)))[criterion];
        return Math.Max(1, Array.IndexOf(scores, scores.Min()));
    }

    internal static string Name(InformationCriterion criterion) => criterion switch
    {
        InformationCriterion.Akaike => "Akaike's criterion",
        InformationCriterion.Bayes => "Bayes' criterion",
        _ => "Hannan and Quinn's criterion",
    };

    /// <summary>Columns 1, z_{t−1}, z_{t−2}, … of the times from <paramref name="start"/> on, regressed onto z_t.</summary>
    private static (LeastSquares Regression, int Times) Regress(Samples series, int lags, int start)
    {
        int times = series.Count - start;
        if (times <= 1 + lags * series.Variables + series.Variables)
        {
            throw new TooFewSamplesException(
                $"{series.Count} times of {series.Variables} variables are too few for {lags} lags: {Math.Max(0, times)} equations for {1 + lags * series.Variables} coefficients each.",
                "Take a longer series, fewer lags or fewer variables.");
        }

        double[][] targets = [.. Enumerable.Range(0, series.Variables).Select(j => series.Column(j))];
        List<double[]> regressors = [[.. Enumerable.Repeat(1.0, times)]];
        for (int lag = 1; lag <= lags; lag++)
        {
            regressors.AddRange(targets.Select(column => column[(start - lag)..(series.Count - lag)]));
        }

        return (new LeastSquares([.. regressors], [.. targets.Select(column => column[start..])], index =>
            index == 0 ? "The constant" : $"'{series.Names[(index - 1) % series.Variables]}' at lag {(index - 1) / series.Variables + 1}"), times);
    }

    private static Dictionary<InformationCriterion, double[]> Compare(Samples series, int most)
    {
        (LeastSquares regression, int times) = Regress(series, most, most);
        int size = series.Variables;
        Dictionary<InformationCriterion, double[]> table = [];
        foreach (InformationCriterion which in Enum.GetValues<InformationCriterion>())
        {
            table[which] = new double[most + 1];
        }

        for (int lags = 0; lags <= most; lags++)
        {
            double fit = GaussianInformation.LogDeterminant(regression.Residual(1 + lags * size) / times, series.Names);
            double price = size * (1 + lags * size) / (double)times;
            table[InformationCriterion.Akaike][lags] = fit + 2 * price;
            table[InformationCriterion.Bayes][lags] = fit + Math.Log(times) * price;
            table[InformationCriterion.HannanQuinn][lags] = fit + 2 * Math.Log(Math.Log(times)) * price;
        }

        return table;
    }

    private static int MostLags(int count, int variables) => Math.Clamp((int)(12 * Math.Pow(count / 100.0, 0.25)), 1, LargestLags(count, variables));

    /// <summary>The most lags that leave two equations a coefficient.</summary>
    private static int LargestLags(int count, int variables) => Math.Max(1, (count - 2) / (2 * variables + 1));
}
