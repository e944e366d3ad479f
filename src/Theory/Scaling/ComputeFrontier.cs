namespace ArKernel.Theory.Scaling;

/// <summary>The losses of one training run along its compute.</summary>
public sealed record LearningCurve
{
    /// <summary>A run whose compute is C = 6 N E.</summary>
    /// <param name="parameters">N, the parameters without embeddings.</param>
    /// <param name="tokens">E, the tokens processed at each point.</param>
    /// <param name="losses">The test loss at each point, in nats a token.</param>
    /// <exception cref="ArgumentException">The counts differ, there is no point, or a number is not positive and finite.</exception>
    public LearningCurve(double parameters, IReadOnlyList<double> tokens, IReadOnlyList<double> losses)
    {
        if (tokens.Count != losses.Count || tokens.Count == 0)
        {
            throw new ArgumentException($"A learning curve needs as many losses as token counts, and at least one; there are {losses.Count} and {tokens.Count}.");
        }

        if (!(parameters > 0) || tokens.Concat(losses).Any(value => !(value > 0) || double.IsInfinity(value)))
        {
            throw new ArgumentException($"Parameters ({parameters}), token counts and losses must be above 0 and finite.");
        }

        (Parameters, Tokens, Losses) = (parameters, [.. tokens], [.. losses]);
    }

    /// <summary>N, the parameters without embeddings.</summary>
    public double Parameters { get; }

    /// <summary>E, the tokens processed at each point.</summary>
    public IReadOnlyList<double> Tokens { get; }

    /// <summary>The test loss at each point, in nats a token.</summary>
    public IReadOnlyList<double> Losses { get; }

    /// <summary>C = 6 N E at each point, in FLOP.</summary>
    public IReadOnlyList<double> Compute => [.. Tokens.Select(tokens => TransformerCost.TrainingFlops(Parameters, tokens))];
}

/// <summary>A point of the compute-efficient frontier.</summary>
/// <param name="Compute">C, in FLOP.</param>
/// <param name="Loss">L, in nats a token.</param>
/// <param name="Parameters">N of the run that reaches it.</param>
public sealed record FrontierPoint(double Compute, double Loss, double Parameters);

/// <summary>
/// The least loss that each compute budget reaches over runs of many sizes: the lower left convex hull of all learning curves in (ln C, ln L), the
/// law on or below it, and the size of the best run, N_opt(C) (Henighan et al. 2020, section 3).
/// </summary>
public sealed record ComputeFrontier : TheoryResult
{
    private readonly IReadOnlyList<LearningCurve> curves;

    private ComputeFrontier(IReadOnlyList<LearningCurve> curves, IReadOnlyList<FrontierPoint> points, ScalingLaw law, PowerLawFit? size)
    {
        (this.curves, Points, Law) = (curves, points, law);
        if (size is not null)
        {
            OptimalSize = new OptimalSizeLaw(1 / size.Law.Scale, size.Law.Exponent);
            OptimalSizeExponent = size.ExponentInterval;
        }
    }

    /// <summary>The hull's points, from the least compute on.</summary>
    public IReadOnlyList<FrontierPoint> Points { get; }

    /// <summary>L(C) on or below all points of the hull; C in FLOP.</summary>
    public ScalingLaw Law { get; }

    /// <summary>
    /// N_opt(C), C in FLOP; null when the frontier has fewer than two sizes. The smallest and the largest size are left out, here and in the distances
    /// that the law minimises, where two others remain: at the ends a size stands on the frontier for want of a still smaller or larger one.
    /// </summary>
    public OptimalSizeLaw? OptimalSize { get; }

    /// <summary>Where β lies; null without <see cref="OptimalSize"/>.</summary>
    public Interval? OptimalSizeExponent { get; }

