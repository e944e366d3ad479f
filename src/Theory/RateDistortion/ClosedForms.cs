using MathNet.Numerics.LinearAlgebra;

namespace ArKernel.Theory.RateDistortion;

/// <summary>Rate-distortion functions that are known in closed form, in nats (Cover and Thomas, chapter 10).</summary>
public static class ClosedForms
{
    /// <summary>A binary source under Hamming distortion: h(p) − h(D), or 0 from D = min(p, 1 − p) on.</summary>
    /// <param name="probability">p, the probability of a one.</param>
    /// <param name="distortion">D, at least 0.</param>
    public static double Binary(double probability, double distortion)
    {
        if (!(probability is >= 0 and <= 1))
        {
            throw new NotADistributionException($"The probability of a one is {probability}.", "It must be in [0, 1].");
        }

        RequireDistortion(distortion, zeroAllowed: true);
        return distortion >= Math.Min(probability, 1 - probability) ? 0 : BinaryEntropy(probability) - BinaryEntropy(distortion);
    }

    /// <summary>A Gaussian source under squared error: ½ ln(σ²/D), or 0 from D = σ² on.</summary>
    /// <param name="variance">σ².</param>
    /// <param name="distortion">D, positive.</param>
    public static double Gaussian(double variance, double distortion)
    {
        RequirePositive(variance, "The variance");
        RequireDistortion(distortion, zeroAllowed: false);
        return Math.Max(0, 0.5 * Math.Log(variance / distortion));
    }

    /// <summary>A Laplacian source ½λe^{−λ|x|} under absolute error: −ln(λD), or 0 from D = 1/λ on.</summary>
    /// <param name="rate">λ.</param>
    /// <param name="distortion">D, positive.</param>
    public static double Laplacian(double rate, double distortion)
    {
        RequirePositive(rate, "The Laplacian's rate λ");
        RequireDistortion(distortion, zeroAllowed: false);
        return Math.Max(0, -Math.Log(rate * distortion));
    }

    /// <summary>A source under log-loss, where a reproduction is a distribution: H − D (Courtade and Weissman 2014).</summary>
    /// <param name="source">p(x).</param>
    /// <param name="distortion">D in nats, at least 0.</param>
    public static double LogLoss(ReadOnlySpan<double> source, double distortion)
    {
        Check.Distribution(source, "the source");
        RequireDistortion(distortion, zeroAllowed: true);
        double entropy = 0;
        foreach (double probability in source)
        {
            entropy -= probability > 0 ? probability * Math.Log(probability) : 0;
        }

        return Math.Max(0, entropy - distortion);
    }

    /// <summary>A stationary Gaussian source x' = a x + w under squared error, as ∫ ½ ln⁺(S(ω)/θ) dω/2π (Berger 1971): what a code that looks ahead can do.</summary>
    /// <param name="coefficient">a, |a| &lt; 1.</param>
    /// <param name="noiseVariance">σ_w².</param>
    /// <param name="distortion">D, positive.</param>
    /// <exception cref="UnstableProcessException">|a| is at least 1.</exception>
    public static VectorRate StationaryAutoregression(double coefficient, double noiseVariance, double distortion)
    {
        if (!(Math.Abs(coefficient) < 1))
        {
            throw new UnstableProcessException($"The coefficient is {coefficient}: the process has no spectrum.", "The stationary rate needs |a| < 1; SequentialRateDistortion takes any a.");
        }

        RequirePositive(noiseVariance, "The noise variance");

        // The midpoint rule on a periodic analytic function converges exponentially while the water stays below the spectrum.
        const int Frequencies = 4096;
        double[] spectrum = new double[Frequencies];
        for (int i = 0; i < Frequencies; i++)
        {
            double angle = Math.PI * (i + 0.5) / Frequencies;
            spectrum[i] = noiseVariance / (1 + coefficient * coefficient - 2 * coefficient * Math.Cos(angle));
        }

        VectorRate total = Components(spectrum, distortion * Frequencies);
        return total with { Rate = total.Rate / Frequencies, Distortion = total.Distortion / Frequencies };
    }

