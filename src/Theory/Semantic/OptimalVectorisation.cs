namespace ArKernel.Theory.Semantic;

/// <summary>The map of contexts to vectors that keeps most of what they tell of the next token.</summary>
/// <param name="VectorOf">The vector of every context, 0..vectors-1.</param>
/// <param name="Information">I(U_{t+1}; f(U^t)), in nats.</param>
/// <param name="FullInformation">I(U_{t+1}; U^t), in nats.</param>
public sealed record OptimalVectorisation(int[] VectorOf, double Information, double FullInformation) : TheoryResult
{
    private const int MostContexts = 12;

    /// <summary>Tries every map: exact for up to 12 contexts.</summary>
    /// <param name="joint">P(context, next token), [contexts, tokens].</param>
    /// <param name="vectors">The number of different vectors.</param>
    /// <exception cref="NotADistributionException">The joint distribution is none.</exception>
    /// <exception cref="ArgumentException">There are more than 12 contexts, or no vector.</exception>
    public static OptimalVectorisation Of(double[,] joint, int vectors)
    {
        Check.Distribution([.. joint.Cast<double>()], "The joint distribution");
        int contexts = joint.GetLength(0);
        if (contexts > MostContexts || vectors < 1)
        {
            throw new ArgumentException($"{contexts} contexts and {vectors} vectors were given; there may be {MostContexts} contexts, and must be a vector.");
        }

        int[] map = new int[contexts], best = new int[contexts];
        double most = -1;
        Try(0, 0);
        return new OptimalVectorisation(best, most, InformationOf(joint, [.. Enumerable.Range(0, contexts)], contexts));

        // A context joins one of the vectors used so far or opens the next: each partition comes once.
        void Try(int context, int used)
        {
            if (context == contexts)
            {
                double information = InformationOf(joint, map, vectors);
                if (information > most + 1e-15)
                {
                    (most, best) = (information, [.. map]);
                }

                return;
            }

            for (int vector = 0; vector <= Math.Min(used, vectors - 1); vector++)
            {
                map[context] = vector;
                Try(context + 1, Math.Max(used, vector + 1));
            }
        }
    }

    /// <summary>
    /// What contrastive coding (InfoNCE, van den Oord et al. 2018) would report with the best critic and batches of K: E ln [r(y, x) / ((1/K) Σ_j r(y_j, x))],
    /// r = P(y|x)/P(y), one of the K being the true next token and the others drawn without context. It never exceeds the information nor ln K.
    /// </summary>
    /// <param name="joint">P(context, next token), [contexts, tokens].</param>
    /// <param name="batch">K, at least 1.</param>
    /// <returns>In nats.</returns>
    /// <exception cref="NotADistributionException">The joint distribution is none.</exception>
    /// <exception cref="ArgumentException">There are more than 2²² batches of tokens to enumerate.</exception>
    public static double ContrastiveBound(double[,] joint, int batch)
    {
        Check.Distribution([.. joint.Cast<double>()], "The joint distribution");
        (int contexts, int tokens) = (joint.GetLength(0), joint.GetLength(1));
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        double compositions = Math.Exp(MathNet.Numerics.SpecialFunctions.BinomialLn(batch + tokens - 2, tokens - 1));
        if (compositions > 1 << 22)
        {
            throw new ArgumentException($"Batches of {batch} out of {tokens} tokens are {compositions:G3} different ones; at most 2²² can be enumerated.");
        }

        double[] alone = [.. Enumerable.Range(0, tokens).Select(y => Enumerable.Range(0, contexts).Sum(x => joint[x, y]))];
        double[] context = [.. Enumerable.Range(0, contexts).Select(x => Enumerable.Range(0, tokens).Sum(y => joint[x, y]))];
        double total = 0;
        double[] sums = new double[contexts]; // Σ of the others' r, for each context
        Count(0, batch - 1, 0);
        return total;

        // The others by how many there are of each token: multinomial weights.
        void Count(int token, int left, double logWeight)
        {
            if (token == tokens - 1 || left == 0)
            {
                if (left > 0 && alone[token] == 0)
                {
                    return;
                }

                double weight = Math.Exp(logWeight + MathNet.Numerics.SpecialFunctions.FactorialLn(batch - 1) + (left > 0 ? left * Math.Log(alone[token]) - MathNet.Numerics.SpecialFunctions.FactorialLn(left) : 0));
                for (int x = 0; x < contexts; x++)
                {
                    double others = sums[x] + (left > 0 ? left * Ratio(x, token) : 0);
                    for (int y = 0; y < tokens; y++)
                    {
                        total += joint[x, y] > 0 ? weight * joint[x, y] * Math.Log(Ratio(x, y) * batch / (Ratio(x, y) + others)) : 0;
                    }
                }

                return;
            }

            for (int n = 0; n <= (alone[token] > 0 ? left : 0); n++)
            {
                Add(token, n);
                Count(token + 1, left - n, logWeight + (n > 0 ? n * Math.Log(alone[token]) - MathNet.Numerics.SpecialFunctions.FactorialLn(n) : 0));
                Add(token, -n);
            }
        }

        void Add(int token, int n)
        {
            for (int x = 0; x < contexts && n != 0; x++)
            {
                sums[x] += n * Ratio(x, token);
            }
        }

        double Ratio(int x, int y) => context[x] > 0 ? joint[x, y] / context[x] / alone[y] : 0;
    }

    /// <inheritdoc/>
    public override string Title => "Optimal vectorisation, by enumeration";

    /// <inheritdoc/>
    public override IReadOnlyList<Quantity> Quantities => [new("information kept", Information, "nats"), new("information of the whole context", FullInformation, "nats")];

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters => [new("contexts", VectorOf.Length), new("map", string.Join(' ', VectorOf))];

    private static double InformationOf(double[,] joint, int[] map, int vectors)
    {
        int tokens = joint.GetLength(1);
        double[,] merged = new double[vectors, tokens];
        (double[] vector, double[] token) = (new double[vectors], new double[tokens]);
        for (int x = 0; x < map.Length; x++)
        {
            for (int y = 0; y < tokens; y++)
            {
                merged[map[x], y] += joint[x, y];
                vector[map[x]] += joint[x, y];
                token[y] += joint[x, y];
            }
        }

        double sum = 0;
        for (int v = 0; v < vectors; v++)
        {
            for (int y = 0; y < tokens; y++)
            {
                sum += merged[v, y] > 0 ? merged[v, y] * Math.Log(merged[v, y] / vector[v] / token[y]) : 0;
            }
        }

        return sum;
    }
}
