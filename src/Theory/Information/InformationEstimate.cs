namespace ArKernel.Theory.Information;

/// <summary>An estimated entropy or information, in nats.</summary>
public sealed record InformationEstimate : TheoryResult
{
    private const double Normal95 = 1.959963984540054;
    private const int SmallestPart = 32;

    internal InformationEstimate(string measure, string method, double value, double standardError, int samples)
    {
        (Measure, Method, Value, StandardError, Samples) = (measure, method, value, standardError, samples);
    }

    /// <summary>What is estimated.</summary>
    public string Measure { get; }

    /// <summary>The estimator.</summary>
    public string Method { get; }

    /// <summary>The estimate, in nats (a rate: nats a symbol).</summary>
    public double Value { get; }

    /// <summary>The estimate, in bits.</summary>
    public double Bits => Value / Math.Log(2);

    /// <summary>The standard error from the spread of the samples' own contributions. It knows nothing of the estimator's bias: see the chart.</summary>
    public double StandardError { get; }

    /// <summary>The number of samples, or of times that have a full past.</summary>
    public int Samples { get; }

    /// <summary>The probability that independent data give as much, by surrogates or by theory; null when it was not asked for.</summary>
    public double? PValue { get; init; }

    /// <summary>The estimates on surrogate data, in which what is measured is destroyed.</summary>
    public IReadOnlyList<double> Surrogates { get; init; } = [];

    /// <summary>The unit, <c>nats</c>, or <c>nats a step</c> for a rate.</summary>
    public string Unit { get; init; } = "nats";

    /// <summary>Further quantities of the same estimation.</summary>
    public IReadOnlyList<Quantity> Further { get; init; } = [];

    internal IReadOnlyList<Parameter> Settings { get; init; } = [];

    internal int? UsedSeed { get; init; }

    /// <summary>The same estimate from the first so many samples.</summary>
    internal Func<int, double>? OfFirst { get; init; }

    /// <inheritdoc/>
    public override string Title => $"{char.ToUpperInvariant(Measure[0])}{Measure[1..]} by {Method}";

    /// <inheritdoc/>
    public override IReadOnlyList<Quantity> Quantities
    {
        get
        {
            List<Quantity> quantities =
            [
                new(Measure, Value, Unit, Interval.Confidence(Value - Normal95 * StandardError, Value + Normal95 * StandardError, 0.95)),
                new("the same in bits", Bits, Unit.Replace("nats", "bits", StringComparison.Ordinal)),
                new("standard error", StandardError, Unit),
            ];
            if (PValue is { } p)
            {
                quantities.Add(new Quantity("p-value", p) { Note = Surrogates.Count > 0 ? $"{Surrogates.Count} surrogates" : "" });
            }

            quantities.AddRange(Further);
            return quantities;
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters => [new("samples", Samples), .. Settings];

    /// <inheritdoc/>
    public override int? Seed => UsedSeed;

    /// <summary>The estimate against the number of samples, from which its bias can be seen; and the surrogates, if any.</summary>
    public override IReadOnlyList<Chart> Charts
    {
        get
        {
            List<Chart> charts = [];
            if (Growth() is { } growth)
            {
                charts.Add(growth);
            }

            if (Surrogates.Count > 0)
            {
                double[] sorted = [.. Surrogates.Order()];
                double[] rank = [.. Enumerable.Range(1, sorted.Length).Select(i => i / (double)sorted.Length)];
                charts.Add(new CurveChart("Surrogates", Unit, "share below", new Curve("surrogates", sorted, rank), new Curve("data", [Value, Value], [0, 1], CurveStyle.Dashed)));
            }

            return charts;
        }
    }

    private CurveChart? Growth()
    {
        if (OfFirst is null)
        {
            return null;
        }

        List<(double Samples, double Value)> points = [];
        for (int part = Samples; part >= SmallestPart && points.Count < 6; part /= 2)
        {
            try
            {
                points.Insert(0, (part, part == Samples ? Value : OfFirst(part)));
            }
            catch (TheoryException)
            {
                break; // too few samples are the end of the curve
            }
        }

        double[] sizes = [.. points.Select(point => point.Samples)];
        double[] errors = [.. sizes.Select(size => Normal95 * StandardError * Math.Sqrt(Samples / size))];
        double[] values = [.. points.Select(point => point.Value)];
        return points.Count < 2 ? null : new CurveChart($"{char.ToUpperInvariant(Measure[0])}{Measure[1..]} from the first samples", "samples", Unit,
            new Curve("estimate, 95 %", sizes, values).WithBand([.. values.Zip(errors, (value, error) => value - error)], [.. values.Zip(errors, (value, error) => value + error)])) { LogX = true };
    }
}
