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
    /// <exception cref="ArgumentException">The groups are not a partition of 0..n-1, or one is empty.</exception>
    public GenerationOrder(string name, IReadOnlyList<int[]> groups)
    {
        Name = name;
        Groups = groups;
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

    /// <summary>One position at a time, first to last.</summary>
    /// <param name="length">The number of positions.</param>
    public static GenerationOrder Raster(int length) =>
        new("raster", [.. Enumerable.Range(0, length).Select(position => new[] { position })]);
}
