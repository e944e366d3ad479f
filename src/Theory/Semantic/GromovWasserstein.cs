namespace ArKernel.Theory.Semantic;

/// <summary>How far apart two semantic spaces are.</summary>
/// <param name="Squared">The square of the Gromov-Wasserstein distance: that of the plan found, which is an upper bound, and a lower bound by the distributions of the relations.</param>
/// <param name="Plan">T, [points of the first, points of the second]: how much of each is matched with each.</param>
/// <param name="Starts">The number of starts.</param>
/// <param name="StartSeed">The seed of the starts.</param>
public sealed record GromovWassersteinDistance(Interval Squared, double[,] Plan, int Starts, int StartSeed) : TheoryResult
{
    /// <summary>The distance by the plan found; the true one is at most this.</summary>
    public double Distance => Math.Sqrt(Squared.Upper);

    /// <summary>The second space's point that takes most of each point of the first.</summary>
    public int[] Matching => [.. Enumerable.Range(0, Plan.GetLength(0)).Select(i => Enumerable.Range(0, Plan.GetLength(1)).MaxBy(j => Plan[i, j]))];

    /// <inheritdoc/>
    public override string Title => "Gromov-Wasserstein distance";

    /// <inheritdoc/>
    public override IReadOnlyList<Quantity> Quantities => [new("squared distance", Squared.Upper, "", Squared), new("distance", Distance)];

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters => [new("points", $"{Plan.GetLength(0)} and {Plan.GetLength(1)}"), new("starts", Starts)];

    /// <inheritdoc/>
    public override int? Seed => StartSeed;

    /// <inheritdoc/>
    public override IReadOnlyList<Chart> Charts => [new HeatMapChart("Plan", "point of the second space", "point of the first", Plan)];
}

/// <summary>
/// The Gromov-Wasserstein distance of two spaces that share no coordinates, only relations among their own points (Mémoli 2011):
/// GW² = min over couplings T of p and q of Σ (C₁[i,k] − C₂[j,l])² T[i,j] T[k,l].
/// </summary>
public static class GromovWasserstein
{
    /// <summary>
    /// Searches a plan by entropic steps T ← Sinkhorn(p, q, e^(−G/ε)) with falling ε (Peyré, Cuturi and Solomon 2016), then by exact exchanges
    /// of mass, which take the entropy's bias away, from several starts: at T = p qᵀ symmetric spaces have a saddle that no entropic step leaves.
    /// </summary>
    /// <param name="first">C₁, [points, points], symmetric: distances or inner products.</param>
    /// <param name="second">C₂, of the other space.</param>
    /// <param name="firstWeights">p; null for equal weights.</param>
    /// <param name="secondWeights">q; null for equal weights.</param>
    /// <param name="starts">The number of starts.</param>
    /// <param name="seed">The seed of the starts.</param>
    /// <exception cref="ArgumentException">A matrix is not square or symmetric, a size does not fit, or a weight is not positive.</exception>
    /// <exception cref="NotADistributionException">The weights are none.</exception>
    /// <exception cref="NotFiniteException">A number is NaN or infinite.</exception>
    public static GromovWassersteinDistance Distance(double[,] first, double[,] second, double[]? firstWeights = null, double[]? secondWeights = null, int starts = 12, int seed = 0)
    {
        double[] p = Weights(first, firstWeights, "first"), q = Weights(second, secondWeights, "second");
        ArgumentOutOfRangeException.ThrowIfLessThan(starts, 1);
        GromovWassersteinProblem problem = new(first, second, p, q);
        Random random = new(seed);
        (double[,] best, double least) = (problem.Independent(), problem.Cost(problem.Independent()));
        for (int start = 0; start < starts; start++)
        {
            double[,] plan = problem.Search(problem.Start(random));
            double cost = problem.Cost(plan);
            (best, least) = cost < least ? (plan, cost) : (best, least);
        }

        double bound = RelationBound(first, second, p, q);
        return new GromovWassersteinDistance(Interval.Certificate(Math.Min(bound, least), least), best, starts, seed);
    }

