namespace ArKernel.Theory.Scaling;

/// <summary>
/// Fits L(N, D) to measured losses: Huber's penalty on ln L from many starts, as Hoffmann et al. (2022, appendix D.3) do, with bootstrap intervals.
/// </summary>
public static class JointPowerLaw
{
    private const double LeastRelativeConstant = 1e-9;

    /// <summary>The law nearest to the points.</summary>
    /// <param name="parameters">N of each run, above 0.</param>
    /// <param name="tokens">D of each run, above 0.</param>
    /// <param name="losses">The loss of each run, above 0.</param>
    /// <param name="form">How size and data act together.</param>
    /// <param name="huberThreshold">From which residual of ln L on the penalty is linear.</param>
    /// <param name="bootstrapSamples">Fits to redrawn points, for the intervals; 0 for none.</param>
    /// <param name="level">The coverage of the intervals.</param>
    /// <param name="seed">The seed of the bootstrap.</param>
    /// <exception cref="TooFewPointsException">There are fewer points than parameters, or N or D takes fewer than two values (three with a constant).</exception>
    /// <exception cref="NotFiniteException">A number is NaN or infinite.</exception>
    /// <exception cref="ArgumentException">The counts differ, or a number is not positive.</exception>
    /// <exception cref="NoConvergenceException">From no start a law was found.</exception>
    public static JointPowerLawFit Fit(IReadOnlyList<double> parameters, IReadOnlyList<double> tokens, IReadOnlyList<double> losses,
        JointForm form = JointForm.Hoffmann, double huberThreshold = 1e-3, int bootstrapSamples = 200, double level = 0.95, int seed = 0)
    {
        Require(parameters, tokens, losses, form);
        Problem problem = new([.. parameters.Select(value => Math.Log(value))], [.. tokens.Select(value => Math.Log(value))], [.. losses.Select(value => Math.Log(value))], form, huberThreshold);
        (double[] Parameters, double Penalty) best = ([], double.PositiveInfinity);
        foreach (double[] start in Starts(problem))
        {
            (double[] Parameters, double Penalty) found = RobustLeastSquares.Minimise(problem.Residuals, start, huberThreshold);
            if (found.Penalty < best.Penalty)
            {
                best = found;
            }
        }

        if (best.Parameters.Length == 0)
        {
            throw new NoConvergenceException("From none of the starts a law was found.", "Check the losses: they must fall with both parameters and tokens.");
        }

        var random = new Random(seed);
        List<JointScalingLaw> drawn = [];
        for (int sample = 0; sample < bootstrapSamples; sample++)
        {
            drawn.Add(problem.Law(RobustLeastSquares.Minimise(problem.Redraw(best.Parameters, random).Residuals, best.Parameters, huberThreshold).Parameters));
        }

        return new JointPowerLawFit(problem.Law(best.Parameters), drawn, level, seed, problem.Residuals(best.Parameters), huberThreshold, [.. parameters], [.. tokens], [.. losses]);
    }

    private static void Require(IReadOnlyList<double> parameters, IReadOnlyList<double> tokens, IReadOnlyList<double> losses, JointForm form)
    {
        if (parameters.Count != losses.Count || tokens.Count != losses.Count)
        {
            throw new ArgumentException($"There are {parameters.Count} sizes, {tokens.Count} token counts and {losses.Count} losses; there must be as many of each.");
        }

        foreach ((IReadOnlyList<double> values, string name) in new[] { (parameters, "The sizes"), (tokens, "The token counts"), (losses, "The losses") })
        {
            Check.Finite([.. values], name);
            if (values.Any(value => value <= 0))
            {
                throw new ArgumentException($"{name} must be above 0; the least is {values.Min()}.");
            }
        }

        (int needed, int different) = form == JointForm.Hoffmann ? (5, 3) : (4, 2);
        (int sizes, int counts) = (parameters.Distinct().Count(), tokens.Distinct().Count());
        if (losses.Count < needed || sizes < different || counts < different)
        {
            throw new TooFewPointsException($"There are {losses.Count} runs of {sizes} sizes and {counts} token counts for a law of {needed} parameters.",
                $"Train {needed} or more runs with at least {different} sizes and {different} token counts{(form == JointForm.Hoffmann ? ", or fit Kaplan's form" : "")}.");
        }
    }

    /// <summary>Exponents on a grid; the scales put each of the two terms at a share of the middle loss, as the constant.</summary>
    private static IEnumerable<double[]> Starts(Problem problem)
    {
        (double n, double d, double l) = (problem.LogSize.Average(), problem.LogTokens.Average(), problem.LogLoss.Average());
        double lowest = problem.LogLoss.Min();
        foreach (double a in (double[])[0.05, 0.2, 0.5, 1])
        {
            foreach (double b in (double[])[0.05, 0.2, 0.5, 1])
            {
                if (problem.Form == JointForm.Kaplan)
                {
                    double half = l / b + Math.Log(0.5); // each term of the bracket is half of L^(1/β)
                    yield return [n + half * b / a, Math.Log(a), d + half, Math.Log(b)];
                }
                else
                {
                    foreach (double share in (double[])[0.05, 0.5, 0.9])
                    {
                        double rest = Math.Log((1 - share) * Math.Exp(l) / 2);
                        yield return [rest + a * n, Math.Log(a), rest + b * d, Math.Log(b), Math.Log(share) + lowest];
                    }
                }
            }
        }
    }

    /// <summary>
    /// Parameters are (ln A, ln α, ln B, ln β, ln E) in Hoffmann's form and (ln N_c, ln α, ln D_c, ln β) in Kaplan's: logarithms keep all of them positive.
    /// </summary>
    private sealed record Problem(double[] LogSize, double[] LogTokens, double[] LogLoss, JointForm Form, double Threshold)
    {
        public double[] Residuals(double[] at) => [.. LogLoss.Select((loss, i) => Model(at, i) - loss)];

        public JointScalingLaw Law(double[] at)
        {
            (double a, double b) = (Math.Exp(at[1]), Math.Exp(at[3]));
            if (Form == JointForm.Kaplan)
            {
                return new JointScalingLaw(Form, 0, Math.Exp(at[0]), a, Math.Exp(at[2]), b);
            }

            double constant = Math.Exp(at[4]);
            return new JointScalingLaw(Form, constant < LeastRelativeConstant * Math.Exp(LogLoss.Min()) ? 0 : constant, Math.Exp(at[0] / a), a, Math.Exp(at[2] / b), b);
        }

        /// <summary>The fitted losses with residuals drawn anew.</summary>
        public Problem Redraw(double[] at, Random random)
        {
            double[] residuals = Residuals(at);
            double inflate = Math.Sqrt(residuals.Length / (double)Math.Max(1, residuals.Length - at.Length));
            return this with { LogLoss = [.. residuals.Select((_, i) => Model(at, i) - inflate * residuals[random.Next(residuals.Length)])] };
        }

        private double Model(double[] at, int i)
        {
            (double a, double b) = (Math.Exp(at[1]), Math.Exp(at[3]));
            return Form == JointForm.Kaplan
                ? b * LogSum(a / b * (at[0] - LogSize[i]), at[2] - LogTokens[i])
                : LogSum(LogSum(at[0] - a * LogSize[i], at[2] - b * LogTokens[i]), at[4]);
        }

        private static double LogSum(double x, double y) => Math.Max(x, y) + Math.Log(1 + Math.Exp(-Math.Abs(x - y)));
    }
}
