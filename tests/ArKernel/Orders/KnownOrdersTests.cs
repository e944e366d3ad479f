using ArKernel.Backbones;
using ArKernel.Decoding;
using ArKernel.Heads;
using ArKernel.Orders;
using static ArKernel.Tests.TestTensors;
using static TorchSharp.torch;

namespace ArKernel.Tests.Orders;

/// <summary>The orders of published systems, and that every one of them keeps the promises of an order.</summary>
public sealed class KnownOrdersTests
{
    private static readonly (string Name, Func<GenerationOrder> Make)[] Known =
    [
        ("raster", () => GenerationOrder.Raster(6)),
        ("single", () => GenerationOrder.Single(6)),
        ("scales 1 2", () => GenerationOrder.Scales([1, 2])),
        ("frequencies 1 1 2", () => GenerationOrder.Scales([1, 1, 2], "frequencies")),
        ("diagonals 2×3", () => GenerationOrder.Diagonals(2, 3)),
        ("diagonals 2×2×2", () => GenerationOrder.Diagonals(2, 2, 2)),
        ("cells 2×4 by 2", () => GenerationOrder.Cells(2, 4, 2)),
        ("subsamples 2×4 by 2", () => GenerationOrder.Subsamples(2, 4, 2)),
        ("coarse then fine", () => GenerationOrder.CoarseThenFine(3)),
        ("random sets 6 in 3", () => GenerationOrder.RandomSets(6, 3)),
        ("random sets 3 1 2", () => GenerationOrder.RandomSets([3, 1, 2])),
    ];

    public static TheoryData<string> Names => [.. Known.Select(order => order.Name)];