    /// <summary>The frontier of runs of several sizes.</summary>
    /// <param name="curves">A run each.</param>
    /// <param name="constant">Whether L(C) has a constant L∞.</param>
    /// <param name="level">The coverage of the interval of β.</param>
    /// <exception cref="TooFewPointsException">The hull has fewer points than the law has parameters.</exception>
    /// <exception cref="NotDecreasingException">The loss does not fall with compute.</exception>
    public static ComputeFrontier From(IEnumerable<LearningCurve> curves, bool constant = true, double level = 0.95)
    {
        LearningCurve[] runs = [.. curves];
        FrontierPoint[] all = [.. runs.SelectMany(run => run.Compute.Zip(run.Losses, (compute, loss) => new FrontierPoint(compute, loss, run.Parameters)))];
        Dictionary<(double, double), double> sizes = all.GroupBy(point => (Math.Log(point.Compute), Math.Log(point.Loss))).ToDictionary(group => group.Key, group => group.Min(point => point.Parameters));
        (double X, double Y)[] hull = ConvexHull.Lower(all.Select(point => (Math.Log(point.Compute), Math.Log(point.Loss))));
        // Lower left: only where more compute lowers the loss.
        hull = [.. hull.TakeWhile((point, i) => i == 0 || point.Y < hull[i - 1].Y)];
        FrontierPoint[] points = [.. hull.Select(point => new FrontierPoint(Math.Exp(point.X), Math.Exp(point.Y), sizes[(point.X, point.Y)]))];
        int needed = constant ? 3 : 2;
        if (points.Length < needed)
        {
            throw new TooFewPointsException($"The hull of {runs.Length} runs has {points.Length} points for a law of {needed} parameters.", "Record the loss at more times, or train more sizes.");
        }

        FrontierPoint[] inside = Inside(points);
        HashSet<FrontierPoint> counted = [.. inside.Length >= needed ? inside : points];
        ScalingLaw law = LawBelow.Fit([.. points.Select(point => point.Compute)], [.. points.Select(point => point.Loss)], constant, i => counted.Contains(points[i]));
        return new ComputeFrontier(runs, points, law, FitSize(inside, level));
    }

    /// <inheritdoc/>
    public override string Title => $"Compute-efficient frontier of {curves.Count} runs: {Law}";

    /// <inheritdoc/>
    public override IReadOnlyList<Quantity> Quantities =>
    [
        new("exponent α_C", Law.Exponent),
        new("irreducible loss L∞", Law.Irreducible, "nats"),
        new("scale C₀", Law.Scale, "FLOP"),
        .. OptimalSize is { } size ? [new Quantity("exponent β of N_opt(C)", size.Exponent, "", OptimalSizeExponent), new Quantity("scale C₀ of N_opt(C)", size.Scale, "FLOP")] : Array.Empty<Quantity>(),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters => [new("hull points", Points.Count), new("sizes on the hull", Points.DistinctBy(point => point.Parameters).Count())];

    /// <summary>The learning curves with the law below them, and the best size against compute.</summary>
    public override IReadOnlyList<Chart> Charts
    {
        get
        {
            double[] compute = [.. Points.Select(point => point.Compute)];
            List<Curve> losses = [.. curves.OrderBy(run => run.Parameters).Select(run => new Curve($"N = {run.Parameters:N0}", run.Compute, run.Losses))];
            losses.Add(new Curve("frontier", compute, [.. Points.Select(point => point.Loss)], CurveStyle.Points));
            losses.Add(new Curve("law", compute, [.. compute.Select(Law.Loss)], CurveStyle.Dashed));
            List<Curve> sizes = [new Curve("run on the frontier", compute, [.. Points.Select(point => point.Parameters)], CurveStyle.Points)];
            if (OptimalSize is { } size)
            {
                sizes.Add(new Curve("N_opt(C)", compute, [.. compute.Select(size.Parameters)], CurveStyle.Dashed));
            }

            return
            [
                new CurveChart("Learning curves and their frontier", "compute C (FLOP)", "loss (nats a token)", losses) { LogX = true, LogY = true },
                new CurveChart("Compute-optimal size", "compute C (FLOP)", "parameters N", sizes) { LogX = true, LogY = true },
            ];
        }
    }

    /// <summary>The points of all sizes but the smallest and the largest, which stand on the frontier for want of a still smaller or larger one.</summary>
    private static FrontierPoint[] Inside(FrontierPoint[] points)
    {
        (double smallest, double largest) = (points.Min(point => point.Parameters), points.Max(point => point.Parameters));
        FrontierPoint[] inside = [.. points.Where(point => point.Parameters > smallest && point.Parameters < largest)];
        return inside.DistinctBy(point => point.Parameters).Count() >= 2 ? inside : points;
    }

    private static PowerLawFit? FitSize(FrontierPoint[] points, double level) => points.DistinctBy(point => point.Parameters).Count() < 2
        ? null
        // N = (C/C₀)^β is a pure power law of 1/C: (x₀/x)^α with x₀ = 1/C₀, α = β.
        : PowerLaw.Fit([.. points.Select(point => 1 / point.Compute)], [.. points.Select(point => point.Parameters)],
            new PowerLawOptions { Constant = false, Residuals = ResidualScale.Logarithmic, Level = level });
}
