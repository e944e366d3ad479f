namespace ArKernel.Theory.Information;

/// <summary>The outcome of a Granger test.</summary>
public sealed record GrangerTest : TheoryResult
{
    internal GrangerTest()
    {
    }

    /// <summary>The name of the series that may help.</summary>
    public required string Source { get; init; }

    /// <summary>The name of the predicted series.</summary>
    public required string Target { get; init; }

    /// <summary>The number of lags tested.</summary>
    public required int Lags { get; init; }

    /// <summary>The criterion that chose the lags; null when they were given.</summary>
    public InformationCriterion? LagsChosenBy { get; init; }

    /// <summary>The times that have a full past, N.</summary>
    public required int Samples { get; init; }

    /// <summary>N ln(RSS restricted / RSS full), χ² with <see cref="Tested"/> degrees of freedom (times the outputs) if x does not help.</summary>
    public required double LikelihoodRatio { get; init; }

    /// <summary>The F statistic, with <see cref="Tested"/> and <see cref="Freedom"/> degrees of freedom; null for several outputs.</summary>
    public double? F { get; init; }

    /// <summary>The coefficients tested.</summary>
    public required int Tested { get; init; }

    /// <summary>The residual's degrees of freedom.</summary>
    public required int Freedom { get; init; }

    /// <summary>The p-value of the likelihood ratio.</summary>
    public double LikelihoodRatioPValue => Special.ChiSquaredTail(LikelihoodRatio, Tested * Outputs);

    /// <summary>The p-value: of F, or of the likelihood ratio when there are several outputs.</summary>
    public double PValue => F is { } f ? Special.FisherTail(f, Tested, Freedom) : LikelihoodRatioPValue;

    /// <summary>The p-value by block permutations; null when none were asked for.</summary>
    public double? SurrogatePValue { get; init; }

    /// <summary>Half of Geweke's ln(RSS restricted / RSS full): for normal processes the transfer entropy, in nats a step.</summary>
    public double TransferEntropy => LikelihoodRatio / (2 * Samples);

    internal int Outputs { get; init; }

    internal int Conditioning { get; init; }

    internal int Integration { get; init; }

    internal int? UsedSeed { get; init; }

    internal Func<int, double> AtLags { get; init; } = _ => 1;

    /// <inheritdoc/>
    public override string Title => $"Granger test: does '{Source}' help to predict '{Target}'?";

    /// <inheritdoc/>
    public override IReadOnlyList<Quantity> Quantities
    {
        get
        {
            List<Quantity> quantities = [];
            if (F is { } f)
            {
                quantities.Add(new Quantity($"F({Tested}, {Freedom})", f));
                quantities.Add(new Quantity("p-value of F", PValue));
            }

            quantities.Add(new Quantity($"likelihood ratio, χ²({Tested * Outputs})", LikelihoodRatio));
            quantities.Add(new Quantity("p-value of the likelihood ratio", LikelihoodRatioPValue));
            if (SurrogatePValue is { } p)
            {
                quantities.Add(new Quantity("p-value by block permutation", p));
            }

            quantities.Add(new Quantity("transfer entropy", TransferEntropy, "nats a step") { Note = "if the process is normal" });
            return quantities;
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters =>
    [
        new("lags", Lags),
        new("lags chosen by", LagsChosenBy is { } criterion ? AutoregressionFit.Name(criterion) : "the caller"),
        new("times", Samples),
        new("series conditioned on", Conditioning),
        new("order of integration", Integration),
    ];

    /// <inheritdoc/>
    public override int? Seed => UsedSeed;

    /// <summary>The p-value at other numbers of lags: a finding should not hang on one of them.</summary>
    public override IReadOnlyList<Chart> Charts
    {
        get
        {
            List<(double Lags, double P)> points = [];
            for (int lags = 1; lags <= Lags + 4; lags++)
            {
                try
                {
                    points.Add((lags, AtLags(lags)));
                }
                catch (TheoryException)
                {
                    break; // the series is too short for more
                }
            }

            double[] at = [.. points.Select(point => point.Lags)];
            return points.Count < 2 ? [] :
            [
                new CurveChart("Does it hang on the number of lags?", "lags", "p-value of the likelihood ratio", new Curve("p-value", at, [.. points.Select(point => point.P)]), Curve.Level("5 %", 0.05, 1, at[^1]), new Curve("lags used", [Lags], [LikelihoodRatioPValue], CurveStyle.Points)),
            ];
        }
    }
}

/// <summary>Granger tests of all pairs of variables.</summary>
public sealed record GrangerNetwork : TheoryResult
{
    private readonly double rate;
    private readonly bool conditional;
    private readonly int lags;
    private readonly int times;

    internal GrangerNetwork(IReadOnlyList<string> names, double[,] p, double[,] information, int lags, double rate, bool conditional, int times)
    {
        (Names, PValues, TransferEntropies, this.lags, this.rate, this.conditional, this.times) = (names, p, information, lags, rate, conditional, times);
        Links = FindLinks(p, rate);
    }

    /// <summary>The variables' names.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The p-value of F, [source, target]; NaN on the diagonal.</summary>
    public double[,] PValues { get; }

    /// <summary>The transfer entropies if the process is normal, [source, target]; nats a step.</summary>
    public double[,] TransferEntropies { get; }

    /// <summary>The links found, of which at most the given share is expected to be false; the surest first.</summary>
    public IReadOnlyList<(int Source, int Target)> Links { get; }

    /// <inheritdoc/>
    public override string Title => $"Granger network of {Names.Count} series";

    /// <inheritdoc/>
    public override IReadOnlyList<Quantity> Quantities =>
    [
        new("links", Links.Count) { Note = $"of {Names.Count * (Names.Count - 1)} possible" },
        .. Links.Select(link => new Quantity($"{Names[link.Source]} → {Names[link.Target]}", TransferEntropies[link.Source, link.Target], "nats a step") { Note = $"p = {Quantity.Format(PValues[link.Source, link.Target])}" }),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters => [new("lags", lags), new("times", times), new("given all others", conditional), new("false discovery rate", rate)];

    /// <inheritdoc/>
    public override IReadOnlyList<Chart> Charts => [new HeatMapChart("Transfer entropy (nats a step)", "target", "source", TransferEntropies)];

    /// <summary>Benjamini and Hochberg: the k surest, for the largest k whose k-th p-value is at most rate · k / tests.</summary>
    private static List<(int Source, int Target)> FindLinks(double[,] p, double rate)
    {
        int size = p.GetLength(0);
        List<(int Source, int Target)> sorted =
        [
            .. (from source in Enumerable.Range(0, size) from target in Enumerable.Range(0, size) where source != target select (source, target)).OrderBy(link => p[link.source, link.target]),
        ];
        int count = sorted.FindLastIndex(link => p[link.Source, link.Target] <= rate * (sorted.IndexOf(link) + 1) / sorted.Count) + 1;
        return sorted[..count];
    }
}
