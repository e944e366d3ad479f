namespace ArKernel.Theory.Scaling;

/// <summary>Searches on a line.</summary>
internal static class LineSearch
{
    private static readonly double Golden = (Math.Sqrt(5) - 1) / 2;

    /// <summary>The minimum of a function with one valley, by golden sections.</summary>
    public static double Minimum(Func<double, double> function, double low, double high, double tolerance)
    {
        double a = high - Golden * (high - low), b = low + Golden * (high - low);
        (double fa, double fb) = (function(a), function(b));
        while (high - low > tolerance * (1 + Math.Abs(a)))
        {
            if (fa <= fb)
            {
                (high, b, fb) = (b, a, fa);
                a = high - Golden * (high - low);
                fa = function(a);
            }
            else
            {
                (low, a, fa) = (a, b, fb);
                b = low + Golden * (high - low);
                fb = function(b);
            }
        }

        return fa <= fb ? a : b;
    }

    /// <summary>
    /// Where a function that grows away from a point crosses a level: doubling steps, then halving. Null when it stays below up to the limit.
    /// </summary>
    public static double? Crossing(Func<double, double> function, double level, double from, double step, double limit)
    {
        double inside = from, outside = from;
        while (true)
        {
            if (inside == limit)
            {
                return null;
            }

            outside = step > 0 ? Math.Min(limit, outside + step) : Math.Max(limit, outside + step);
            if (function(outside) > level)
            {
                break;
            }

            (inside, step) = (outside, 2 * step);
        }

        for (int i = 0; i < 40 && Math.Abs(outside - inside) > 1e-9 * (Math.Abs(inside) + 1e-9); i++)
        {
            double middle = (inside + outside) / 2;
            (inside, outside) = function(middle) > level ? (inside, middle) : (middle, outside);
        }

        return (inside + outside) / 2;
    }
}
