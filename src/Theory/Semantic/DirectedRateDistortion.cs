namespace ArKernel.Theory.Semantic;

/// <summary>A point of the directed rate-distortion function.</summary>
/// <param name="Rate">(1/T) I(X^T → U^T), nats a letter.</param>
/// <param name="Distortion">(1/T) Σ E d(x_t, u_t).</param>
/// <param name="Slope">s = dR/dD, below 0.</param>
/// <param name="Length">T.</param>
/// <param name="Iterations">Rounds of dynamic programming.</param>
public sealed record DirectedRatePoint(double Rate, double Distortion, double Slope, int Length, int Iterations) : TheoryResult
{
    /// <inheritdoc/>
    public override string Title => "Directed rate-distortion by alternating soft dynamic programming";

    /// <inheritdoc/>
    public override IReadOnlyList<Quantity> Quantities => [new("rate", Rate, "nats a letter"), new("distortion", Distortion, "a letter")];

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters => [new("slope", Slope), new("letters", Length), new("iterations", Iterations)];
}

/// <summary>
/// The least directed information with which a causal reproduction u^T of a discrete Markov source x^T keeps to a distortion: pre-training as the
/// semantic information theory reads it. At length 1 it is Blahut and Arimoto's iteration.
/// </summary>
public static class DirectedRateDistortion
{
    /// <summary>
    /// Minimises R − sD by turns: a soft dynamic program backward in time for the kernels P(u_t | u^{t−1}, x_t), then their marginals Q(u_t | u^{t−1})
    /// forward. Of a Markov source the kernels need no earlier x.
    /// </summary>
    /// <param name="initial">P(x₁).</param>
    /// <param name="transition">P(x_{t+1} | x_t), [now, next].</param>
    /// <param name="distortion">d(x, u), [source, reproduction].</param>
    /// <param name="slope">s, below 0.</param>
    /// <param name="length">T.</param>
    /// <param name="tolerance">The change of the Lagrangian at which to stop.</param>
    /// <exception cref="NotADistributionException">The source is none.</exception>
    /// <exception cref="NotFiniteException">A distortion is NaN or infinite.</exception>
    /// <exception cref="ArgumentException">Sizes do not fit, the slope is not below 0, or there are more than 2²⁰ histories.</exception>
    /// <exception cref="NoConvergenceException">The tolerance was not reached in 100,000 rounds.</exception>
    public static DirectedRatePoint AtSlope(double[] initial, double[,] transition, double[,] distortion, double slope, int length, double tolerance = 1e-12)
    {
        Check.Distribution(initial, "The initial distribution");
        Check.Channel(transition, "the transition matrix");
        Check.Finite(distortion, "The distortion");
        (int sources, int letters) = (distortion.GetLength(0), distortion.GetLength(1));
        if (initial.Length != sources || transition.GetLength(0) != sources || transition.GetLength(1) != sources || letters < 1)
        {
            throw new ArgumentException($"P(x₁) has {initial.Length}, the transition {transition.GetLength(0)} × {transition.GetLength(1)} and the distortion {sources} × {letters} entries; they must be n, n × n and n × m.");
        }

        if (!(slope < 0) || length < 1 || length * Math.Log2(letters) > 20)
        {
            throw new ArgumentException($"The slope ({slope}) must be below 0, and {letters} letters over {length} times at most 2²⁰ histories.");
        }

        // A history u^{t−1} is a number in base `letters`; marginal[t][history, u] is Q, kernel[t][x, history, u] is P.
        double[][] marginal = [.. Enumerable.Range(0, length).Select(t => Enumerable.Repeat(1.0 / letters, Power(letters, t + 1)).ToArray())];
        double last = double.PositiveInfinity;
        for (int iteration = 1; iteration <= 100_000; iteration++)
        {
            (double[][] kernel, double lagrangian) = Backward(initial, transition, distortion, slope, marginal);
            (double rate, double cost) = Forward(initial, transition, distortion, kernel, marginal);
            if (last - lagrangian < tolerance)
            {
                return new DirectedRatePoint(rate / length, cost / length, slope, length, iteration);
            }

            last = lagrangian;
        }

        throw new NoConvergenceException($"The Lagrangian still changes by more than {tolerance} after 100,000 rounds.", "Take a larger tolerance or a steeper slope.");
    }

    private static (double[][] Kernel, double Lagrangian) Backward(double[] initial, double[,] transition, double[,] distortion, double slope, double[][] marginal)
    {
        (int sources, int letters) = (distortion.GetLength(0), distortion.GetLength(1));
        double[][] kernel = new double[marginal.Length][];
        double[] next = []; // V_{t+1}[x, history]
        for (int t = marginal.Length - 1; t >= 0; t--)
        {
            int histories = marginal[t].Length / letters;
            double[] value = new double[sources * histories];
            kernel[t] = new double[sources * histories * letters];
            for (int x = 0; x < sources; x++)
            {
                for (int history = 0; history < histories; history++)
                {
                    Span<double> row = kernel[t].AsSpan((x * histories + history) * letters, letters);
                    double most = double.NegativeInfinity;
                    for (int u = 0; u < letters; u++)
                    {
                        double future = 0;
                        for (int y = 0; y < sources && next.Length > 0; y++)
                        {
                            future += transition[x, y] * next[y * histories * letters + history * letters + u];
                        }

                        row[u] = Math.Log(marginal[t][history * letters + u]) + slope * distortion[x, u] - future;
                        most = Math.Max(most, row[u]);
                    }

                    double sum = 0;
                    for (int u = 0; u < letters; u++)
                    {
                        row[u] = Math.Exp(row[u] - most);
                        sum += row[u];
                    }

                    for (int u = 0; u < letters; u++)
                    {
                        row[u] /= sum;
                    }

                    value[x * histories + history] = -most - Math.Log(sum);
                }
            }

            next = value;
        }

        return (kernel, initial.Select((p, x) => p * next[x]).Sum());
    }

    private static (double Rate, double Distortion) Forward(double[] initial, double[,] transition, double[,] distortion, double[][] kernel, double[][] marginal)
    {
        (int sources, int letters) = (distortion.GetLength(0), distortion.GetLength(1));
        double[] state = initial; // P(x_t, u^{t−1}), [x, history]
        (double rate, double cost) = (0, 0);
        for (int t = 0; t < kernel.Length; t++)
        {
            int histories = marginal[t].Length / letters;
            double[] joint = [.. kernel[t].Select((p, i) => p * state[i / letters])]; // [x, history, u]
            for (int history = 0; history < histories; history++)
            {
                double total = Enumerable.Range(0, sources).Sum(x => state[x * histories + history]);
                for (int u = 0; u < letters && total > 0; u++)
                {
                    marginal[t][history * letters + u] = Enumerable.Range(0, sources).Sum(x => joint[(x * histories + history) * letters + u]) / total;
                }
            }

            double[] later = new double[joint.Length];
            int longer = histories * letters;
            for (int i = 0; i < joint.Length; i++)
            {
                if (joint[i] > 0)
                {
                    (int x, int past) = Math.DivRem(i, longer);
                    rate += joint[i] * Math.Log(kernel[t][i] / marginal[t][past]);
                    cost += joint[i] * distortion[x, past % letters];
                    for (int y = 0; y < sources; y++)
                    {
                        later[y * longer + past] += joint[i] * transition[x, y];
                    }
                }
            }

            state = later;
        }

        return (rate, cost);
    }

    private static int Power(int value, int exponent) => (int)Math.Pow(value, exponent);
}
