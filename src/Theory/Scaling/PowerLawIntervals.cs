using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;

namespace ArKernel.Theory.Scaling;

/// <summary>Confidence intervals of the parts of a fitted law. An end is infinite (or 0 for what cannot be negative) where the data do not bound it.</summary>
internal abstract class PowerLawIntervals(PowerLawProblem problem, Candidate best, PowerLawOptions options)
{
    protected PowerLawProblem Problem { get; } = problem;

    protected Candidate Best { get; } = best;

    protected PowerLawOptions Options { get; } = options;

    protected int Degrees => Problem.Count - Problem.Free;

    /// <summary>t with the residual's degrees of freedom: t² is the F-value of one parameter.</summary>
    public double Quantile => Degrees > 0 ? StudentT.InvCDF(0, 1, Degrees, (1 + Options.Level) / 2) : double.PositiveInfinity;

    /// <summary>The standard deviation of the residuals, in units of the points' standard errors if given.</summary>
    public double Noise => Degrees > 0 ? Math.Sqrt(Best.Penalty / Degrees) : double.PositiveInfinity;

    public static PowerLawIntervals Of(PowerLawProblem problem, Candidate best, PowerLawOptions options) => options.Intervals switch
    {
        IntervalMethod.Profile => new ProfileIntervals(problem, best, options),
        IntervalMethod.Bootstrap => new BootstrapIntervals(problem, best, options),
        _ => new DeltaIntervals(problem, best, options),
    };

    public Interval For(LawPart part, double at = 0)
    {
        if (Degrees <= 0)
        {
            return Interval.Confidence(part == LawPart.LogScale ? double.NegativeInfinity : 0, double.PositiveInfinity, Options.Level);
        }

        (double lower, double upper) = Ends(part, at);
        return Interval.Confidence(lower, upper, Options.Level);
    }

    protected abstract (double Lower, double Upper) Ends(LawPart part, double at);

    protected double Value(Candidate law, LawPart part, double at) => part switch
    {
        LawPart.Irreducible => law.Irreducible,
        LawPart.LogScale => Problem.LogScale(law),
        LawPart.Exponent => law.Exponent,
        _ => Problem.At(law, at),
    };
}

internal sealed class ProfileIntervals(PowerLawProblem problem, Candidate best, PowerLawOptions options) : PowerLawIntervals(problem, best, options)
{
    private const double LargestLogScale = 400; // e^±400 is no scale any more

    protected override (double Lower, double Upper) Ends(LawPart part, double at)
    {
        double centre = Value(Best, part, at);
        double level = Best.Penalty + Math.Max(Noise * Noise * Quantile * Quantile, 1e-24 * Problem.Count);
        double Penalty(double value) => Problem.Best(new Fixed(part, value, at), grid: 32, tolerance: 1e-5).Penalty;
        if (part == LawPart.Exponent)
        {
            double log = Math.Log(centre);
            double Logarithmic(double value) => Penalty(Math.Exp(value));
            return (LineSearch.Crossing(Logarithmic, level, log, -0.05, Math.Log(1e-3)) is { } low ? Math.Exp(low) : 0,
                LineSearch.Crossing(Logarithmic, level, log, 0.05, Math.Log(20)) is { } high ? Math.Exp(high) : double.PositiveInfinity);
        }

        double step = part == LawPart.LogScale ? 0.1 : 1e-3 * Problem.At(Best, Math.Exp(Problem.LogScale(Best) is var s && double.IsFinite(s) ? s : 0)) + 1e-9;
        (double least, double most) = part == LawPart.LogScale ? (-LargestLogScale, LargestLogScale) : (0, double.PositiveInfinity);
        return (LineSearch.Crossing(Penalty, level, centre, -step, least) ?? (part == LawPart.LogScale ? double.NegativeInfinity : 0),
            LineSearch.Crossing(Penalty, level, centre, step, most) ?? double.PositiveInfinity);
    }
}

internal sealed class BootstrapIntervals(PowerLawProblem problem, Candidate best, PowerLawOptions options) : PowerLawIntervals(problem, best, options)
{
    private Candidate[]? laws;

    protected override (double Lower, double Upper) Ends(LawPart part, double at)
    {
        laws ??= Redraw();
        double[] values = [.. laws.Select(law => Value(law, part, at)).Order()];
        double tail = (1 - Options.Level) / 2 * (values.Length - 1);
        return (values[(int)Math.Floor(tail)], values[(int)Math.Ceiling(values.Length - 1 - tail)]);
    }

    private Candidate[] Redraw()
    {
        var random = new Random(Options.Seed);
        int count = Problem.Count;
        double[] model = [.. Enumerable.Range(0, count).Select(i => Problem.Model(Best, i))];
        // A fit's residuals are smaller than the noise, by the share of the parameters.
        double inflate = Math.Sqrt(count / (double)Degrees);
        double[] errors = [.. Options.StandardErrors ?? [.. Enumerable.Repeat(1.0, count)]];
        double[] residual = [.. Enumerable.Range(0, count).Select(i => inflate * Problem.Residual(Best, i) / errors[i])];
        double mean = residual.Average();
        Candidate[] drawn = new Candidate[Options.BootstrapSamples];
        for (int sample = 0; sample < drawn.Length; sample++)
        {
            double[] losses = [.. model.Select((value, i) => Perturb(value, (residual[random.Next(count)] - mean) * errors[i]))];
            drawn[sample] = Problem.With(losses).Best(grid: 32, tolerance: 1e-7);
        }

        return drawn;
    }

    private double Perturb(double model, double residual) => Problem.IsLogarithmic ? model * Math.Exp(residual) : model + residual;
}

internal sealed class DeltaIntervals(PowerLawProblem problem, Candidate best, PowerLawOptions options) : PowerLawIntervals(problem, best, options)
{
    protected override (double Lower, double Upper) Ends(LawPart part, double at)
    {
        double centre = Value(Best, part, at);
        // L is no direction to move in where it is 0 by choice or at its bound.
        int[] free = Options.Constant && Best.Irreducible > 0 ? [0, 1, 2] : [1, 2];
        Matrix<double> jacobian = Matrix<double>.Build.Dense(Problem.Count, free.Length);
        for (int i = 0; i < Problem.Count; i++)
        {
            double[] row = Problem.Derivatives(Best, i);
            for (int j = 0; j < free.Length; j++)
            {
                jacobian[i, j] = row[free[j]];
            }
        }

        double[] all = Problem.Derivatives(Best, part, at);
        Vector<double> gradient = Vector<double>.Build.Dense([.. free.Select(j => all[j])]);
        // ‖R⁻ᵀ g‖ from J = QR avoids squaring the condition.
        Matrix<double> r = jacobian.QR().R;
        double error = Noise * r.SubMatrix(0, free.Length, 0, free.Length).Transpose().Solve(gradient).L2Norm();
        error = double.IsFinite(error) ? error : double.PositiveInfinity;
        return (centre - Quantile * error, centre + Quantile * error);
    }
}
