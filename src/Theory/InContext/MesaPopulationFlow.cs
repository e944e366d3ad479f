using ArKernel.Theory.Dynamics;

namespace ArKernel.Theory.InContext;

/// <summary>
/// Gradient flow of the population loss from a diagonal start, where A = a I and B = b I for ever (Zheng et al. 2024, Theorem 4.1). With u = a b and K = κ₂ + κ₃ H_{T−2}/(T−2):
/// L = (d/2)(T−2)(u² K − 2 u κ₁ + κ₀), a' = (T−2) b (κ₁ − u K), b' = (T−2) a (κ₁ − u K); a² − b² is conserved.
/// </summary>
/// <param name="Moments">κ₀ … κ₃ of the start token.</param>
/// <param name="Dimension">d.</param>
/// <param name="Length">T, at least 3.</param>
public sealed record MesaPopulationFlow(StartMoments Moments, int Dimension, int Length)
{
    /// <summary>K.</summary>
    public double Curvature => Moments.Sixth + Moments.Mixed * Harmonic(Length - 2) / (Length - 2);

    /// <summary>u* = κ₁/K, where the flow ends: one step of gradient descent of size u*/(t−1) on the sequence's least squares.</summary>
    public double Limit => Moments.Fourth / Curvature;

    /// <summary>The loss at (a, b).</summary>
    /// <param name="a">a.</param>
    /// <param name="b">b.</param>
    public double Loss(double a, double b) => 0.5 * Dimension * (Length - 2) * (a * b * a * b * Curvature - 2 * a * b * Moments.Fourth + Moments.Second);

    /// <summary>a* and b*, which the start determines through a² − b².</summary>
    /// <param name="a0">a₀.</param>
    /// <param name="b0">b₀.</param>
    public (double A, double B) Limits(double a0, double b0)
    {
        double c = a0 * a0 - b0 * b0, root = Math.Sqrt(c * c + 4 * Limit * Limit);
        return (Math.Sqrt((root + c) / 2), Math.Sqrt((root - c) / 2));
    }

    /// <summary>The flow from a start, with u = 0.99 u* as its event 0.</summary>
    /// <param name="a0">a₀, positive.</param>
    /// <param name="b0">b₀, positive.</param>
    /// <param name="time">How long.</param>
    /// <param name="options">Tolerances.</param>
    public OdeSolution Solve(double a0, double b0, double time, OdeOptions? options = null)
    {
        if (!(a0 > 0) || !(b0 > 0) || Length < 3 || Dimension < 1)
        {
            throw new ArgumentException($"a₀ = {a0}, b₀ = {b0}, T = {Length}, d = {Dimension}; the starts must be positive, T at least 3 and d at least 1.");
        }

        double rate = Length - 2, fourth = Moments.Fourth, curvature = Curvature, target = 0.99 * Limit;
        options ??= new OdeOptions { RelativeTolerance = 1e-11, AbsoluteTolerance = 1e-13 };
        
        // On the plateau before the limit stability would dictate an explicit method's steps.
        return OdeSolver.Rosenbrock(
            (_, y, dy) => (dy[0], dy[1]) = (rate * y[1] * (fourth - y[0] * y[1] * curvature), rate * y[0] * (fourth - y[0] * y[1] * curvature)),
            0, [a0, b0], time, options with { Events = [new OdeEvent((_, y) => y[0] * y[1] - target), .. options.Events] });
    }

    /// <summary>u(τ) for a₀ = b₀ = √u₀, a logistic curve: u* / (1 + (u*/u₀ − 1) e^{−2 (T−2) κ₁ τ}).</summary>
    /// <param name="u0">u₀, positive.</param>
    /// <param name="time">τ.</param>
    public double Logistic(double u0, double time) => Limit / (1 + (Limit / u0 - 1) * Math.Exp(-2 * (Length - 2) * Moments.Fourth * time));

    /// <summary>u* for the start of ones when off-diagonal gradients are masked: 1/(1 + (d−1) H_{T−2}/(T−2)).</summary>
    /// <param name="dimension">d.</param>
    /// <param name="length">T.</param>
    public static double MaskedOnesLimit(int dimension, int length) => 1 / (1 + (dimension - 1) * Harmonic(length - 2) / (length - 2));

    private static double Harmonic(int count) => Enumerable.Range(1, count).Sum(k => 1.0 / k);
}
