using ArKernel.Data;
using ArKernel.Decoding;
using ArKernel.Heads;
using ArKernel.Heads.Flow;
using ArKernel.Objectives;
using ArKernel.Recipes;
using ArKernel.Training;
using static ArKernel.Tests.TestTensors;
using static TorchSharp.torch;

namespace ArKernel.Tests.Recipes;

public sealed class MarTests
{
    private const int Positions = 16, Channels = 3, Steps = 4;

    private static AutoregressiveModel Model(ulong seed, int classes = 2) =>
        Mar.Compose(Mar.Configuration(1, 16, 2, Positions, 3), Positions, Channels, Steps, classes, 16, 2).Randomized(seed, 0.3);

    private static Tensor Random(ulong seed, params long[] shape)
    {
        using var random = new Generator(seed);
        return randn(shape, generator: random);
    }

    [Fact]
    public void A_loss_is_taken_at_four_draws_of_noise_for_one_call_of_the_backbone()
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        using Generator _ = manual_seed(21);
        const int Times = 300;
        AutoregressiveModel four = Model(22, classes: 0);
        var one = new AutoregressiveModel("one draw", four.Order, four.Query, four.Backbone, new TokenFlowHead(16, Channels, 16, 2));
        one.Head.load_state_dict(four.Head.state_dict());
        using var draft = new Draft(four.Order, Random(23, 8, Positions, Channels));
        long calls = four.ModelCalls;
        (double mean, double deviation) = Of(four);
        (double meanOfOne, double deviationOfOne) = Of(one);
        Assert.Equal(Times, four.ModelCalls - calls);
        Assert.Equal(meanOfOne, mean, 5 * deviationOfOne / Math.Sqrt(Times));
        Assert.InRange(deviation / deviationOfOne, 0.4, 0.6); // the square root of a quarter

        (double Mean, double Deviation) Of(AutoregressiveModel model)
        {
            double[] losses = [.. Enumerable.Range(0, Times).Select(i => model.Head.Loss(model.Predict(draft, 0, Steps)).mean().item<float>()).Select(loss => (double)loss)];
            double average = losses.Average();
            return (average, Math.Sqrt(losses.Average(loss => (loss - average) * (loss - average))));
        }
    }

    [Fact]
    public void A_step_sees_the_known_tokens_and_no_hidden_one()
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        AutoregressiveModel model = Model(1, classes: 0);
        using var draft = new Draft(model.Order, Random(2, 2, Positions, Channels));
        for (int step = 0; step < Steps; step++)
        {
            Tensor before = model.Predict(draft, step, step + 1).Hidden();
            Assert.Equal(model.Order.CountOf(step, Steps), before.shape[1]); // all that is hidden is decoded
            for (int other = 0; other < Steps; other++)
            {
                Tensor kept = draft.TokensOf(other, other + 1).clone();
                draft.Write(other, kept + 1);
                Tensor same = model.Predict(draft, step, step + 1).Hidden().eq(before);
                draft.Write(other, kept);
                Assert.Equal(other >= step, same.all().item<bool>());
            }
        }
    }

    /// <summary>The sequence of known rows does not matter, for positions say where they stand.</summary>
    [Fact]
    public void Known_tokens_are_a_set()
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        AutoregressiveModel model = Model(3, classes: 0);
        Tensor tokens = Random(4, 1, Positions, Channels);
        int[] known = [5, 1, 9, 12], rest = [.. Enumerable.Range(0, Positions).Except(known)];
        var one = new ArKernel.Orders.GenerationOrder("one", [known, rest]);
        var other = new ArKernel.Orders.GenerationOrder("other", [[9, 12, 1, 5], rest]);
        AssertNear(model.Predict(new Draft(one, tokens), 1, 2).Hidden(), model.Predict(new Draft(other, tokens), 1, 2).Hidden(), 1e-5);
    }

    [Fact]
    public void A_sample_takes_a_call_a_set_and_follows_its_seed()
    {
        using var scope = NewDisposeScope();
        AutoregressiveModel model = Model(5);
        Tensor labels = tensor(new long[] { 0, 1, 1 });
        var options = new SamplingOptions { GuidanceScale = 2, GuidanceSchedule = Guidance.LinearInTokens, FlowSteps = 5, FlowSolver = FlowSolver.Euler };
        long before = model.ModelCalls;
        Tensor sample = Sampler.Sample(model, 3, options, labels);
        Assert.Equal(Steps, model.ModelCalls - before);
        Assert.Equal([3, Positions, Channels], sample.shape);
        AssertSame(sample, Sampler.Sample(model, 3, options, labels));
        Assert.False(sample.eq(Sampler.Sample(model, 3, options with { Seed = 2 }, labels)).all().item<bool>());
        Assert.All(Enumerable.Range(0, 3), row => Assert.True(sample[row].abs().sum(-1).ne(0).all().item<bool>())); // every position was drawn
    }

    [Fact]
    public void Masked_prediction_reaches_every_parameter_and_the_loss_falls()
    {
        using AutoregressiveModel model = Mar.Compose(Mar.Configuration(1, 16, 2, Positions, 3), Positions, Channels, Steps, 2, 32, 2);
        var run = new TrainingRun(model, new MaskedPrediction(), new Constant(), new TrainingOptions { Steps = 60, LearningRate = 5e-3 });
        run.Run();
        using (Batch batch = new Constant().GetBatch(60))
        {
            new MaskedPrediction().Loss(model, batch).backward();
        }

        Assert.All(model.named_parameters(), entry => Assert.True(entry.parameter.grad is not null, entry.name));
        double first = run.History.Take(5).Average(step => step.Loss), last = run.History.TakeLast(10).Average(step => step.Loss);
        Assert.True(last < 0.8 * first, $"The loss went from {first} to {last}.");
    }

    /// <summary>Samples of one image each class: what is left to learn is the noise.</summary>
    private sealed class Constant : IBatchSource
    {
        public Batch GetBatch(long step)
        {
            using var scope = NewDisposeScope();
            Tensor labels = RandomIds((ulong)step + 1, 2, 16);
            Tensor images = Random(7, 2, Positions, Channels).index_select(0, labels);
            return new Batch(images.MoveToOuterDisposeScope(), labels.MoveToOuterDisposeScope());
        }
    }
}