    /// <summary>Inner products of vectors, scaled to the unit sphere: the relations of a semantic space.</summary>
    /// <param name="vectors">[points, coordinates].</param>
    /// <exception cref="NotFiniteException">A coordinate is NaN or infinite, or a vector is zero.</exception>
    public static double[,] Cosines(double[,] vectors)
    {
        Check.Finite(vectors, "The vectors");
        (int points, int size) = (vectors.GetLength(0), vectors.GetLength(1));
        double[,] cosines = new double[points, points];
        double Inner(int i, int k) => Enumerable.Range(0, size).Sum(c => vectors[i, c] * vectors[k, c]);
        double[] norms = [.. Enumerable.Range(0, points).Select(i => Math.Sqrt(Inner(i, i)))];
        int zero = Array.FindIndex(norms, norm => !(norm > 0));
        if (zero >= 0)
        {
            throw new NotFiniteException($"Vector {zero} is zero and has no direction.", "Leave it out.");
        }

        for (int i = 0; i < points; i++)
        {
            for (int k = 0; k <= i; k++)
            {
                cosines[i, k] = cosines[k, i] = i == k ? 1 : Inner(i, k) / norms[i] / norms[k];
            }
        }

        return cosines;
    }

    /// <summary>
    /// Mémoli's second lower bound: a coupling of points couples pairs of points, so that transporting the distribution of C₁ to that of C₂, on the
    /// line, cannot cost more. On the line the sorted values are matched.
    /// </summary>
    private static double RelationBound(double[,] first, double[,] second, double[] p, double[] q)
    {
        (double Value, double Weight)[] a = Relations(first, p), b = Relations(second, q);
        (double cost, int i, int j, double leftA, double leftB) = (0, 0, 0, a[0].Weight, b[0].Weight);
        while (i < a.Length && j < b.Length)
        {
            double mass = Math.Min(leftA, leftB), gap = a[i].Value - b[j].Value;
            cost += mass * gap * gap;
            (leftA, leftB) = (leftA - mass, leftB - mass);
            if (leftA <= leftB)
            {
                leftA = ++i < a.Length ? a[i].Weight : 0;
            }
            else
            {
                leftB = ++j < b.Length ? b[j].Weight : 0;
            }
        }

        return Math.Max(0, cost);
    }

    private static (double Value, double Weight)[] Relations(double[,] matrix, double[] weights) =>
        [.. (from i in Enumerable.Range(0, weights.Length) from k in Enumerable.Range(0, weights.Length) select (Value: matrix[i, k], Weight: weights[i] * weights[k])).OrderBy(entry => entry.Value)];

    private static double[] Weights(double[,] matrix, double[]? weights, string name)
    {
        int points = matrix.GetLength(0);
        Check.Finite(matrix, $"The {name} matrix");
        double[] used = weights ?? [.. Enumerable.Repeat(1.0 / points, points)];
        Check.Distribution(used, $"The {name} weights");
        if (points == 0 || matrix.GetLength(1) != points || used.Length != points || used.Any(weight => weight <= 0))
        {
            throw new ArgumentException($"The {name} matrix is {points} × {matrix.GetLength(1)} with {used.Length} weights; it must be square with as many positive weights.");
        }

        for (int i = 0; i < points; i++)
        {
            for (int k = 0; k < i; k++)
            {
                if (Math.Abs(matrix[i, k] - matrix[k, i]) > 1e-9 * (1 + Math.Abs(matrix[i, k])))
                {
                    throw new ArgumentException($"The {name} matrix has {matrix[i, k]} at [{i}, {k}] and {matrix[k, i]} at [{k}, {i}]; it must be symmetric.");
                }
            }
        }

        return used;
    }
}
