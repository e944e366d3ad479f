namespace ArKernel.Theory.Scaling;

/// <summary>A power law fitted to measured losses, with intervals and predictions.</summary>
public sealed record PowerLawFit : TheoryResult
{
    private readonly PowerLawProblem problem;
    private readonly Candidate best;
    private readonly PowerLawIntervals intervals;
    private readonly double[] x;
    private readonly double[] losses;

    internal PowerLawFit(IReadOnlyList<double> x, IReadOnlyList<double> losses, PowerLawOptions options, PowerLawProblem problem, Candidate best)
    {
        (this.x, this.losses, Options, this.problem, this.best) = ([.. x], [.. losses], options, problem, best);
        intervals = PowerLawIntervals.Of(problem, best, options);
        Law = new ScalingLaw(best.Irreducible, Math.Exp(problem.LogScale(best)), best.Exponent);
        irreducible = new Lazy<Interval>(() => intervals.For(LawPart.Irreducible));
        exponent = new Lazy<Interval>(() => intervals.For(LawPart.Exponent));
        scale = new Lazy<Interval>(() => Exponential(intervals.For(LawPart.LogScale)));
    }

    private readonly Lazy<Interval> irreducible;
    private readonly Lazy<Interval> exponent;
    private readonly Lazy<Interval> scale;

    /// <summary>The law.</summary>
    public ScalingLaw Law { get; }

    /// <summary>How it was fitted.</summary>
    public PowerLawOptions Options { get; }

    /// <summary>Where L∞ lies.</summary>
    public Interval IrreducibleInterval => Options.Constant ? irreducible.Value : Interval.Certificate(0, 0);

    /// <summary>Where α lies.</summary>
    public Interval ExponentInterval => exponent.Value;

    /// <summary>Where x₀ lies.</summary>
    public Interval ScaleInterval => scale.Value;

    /// <summary>Whether the data bound L∞ away from 0: without that the bend is out of their range, and a pure power law explains them as well.</summary>
    public bool IsConstantIdentified => Options.Constant && IrreducibleInterval.Lower > 0 && double.IsFinite(IrreducibleInterval.Upper);

    /// <summary>The root of the mean squared residual, in nats, or relative for logarithmic residuals.</summary>
    public double ResidualError => Math.Sqrt(Enumerable.Range(0, x.Length).Average(i => Math.Pow(problem.Residual(best, i), 2)));

    /// <summary>Akaike's criterion with the correction for few points: of two fits to the same points and residual scale, the one with less is to be preferred.</summary>
    public double CorrectedAkaike
    {
        get
        {
            int parameters = problem.Free + 1; // and the noise
            double rest = x.Length - parameters - 1;
            return rest <= 0 ? double.PositiveInfinity : x.Length * Math.Log(best.Penalty / x.Length) + 2.0 * parameters * x.Length / rest;
        }
    }

    /// <summary>The share of the variance of the logarithm of the reducible loss that the straight line explains.</summary>
    public double ReducibleDetermination
    {
        get
        {
            (double Measured, double Law)[] pairs = [.. x.Zip(losses, (at, loss) => (Measured: loss - Law.Irreducible, Law: Law.Reducible(at))).Where(pair => pair.Measured > 0).Select(pair => (Math.Log(pair.Measured), Math.Log(pair.Law)))];
            double mean = pairs.Average(pair => pair.Measured);
            return 1 - pairs.Sum(pair => Math.Pow(pair.Measured - pair.Law, 2)) / pairs.Sum(pair => Math.Pow(pair.Measured - mean, 2));
        }
    }

    /// <summary>Where the law itself lies at an x, in nats.</summary>
    /// <param name="at">Parameters, compute or data, above 0.</param>
    public Interval LawAt(double at)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(at);
        return intervals.For(LawPart.Value, at);
    }

    /// <summary>The loss to be measured at an x, with an interval that counts in both the law's uncertainty and the measurement's noise.</summary>
    /// <param name="at">Parameters, compute or data, above 0.</param>
    public Quantity Predict(double at)
    {
        Interval law = LawAt(at);
        double value = Law.Loss(at);
        double noise = intervals.Noise * intervals.Quantile * (problem.IsLogarithmic ? value : 1) * (Options.StandardErrors?.Average() ?? 1);
        double Spread(double end) => Math.Sqrt(Math.Pow(end - value, 2) + noise * noise);
        return new Quantity($"loss at {Quantity.Format(at)}", value, "nats", Interval.Confidence(Math.Max(0, value - Spread(law.Lower)), value + Spread(law.Upper), Options.Level))
        {
            Note = at < x.Min() || at > x.Max() ? "extrapolated" : "",
        };
    }

    /// <inheritdoc/>
    public override string Title => Options.Constant ? $"Power law plus constant: {Law}" : $"Power law: {Law}";

    /// <inheritdoc/>
    public override IReadOnlyList<Quantity> Quantities =>
    [
        new("exponent α", Law.Exponent, "", ExponentInterval),
        new("irreducible loss L∞", Law.Irreducible, "nats", IrreducibleInterval)
        {
            Note = !Options.Constant ? "held at 0" : IsConstantIdentified ? "" : "not identified: the bend is out of the data's range",
        },
        new("scale x₀", Law.Scale, "", ScaleInterval),
        new("residual (root mean square)", ResidualError, problem.IsLogarithmic ? "relative" : "nats"),
        new("corrected Akaike criterion", CorrectedAkaike),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters =>
    [
        new("points", x.Length),
        new("residuals", Options.Residuals.ToString()),
        new("intervals", Options.Intervals == IntervalMethod.Bootstrap ? $"{Options.BootstrapSamples} bootstrap samples" : Options.Intervals.ToString()),
        .. double.IsFinite(Options.HuberThreshold) ? [new Parameter("Huber threshold", Options.HuberThreshold)] : Array.Empty<Parameter>(),
    ];

    /// <inheritdoc/>
    public override int? Seed => Options.Intervals == IntervalMethod.Bootstrap ? Options.Seed : null;

    /// <summary>The points, the law with its band and a decade beyond, and L∞.</summary>
    public override IReadOnlyList<Chart> Charts
    {
        get
        {
            const int Points = 24;
            (double from, double to) = (Math.Log(x.Min()), Math.Log(10 * x.Max()));
            double[] at = [.. Enumerable.Range(0, Points).Select(i => Math.Exp(from + (to - from) * i / (Points - 1)))];
            Interval[] band = [.. at.Select(LawAt)];
            List<Curve> curves = [new Curve("law", at, [.. at.Select(Law.Loss)])];
            if (band.All(interval => double.IsFinite(interval.Upper)))
            {
                curves[0] = curves[0].WithBand([.. band.Select(interval => interval.Lower)], [.. band.Select(interval => interval.Upper)]);
            }

            if (Law.Irreducible > 0)
            {
                curves.Add(Curve.Level("L∞", Law.Irreducible, at[0], at[^1]));
            }

            curves.Add(new Curve("measured", x, losses, CurveStyle.Points));
            return [new CurveChart(Title, "x", "loss (nats)", curves) { LogX = true, LogY = true }];
        }
    }

    private static Interval Exponential(Interval logarithm) => logarithm with { Lower = Math.Exp(logarithm.Lower), Upper = Math.Exp(logarithm.Upper) };
}
