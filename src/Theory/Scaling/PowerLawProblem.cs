namespace ArKernel.Theory.Scaling;

/// <summary>What of a law is held fixed, or asked for.</summary>
internal enum LawPart
{
    Nothing,
    Irreducible,
    LogScale,
    Exponent,

    /// <summary>L at a given x.</summary>
    Value,
}

/// <summary>A part of a law that is held at a value while the others are fitted; <paramref name="At"/> is the x of <see cref="LawPart.Value"/>.</summary>
internal readonly record struct Fixed(LawPart Part, double Value, double At = 0);

/// <summary>The best law under a condition, with its penalty. The law is L + B φ, φ = (x/x̄)^−α, x̄ the geometric mean of the data.</summary>
internal readonly record struct Candidate(double Penalty, double Irreducible, double Amplitude, double Exponent);

/// <summary>
/// The least-squares problem of a power law by variable projection (Golub and Pereyra 1973): for a given exponent the other two parameters are
/// a non-negative (robust) linear regression, so that only a search on a line remains, which a grid makes global. No start values, no local optimum.
/// </summary>
internal sealed class PowerLawProblem
{
    private const double SmallestExponent = 0.002;
    private const double LargestExponent = 6;
    private readonly double[] logX; // ln(x/x̄)
    private readonly double[] y;
    private readonly double[] weight; // 1/σ
    private readonly PowerLawOptions options;
    private readonly double centre; // ln x̄

    public PowerLawProblem(IReadOnlyList<double> x, IReadOnlyList<double> y, PowerLawOptions options)
    {
        (this.y, this.options) = ([.. y], options);
        centre = x.Average(Math.Log);
        logX = [.. x.Select(value => Math.Log(value) - centre)];
        weight = options.StandardErrors is { } errors ? [.. errors.Select(error => 1 / error)] : [.. Enumerable.Repeat(1.0, y.Count)];
    }

    private PowerLawProblem(PowerLawProblem other, double[] y) => (logX, this.y, weight, options, centre) = (other.logX, y, other.weight, other.options, other.centre);

    public int Count => y.Length;

    public int Free => options.Constant ? 3 : 2;

    public bool IsLogarithmic => options.Residuals == ResidualScale.Logarithmic;

    /// <summary>The same points with other losses.</summary>
    public PowerLawProblem With(double[] losses) => new(this, losses);

    public double LogScale(Candidate law) => centre + Math.Log(law.Amplitude) / law.Exponent;

    public double At(Candidate law, double x) => law.Irreducible + law.Amplitude * Math.Exp(-law.Exponent * (Math.Log(x) - centre));

    public double Model(Candidate law, int i) => law.Irreducible + law.Amplitude * Math.Exp(-law.Exponent * logX[i]);

    /// <summary>The residual of a point, in the residual's unit.</summary>
    public double Residual(Candidate law, int i) => IsLogarithmic ? Math.Log(y[i] / Model(law, i)) : y[i] - Model(law, i);

    /// <summary>The derivatives of a point's weighted residual by L, B and α, up to the sign.</summary>
    public double[] Derivatives(Candidate law, int i)
    {
        double power = Math.Exp(-law.Exponent * logX[i]);
        double scale = weight[i] / (IsLogarithmic ? Model(law, i) : 1);
        return [scale, scale * power, -scale * law.Amplitude * logX[i] * power];
    }

    /// <summary>The derivatives of a part of the law by L, B and α.</summary>
    public double[] Derivatives(Candidate law, LawPart part, double at)
    {
        double log = part == LawPart.Value ? Math.Log(at) - centre : 0;
        double power = Math.Exp(-law.Exponent * log);
        return part switch
        {
            LawPart.Irreducible => [1, 0, 0],
            LawPart.Exponent => [0, 0, 1],
            LawPart.LogScale => [0, 1 / (law.Amplitude * law.Exponent), -Math.Log(law.Amplitude) / (law.Exponent * law.Exponent)],
            _ => [1, power, -law.Amplitude * log * power],
        };
    }

    /// <summary>The best law under a condition: a grid over the exponent, then golden sections around its best point.</summary>
    public Candidate Best(Fixed condition = default, int grid = 128, double tolerance = 1e-11)
    {
        if (condition.Part == LawPart.Exponent)
        {
            return AtExponent(condition.Value, condition);
        }

        (double low, double high) = (Math.Log(SmallestExponent), Math.Log(LargestExponent));
        double step = (high - low) / (grid - 1);
        int best = 0;
        double bestPenalty = double.PositiveInfinity;
        for (int i = 0; i < grid; i++)
        {
            double penalty = AtExponent(Math.Exp(low + i * step), condition).Penalty;
            if (penalty < bestPenalty)
            {
                (best, bestPenalty) = (i, penalty);
            }
        }

        double exponent = LineSearch.Minimum(a => AtExponent(Math.Exp(a), condition).Penalty,
            Math.Max(low, low + (best - 1) * step), Math.Min(high, low + (best + 1) * step), tolerance);
        return AtExponent(Math.Exp(exponent), condition);
    }

