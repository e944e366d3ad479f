using MathNet.Numerics.Distributions;

namespace ArKernel.Theory.Semantic;

/// <summary>How many patterns linear memories hold: Gardner's capacity and Cover's count.</summary>
public static class MemoryCapacity
{
    /// <summary>
    /// Gardner's capacity (1988): the patterns a weight that a perceptron can store with a margin, α_c(κ) = 1/∫_{−κ}^∞ (t + κ)² φ(t) dt; 2 without one.
    /// </summary>
    /// <param name="margin">κ, at least 0: the least stability of a pattern.</param>
    /// <exception cref="ArgumentOutOfRangeException">The margin is negative or not finite.</exception>
    public static double Gardner(double margin)
    {
        if (!(margin >= 0) || !double.IsFinite(margin))
        {
            throw new ArgumentOutOfRangeException(nameof(margin), margin, "The margin must be finite and at least 0.");
        }

        // ∫_{−κ}^∞ (t + κ)² φ = (1 + κ²) Φ(κ) + κ φ(κ), by parts.
        return 1 / ((1 + margin * margin) * Normal.CDF(0, 1, margin) + margin * Normal.PDF(0, 1, margin));
    }

    /// <summary>Cover's theorem (1965): the share of the 2^P labellings of P points in general position that a perceptron of N weights gives, 2^(1−P) Σ_{k&lt;N} C(P−1, k).</summary>
    /// <param name="patterns">P, at least 1.</param>
    /// <param name="weights">N, at least 1.</param>
    public static double SeparableShare(int patterns, int weights)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(patterns, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(weights, 1);
        // P(Binomial(P − 1, ½) ≤ N − 1).
        return weights >= patterns ? 1 : Binomial.CDF(0.5, patterns - 1, weights - 1);
    }

    /// <summary>
    /// The patterns a modern Hopfield memory provably tells apart: random ones on the sphere of radius M = K √(d−1) with failure probability p, at least
    /// N = √p c^((d−1)/4), c the solution of c = b / W₀(exp(a + ln b)), a = 2 (1 + ln(2 β K² p (d−1)))/(d−1), b = 2 K² β / 5 (Ramsauer et al. 2020, theorem 3).
    /// Exponential in d while the parameters grow linearly.
    /// </summary>
    /// <param name="dimension">d, at least 2.</param>
    /// <param name="inverseTemperature">β.</param>
    /// <param name="radius">K: the patterns' norm over √(d−1).</param>
    /// <param name="failure">p, in (0, 1).</param>
    /// <exception cref="ArgumentException">A number is out of its range, or the theorem's condition c ≥ (2/√p)^(4/(d−1)) fails: it promises nothing there.</exception>
    public static double HopfieldPatterns(int dimension, double inverseTemperature, double radius, double failure)
    {
        if (dimension < 2 || !(inverseTemperature > 0) || !(radius > 0) || !(failure is > 0 and < 1))
        {
            throw new ArgumentException($"d = {dimension}, β = {inverseTemperature}, K = {radius}, p = {failure}: d must be at least 2, β and K above 0, and p in (0, 1).");
        }

        double k = radius * radius, degrees = dimension - 1;
        double a = 2 / degrees * (1 + Math.Log(2 * inverseTemperature * k * failure * degrees));
        double b = 2 * k * inverseTemperature / 5;
        double c = b / LambertOfExponential(a + Math.Log(b));
        return c >= Math.Pow(2 / Math.Sqrt(failure), 4 / degrees)
            ? Math.Sqrt(failure) * Math.Pow(c, degrees / 4)
            : throw new ArgumentException($"The theorem promises nothing at d = {dimension}, β = {inverseTemperature}, K = {radius}, p = {failure}: c = {c:G4} is too small. Take a larger radius, temperature or dimension.");
    }

    /// <summary>W₀(e^y): the w with w + ln w = y, by Newton's method.</summary>
    private static double LambertOfExponential(double y)
    {
        double w = y > 1 ? y - Math.Log(y) : Math.Exp(Math.Min(y, 0));
        for (int i = 0; i < 100; i++)
        {
            double next = w - (w + Math.Log(w) - y) / (1 + 1 / w);
            w = next > 0 ? next : w / 2;
        }

        return w;
    }
}
