using ArKernel.Backbones;
using ArKernel.Decoding;
using ArKernel.Heads;
using ArKernel.Heads.Flow;
using ArKernel.Orders;
using ArKernel.Recipes;
using static ArKernel.Tests.TestTensors;
using static TorchSharp.torch;

namespace ArKernel.Tests.Recipes;

public sealed class XarTests
{
    private const int Channels = 3;

    private static readonly (string Name, Func<GenerationOrder> Make)[] Entities =
    [
        ("token", () => GenerationOrder.Raster(16)),
        ("cell", () => GenerationOrder.Cells(4, 4, 2)),
        ("subsample", () => GenerationOrder.Subsamples(4, 4, 2)),
        ("image", () => GenerationOrder.Single(16)),
        ("groups of unequal size", () => GenerationOrder.Consecutive("unequal", [1, 4, 11])),
    ];

    public static TheoryData<string> Names => [.. Entities.Select(entity => entity.Name)];

    private static AutoregressiveModel Model(string entity, int classes = 2, bool cleanContext = false, ulong seed = 1) =>
        Xar.Compose(Xar.Configuration(2, 16, 2, 4), Entities.Single(known => known.Name == entity).Make(), Channels, classes, cleanContext).Randomized(seed, 0.3);

    private static Tensor Random(ulong seed, params long[] shape)
    {
        using var random = new Generator(seed);
        return randn(shape, generator: random);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void In_training_an_entity_sees_the_noisy_ones_before_it_and_its_own(string entity)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        AutoregressiveModel model = Model(entity, classes: 0);
        int steps = model.Order.StepCount;
        using var draft = new Draft(model.Order, zeros(1, 16, Channels)); // the clean tokens are not looked at
        Tensor noisy = Random(2, 1, 16, Channels), times = Random(3, 1, steps).sigmoid();
        Tensor before = model.Predict(draft, 0, steps).Hidden(new(noisy, times));
        for (int step = 0; step < steps; step++)
        {
            Tensor changed = noisy.clone();
            int first = model.Order.CountOf(0, step);
            changed.narrow(1, first, 1).add_(1);
            Tensor same = model.Predict(draft, 0, steps).Hidden(new(changed, times)).eq(before).all(-1).flatten();
            Assert.True(same.narrow(0, 0, first).all().item<bool>());
            Assert.False(same[first].item<bool>());
            int end = model.Order.CountOf(0, step + 1); // a weight may be too small to show in one row, but not in several
            Assert.True(end > 12 || !same.narrow(0, end, 16 - end).all().item<bool>());
        }
    }

    /// <summary>The velocity of the two-phase cached sampling against one full call on [clean entities before, noisy entity], for every step and twice a step.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Cached_velocities_are_those_of_a_full_call_and_noisy_rows_are_not_kept(string entity)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        AutoregressiveModel model = Model(entity);
        using var draft = new Draft(model.Order, Random(3, 2, 16, Channels), tensor(new long[] { 0, 1 }), nullLabel: 2);
        using KeyValueCache cache = model.Backbone.NewCache(4)!;
        for (int step = 0, cached = 0; step < model.Order.StepCount; step++)
        {
            var incremental = new Prediction(model, draft, step, step + 1, cache, cached);
            foreach (double time in (double[])[1, 0.4])
            {
                var noisy = new NoisyTokens(Random(4, 2, model.Order.CountOf(step, step + 1), Channels), full(2, 1, time));
                AssertNear(new Prediction(model, draft, step, step + 1).Hidden(noisy), incremental.Hidden(noisy), 1e-4);
                Assert.Equal(model.Order.CountOf(0, step), cache.Length);
            }

            cached = incremental.Cached;
        }
    }

    /// <summary>Clean context in training shows every entity exactly what sampling shows it.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Trained_in_clean_context_all_entities_at_once_come_out_as_one_by_one(string entity)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        AutoregressiveModel model = Model(entity, classes: 0);
        int steps = model.Order.StepCount;
        using var draft = new Draft(model.Order, Random(5, 2, 16, Channels));
        Tensor noisy = Random(6, 2, 16, Channels), times = Random(7, 2, steps).sigmoid();
        Tensor all = model.Predict(draft, 0, steps).Hidden(new(noisy, times) { CleanContext = true });
        for (int step = 0; step < steps; step++)
        {
            (int first, int count) = (model.Order.CountOf(0, step), model.Order.CountOf(step, step + 1));
            Tensor alone = model.Predict(draft, step, step + 1).Hidden(new(noisy.narrow(1, first, count), times.narrow(1, step, 1)));
            AssertNear(alone, all.narrow(1, first, count), 1e-4);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Sampling_calls_the_model_as_often_as_the_solver_asks_and_is_the_same_without_a_cache(string entity)
    {
        using var scope = NewDisposeScope();
        AutoregressiveModel model = Model(entity);
        Tensor labels = tensor(new long[] { 0, 1, 1 });
        var options = new SamplingOptions { GuidanceScale = 2, GuidanceSchedule = Guidance.Linear, FlowSteps = 3, FlowSolver = FlowSolver.Euler };
        long before = model.ModelCalls;
        Tensor cached = Sampler.Sample(model, 3, options, labels);
        Assert.Equal(3 * model.Order.StepCount, model.ModelCalls - before);
        Assert.Equal([3, 16, Channels], cached.shape);
        AssertNear(cached, Sampler.Sample(model, 3, options with { UseCache = false }, labels), 1e-3);
        Tensor kept = Sampler.Sample(model, 3, options with { Known = new(cached, ones(3, 16, ScalarType.Bool)), Seed = 9 }, labels);
        AssertSame(cached, kept);
        Assert.Equal(LikelihoodKind.None, model.Likelihood);
        Assert.Contains("has no likelihood", Assert.Throws<InvalidOperationException>(() => model.NegativeLogLikelihood(cached, labels)).Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_loss_falls_in_training_and_reaches_every_parameter(bool cleanContext)
    {
        using var scope = NewDisposeScope();
        AutoregressiveModel model = Model("cell", cleanContext: cleanContext);
        model.train();
        Tensor loss = model.Loss(Random(7, 4, 16, Channels), RandomIds(8, 2, 4));
        Assert.Equal([4, 16], loss.shape);
        loss.mean().backward();
        Assert.All(model.named_parameters(), entry => Assert.True(entry.parameter.grad is not null, entry.name));
    }

    [Fact]
    public void A_prompt_or_tokens_of_another_shape_are_refused()
    {
        using var scope = NewDisposeScope();
        AutoregressiveModel model = Model("cell", classes: 0);
        Assert.Contains("takes [batch, 16, 3]", Assert.Throws<ArgumentException>(() => model.Loss(zeros(2, 16, 4))).Message);
        Assert.Contains("[batch, tokens, 3] floating-point", Assert.Throws<ArgumentException>(() => Sampler.Continue(model, zeros(1, 0, ScalarType.Int64), 1)).Message);
    }
}
