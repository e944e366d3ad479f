namespace ArKernel.Theory.RateDistortion;

/// <summary>
/// Capacity and rate-distortion of discrete memoryless channels and sources (Arimoto 1972, Blahut 1972). Every result is an interval between the
/// primal and the dual problem, and an iteration ends when that interval is narrow enough, never by counting.
/// </summary>
public static class BlahutArimoto
{
    private const int SlopeLimit = 200;

    /// <summary>The capacity of a channel in nats, and the input distribution that achieves it.</summary>
    /// <param name="channel">P(y|x), [inputs, outputs]; rows sum to 1.</param>
    /// <param name="tolerance">The largest width of the interval, in nats.</param>
    /// <exception cref="NotADistributionException">A row is negative somewhere or does not sum to 1.</exception>
    /// <exception cref="NotFiniteException">An entry is NaN or infinite.</exception>
    /// <exception cref="NoConvergenceException">The interval cannot be made that narrow.</exception>
    public static ChannelCapacity Capacity(double[,] channel, double tolerance = 1e-9)
    {
        RequireTolerance(tolerance);
        RequireShape(channel, "channel");
        Check.Channel(channel, "the channel");
        var problem = new CapacityProblem(channel);
        double[] input = Uniform(problem.Count);
        int iterations = SimplexOptimizer.Solve(problem, input, tolerance);
        return new ChannelCapacity(problem.Bounds.Lower, problem.Bounds.Upper, input, iterations, tolerance);
    }

    /// <summary>The point of the rate-distortion curve where it has a given slope.</summary>
    /// <param name="source">p(x), [inputs].</param>
    /// <param name="distortion">d(x, y), [inputs, outputs]; +∞ forbids a reproduction.</param>
    /// <param name="slope">s = dR/dD in nats per unit of distortion, at most 0; −∞ gives the rate at the smallest distortion.</param>
    /// <param name="tolerance">The largest width of the rate's interval, in nats.</param>
    /// <exception cref="NotADistributionException">The source is negative somewhere or does not sum to 1.</exception>
    /// <exception cref="NotFiniteException">A number is NaN, or a source letter has no reproduction of finite distortion.</exception>
    /// <exception cref="NoConvergenceException">The interval cannot be made that narrow.</exception>
    public static RateDistortionPoint AtSlope(double[] source, double[,] distortion, double slope, double tolerance = 1e-9)
    {
        RequireTolerance(tolerance);
        if (!(slope <= 0))
        {
            throw new ArgumentException($"The slope is {slope}; rates fall with distortion, so it must be at most 0.", nameof(slope));
        }

        DistortionProblem problem = Problem(source, distortion);
        double[] output = Uniform(problem.Count);
        return Solve(problem, output, slope, tolerance);
    }

    /// <summary>R(D) at a given distortion, by a search over the slope: the lower bound is the best of the tangents met, the upper one the rate of a test channel
    /// of exactly that distortion, mixed from two when the curve is straight there.</summary>
    /// <param name="source">p(x), [inputs].</param>
    /// <param name="distortion">d(x, y), [inputs, outputs]; +∞ forbids a reproduction.</param>
    /// <param name="level">D, at least Σ p min_y d.</param>
    /// <param name="tolerance">The largest width of the rate's interval, in nats.</param>
    /// <exception cref="ArgumentException">No reproduction has so small a distortion.</exception>
    /// <exception cref="NotADistributionException">The source is negative somewhere or does not sum to 1.</exception>
    /// <exception cref="NotFiniteException">A number is NaN, or a source letter has no reproduction of finite distortion.</exception>
    /// <exception cref="NoConvergenceException">The interval cannot be made that narrow.</exception>
    public static RateDistortionPoint AtDistortion(double[] source, double[,] distortion, double level, double tolerance = 1e-9)
    {
        RequireTolerance(tolerance);
        DistortionProblem problem = Problem(source, distortion);
        double least = problem.SmallestDistortion, rounding = 1e-12 * Math.Max(1, Math.Abs(least));
        if (!(level >= least - rounding))
        {
            throw new ArgumentException($"Distortion {level} is asked for, but even the best reproduction of every letter has {least}.", nameof(level));
        }

        (int best, double free) = Constant(source, distortion);
        if (level >= free)
        {
            double[] constant = new double[problem.Count];
            constant[best] = 1;
            double[,] silent = new double[source.Length, problem.Count];
            for (int x = 0; x < source.Length; x++)
            {
                silent[x, best] = 1;
            }

            return new RateDistortionPoint(free, 0, 0, 0, constant, silent, 0, tolerance);
        }

        double[] output = Uniform(problem.Count);
        if (level <= least + rounding)
        {
            return Solve(problem, output, double.NegativeInfinity, tolerance);
        }

        return new SlopeSearch(problem, level, free, tolerance).Run(SlopeLimit);
    }

