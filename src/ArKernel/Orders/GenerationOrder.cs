using static TorchSharp.torch;

namespace ArKernel.Orders;

/// <summary>
/// An ordered partition of the positions of a sample: the positions of group k are predicted together, given the groups before it
/// (p(x) = Π_k p(X_k | X_&lt;k)). The attention mask, the number of model calls, the cache plan and the sampling loop follow from it.
/// The sizes of the groups are fixed; which positions they hold is fixed too, or drawn anew for every sample (<see cref="IsDrawn"/>).
/// </summary>
public sealed partial class GenerationOrder
{
    private readonly int[] stepOf;
    private readonly int[] firstOf; // the number of positions before each step, and of all
    private readonly IReadOnlyList<(int Rows, int Columns)>? grids;

    /// <summary>Creates an order from its groups.</summary>
    /// <param name="name">What the field calls it, such as <c>raster</c>.</param>
    /// <param name="groups">The positions of each group, in the sequence of prediction; together a partition of 0..n-1.</param>
    /// <param name="isDrawn">Whether every sample puts its positions into these groups at random; then only the groups' sizes count.</param>
    /// <exception cref="ArgumentException">The groups are not a partition of 0..n-1, one is empty, or there is none.</exception>
    public GenerationOrder(string name, IReadOnlyList<int[]> groups, bool isDrawn = false)
    {
        (Name, IsDrawn) = (name, isDrawn);
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

        firstOf = new int[groups.Count + 1];
        for (int step = 0; step < groups.Count; step++)
        {
            firstOf[step + 1] = firstOf[step] + groups[step].Length;
        }

        IsRaster = !isDrawn && groups.Count == stepOf.Length && groups.Select((group, step) => group[0] == step).All(same => same);
    }

    /// <summary>What the field calls this order.</summary>
    public string Name { get; }

    /// <summary>Whether the positions of the groups are drawn anew for every sample.</summary>
    public bool IsDrawn { get; }

    /// <summary>The positions of each group, in the sequence of prediction; of an order that is drawn, before it is.</summary>
    public IReadOnlyList<int[]> Groups { get; }

    /// <summary>The number of positions of a sample.</summary>
    public int PositionCount => stepOf.Length;

    /// <summary>The number of groups: model calls needed to sample with a cache.</summary>
    public int StepCount => Groups.Count;

    /// <summary>The group each position belongs to.</summary>
    public ReadOnlySpan<int> StepOf => stepOf;

    /// <summary>
    /// The grids that the positions lie in, one after the other, each row by row: what a picture of the order shows. Where nothing is known of them, a square of all
    /// positions, or else a row.
    /// </summary>
    public IReadOnlyList<(int Rows, int Columns)> Grids
    {
        get => grids ?? [Math.Sqrt(PositionCount) % 1 == 0 ? ((int)Math.Sqrt(PositionCount), (int)Math.Sqrt(PositionCount)) : (1, PositionCount)];
        init => grids = value.Sum(grid => grid.Rows * grid.Columns) == PositionCount
            ? value
            : throw new ArgumentException($"Order '{Name}': grids of {string.Join(", ", value.Select(grid => $"{grid.Rows}×{grid.Columns}"))} do not have its {PositionCount} positions.", nameof(value));
    }

    /// <summary>Whether position k is predicted at step k: then a causal mask is the order's mask.</summary>
    public bool IsRaster { get; }

    /// <summary>The number of positions of consecutive steps.</summary>
    /// <param name="from">The first step.</param>
    /// <param name="to">The step after the last.</param>
    public int CountOf(int from, int to) => firstOf[to] - firstOf[from];

    /// <summary>The positions of consecutive steps, in generation order.</summary>
    /// <param name="from">The first step.</param>
    /// <param name="to">The step after the last.</param>
    public long[] Permutation(int from, int to) => [.. Groups.Take(from..to).SelectMany(group => group).Select(position => (long)position)];

    /// <summary>The number of steps that a number of tokens completes.</summary>
    /// <param name="tokens">Tokens in generation order.</param>
    /// <exception cref="ArgumentException">They end within a step.</exception>
    public int StepsOf(long tokens)
    {
        if (IsRaster)
        {
            return (int)tokens; // also beyond the last step: such a model's window can move on
        }

        int step = tokens > PositionCount ? -1 : Array.BinarySearch(firstOf, (int)tokens);
        return step >= 0 ? step : throw new ArgumentException($"{tokens} tokens do not complete a step of order '{Name}'.");
    }

    /// <summary>
    /// Which rows a row may attend to when the rows of step k stand for groups before k: those of steps 0..k.
    /// </summary>
    /// <param name="rowsOfSteps">The number of rows of each step, which stand in generation order.</param>
    /// <param name="device">Where the mask is put.</param>
    /// <returns>[rows, rows] bool, true where a row may attend.</returns>
    public static Tensor BlockCausalMask(IReadOnlyList<int> rowsOfSteps, Device? device = null)
    {
        Tensor steps = tensor([.. rowsOfSteps.SelectMany((count, step) => Enumerable.Repeat((long)step, count))], device: device);
        return steps.unsqueeze(0) <= steps.unsqueeze(1);
    }
}
