using System.Text.RegularExpressions;
using ArKernel.Orders;

namespace ArKernel.Interactive.Tests;

public sealed class OrderTests
{
    public static TheoryData<string> Names => [.. Orders.Keys];

    private static Dictionary<string, GenerationOrder> Orders { get; } = new(StringComparer.Ordinal)
    {
        ["raster"] = GenerationOrder.Raster(16),
        ["raster of a row"] = GenerationOrder.Raster(50),
        ["scales"] = GenerationOrder.Scales([1, 2, 3]),
        ["diagonals of a video"] = GenerationOrder.Diagonals(2, 3, 4),
        ["cells"] = GenerationOrder.Cells(4, 6, 2),
        ["coarse then fine"] = GenerationOrder.CoarseThenFine(9),
        ["random sets"] = GenerationOrder.RandomSets(16, 4),
        ["single"] = GenerationOrder.Single(9),
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void A_picture_shows_the_step_of_every_position(string name)
    {
        GenerationOrder order = Orders[name];
        int[] shown = [.. Regex.Matches(Notebook.HtmlOf(order), "<text[^>]*>([0-9]+)</text>").Select(match => int.Parse(match.Groups[1].Value))];
        int[] written = [.. Notebook.TextOf(order).Split('\n').Skip(1).SelectMany(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(int.Parse)];
        Assert.Equal(written, shown);
        int[] steps = order.StepOf.ToArray();
        if (order.IsDrawn) // then only how many positions a step has is known
        {
            Array.Sort(steps);
            Array.Sort(shown);
        }

        Assert.Equal<int[]>(steps, shown);
    }

    [Fact]
    public void Scales_stand_side_by_side_and_read_as_their_maps() =>
        Assert.Equal(
            """
            scales: 14 positions (1×1, 2×2, 3×3) in 3 steps
            0

            1 1
            1 1

            2 2 2
            2 2 2
            2 2 2
            """,
            Notebook.TextOf(Orders["scales"]));

    [Fact]
    public void Grids_that_do_not_have_the_positions_are_refused() =>
        Assert.Contains("2×3", Assert.Throws<ArgumentException>(() => new GenerationOrder("pair", [[0], [1]]) { Grids = [(2, 3)] }).Message, StringComparison.Ordinal);

    [Fact]
    public void A_very_long_order_is_told_in_words() => Assert.True(Notebook.HtmlOf(GenerationOrder.Raster(1_000_000)).Length < 500);
}
