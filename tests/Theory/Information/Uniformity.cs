namespace ArKernel.Theory.Tests.Information;

/// <summary>Whether p-values are uniform.</summary>
internal static class Uniformity
{
    /// <summary>The asymptotic p-value of Kolmogorov and Smirnov's test against the uniform distribution.</summary>
    public static double KolmogorovSmirnov(double[] values)
    {
        double[] sorted = [.. values.Order()];
        double distance = sorted.Select((value, i) => Math.Max((i + 1.0) / sorted.Length - value, value - (double)i / sorted.Length)).Max();
        double scaled = distance * Math.Sqrt(sorted.Length);
        double sum = 0;
        for (int k = 1; k <= 100; k++)
        {
            sum += 2 * (k % 2 == 1 ? 1 : -1) * Math.Exp(-2 * k * k * scaled * scaled);
        }

        return Math.Clamp(sum, 0, 1);
    }
}
