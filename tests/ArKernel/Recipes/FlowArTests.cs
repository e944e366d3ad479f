using ArKernel.Backbones;
using ArKernel.Decoding;
using ArKernel.Heads.Flow;
using ArKernel.Queries;
using ArKernel.Recipes;
using static ArKernel.Tests.TestTensors;
using static TorchSharp.torch;

namespace ArKernel.Tests.Recipes;

public sealed class FlowArTests
{
    private const int Channels = 3;

    private static AutoregressiveModel Model(ulong seed, int classes = 2) =>
        FlowAr.Compose(FlowAr.Tiny with { Channels = 16, Layers = 2, Heads = 2 }, [1, 2, 4], Channels, classes, 16, 2, 2).Randomized(seed, 0.3);

    private static Tensor Random(ulong seed, params long[] shape)
    {
        using var random = new Generator(seed);
        return randn(shape, generator: random);
    }

    [Fact]
    public void The_scales_end_with_the_latent_and_all_have_its_mean()
    {
        using var scope = NewDisposeScope();
        Tensor latent = Random(1, 2, Channels, 4, 4), scales = CoarserLatent.Scales(latent);
        Assert.Equal([2, 21, Channels], scales.shape);
        AssertSame(latent.flatten(2).transpose(1, 2), scales.narrow(1, 5, 16));
        Tensor mean = latent.mean([2, 3]);
        AssertNear(mean, scales.select(1, 0), 1e-6);
        AssertNear(mean, scales.narrow(1, 1, 4).mean([1]), 1e-6);
        Assert.Contains("power of two", Assert.Throws<ArgumentException>(() => CoarserLatent.Scales(zeros(1, 1, 3, 3))).Message);
        Assert.Contains("must double from 1", Assert.Throws<ArgumentException>(() => new CoarserLatent([1, 3], 1, 8)).Message);
    }

    [Fact]
    public void A_scale_sees_the_scales_before_it_alone_and_a_cache_changes_nothing()
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        AutoregressiveModel model = Model(2);
        using var draft = new Draft(model.Order, Random(3, 2, 21, Channels), tensor(new long[] { 0, 1 }), nullLabel: 2);
        Tensor before = model.Predict(draft, 0, 3).Hidden();
        using KeyValueCache cache = model.Backbone.NewCache(4)!;
        for (int step = 0; step < 3; step++)
        {
            int rows = model.Order.CountOf(0, step + 1);
            AssertNear(before.narrow(1, model.Order.CountOf(0, step), rows - model.Order.CountOf(0, step)), new Prediction(model, draft, step, step + 1, cache, step).Hidden(), 1e-4);
            Tensor kept = draft.TokensOf(step, step + 1).clone();
            draft.Write(step, kept + 1);
            Tensor same = model.Predict(draft, 0, 3).Hidden().eq(before);
            draft.Write(step, kept);
            Assert.True(same.narrow(1, 0, rows).all().item<bool>());
            Assert.True(rows == 21 || !same.narrow(1, rows, 1).all().item<bool>());
        }
    }

    [Fact]
    public void A_sample_takes_a_call_a_scale_whatever_the_solver_and_is_the_same_without_a_cache()
    {
        using var scope = NewDisposeScope();
        AutoregressiveModel model = Model(4);
        Tensor labels = tensor(new long[] { 0, 1, 1 });
        var options = new SamplingOptions { GuidanceScale = 2, FlowSteps = 5, FlowSolver = FlowSolver.Heun };
        long before = model.ModelCalls;
        Tensor sample = Sampler.Sample(model, 3, options, labels);
        Assert.Equal(3, model.ModelCalls - before);
        AssertNear(sample, Sampler.Sample(model, 3, options with { UseCache = false }, labels), 1e-3);
    }

    [Fact]
    public void The_loss_is_a_number_a_token_and_reaches_every_parameter()
    {
        using var scope = NewDisposeScope();
        AutoregressiveModel model = Model(5);
        Tensor loss = model.Loss(Random(6, 4, 21, Channels), RandomIds(7, 2, 4));
        Assert.Equal([4, 21], loss.shape);
        loss.mean().backward();
        Assert.All(model.named_parameters(), entry => Assert.True(entry.parameter.grad is not null, entry.name));
    }
}
