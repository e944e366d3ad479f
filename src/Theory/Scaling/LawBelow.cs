namespace ArKernel.Theory.Scaling;

/// <summary>
/// The power law below all points with the least sum of distances. For a given exponent that is a linear program in L∞ and the amplitude, whose
/// solution touches the lower convex hull of (x^−α, loss) at the mean of x^−α; the exponent is searched on a line.
/// Points that are not counted bound the law and do not draw it.
/// </summary>
internal static class LawBelow
{
    public static ScalingLaw Fit(IReadOnlyList<double> x, IReadOnlyList<double> losses, bool constant, Func<int, bool>? counted = null)
    {
        double centre = x.Average(Math.Log);
        (double Slack, double L, double B) At(double logExponent)
        {
            double exponent = Math.Exp(logExponent);
            (double Power, double Loss)[] points = [.. x.Select((value, i) => (Math.Exp(-exponent * (Math.Log(value) - centre)), losses[i]))];
            (double Power, double Loss)[] near = counted is null ? points : [.. points.Where((_, i) => counted(i))];
            double mean = near.Average(point => point.Power);
            (double l, double b) = constant ? Support(points, mean) : (0, points.Min(point => point.Loss / point.Power));
            return (near.Sum(point => point.Loss - l - b * point.Power), l, b);
        }

        const int Grid = 256;
        (double low, double high) = (Math.Log(0.002), Math.Log(6));
        double step = (high - low) / Grid;
        int best = Enumerable.Range(0, Grid + 1).MinBy(i => At(low + i * step).Slack);
        double log = LineSearch.Minimum(a => At(a).Slack, Math.Max(low, low + (best - 1) * step), Math.Min(high, low + (best + 1) * step), 1e-11);
        (_, double irreducible, double amplitude) = At(log);
        if (amplitude <= 0)
        {
            throw new NotDecreasingException("The law below the points has no falling part.", "Check that x and the losses belong together.");
        }

        return new ScalingLaw(irreducible, Math.Exp(centre + Math.Log(amplitude) / Math.Exp(log)), Math.Exp(log));
    }

    /// <summary>The line below all points that is highest at the mean, with intercept and slope at least 0.</summary>
    private static (double L, double B) Support((double Power, double Loss)[] points, double mean)
    {
        (double Power, double Loss)[] hull = ConvexHull.Lower(points);
        int right = Array.FindIndex(hull, point => point.Power >= mean);
        if (right <= 0)
        {
            return (0, points.Min(point => point.Loss / point.Power));
        }

        double slope = (hull[right].Loss - hull[right - 1].Loss) / (hull[right].Power - hull[right - 1].Power);
        double intercept = hull[right].Loss - slope * hull[right].Power;
        return slope < 0 ? (points.Min(point => point.Loss), 0)
            : intercept < 0 ? (0, points.Min(point => point.Loss / point.Power))
            : (intercept, slope);
    }
}

/// <summary>Convex hulls in the plane.</summary>
internal static class ConvexHull
{
    /// <summary>The lower hull from left to right (Andrew's monotone chain); collinear points in between are kept.</summary>
    public static (double X, double Y)[] Lower(IEnumerable<(double X, double Y)> points)
    {
        List<(double X, double Y)> hull = [];
        foreach ((double X, double Y) point in points.GroupBy(point => point.X).Select(group => (group.Key, group.Min(p => p.Y))).OrderBy(point => point.Key))
        {
            while (hull.Count >= 2 && Turn(hull[^2], hull[^1], point) < 0)
            {
                hull.RemoveAt(hull.Count - 1);
            }

            hull.Add(point);
        }

        return [.. hull];
    }

    private static double Turn((double X, double Y) a, (double X, double Y) b, (double X, double Y) c) => (b.X - a.X) * (c.Y - a.Y) - (b.Y - a.Y) * (c.X - a.X);
}
