namespace ArKernel.Theory.Scaling;

/// <summary>A law of size and data fitted to measured losses, with bootstrap intervals and predictions.</summary>
public sealed record JointPowerLawFit : TheoryResult
{
    private readonly IReadOnlyList<JointScalingLaw> drawn;
    private readonly double level;
    private readonly int seed;
    private readonly double threshold;
    private readonly double[] residuals;
    private readonly double[] parameters;
    private readonly double[] tokens;
    private readonly double[] losses;

    internal JointPowerLawFit(JointScalingLaw law, IReadOnlyList<JointScalingLaw> drawn, double level, int seed, double[] residuals, double threshold, double[] parameters, double[] tokens, double[] losses)
    {
        (Law, this.drawn, this.level, this.seed, this.residuals, this.threshold) = (law, drawn, level, seed, residuals, threshold);
        (this.parameters, this.tokens, this.losses) = (parameters, tokens, losses);
    }

    /// <summary>The law.</summary>
    public JointScalingLaw Law { get; }

    /// <summary>The root of the mean squared residual of ln L.</summary>
    public double ResidualError => Math.Sqrt(residuals.Average(residual => residual * residual));

    /// <summary>The loss to be measured for a run, in nats a token, with an interval that counts in the law's uncertainty and the noise.</summary>
    /// <param name="size">N of the run.</param>
    /// <param name="data">D of the run.</param>
    public Quantity Predict(double size, double data)
    {
        // Each redrawn law with a redrawn residual is a draw of the measurement.
        var random = new Random(seed);
        return Describe($"loss at N = {Quantity.Format(size)}, D = {Quantity.Format(data)}", law => law.Loss(size, data) * (ReferenceEquals(law, Law) ? 1 : Math.Exp(-residuals[random.Next(residuals.Length)])), "nats");
    }

    /// <inheritdoc/>
    public override string Title => $"{Law.Form}'s joint law: {Law}";

    /// <inheritdoc/>
    public override IReadOnlyList<Quantity> Quantities =>
    [
        Describe("exponent of size α", law => law.SizeExponent),
        Describe("exponent of data β", law => law.DataExponent),
        .. Law.Form == JointForm.Hoffmann ? [Describe("irreducible loss E", law => law.Irreducible, "nats")] : Array.Empty<Quantity>(),
        Describe("scale of size N_c", law => law.SizeScale, "parameters"),
        Describe("scale of data D_c", law => law.DataScale, "tokens"),
        Describe("exponent of N_opt(C)", law => law.OptimalSizeExponent),
        new("residual (root mean square)", ResidualError, "relative"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters => [new("runs", losses.Length), new("Huber threshold", threshold), new("bootstrap samples", drawn.Count)];

    /// <inheritdoc/>
    public override int? Seed => seed;

    /// <summary>The measured losses against the law's, and the compute-optimal size.</summary>
    public override IReadOnlyList<Chart> Charts
    {
        get
        {
            double[] fitted = [.. parameters.Zip(tokens, Law.Loss)];
            return
            [
                new CurveChart("The joint law against the measured losses", "loss of the law (nats)", "measured loss (nats)",
                    new Curve("runs", fitted, losses, CurveStyle.Points), new Curve("equal", [fitted.Min(), fitted.Max()], [fitted.Min(), fitted.Max()], CurveStyle.Dashed)),
            ];
        }
    }

    private Quantity Describe(string name, Func<JointScalingLaw, double> part, string unit = "")
    {
        if (drawn.Count == 0)
        {
            return new Quantity(name, part(Law), unit);
        }

        double[] values = [.. drawn.Select(part).Order()];
        double tail = (1 - level) / 2 * (values.Length - 1);
        return new Quantity(name, part(Law), unit, Interval.Confidence(values[(int)Math.Floor(tail)], values[(int)Math.Ceiling(values.Length - 1 - tail)], level));
    }
}
