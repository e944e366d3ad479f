using ArKernel.Data;
using ArKernel.Objectives;
using ArKernel.Recipes;
using static ArKernel.Tests.TestTensors;
using static TorchSharp.torch;

namespace ArKernel.Tests.Recipes;

public sealed class SelfRefinementTests
{
    private static AutoregressiveModel Model(ulong seed) => Var.Compose(VisualSystems.Scales, VisualSystems.Quantizer(6, 1, 2, 3), 0).Randomized(seed, 0.3);

    private static Batch Samples(AutoregressiveModel model, Tensor? tokens = null) => new(tokens ?? RandomIds(2, 6, 4, model.Order.PositionCount));

    private static Tensor[] Gradients(AutoregressiveModel model, Tensor loss)
    {
        model.zero_grad();
        loss.backward();
        return [.. model.parameters().Where(parameter => parameter.requires_grad).Select(parameter => parameter.grad!.clone())];
    }

    [Fact]
    public void A_weight_of_zero_is_teacher_forcing_to_the_last_bit_of_the_gradient()
    {
        using var scope = NewDisposeScope();
        AutoregressiveModel model = Model(1);
        Tensor[] plain = Gradients(model, new Likelihood().Loss(model, Samples(model))), refined = Gradients(model, new SelfRefinement(0).Loss(model, Samples(model)));
        Assert.All(plain.Zip(refined), pair => AssertNear(pair.First, pair.Second, 1e-6));
    }

    /// <summary>With predictions that are the truth both rollouts are the same: the second loss is the first without its first scale.</summary>
    [Fact]
    public void Where_the_predictions_are_the_truth_the_second_loss_is_the_first()
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        AutoregressiveModel model = Model(3);
        Tensor tokens = ArKernel.Decoding.Sampler.Sample(model, 4, ArKernel.Decoding.SamplingOptions.Greedy); // its own likeliest tokens
        double forced = new Likelihood().Loss(model, Samples(model, tokens)).item<float>();
        double both = new SelfRefinement(1).Loss(model, Samples(model, tokens)).item<float>();
        Assert.Equal(model.NegativeLogLikelihood(tokens).narrow(1, 1, 13).mean().item<float>(), both - forced, 1e-4);
    }

    [Fact]
    public void A_step_is_two_model_calls()
    {
        using var scope = NewDisposeScope();
        AutoregressiveModel model = Model(4);
        long before = model.ModelCalls;
        new SelfRefinement().Loss(model, Samples(model)).Dispose();
        Assert.Equal(2, model.ModelCalls - before);
    }

    [Fact]
    public void A_model_without_scales_is_refused()
    {
        using var scope = NewDisposeScope();
        AutoregressiveModel model = LlamaGen.Compose(VisualSystems.Raster(3, 2, 2), 0);
        Assert.Contains("needs query CoarserScales", Assert.Throws<ArgumentException>(() => new SelfRefinement().Loss(model, Samples(model))).Message);
    }
}
