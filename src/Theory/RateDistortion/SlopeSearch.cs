namespace ArKernel.Theory.RateDistortion;

/// <summary>
/// Finds R(D) at a fixed D. With the shifted dual bound c(s) of slope s, every s gives R(D) ≥ s (D − D_min) + c(s); every test channel of distortion at most D
/// gives an upper bound, and so does the mixture of one below and one above, since information is convex in the channel.
/// </summary>
internal sealed class SlopeSearch(DistortionProblem problem, double level, double free, double tolerance)
{
    private readonly double excess = level - problem.SmallestDistortion;
    private RateDistortionPoint? below, above;
    private double lower;
    private int iterations;

    public RateDistortionPoint Run(int limit)
    {
        // 1/D is the slope of e^-D's logarithm, right to a factor for most sources; the bracket grows from there.
        double slope = 1 / Math.Max(excess, 1e-12 * Math.Max(1, free));
        for (int i = 0; i < limit; i++)
        {
            double[] output = Start();
            problem.Slope = -slope;
            (int evaluations, _) = SimplexOptimizer.Minimize(problem, output, tolerance / 4);
            RateDistortionPoint point = BlahutArimoto.Point(problem, output, evaluations, tolerance);
            iterations += evaluations;
            if (-slope * excess + point.Dual > lower)
            {
                lower = -slope * excess + point.Dual;
            }

            if (point.Distortion <= level)
            {
                below = below is null || point.Distortion > below.Distortion ? point : below;
            }
            else
            {
                above = above is null || point.Distortion < above.Distortion ? point : above;
            }

            if (Upper() - lower <= tolerance)
            {
                return Result(slope);
            }

            slope = Next(slope, i);
        }

        throw new NoConvergenceException(
            $"After {limit} slopes R({level}) lies in [{Quantity.Format(lower)}, {Quantity.Format(Upper())}] nats; a width of {tolerance:G3} was asked for.", "Ask for a wider interval.");
    }

    private double Next(double slope, int step)
    {
        if (below is null || above is null)
        {
            return below is null ? 4 * slope : slope / 4;
        }

        // The tangent parallel to the chord either finds a point under it or proves that the curve is straight there. In turn with it comes a secant in
        // (ln s, ln D), which is straight for Gaussian sources and converges faster on curves.
        double chord = (below.Rate - above.Rate) / (above.Distortion - below.Distortion);
        double top = Math.Log(above.Distortion - problem.SmallestDistortion), bottom = Math.Log(below.Distortion - problem.SmallestDistortion);
        if (step % 2 == 1 || !(top - bottom > 1e-12) || !double.IsFinite(bottom))
        {
            return chord;
        }

        double part = (top - Math.Log(excess)) / (top - bottom);
        double secant = Math.Exp(Math.Log(-above.Slope) + part * (Math.Log(-below.Slope) - Math.Log(-above.Slope)));
        return secant > 0 && double.IsFinite(secant) ? secant : chord;
    }

    /// <summary>The output distribution of the nearest solution, a little of every letter added so that none is lost.</summary>
    private double[] Start()
    {
        double[] uniform = BlahutArimoto.Uniform(problem.Count);
        if ((below ?? above) is { } near)
        {
            for (int y = 0; y < uniform.Length; y++)
            {
                uniform[y] = 0.99 * near.OutputDistribution[y] + 0.01 * uniform[y];
            }
        }

        return uniform;
    }

    /// <summary>The weight of the channel below, so that the mixture has distortion D.</summary>
    private double Share() => above is null || below is null || above.Distortion <= below.Distortion ? 1 : (above.Distortion - level) / (above.Distortion - below.Distortion);

    private double Upper()
    {
        if (below is null)
        {
            return double.PositiveInfinity;
        }

        double share = Share(), upper = below.Rate;
        return above is null ? upper : Math.Min(upper, share * below.Rate + (1 - share) * above.Rate);
    }

    private RateDistortionPoint Result(double slope)
    {
        double share = Share() is var mixed && above is not null && mixed * below!.Rate + (1 - mixed) * above.Rate < below.Rate ? mixed : 1;
        double[] output = [.. below!.OutputDistribution];
        double[,] channel = (double[,])below.TestChannel.Clone();
        if (share < 1)
        {
            for (int y = 0; y < output.Length; y++)
            {
                output[y] = share * output[y] + (1 - share) * above!.OutputDistribution[y];
                for (int x = 0; x < channel.GetLength(0); x++)
                {
                    channel[x, y] = share * channel[x, y] + (1 - share) * above.TestChannel[x, y];
                }
            }
        }

        double upper = Upper(), distortion = share < 1 ? level : below.Distortion;
        return new RateDistortionPoint(distortion, Math.Clamp(lower, 0, upper), upper, -slope, output, channel, iterations, tolerance);
    }
}
