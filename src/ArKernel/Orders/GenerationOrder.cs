namespace ArKernel.Orders;

/// <summary>
/// An ordered partition of the positions of a sample: the positions of group k are predicted together, given the groups before it
/// (p(x) = Π_k p(X_k | X_&lt;k)). The attention mask, the number of model calls, the cache plan and the sampling loop follow from it.
/// </summary>
public sealed class GenerationOrder
{
    private readonly int[] stepOf;

    /// <summary>Creates an order from its groups.</summary>
    /// <param name="name">What the field calls it, such as <c>raster</c>.</param>
    /// <param name="groups">The positions of each group, in the sequence of prediction; together a partition of 0..n-1.</param>
    /// <exception cref="ArgumentException">The groups are not a partition of 0..n-1, one is empty, or there is none.</exception>
    public GenerationOrder(string name, IReadOnlyList<int[]> groups)
    {
        Name = name;
        Groups = groups.Count > 0 ? groups : throw new ArgumentException($"Order '{name}' has no group.", nameof(groups));
        stepOf = new int[groups.Sum(group => group.Length)];
        Array.Fill(stepOf, -1);
        for (int step = 0; step < groups.Count; step++)
        {
            if (groups[step].Length == 0)
            {
                throw new ArgumentException($"Order '{name}': group {step} is empty.", nameof(groups));
            }

            foreach (int position in groups[step])
            {
                if (position < 0 || position >= stepOf.Length || stepOf[position] >= 0)
                {
                    throw new ArgumentException(
                        $"Order '{name}': position {position} of group {step} is out of range 0..{stepOf.Length - 1} or stands in two groups.",
                        nameof(groups));
                }

                stepOf[position] = step;
            }
        }

        IsRaster = groups.Count == stepOf.Length && groups.Select((group, step) => group[0] == step).All(same => same);
    }

    /// <summary>What the field calls this order.</summary>
    public string Name { get; }

    /// <summary>The positions of each group, in the sequence of prediction.</summary>
    public IReadOnlyList<int[]> Groups { get; }

    /// <summary>The number of positions of a sample.</summary>
    public int PositionCount => stepOf.Length;

    /// <summary>The number of groups: model calls needed to sample with a cache.</summary>
    public int StepCount => Groups.Count;

    /// <summary>The group each position belongs to.</summary>
    public ReadOnlySpan<int> StepOf => stepOf;

    /// <summary>Whether position k is predicted at step k: then a causal mask is the order's mask.</summary>
    public bool IsRaster { get; }

    /// <summary>The positions of consecutive steps, in generation order.</summary>
    /// <param name="from">The first step.</param>
    /// <param name="to">The step after the last.</param>
    public long[] Permutation(int from, int to) => [.. Groups.Take(from..to).SelectMany(group => group).Select(position => (long)position)];

    /// <summary>
    /// Which inputs a step's rows may see: the input of a position is made of groups before its own, so a row of group k may attend to the
    /// rows of groups 0..k. Rows and columns stand in generation order.
    /// </summary>
    /// <param name="from">The first step whose rows are asked for.</param>
    /// <param name="to">The step after the last.</param>
    /// <returns>[rows of the steps, rows of steps 0..to-1] bool, true where a row may attend.</returns>
    public bool[,] Mask(int from, int to)
    {
        int[] steps = [.. Groups.Take(to).SelectMany((group, step) => Enumerable.Repeat(step, group.Length))];
        int skipped = steps.Count(step => step < from);
        var mask = new bool[steps.Length - skipped, steps.Length];
        for (int row = 0; row < mask.GetLength(0); row++)
        {
            for (int column = 0; column < steps.Length; column++)
            {
                mask[row, column] = steps[column] <= steps[skipped + row];
            }
        }

        return mask;
    }

    /// <summary>One position at a time, first to last.</summary>
    /// <param name="length">The number of positions.</param>
    public static GenerationOrder Raster(int length) =>
        new("raster", [.. Enumerable.Range(0, length).Select(position => new[] { position })]);
}