    /// <summary>Independent Gaussian components under the sum of their squared errors, by reverse water-filling: D_i = min(θ, σ_i²).</summary>
    /// <param name="variances">σ_i².</param>
    /// <param name="distortion">D = Σ D_i, positive.</param>
    public static VectorRate Components(ReadOnlySpan<double> variances, double distortion)
    {
        RequireDistortion(distortion, zeroAllowed: false);
        double[] sorted = variances.ToArray();
        foreach (double variance in sorted)
        {
            if (!(variance >= 0) || !double.IsFinite(variance))
            {
                throw new NotFiniteException($"A variance is {variance}.", "Variances are finite and at least 0.");
            }
        }

        // With the components below the water sorted first, the level is linear in what is left: no bisection is needed.
        Array.Sort(sorted);
        double remaining = distortion, level = sorted.Length > 0 ? sorted[^1] : 0;
        for (int i = 0; i < sorted.Length; i++)
        {
            if (sorted[i] * (sorted.Length - i) >= remaining)
            {
                level = remaining / (sorted.Length - i);
                break;
            }

            remaining -= sorted[i];
        }

        double rate = 0, reached = 0;
        double[] distortions = new double[sorted.Length];
        for (int i = 0; i < distortions.Length; i++)
        {
            distortions[i] = Math.Min(level, variances[i]);
            reached += distortions[i];
            rate += variances[i] > level ? 0.5 * Math.Log(variances[i] / level) : 0;
        }

        return new VectorRate(rate, reached, level, distortions);
    }

    /// <summary>A Gaussian vector under squared error: the components are those along the covariance's eigenvectors.</summary>
    /// <param name="covariance">Σ, symmetric and positive semidefinite.</param>
    /// <param name="distortion">D = E‖x − y‖², positive.</param>
    /// <exception cref="SingularCovarianceException">The matrix is not a covariance.</exception>
    public static VectorRate GaussianVector(Matrix<double> covariance, double distortion)
    {
        Check.Finite(covariance.ToArray(), "The covariance");
        if (covariance.RowCount != covariance.ColumnCount || (covariance - covariance.Transpose()).L2Norm() > 1e-10 * (1 + covariance.L2Norm()))
        {
            throw new SingularCovarianceException($"The [{covariance.RowCount}, {covariance.ColumnCount}] matrix is not symmetric.", "A covariance equals its transpose.");
        }

        double[] variances = covariance.Evd(Symmetricity.Symmetric).EigenValues.Select(value => value.Real).ToArray();
        double smallest = variances.Min(), largest = variances.Max();
        if (smallest < -1e-10 * Math.Max(largest, double.Epsilon))
        {
            throw new SingularCovarianceException($"The matrix has the negative eigenvalue {smallest:G6}.", "A covariance has none; check how it was estimated.");
        }

        return Components([.. variances.Select(value => Math.Max(0, value))], distortion);
    }

    /// <summary>h(p) in nats.</summary>
    internal static double BinaryEntropy(double p) => p is <= 0 or >= 1 ? 0 : -p * Math.Log(p) - (1 - p) * Math.Log(1 - p);

    private static void RequirePositive(double value, string name)
    {
        if (!(value > 0) || !double.IsFinite(value))
        {
            throw new ArgumentException($"{name} is {value}; it must be positive.");
        }
    }

    private static void RequireDistortion(double distortion, bool zeroAllowed)
    {
        if (!(distortion >= 0) || (distortion == 0 && !zeroAllowed))
        {
            throw new ArgumentException($"The distortion is {distortion}; it must be {(zeroAllowed ? "at least 0" : "positive: a rate of no distortion at all is infinite")}.");
        }
    }
}

/// <summary>The rate of a Gaussian vector by reverse water-filling.</summary>
/// <param name="Rate">R in nats.</param>
/// <param name="Distortion">The distortion reached: the one asked for, or the total variance where that is less.</param>
/// <param name="WaterLevel">θ.</param>
/// <param name="Distortions">D_i of each component.</param>
public sealed record VectorRate(double Rate, double Distortion, double WaterLevel, double[] Distortions) : TheoryResult
{
    /// <inheritdoc/>
    public override string Title => $"Gaussian rate-distortion at D = {Quantity.Format(Distortion)}";

    /// <inheritdoc/>
    public override IReadOnlyList<Quantity> Quantities => [
        new("rate", Rate / Math.Log(2), "bits"), new("rate", Rate, "nats"), new("distortion", Distortion), new("water level", WaterLevel)];

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters => [new("components", Distortions.Length), new("method", "reverse water-filling")];
}
