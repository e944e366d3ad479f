using System.Numerics.Tensors;

namespace ArKernel.Theory.RateDistortion;

/// <summary>
/// A convex function on the probability simplex whose minimum a multiplicative update q ← q·e^g / Σ q·e^g approaches, with a bound on what is
/// missing. The iterations of Blahut and Arimoto, for capacity and for rate-distortion, are two of them.
/// </summary>
internal interface ISimplexProblem
{
    /// <summary>The number of probabilities.</summary>
    int Count { get; }

    /// <summary>The function at a distribution, the exponents g of its update, and a duality gap: how far, at most, the function is from its minimum.</summary>
    (double Objective, double Gap) Evaluate(ReadOnlySpan<double> distribution, Span<double> exponents);

    /// <summary>The gradient, and the lower half of the Hessian by row.</summary>
    void Derivatives(ReadOnlySpan<double> distribution, Span<double> gradient, Span<double> hessian);
}

/// <summary>
/// Minimises an <see cref="ISimplexProblem"/> until its gap is closed. The multiplicative update alone is an EM iteration: sure and slow. Every
/// second step is therefore extrapolated in the logarithm as in SQUAREM (Varadhan and Roland 2008, scheme S3), with norms weighted by the
/// distribution so that vanishing probabilities do not set the step; a step that does not descend is undone. As the gap is computed
/// at each distribution afresh, the shortcut can spoil nothing.
/// </summary>
internal static class SimplexOptimizer
{
    /// <summary>How many evaluations a problem gets before it counts as too ill-conditioned for its tolerance.</summary>
    private const int EvaluationLimit = 200_000;

    // Newton steps are cubic: only up to this many letters, and only once the cheap iteration has had its chance.
    private const int EvaluationsBeforeNewton = 2_000, LettersForNewton = 1_500;

    private const double LargestDecrease = 60; // of a logarithm in one step; also keeps the −∞ of a letter that is of no use finite
    private const double SmallestExponent = -300; // e^-300 is still a normal number, so no probability is ever stuck at zero

    /// <summary>Minimises from a start; the distribution is changed in place.</summary>
    /// <returns>How many evaluations or Newton steps it took, and the last gap: above the tolerance if the limit came first.</returns>
    public static (int Evaluations, double Gap) Minimize(ISimplexProblem problem, Span<double> distribution, double tolerance)
    {
        bool newton = problem.Count <= LettersForNewton;
        (int evaluations, double gap) = Multiply(problem, distribution, tolerance, newton ? EvaluationsBeforeNewton : EvaluationLimit);
        if (gap <= tolerance || !newton)
        {
            return (evaluations, gap);
        }

        (int steps, gap) = InteriorPoint.Minimize(problem, distribution, tolerance);
        return (evaluations + steps, gap);
    }

    private static (int Evaluations, double Gap) Multiply(ISimplexProblem problem, Span<double> distribution, double tolerance, int limit)
    {
        int count = problem.Count;
        double[] logarithm = new double[count], first = new double[count], second = new double[count], safe = new double[count];
        TensorPrimitives.Log(distribution, logarithm);
        ToDistribution(logarithm, distribution);
        double stretch = 4, safeObjective = double.PositiveInfinity;
        for (int evaluations = 1; ; evaluations++)
        {
            (double objective, double gap) = problem.Evaluate(distribution, first);
            if (gap <= tolerance || evaluations >= limit)
            {
                return (evaluations, gap);
            }

            TensorPrimitives.Max(first, -LargestDecrease, first);
            if (objective > safeObjective + 1e-13 * Math.Abs(safeObjective))
            {
                stretch = Math.Max(1, stretch / 16); // it was multiplied by 4 before the step failed
                safeObjective = double.PositiveInfinity;
                safe.CopyTo(logarithm);
                ToDistribution(logarithm, distribution);
                continue;
            }

            // θ₁ = θ₀ + g₀ is the update, and θ₁ + g₁ the next: r = g₀, v = g₁ − g₀, θ' = θ₀ + 2αr + α²v with α = ‖r‖/‖v‖.
            TensorPrimitives.Add(logarithm, first, safe);
            ToDistribution(safe, distribution);
            (safeObjective, gap) = problem.Evaluate(distribution, second);
            evaluations++;
            if (gap <= tolerance || evaluations >= limit)
            {
                return (evaluations, gap);
            }

            TensorPrimitives.Max(second, -LargestDecrease, second);
            double step = 0, change = 0;
            for (int i = 0; i < count; i++)
            {
                double v = second[i] - first[i];
                step += distribution[i] * first[i] * first[i];
                change += distribution[i] * v * v;
            }

            double extrapolation = change > 0 ? Math.Clamp(Math.Sqrt(step / change), 1, stretch) : 1;
            if (extrapolation == stretch)
            {
                stretch *= 4;
            }

            for (int i = 0; i < count; i++)
            {
                double moved = logarithm[i] + extrapolation * (2 * first[i] + extrapolation * (second[i] - first[i]));
                logarithm[i] = Math.Max(moved, logarithm[i] - LargestDecrease);
                safe[i] += second[i];
            }

            ToDistribution(logarithm, distribution);
        }
    }

    /// <summary>As <see cref="Minimize"/>, for callers that have no use for an open gap.</summary>
    /// <exception cref="NoConvergenceException">The gap does not close.</exception>
    public static int Solve(ISimplexProblem problem, Span<double> distribution, double tolerance)
    {
        (int evaluations, double gap) = Minimize(problem, distribution, tolerance);
        return gap <= tolerance ? evaluations : throw new NoConvergenceException(
            $"After {evaluations} evaluations of {problem.Count} probabilities the duality gap is {gap:G3} nats; {tolerance:G3} was asked for.",
            "Ask for a gap that the problem's condition allows, or use fewer letters: neighbours that hardly differ converge slowest.");
    }

    private static void ToDistribution(Span<double> logarithm, Span<double> distribution)
    {
        double largest = TensorPrimitives.Max(logarithm);
        TensorPrimitives.Subtract(logarithm, largest, logarithm);
        TensorPrimitives.Max(logarithm, SmallestExponent, logarithm);
        TensorPrimitives.Exp(logarithm, distribution);
        double total = TensorPrimitives.Sum(distribution);
        TensorPrimitives.Divide(distribution, total, distribution);
        TensorPrimitives.Subtract(logarithm, Math.Log(total), logarithm);
    }
}
