namespace ArKernel.Orders;

/// <content>The orders of published systems, as data.</content>
public sealed partial class GenerationOrder
{
    /// <summary>One position at a time, first to last: of a grid, row by row.</summary>
    /// <param name="length">The number of positions.</param>
    public static GenerationOrder Raster(int length) => new("raster", [.. Enumerable.Range(0, length).Select(position => new[] { position })]);

    /// <summary>All positions at once, given the condition alone: no autoregression.</summary>
    /// <param name="length">The number of positions.</param>
    public static GenerationOrder Single(int length) => Consecutive("single", [length]);

    /// <summary>
    /// Whole maps of growing side, coarse to fine (VAR, Tian et al. 2024; by frequency bands NFIG): the positions of a map follow those of the maps before it, row
    /// by row.
    /// </summary>
    /// <param name="sides">The side s_k of each square map.</param>
    /// <param name="name">What the maps are, such as <c>scales</c> or <c>frequencies</c>.</param>
    /// <exception cref="ArgumentException">There is no side, or one is not positive.</exception>
    public static GenerationOrder Scales(IReadOnlyList<int> sides, string name = "scales") =>
        sides.Count > 0 && sides.All(side => side > 0)
            ? Consecutive(name, [.. sides.Select(side => side * side)], isDrawn: false, [.. sides.Select(side => (side, side))])
            : throw new ArgumentException($"The sides [{string.Join(", ", sides)}] must be positive, and there must be one.", nameof(sides));

    /// <summary>
    /// Positions of equal Manhattan distance from the first one together, nearest first: the anti-diagonals of an image or a video (NAR, He et al. 2025).
    /// Within a group the first axis grows fastest to the last place: positions stand by growing row.
    /// </summary>
    /// <param name="shape">The sides of the grid, such as [height, width] or [frames, height, width].</param>
    public static GenerationOrder Diagonals(params int[] shape)
    {
        int[][] places = Places(shape);
        int columns = shape[^1], rows = shape.Length > 1 ? shape[^2] : 1;
        return new("diagonals", [.. Enumerable.Range(0, places.Length).GroupBy(position => places[position].Sum()).OrderBy(group => group.Key).Select(group => group.ToArray())])
        {
            Grids = [.. Enumerable.Repeat((rows, columns), places.Length / (rows * columns))],
        };
    }

    /// <summary>Windows of a grid one after the other, row by row, each at once (cells of xAR, Ren et al. 2025; windows of Token-Shuffle).</summary>
    /// <param name="height">Rows of the grid.</param>
    /// <param name="width">Columns of the grid.</param>
    /// <param name="side">The side of a cell; it must divide both.</param>
    /// <exception cref="ArgumentException">The side does not divide height and width.</exception>
    public static GenerationOrder Cells(int height, int width, int side)
    {
        CheckDivides(height, width, side, nameof(Cells));
        return Grouped("cells", height, width, (row, column) => row / side * (width / side) + column / side);
    }

    /// <summary>Strided sets one after the other: set (i, j) holds the positions whose row is i and whose column is j modulo the stride (xAR).</summary>
    /// <param name="height">Rows of the grid.</param>
    /// <param name="width">Columns of the grid.</param>
    /// <param name="stride">The stride q; it must divide both, and there are q² sets.</param>
    /// <exception cref="ArgumentException">The stride does not divide height and width.</exception>
    public static GenerationOrder Subsamples(int height, int width, int stride)
    {
        CheckDivides(height, width, stride, nameof(Subsamples));
        return Grouped("subsamples", height, width, (row, column) => row % stride * stride + column % stride);
    }

    /// <summary>First a coarse token for every place, one at a time, then all fine tokens at once (CTF, Guo et al. 2025). Positions are the coarse tokens, then the fine.</summary>
    /// <param name="places">The number of places; there are twice as many positions.</param>
    public static GenerationOrder CoarseThenFine(int places)
    {
        (int Rows, int Columns) grid = Single(places).Grids[0];
        return Consecutive("coarse then fine", [.. Enumerable.Repeat(1, places), places], isDrawn: false, [grid, grid]);
    }

    /// <summary>
    /// Sets of places drawn anew for each sample. Their sizes follow the cosine schedule of masked models: after step s of T ⌊n cos(π/2 · (s + 1)/T)⌋ places are
    /// left, at least one and at least one fewer than before, none after the last (MAR, Li et al. 2024; MaskGIT).
    /// </summary>
    /// <param name="length">The number of positions (n).</param>
    /// <param name="steps">The number of sets (T), at most the positions.</param>
    public static GenerationOrder RandomSets(int length, int steps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(steps, length);
        var sizes = new int[steps];
        int left = length;
        for (int step = 0; step < steps; step++)
        {
            int wanted = (int)Math.Floor(length * Math.Cos(Math.PI / 2 * (step + 1) / steps));
            int next = step == steps - 1 ? 0 : Math.Max(1, Math.Min(left - 1, wanted));
            (sizes[step], left) = (left - next, next);
        }

        return RandomSets(sizes.All(size => size > 0) ? sizes : throw new ArgumentException($"{length} positions are too few for {steps} steps of the cosine schedule."));
    }

    /// <summary>Sets of given sizes, their places drawn anew for each sample.</summary>
    /// <param name="sizes">The size of each set.</param>
    public static GenerationOrder RandomSets(IReadOnlyList<int> sizes) => Consecutive("random sets", sizes, isDrawn: true);

    /// <summary>The positions in their own sequence, cut into groups of given sizes.</summary>
    /// <param name="name">What the field calls the order.</param>
    /// <param name="sizes">The size of each group.</param>
    /// <param name="isDrawn">Whether every sample puts its positions into these groups at random.</param>
    public static GenerationOrder Consecutive(string name, IReadOnlyList<int> sizes, bool isDrawn = false) => new(name, Cut(sizes), isDrawn);

    private static GenerationOrder Consecutive(string name, IReadOnlyList<int> sizes, bool isDrawn, IReadOnlyList<(int Rows, int Columns)> grids) =>
        new(name, Cut(sizes), isDrawn) { Grids = grids };

    private static int[][] Cut(IReadOnlyList<int> sizes)
    {
        int next = 0;
        return [.. sizes.Select(size => Enumerable.Range((next += size) - size, size).ToArray())];
    }

    private static GenerationOrder Grouped(string name, int height, int width, Func<int, int, int> groupOf) =>
        new(name, [.. Enumerable.Range(0, height * width).GroupBy(position => groupOf(position / width, position % width)).OrderBy(group => group.Key).Select(group => group.ToArray())]) { Grids = [(height, width)] };

    private static void CheckDivides(int height, int width, int side, string order)
    {
        if (side < 1 || height < 1 || width < 1 || height % side != 0 || width % side != 0)
        {
            throw new ArgumentException($"{order}: a side of {side} does not divide a grid of {height}×{width}.");
        }
    }

    /// <summary>The coordinates of every position of a grid, the last axis counting fastest.</summary>
    internal static int[][] Places(IReadOnlyList<int> shape)
    {
        if (shape.Count == 0 || shape.Any(side => side < 1))
        {
            throw new ArgumentException($"The sides [{string.Join(", ", shape)}] must be positive, and there must be one.", nameof(shape));
        }

        var places = new int[shape.Aggregate((product, side) => product * side)][];
        for (int position = 0; position < places.Length; position++)
        {
            places[position] = new int[shape.Count];
            int rest = position;
            for (int axis = shape.Count - 1; axis >= 0; axis--)
            {
                (rest, places[position][axis]) = Math.DivRem(rest, shape[axis]);
            }
        }

        return places;
    }
}
