using System.Globalization;

namespace ArKernel.Interactive;

/// <summary>Where an axis has its marks.</summary>
internal static class Ticks
{
    /// <summary>The smallest of 1, 2, 5 times a power of ten that is at least the given step.</summary>
    public static double NiceStep(double step)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(step)));
        double fraction = step / power;
        return power * (fraction <= 1 + 1e-9 ? 1 : fraction <= 2 + 1e-9 ? 2 : fraction <= 5 + 1e-9 ? 5 : 10);
    }

    /// <summary>About <paramref name="count"/> round values of a range, with their labels.</summary>
    public static IReadOnlyList<(double Value, string Label)> Linear(double from, double to, int count)
    {
        double step = NiceStep((to - from) / Math.Max(1, count));
        double first = Math.Ceiling(from / step - 1e-9);
        int decimals = Math.Clamp((int)-Math.Floor(Math.Log10(step) + 1e-9), 0, 12);
        double largest = Math.Max(Math.Abs(from), Math.Abs(to));
        List<(double, string)> ticks = [];
        for (double i = first; i * step <= to + step * 1e-9 && ticks.Count < 100; i++)
        {
            double value = i * step;
            string label = largest >= 1e5 && step >= 1000 ? Html.Count(value)
                : largest >= 1e7 || decimals > 5 ? value.ToString("0.##e+0", CultureInfo.InvariantCulture)
                : value.ToString("F" + decimals, CultureInfo.InvariantCulture);
            ticks.Add((value, i == 0 ? "0" : label));
        }

        return ticks;
    }

    /// <summary>The powers of ten of a range, thinned to about <paramref name="count"/>; within two decades their twos and fives also.</summary>
    public static IReadOnlyList<(double Value, string Label)> Logarithmic(double from, double to, int count)
    {
        (double low, double high) = (Math.Log10(from), Math.Log10(to));
        if (high - low < 0.7)
        {
            return [.. Linear(from, to, count).Where(tick => tick.Value > 0)];
        }

        int every = Math.Max(1, (int)Math.Ceiling((high - low) / Math.Max(1, count)));
        double[] within = high - low <= 2.2 ? [1, 2, 5] : [1];
        List<(double, string)> ticks = [];
        for (int exponent = (int)Math.Floor(low); exponent <= Math.Ceiling(high); exponent++)
        {
            foreach (double digit in within)
            {
                double value = digit * Math.Pow(10, exponent);
                if (exponent % every == 0 && value >= from * (1 - 1e-9) && value <= to * (1 + 1e-9))
                {
                    ticks.Add((value, exponent is >= -3 and <= 5 ? value.ToString("0.###", CultureInfo.InvariantCulture) : $"{digit:0}e{exponent}"));
                }
            }
        }

        return ticks;
    }
}