    private Candidate AtExponent(double exponent, Fixed condition)
    {
        double[] power = new double[Count];
        for (int i = 0; i < power.Length; i++)
        {
            power[i] = Math.Exp(-exponent * logX[i]);
        }

        // The law is offset + slope·B with L free, or L + B φ with one of them given; tie is φ at the x whose value is held.
        double? constant = !options.Constant ? 0 : condition.Part == LawPart.Irreducible ? condition.Value : null;
        double? amplitude = condition.Part == LawPart.LogScale ? Math.Exp(exponent * (condition.Value - centre)) : null;
        double tie = 0;
        if (condition.Part == LawPart.Value)
        {
            tie = Math.Exp(-exponent * (Math.Log(condition.At) - centre));
            if (!options.Constant)
            {
                (amplitude, tie) = (condition.Value / tie, 0);
            }
        }

        (double l, double b) = tie > 0 ? (condition.Value, 0) : (constant ?? 0, amplitude ?? 0);
        double penalty = double.PositiveInfinity;
        double[] target = new double[Count], squared = new double[Count];
        bool exact = !IsLogarithmic && double.IsPositiveInfinity(options.HuberThreshold);
        for (int iteration = 0; iteration < 60; iteration++)
        {
            Linearise(power, l, b, first: iteration == 0, target, squared);
            (double newL, double newB) = tie > 0 ? Tied(power, target, squared, condition.Value, tie) : Regress(power, target, squared, constant, amplitude);
            double newPenalty = Penalty(power, newL, newB);
            for (int half = 0; half < 30 && newPenalty > penalty; half++)
            {
                (newL, newB) = ((newL + l) / 2, (newB + b) / 2);
                newPenalty = Penalty(power, newL, newB);
            }

            bool done = exact || !(newPenalty < penalty * (1 - 1e-13));
            if (newPenalty <= penalty)
            {
                (l, b, penalty) = (newL, newB, newPenalty);
            }

            if (done)
            {
                break;
            }
        }

        return new Candidate(penalty, l, b, exponent);
    }

    /// <summary>The targets and weights of the weighted regression whose solution is the next Gauss-Newton (reweighted) step.</summary>
    private void Linearise(double[] power, double l, double b, bool first, double[] target, double[] squared)
    {
        for (int i = 0; i < target.Length; i++)
        {
            double model = first ? y[i] : l + b * power[i];
            double residual = first ? 0 : IsLogarithmic ? Math.Log(model / y[i]) : model - y[i];
            double slope = weight[i] / (IsLogarithmic ? model : 1);
            double size = Math.Abs(residual) * weight[i];
            double robust = size > options.HuberThreshold ? options.HuberThreshold / size : 1;
            target[i] = IsLogarithmic ? model - model * residual : y[i];
            squared[i] = slope * slope * robust;
        }
    }

    private double Penalty(double[] power, double l, double b)
    {
        double sum = 0;
        for (int i = 0; i < power.Length; i++)
        {
            double model = l + b * power[i];
            double size = Math.Abs(IsLogarithmic ? Math.Log(Math.Max(model, 1e-300) / y[i]) : model - y[i]) * weight[i];
            double k = options.HuberThreshold;
            sum += size <= k ? size * size : 2 * k * size - k * k;
        }

        return sum;
    }

    private static (double L, double B) Regress(double[] power, double[] target, double[] squared, double? constant, double? amplitude)
    {
        (double s, double st, double sp) = (0, 0, 0);
        for (int i = 0; i < power.Length; i++)
        {
            s += squared[i];
            st += squared[i] * target[i];
            sp += squared[i] * power[i];
        }

        (double meanT, double meanP) = (st / s, sp / s);
        (double spp, double spt, double pp, double pt) = (0, 0, 0, 0);
        for (int i = 0; i < power.Length; i++)
        {
            double p = power[i] - meanP;
            spp += squared[i] * p * p;
            spt += squared[i] * p * (target[i] - meanT);
            pp += squared[i] * power[i] * power[i];
            pt += squared[i] * power[i] * target[i];
        }

        if (amplitude is { } b)
        {
            return (constant ?? Math.Max(0, meanT - b * meanP), b);
        }

        if (constant is { } l)
        {
            return (l, Math.Max(0, (pt - l * sp) / pp));
        }

        double free = spp > 0 ? spt / spp : 0;
        return free <= 0 ? (Math.Max(0, meanT), 0) // flat or rising
            : meanT - free * meanP < 0 ? (0, Math.Max(0, pt / pp))
            : (meanT - free * meanP, free);
    }

    private static (double L, double B) Tied(double[] power, double[] target, double[] squared, double value, double tie)
    {
        (double pp, double pt) = (0, 0);
        for (int i = 0; i < power.Length; i++)
        {
            double p = power[i] - tie;
            pp += squared[i] * p * p;
            pt += squared[i] * p * (target[i] - value);
        }

        double b = pp > 0 ? Math.Clamp(pt / pp, 0, Math.Max(0, value) / tie) : 0;
        return (value - b * tie, b);
    }
}