    private static AutoregressiveModel Model(string name, ulong seed)
    {
        GenerationOrder order = Known.Single(known => known.Name == name).Make();
        var decoder = new CausalDecoder(DecoderConfiguration.Llama(2, 16, 2, 4, 2, 20, order.PositionCount) with { Positions = PositionEncoding.Learned });
        return new AutoregressiveModel(name, order, new EarlierGroups(decoder.Embedding, order.PositionCount), decoder.Backbone, new CategoricalHead(decoder.OutputWeight)).Randomized(seed, 0.6);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_groups_are_a_partition(string name)
    {
        using var scope = NewDisposeScope();
        GenerationOrder order = Model(name, 1).Order;
        Assert.Equal(Enumerable.Range(0, order.PositionCount).Select(position => (long)position), order.Permutation(0, order.StepCount).Order());
        Assert.All(Enumerable.Range(0, order.StepCount), step => Assert.Equal(order.Groups[step].Length, order.CountOf(step, step + 1)));
        var draft = new Draft(order, RandomIds(1, 2, 5, order.PositionCount));
        Assert.All(draft.Positions(0, order.StepCount).data<long>().ToArray().Chunk(order.PositionCount), row =>
            Assert.Equal(Enumerable.Range(0, order.PositionCount).Select(position => (long)position), row.Order()));
    }

    /// <summary>Of one drawn sequence: a draft made once, its tokens then changed.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void A_group_sees_earlier_groups_alone_and_a_cache_changes_nothing(string name)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        AutoregressiveModel model = Model(name, 2);
        GenerationOrder order = model.Order;
        var draft = new Draft(order, RandomIds(3, 2, 3, order.PositionCount));
        Tensor before = model.Predict(draft, 0, order.StepCount).Hidden();
        using KeyValueCache cache = model.Backbone.NewCache(3)!;
        for (int step = 0; step < order.StepCount; step++)
        {
            int rows = order.CountOf(0, step + 1);
            AssertNear(before.narrow(1, order.CountOf(0, step), order.CountOf(step, step + 1)), new Prediction(model, draft, step, step + 1, cache, step).Hidden());
            Tensor kept = draft.TokensOf(step, step + 1).clone();
            draft.Write(step, cat([1 - kept.narrow(1, 0, 1), kept.narrow(1, 1, kept.shape[1] - 1)], 1)); // one token: the query sees their mean
            Tensor after = model.Predict(draft, 0, order.StepCount).Hidden();
            draft.Write(step, kept);
            AssertSame(before.narrow(1, 0, rows), after.narrow(1, 0, rows));
            Assert.True(rows == order.PositionCount || !before.narrow(1, rows, 1).eq(after.narrow(1, rows, 1)).all().item<bool>());
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_probabilities_of_all_samples_sum_to_one_for_every_drawn_sequence(string name)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        AutoregressiveModel model = Model(name, 4);
        int count = model.Order.PositionCount;
        Tensor all = cartesian_prod([.. Enumerable.Repeat(arange(2), count)]).view(-1, count);
        var fixedOrder = new GenerationOrder("as drawn", [.. model.Order.Groups]);
        var draft = new Draft(fixedOrder, all);
        Assert.Equal(1, model.Head.NegativeLogLikelihood(model.Predict(draft, 0, fixedOrder.StepCount)).sum(1).neg().exp().sum().item<float>(), 1e-4);
        Tensor sample = Sampler.Sample(model, 4, new() { Seed = 5 });
        AssertSame(sample, Sampler.Sample(model, 4, new() { Seed = 5, UseCache = false }));
    }

    [Fact]
    public void Diagonals_grow_and_shrink_and_hold_growing_rows()
    {
        GenerationOrder order = GenerationOrder.Diagonals(3, 3);
        Assert.Equal([1, 2, 3, 2, 1], order.Groups.Select(group => group.Length));
        Assert.Equal([2, 4, 6], order.Groups[2]); // (0, 2), (1, 1), (2, 0)
        Assert.Equal(31, GenerationOrder.Diagonals(16, 16).StepCount);
        Assert.Equal(22, GenerationOrder.Diagonals(8, 8, 8).StepCount);
    }

    [Fact]
    public void Cells_run_row_by_row_and_so_do_positions_inside_and_subsamples_are_strided()
    {
        Assert.Equal([[0, 1, 4, 5], [2, 3, 6, 7], [8, 9, 12, 13], [10, 11, 14, 15]], GenerationOrder.Cells(4, 4, 2).Groups);
        Assert.Equal([[0, 2, 8, 10], [1, 3, 9, 11], [4, 6, 12, 14], [5, 7, 13, 15]], GenerationOrder.Subsamples(4, 4, 2).Groups);
    }

    /// <summary>Sizes computed by hand in the specification of Hi-MAR.</summary>
    [Theory]
    [InlineData(64, 8, new[] { 2, 3, 6, 8, 10, 11, 12, 12 })]
    [InlineData(64, 2, new[] { 19, 45 })]
    [InlineData(16, 8, new[] { 1, 1, 1, 2, 3, 2, 3, 3 })]
    [InlineData(256, 4, new[] { 20, 55, 84, 97 })]
    public void The_cosine_schedule_has_its_known_sizes(int length, int steps, int[] sizes) =>
        Assert.Equal(sizes, GenerationOrder.RandomSets(length, steps).Groups.Select(group => group.Length));

    [Fact]
    public void Drawn_positions_are_uniform_and_follow_the_seed()
    {
        using var scope = NewDisposeScope();
        GenerationOrder order = GenerationOrder.RandomSets([1, 3]);
        using var generator = new Generator(1);
        using var again = new Generator(1);
        Tensor tokens = zeros([8000, 4], ScalarType.Int64);
        Tensor first = new Draft(order, tokens, generator: generator).Sequence!;
        AssertSame(first, new Draft(order, tokens, generator: again).Sequence!);
        Assert.All(bincount(first.select(1, 0)).data<long>().ToArray(), count => Assert.InRange(count, 1800, 2200)); // 2000 ± 5 deviations
    }

    [Fact]
    public void A_bad_shape_is_one_clear_error()
    {
        Assert.Contains("a side of 3 does not divide a grid of 4×4", Assert.Throws<ArgumentException>(() => GenerationOrder.Cells(4, 4, 3)).Message);
        Assert.Contains("[2, 0]", Assert.Throws<ArgumentException>(() => GenerationOrder.Scales([2, 0])).Message);
        Assert.Contains("[3, -1]", Assert.Throws<ArgumentException>(() => GenerationOrder.Diagonals(3, -1)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => GenerationOrder.RandomSets(4, 5));
    }
}
