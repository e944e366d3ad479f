using ArKernel.Backbones;
using ArKernel.Decoding;
using ArKernel.Heads;
using ArKernel.Orders;
using ArKernel.Queries;
using CsCheck;
using static ArKernel.Tests.TestTensors;
using static TorchSharp.torch;

namespace ArKernel.Tests.Orders;

/// <summary>What an order promises, for random orders: mask, likelihood, cache and sampling follow from the partition alone.</summary>
public sealed class GenerationOrderTests
{
    private const int Vocabulary = 3;

    /// <summary>A random permutation of 1 to 7 positions, cut into groups at random places.</summary>
    private static readonly Gen<GenerationOrder> AnyOrder =
        from count in Gen.Int[1, 7]
        from positions in Gen.Shuffle(Enumerable.Range(0, count).ToArray())
        from cuts in Gen.Bool.Array[count]
        select new GenerationOrder("random", Cut(positions, cuts));

    private static readonly Gen<GenerationOrder> OneByOne =
        from count in Gen.Int[1, 7]
        from positions in Gen.Shuffle(Enumerable.Range(0, count).ToArray())
        select new GenerationOrder("random one by one", [.. positions.Select(position => new[] { position })]);

    private static readonly Gen<PositionEncoding> Positions = Gen.Bool.Select(rotary => rotary ? PositionEncoding.Rotary : PositionEncoding.Learned);

    private static readonly Gen<AutoregressiveModel> AnyModel =
        Gen.Select(AnyOrder, Positions, Gen.ULong[1, 1_000_000], (order, positions, seed) => Model(order, positions, seed, previousToken: false));

    private static readonly Gen<AutoregressiveModel> PreviousTokenModel =
        Gen.Select(OneByOne, Positions, Gen.ULong[1, 1_000_000], (order, positions, seed) => Model(order, positions, seed, previousToken: true));

    private static List<int[]> Cut(int[] positions, bool[] cuts)
    {
        var groups = new List<List<int>> { new() };
        for (int i = 0; i < positions.Length; i++)
        {
            if (i > 0 && cuts[i])
            {
                groups.Add([]);
            }

            groups[^1].Add(positions[i]);
        }

        return [.. groups.Select(group => group.ToArray())];
    }

    private static AutoregressiveModel Model(GenerationOrder order, PositionEncoding positions, ulong seed, bool previousToken)
    {
        var decoder = new CausalDecoder(Shape(order.PositionCount) with { Positions = positions });
        Query query = previousToken ? new PreviousToken(decoder.Embedding) : new EarlierGroups(decoder.Embedding, order.PositionCount);
        return new AutoregressiveModel("any order", order, query, decoder.Backbone, new CategoricalHead(decoder.OutputWeight)).Randomized(seed, 0.6);
    }

    private static DecoderConfiguration Shape(int length) => DecoderConfiguration.Llama(Vocabulary, 16, 2, 4, 2, 20, length);

    private static void ForEvery(Gen<AutoregressiveModel> models, Action<AutoregressiveModel> check, int count = 40) =>
        models.Sample(
            model =>
            {
                using var scope = NewDisposeScope();
                using (model)
                {
                    check(model);
                }
            },
            iter: count,
            threads: 1,
            print: model => string.Join(" | ", model.Order.Groups.Select(group => string.Join(' ', group))));

    private static void NoGroupSeesItself(AutoregressiveModel model)
    {
        GenerationOrder order = model.Order;
        Tensor tokens = RandomIds(1, Vocabulary, 2, order.PositionCount), before = model.Hidden(tokens);
        for (int position = 0; position < order.PositionCount; position++)
        {
            Tensor changed = tokens.clone();
            changed.narrow(1, position, 1).add_(1).remainder_(Vocabulary);
            Tensor after = model.Hidden(changed);
            int step = order.StepOf[position], rows = order.Permutation(0, step + 1).Length;
            AssertSame(before.narrow(1, 0, rows), after.narrow(1, 0, rows));
            if (step + 1 < order.StepCount)
            {
                Assert.False(before.narrow(1, rows, 1).equal(after.narrow(1, rows, 1)).all().item<bool>(), "The next group does not see the change.");
            }
        }
    }

    private static void CacheChangesNothing(AutoregressiveModel model)
    {
        SamplingOptions greedy = SamplingOptions.Greedy;
        AssertSame(Sampler.Sample(model, 1, greedy with { UseCache = false }), Sampler.Sample(model, 1, greedy));
    }

    /// <summary>Whatever the prompt, greedy sampling puts the token of least cost given the earlier groups at each position.</summary>
    private static void GreedyTakesTheLikeliest(AutoregressiveModel model)
    {
        GenerationOrder order = model.Order;
        int promptSteps = order.StepCount / 2;
        Tensor prompt = RandomIds(2, Vocabulary, 1, order.Permutation(0, promptSteps).Length);
        Tensor sample = Sampler.Continue(model, prompt, order.StepCount - promptSteps, SamplingOptions.Greedy);
        long[] sequence = order.Permutation(0, order.StepCount);
        AssertSame(prompt, sample.index_select(1, tensor(sequence)).narrow(1, 0, prompt.shape[1]));
        float[] cost = model.NegativeLogLikelihood(sample).data<float>().ToArray();
        for (int place = (int)prompt.shape[1]; place < sequence.Length; place++)
        {
            for (int other = 1; other < Vocabulary; other++)
            {
                Tensor changed = sample.clone();
                changed.narrow(1, sequence[place], 1).add_(other).remainder_(Vocabulary);
                Assert.True(cost[place] <= model.NegativeLogLikelihood(changed)[0, place].item<float>() + 1e-5);
            }
        }
    }