    /// <summary>The rate-distortion curve at several slopes, from the flattest to the steepest.</summary>
    /// <param name="source">p(x), [inputs].</param>
    /// <param name="distortion">d(x, y), [inputs, outputs]; +∞ forbids a reproduction.</param>
    /// <param name="slopes">The slopes, each at most 0.</param>
    /// <param name="tolerance">The largest width of each rate's interval, in nats.</param>
    /// <exception cref="ArgumentException">There is no slope, or one is positive.</exception>
    /// <exception cref="NotADistributionException">The source is negative somewhere or does not sum to 1.</exception>
    /// <exception cref="NotFiniteException">A number is NaN, or a source letter has no reproduction of finite distortion.</exception>
    /// <exception cref="NoConvergenceException">An interval cannot be made that narrow.</exception>
    public static RateDistortionCurve Curve(double[] source, double[,] distortion, IReadOnlyList<double> slopes, double tolerance = 1e-9)
    {
        if (slopes.Count == 0)
        {
            throw new ArgumentException("A curve needs at least one slope.", nameof(slopes));
        }

        return new RateDistortionCurve([.. slopes.OrderDescending().Select(slope => AtSlope(source, distortion, slope, tolerance))]);
    }

    private static RateDistortionPoint Solve(DistortionProblem problem, double[] output, double slope, double tolerance)
    {
        problem.Slope = slope;
        return Point(problem, output, SimplexOptimizer.Solve(problem, output, tolerance), tolerance);
    }

    /// <summary>The point of an output distribution, whether it is the best one or not: its interval holds in any case.</summary>
    internal static RateDistortionPoint Point(DistortionProblem problem, double[] output, int iterations, double tolerance)
    {
        (double reached, double lower, double upper, double dual) = problem.Point(output);
        return new RateDistortionPoint(reached, Math.Max(0, Math.Min(lower, upper)), upper, problem.Slope, output, problem.Channel(output), iterations, tolerance) { Dual = dual, SmallestDistortion = problem.SmallestDistortion };
    }

    internal static double[] Uniform(int count)
    {
        double[] uniform = new double[count];
        Array.Fill(uniform, 1.0 / count);
        return uniform;
    }

    internal static void RequireTolerance(double tolerance)
    {
        if (!(tolerance > 0) || !double.IsFinite(tolerance))
        {
            throw new ArgumentException($"The tolerance is {tolerance}; it must be positive, such as 1e-9.", nameof(tolerance));
        }
    }

    /// <summary>The single reproduction of least mean distortion, which costs no rate, and that distortion D_max.</summary>
    private static (int Output, double Distortion) Constant(double[] source, double[,] distortion) =>
        Enumerable.Range(0, distortion.GetLength(1))
            .Select(y => (y, Enumerable.Range(0, source.Length).Sum(x => source[x] > 0 ? source[x] * distortion[x, y] : 0)))
            .MinBy(pair => pair.Item2);

    private static void RequireShape(double[,] matrix, string name)
    {
        if (matrix.Length == 0)
        {
            throw new ArgumentException($"The {name} is [{matrix.GetLength(0)}, {matrix.GetLength(1)}]; it needs at least one row and one column.", name);
        }
    }

    private static DistortionProblem Problem(double[] source, double[,] distortion)
    {
        RequireShape(distortion, nameof(distortion));
        Check.Distribution(source, "the source");
        if (distortion.GetLength(0) != source.Length)
        {
            throw new ArgumentException($"The source has {source.Length} letters and the distortion is [{distortion.GetLength(0)}, {distortion.GetLength(1)}]; its rows must be the letters.", nameof(distortion));
        }

        for (int x = 0; x < source.Length; x++)
        {
            bool reproducible = false;
            for (int y = 0; y < distortion.GetLength(1); y++)
            {
                double value = distortion[x, y];
                if (double.IsNaN(value) || double.IsNegativeInfinity(value))
                {
                    throw new NotFiniteException($"The distortion of letter {x} reproduced as {y} is {value}.", "A distortion is a number, or +∞ where the reproduction is forbidden.");
                }

                reproducible |= double.IsFinite(value);
            }

            if (!reproducible)
            {
                throw new NotFiniteException($"Every reproduction of letter {x} has infinite distortion.", "Allow at least one.");
            }
        }

        return new DistortionProblem(source, distortion);
    }
}
