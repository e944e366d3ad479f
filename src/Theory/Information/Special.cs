using MathNet.Numerics;

namespace ArKernel.Theory.Information;

/// <summary>Functions that keep their precision where the textbook form loses it.</summary>
internal static class Special
{
    /// <summary>eˣ − 1.</summary>
    public static double ExpMinusOne(double x) => Math.Abs(x) < 1e-5 ? x + x * x / 2 + x * x * x / 6 : Math.Exp(x) - 1;

    /// <summary>ln(1 + x).</summary>
    public static double LogOnePlus(double x) => Math.Abs(x) < 1e-5 ? x - x * x / 2 + x * x * x / 3 : Math.Log(1 + x);

    /// <summary>The probability that a χ² variable exceeds a value. One minus the distribution function would round to 0 below 1e-16.</summary>
    public static double ChiSquaredTail(double value, double degrees) => value <= 0 ? 1 : SpecialFunctions.GammaUpperRegularized(degrees / 2, value / 2);

    /// <summary>The probability that an F variable exceeds a value.</summary>
    public static double FisherTail(double value, double degrees1, double degrees2) =>
        value <= 0 ? 1 : SpecialFunctions.BetaRegularized(degrees2 / 2, degrees1 / 2, degrees2 / (degrees2 + degrees1 * value));
}