    private static void ProbabilitiesSumToOne(AutoregressiveModel model)
    {
        int count = model.Order.PositionCount;
        Tensor all = cartesian_prod([.. Enumerable.Repeat(arange(Vocabulary), count)]).view(-1, count);
        Assert.Equal(1, model.NegativeLogLikelihood(all).sum(1).neg().exp().sum().item<float>(), 1e-3);
    }

    [Fact]
    public void A_group_sees_the_groups_before_it_and_nothing_of_itself_or_later() => ForEvery(AnyModel, NoGroupSeesItself);

    [Fact]
    public void The_previous_token_sees_the_tokens_before_it_in_any_sequence() => ForEvery(PreviousTokenModel, NoGroupSeesItself);

    [Fact]
    public void Sampling_with_a_cache_equals_sampling_without() => ForEvery(AnyModel, CacheChangesNothing);

    [Fact]
    public void Sampling_in_any_sequence_with_a_cache_equals_sampling_without() => ForEvery(PreviousTokenModel, CacheChangesNothing);

    [Fact]
    public void Greedy_sampling_agrees_with_the_likelihood() => ForEvery(AnyModel, GreedyTakesTheLikeliest, 20);

    [Fact]
    public void Greedy_sampling_in_any_sequence_agrees_with_the_likelihood() => ForEvery(PreviousTokenModel, GreedyTakesTheLikeliest, 20);

    [Fact]
    public void The_probabilities_of_all_samples_sum_to_one() => ForEvery(AnyModel, ProbabilitiesSumToOne, 15);

    [Fact]
    public void The_probabilities_of_all_samples_in_any_sequence_sum_to_one() => ForEvery(PreviousTokenModel, ProbabilitiesSumToOne, 15);

    [Fact]
    public void The_mask_shows_a_row_the_rows_of_its_own_and_earlier_steps() =>
        AnyOrder.Sample(order =>
        {
            using var scope = NewDisposeScope();
            int[] sizes = [.. order.Groups.Select(group => group.Length)];
            bool[] mask = GenerationOrder.BlockCausalMask(sizes).data<bool>().ToArray();
            long[] sequence = order.Permutation(0, order.StepCount);
            Assert.Equal(Enumerable.Range(0, order.PositionCount).Select(position => (long)position), sequence.Order());
            Assert.Equal(sequence.Length * sequence.Length, mask.Length);
            for (int row = 0; row < sequence.Length; row++)
            {
                for (int column = 0; column < sequence.Length; column++)
                {
                    Assert.Equal(order.StepOf[(int)sequence[column]] <= order.StepOf[(int)sequence[row]], mask[row * sequence.Length + column]);
                }
            }
        }, threads: 1);

    [Fact]
    public void Raster_is_recognised_whoever_makes_it()
    {
        Assert.True(GenerationOrder.Raster(4).IsRaster);
        Assert.True(new GenerationOrder("same", [[0], [1], [2]]).IsRaster);
        Assert.False(new GenerationOrder("pair", [[0, 1], [2]]).IsRaster);
        Assert.False(new GenerationOrder("backwards", [[1], [0]]).IsRaster);
    }

    [Fact]
    public void What_is_no_partition_is_refused_with_its_place()
    {
        string Message(params int[][] groups) => Assert.Throws<ArgumentException>(() => new GenerationOrder("bad", groups)).Message;
        Assert.Contains("group 1 is empty", Message([0], [], [1]));
        Assert.Contains("position 0 of group 1", Message([0, 1], [0]));
        Assert.Contains("position 2 of group 0", Message([0, 2]));
        Assert.Contains("position -1 of group 0", Message([-1]));
        Assert.Contains("no group", Message());
    }

    [Fact]
    public void What_does_not_fit_an_order_is_one_clear_error()
    {
        using var scope = NewDisposeScope();
        var order = new GenerationOrder("pairs", [[0, 1], [3, 2]]);
        AutoregressiveModel model = Model(order, PositionEncoding.Learned, 1, previousToken: false);
        string Message(Func<object> call) => Assert.Throws<ArgumentException>(call).Message;
        Assert.Contains("tokens are [1, 3]; order 'pairs' takes [batch, 4]", Message(() => model.NegativeLogLikelihood(zeros(1, 3, dtype: ScalarType.Int64))));
        Assert.Contains("3 tokens do not complete a step of order 'pairs'", Message(() => Sampler.Continue(model, zeros(1, 3, dtype: ScalarType.Int64), 1)));
        Assert.Contains("5 tokens do not complete a step", Message(() => Sampler.Continue(model, zeros(1, 5, dtype: ScalarType.Int64), 1)));
        Assert.Contains("1 steps and 2 more exceed the 2 steps", Message(() => Sampler.Continue(model, zeros(1, 2, dtype: ScalarType.Int64), 2)));
        Assert.Contains("StopTokens need raster order", Message(() => Sampler.Sample(model, 1, new() { StopTokens = [0] })));
        Assert.Contains("'pairs' has 4 positions in 2 steps", Message(() => Model(order, PositionEncoding.Learned, 1, previousToken: true).Hidden(zeros(1, 4, dtype: ScalarType.Int64))));
        Assert.Contains("CategoricalHead: token ids run from -100 to 0; the vocabulary is 0..2", Message(() => model.NegativeLogLikelihood(tensor(new long[,] { { 0, 0, -100, 0 } }))));
        var decoder = new CausalDecoder(Shape(3));
        Assert.Contains("'pairs' has 4 positions, the backbone at most 3", Message(() => new AutoregressiveModel("short", order, new PreviousToken(decoder.Embedding), decoder.Backbone, new CategoricalHead(decoder.OutputWeight))));
    }
}
