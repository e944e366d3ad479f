namespace ArKernel.Theory.Scaling;

/// <summary>Fits L(x) = L∞ + (x₀/x)^α to measured losses.</summary>
public static class PowerLaw
{
    /// <summary>The law nearest to the points.</summary>
    /// <param name="x">Parameters, compute or data of each point, above 0.</param>
    /// <param name="losses">The losses, above 0.</param>
    /// <param name="options">How it is fitted; null for least squares with profile intervals.</param>
    /// <exception cref="TooFewPointsException">There are fewer points, or fewer different x, than parameters.</exception>
    /// <exception cref="NotFiniteException">A number is NaN or infinite.</exception>
    /// <exception cref="NotDecreasingException">The losses do not fall with x.</exception>
    /// <exception cref="ArgumentException">The counts differ, or a number that must be positive is not.</exception>
    public static PowerLawFit Fit(IReadOnlyList<double> x, IReadOnlyList<double> losses, PowerLawOptions? options = null)
    {
        options ??= new PowerLawOptions();
        RequirePoints(x, losses, options.Constant ? 3 : 2);
        if (options.StandardErrors is { } errors)
        {
            RequirePositive(errors, "The standard errors");
            if (errors.Count != x.Count)
            {
                throw new ArgumentException($"There are {x.Count} points and {errors.Count} standard errors; there must be as many.");
            }
        }

        if (!(options.HuberThreshold > 0) || !(options.Level is > 0 and < 1) || options.BootstrapSamples < 1)
        {
            throw new ArgumentException($"The Huber threshold ({options.HuberThreshold}) must be above 0, the level ({options.Level}) between 0 and 1, the bootstrap samples ({options.BootstrapSamples}) at least 1.");
        }

        PowerLawProblem problem = new(x, losses, options);
        Candidate best = problem.Best();
        if (best.Amplitude <= 0)
        {
            throw new NotDecreasingException($"The best law through the {x.Count} points has no falling part: the losses lie between {losses.Min():G4} and {losses.Max():G4} and do not fall with x.",
                "Check that x and the losses belong together, or measure over a wider range of x.");
        }

        return new PowerLawFit(x, losses, options, problem, best);
    }

    /// <summary>
    /// The law that lies on or below all points and nearest to them: the least sum of distances, for frontiers, where points off the optimum
    /// lie above the law and never below it. It has no intervals.
    /// </summary>
    /// <param name="x">Parameters, compute or data of each point, above 0.</param>
    /// <param name="losses">The losses, above 0.</param>
    /// <param name="constant">Whether there is a constant L∞.</param>
    /// <exception cref="TooFewPointsException">There are fewer points, or fewer different x, than parameters.</exception>
    /// <exception cref="NotFiniteException">A number is NaN or infinite.</exception>
    /// <exception cref="NotDecreasingException">The losses do not fall with x.</exception>
    /// <exception cref="ArgumentException">The counts differ, or a number is not positive.</exception>
    public static ScalingLaw FitBelow(IReadOnlyList<double> x, IReadOnlyList<double> losses, bool constant = true)
    {
        RequirePoints(x, losses, constant ? 3 : 2);
        return LawBelow.Fit(x, losses, constant);
    }

    private static void RequirePoints(IReadOnlyList<double> x, IReadOnlyList<double> losses, int parameters)
    {
        if (x.Count != losses.Count)
        {
            throw new ArgumentException($"There are {x.Count} values of x and {losses.Count} losses; there must be as many.");
        }

        RequirePositive(x, "x");
        RequirePositive(losses, "The losses");
        int different = x.Distinct().Count();
        if (different < parameters)
        {
            throw new TooFewPointsException($"There are {x.Count} points at {different} different x for a law of {parameters} parameters.",
                $"Measure at {parameters} or more different x{(parameters == 3 ? ", or fit without a constant" : "")}.");
        }
    }

    private static void RequirePositive(IReadOnlyList<double> values, string name)
    {
        Check.Finite([.. values], name);
        for (int i = 0; i < values.Count; i++)
        {
            if (values[i] <= 0)
            {
                throw new ArgumentException($"{name} must be above 0, but number {i} is {values[i]}.");
            }
        }
    }
}
