using MathNet.Numerics.Distributions;

namespace ArKernel.Theory.Scaling;

/// <summary>
/// λ ln(N/N_c): how the mutual information between two modalities that a model has learned, or its share of the second one's information
/// (Infogain), grows with the model's size (Henighan et al. 2020, section 4.2).
/// </summary>
public sealed record InfoGainLaw : TheoryResult
{
    private readonly double[] parameters;
    private readonly double[] information;
    private readonly double half;

    private InfoGainLaw(double[] parameters, double[] information, double rate, double scale, double half)
    {
        (this.parameters, this.information, Rate, Scale, this.half) = (parameters, information, rate, scale, half);
    }

    /// <summary>λ: what e times the parameters add.</summary>
    public double Rate { get; }

    /// <summary>N_c: the size that begins to know of the other modality.</summary>
    public double Scale { get; }

    /// <summary>λ ln(N/N_c), at least 0.</summary>
    /// <param name="size">N.</param>
    public double At(double size) => Math.Max(0, Rate * Math.Log(size / Scale));

    /// <summary>The size at which it reaches a value.</summary>
    /// <param name="value">In the unit of the measurements.</param>
    public double SizeFor(double value) => Scale * Math.Exp(value / Rate);

    /// <summary>The line through measurements at several sizes.</summary>
    /// <param name="parameters">N of each model.</param>
    /// <param name="information">What was measured of it: nats, or a share.</param>
    /// <param name="level">The coverage of the interval of λ.</param>
    /// <exception cref="TooFewPointsException">There are fewer than two different sizes.</exception>
    /// <exception cref="NotFiniteException">A number is NaN or infinite.</exception>
    /// <exception cref="ArgumentException">The counts differ, or a size is not positive.</exception>
    public static InfoGainLaw Fit(IReadOnlyList<double> parameters, IReadOnlyList<double> information, double level = 0.95)
    {
        Check.Finite([.. parameters], "The sizes");
        Check.Finite([.. information], "The information");
        if (parameters.Count != information.Count || parameters.Any(value => value <= 0))
        {
            throw new ArgumentException($"There must be as many sizes ({parameters.Count}) as measurements ({information.Count}), all sizes above 0.");
        }

        if (parameters.Distinct().Count() < 2)
        {
            throw new TooFewPointsException($"{parameters.Distinct().Count()} size is given for a line of two parameters.", "Measure models of two or more sizes.");
        }

        double[] x = [.. parameters.Select(value => Math.Log(value))];
        (double intercept, double slope) = MathNet.Numerics.Fit.Line(x, [.. information]);
        double residual = x.Zip(information, (at, value) => Math.Pow(value - intercept - slope * at, 2)).Sum();
        double mean = x.Average();
        int degrees = x.Length - 2;
        double error = degrees > 0 ? Math.Sqrt(residual / degrees / x.Sum(at => (at - mean) * (at - mean))) * StudentT.InvCDF(0, 1, degrees, (1 + level) / 2) : double.PositiveInfinity;
        return new InfoGainLaw([.. parameters], [.. information], slope, Math.Exp(-intercept / slope), error) { Level = level };
    }

    private double Level { get; init; }

    /// <inheritdoc/>
    public override string Title => $"Information between modalities: {Quantity.Format(Rate)} ln(N / {Quantity.Format(Scale)})";

    /// <inheritdoc/>
    public override IReadOnlyList<Quantity> Quantities => [new("rate λ", Rate, "", Interval.Confidence(Rate - half, Rate + half, Level)), new("scale N_c", Scale, "parameters")];

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters => [new("sizes", parameters.Length)];

    /// <inheritdoc/>
    public override IReadOnlyList<Chart> Charts =>
    [
        new CurveChart("Information between modalities", "parameters N", "information", new Curve("law", parameters, [.. parameters.Select(At)], CurveStyle.Dashed), new Curve("measured", parameters, information, CurveStyle.Points)) { LogX = true },
    ];
}
