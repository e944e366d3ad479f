namespace ArKernel.Theory.Semantic;

/// <summary>A point of the directed rate-reward function.</summary>
/// <param name="Rate">The information that earns the reward, nats a letter: of the free marginal (1/T) I(X^T → U^T), of a reference (1/T) KL(π ‖ π_ref).</param>
/// <param name="Reward">(1/T) Σ E r: the reward a letter.</param>
/// <param name="Temperature">β: the price of a nat. The slope dR/dw of the rate over the reward is 1/β.</param>
/// <param name="Length">T.</param>
public sealed record RateRewardPoint(double Rate, double Reward, double Temperature, int Length) : TheoryResult
{
    /// <summary>w − β R, what the policy maximises, a letter.</summary>
    public double Value => Reward - Temperature * Rate;

    /// <inheritdoc/>
    public override string Title => $"Directed rate-reward at temperature {Quantity.Format(Temperature)}";

    /// <inheritdoc/>
    public override IReadOnlyList<Quantity> Quantities => [new("rate", Rate, "nats a letter"), new("reward", Reward, "a letter"), new("value, reward − temperature × rate", Value, "a letter")];

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters => [new("temperature", Temperature), new("letters", Length)];
}

/// <summary>
/// The least information that earns a reward: post-training as the semantic information theory reads it. It is rate-distortion with d = −r, the marginal
/// being free, or held to a reference policy as in reinforcement learning from human feedback.
/// </summary>
public static class RateReward
{
    /// <summary>The least directed information from a Markov source x^T to a causal policy's u^T.</summary>
    /// <param name="initial">P(x₁).</param>
    /// <param name="transition">P(x_{t+1} | x_t), [now, next].</param>
    /// <param name="reward">r(x, u), [source, action].</param>
    /// <param name="temperature">β, above 0.</param>
    /// <param name="length">T.</param>
    /// <param name="tolerance">The change of the Lagrangian at which to stop.</param>
    /// <exception cref="NotADistributionException">The source is none.</exception>
    /// <exception cref="NotFiniteException">A reward is NaN or infinite.</exception>
    /// <exception cref="ArgumentException">Sizes do not fit, or the temperature is not above 0.</exception>
    /// <exception cref="NoConvergenceException">The tolerance was not reached.</exception>
    public static RateRewardPoint FreeMarginal(double[] initial, double[,] transition, double[,] reward, double temperature, int length = 1, double tolerance = 1e-12)
    {
        CheckTemperature(temperature);
        double[,] distortion = new double[reward.GetLength(0), reward.GetLength(1)];
        for (int x = 0; x < reward.GetLength(0); x++)
        {
            for (int u = 0; u < reward.GetLength(1); u++)
            {
                distortion[x, u] = -reward[x, u];
            }
        }

        DirectedRatePoint point = DirectedRateDistortion.AtSlope(initial, transition, distortion, -1 / temperature, length, tolerance);
        return new RateRewardPoint(point.Rate, -point.Distortion, temperature, length);
    }

    /// <summary>
    /// The best policy that pays β for each nat away from a reference: π(u^T) ∝ π_ref(u^T) exp(r(u^T)/β), one letter at a time by soft dynamic
    /// programming over all sequences, V(u^{t−1}) = β ln Σ π_ref(u_t | u^{t−1}) exp(V(u^t)/β). A prompt is part of what the functions close over.
    /// </summary>
    /// <param name="symbols">The number of actions.</param>
    /// <param name="length">T.</param>
    /// <param name="reference">π_ref(u_t | u^{t−1}) for a history.</param>
    /// <param name="reward">r(u^T) of a whole sequence.</param>
    /// <param name="temperature">β, above 0.</param>
    /// <exception cref="NotADistributionException">The reference is none.</exception>
    /// <exception cref="NotFiniteException">A reward is NaN or infinite.</exception>
    /// <exception cref="ArgumentException">There are more than 2²⁰ sequences, or the temperature is not above 0.</exception>
    public static ReferencedPolicy WithReference(int symbols, int length, Func<int[], double[]> reference, Func<int[], double> reward, double temperature)
    {
        CheckTemperature(temperature);
        return new ReferencedPolicy(new SequenceTree(symbols, length, reference, "The reference"), reward, temperature);
    }

    private static void CheckTemperature(double temperature)
    {
        if (!(temperature > 0) || !double.IsFinite(temperature))
        {
            throw new ArgumentException($"The temperature is {temperature}; it must be above 0 and finite.");
        }
    }
}

/// <summary>The policy that best weighs reward against the divergence from a reference, known at every history.</summary>
public sealed class ReferencedPolicy
{
    private readonly SequenceTree tree;
    private readonly double[][] values; // V(u^t) by length
    private readonly double temperature;

    internal ReferencedPolicy(SequenceTree tree, Func<int[], double> reward, double temperature)
    {
        (this.tree, this.temperature) = (tree, temperature);
        values = new double[tree.Length + 1][];
        values[tree.Length] = [.. Enumerable.Range(0, tree.Count(tree.Length)).Select(code => reward(tree.Word(code, tree.Length)))];
        Check.Finite(values[tree.Length], "The reward");
        double[] rewards = values[tree.Length];
        for (int t = tree.Length - 1; t >= 0; t--)
        {
            values[t] = [.. Enumerable.Range(0, tree.Count(t)).Select(history => Value(t, history))];
        }

        // What the policy earns and costs, along every sequence.
        (double earned, double divergence) = (0, 0);
        for (int code = 0; code < rewards.Length; code++)
        {
            double original = tree.Probability(code);
            if (original > 0)
            {
                double logRatio = (rewards[code] - values[0][0]) / temperature; // ln π/π_ref
                double probability = original * Math.Exp(logRatio);
                earned += probability * rewards[code];
                divergence += probability * logRatio;
            }
        }

        Point = new RateRewardPoint(divergence / tree.Length, earned / tree.Length, temperature, tree.Length);
    }

    /// <summary>Its rate and reward.</summary>
    public RateRewardPoint Point { get; }

    /// <summary>β ln E_ref exp(r/β), the greatest value of reward − β KL for the whole sequence.</summary>
    public double Value() => values[0][0];

    /// <summary>π(u_t | u^{t−1}).</summary>
    /// <param name="history">u^{t−1}.</param>
    /// <exception cref="ArgumentException">The history is not shorter than the sequence, or has a symbol out of range.</exception>
    public double[] Next(params int[] history)
    {
        int code = tree.Code(history);
        double[] next = [.. tree.Next(history.Length, code)];
        for (int u = 0; u < next.Length; u++)
        {
            next[u] *= Math.Exp((values[history.Length + 1][code * tree.Symbols + u] - values[history.Length][code]) / temperature);
        }

        return next;
    }

    private double Value(int length, int history)
    {
        double[] next = tree.Next(length, history);
        double[] later = values[length + 1];
        double most = double.NegativeInfinity, sum = 0;
        for (int u = 0; u < next.Length; u++)
        {
            most = next[u] > 0 ? Math.Max(most, later[history * tree.Symbols + u]) : most;
        }

        for (int u = 0; u < next.Length; u++)
        {
            sum += next[u] > 0 ? next[u] * Math.Exp((later[history * tree.Symbols + u] - most) / temperature) : 0;
        }

        return most + temperature * Math.Log(sum);
    }
}
