using ArKernel.Objectives;
using ArKernel.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Tests.Training;

[Collection(nameof(RunsAlone))]
public sealed class FlatParametersTests
{
    [Fact]
    public void The_modules_parameters_alias_the_flat_storage_matrices_first_and_keep_their_values()
    {
        using var model = TinyModel.Create();
        Dictionary<string, Tensor> before = model.named_parameters().ToDictionary(entry => entry.name, entry => entry.parameter.detach().clone());
        using var flat = new FlatParameters(model);

        Assert.Equal(3, flat.Entries.Count(entry => entry.Parameter.dim() == 1)); // the gains of the three norms
        Assert.Equal(flat.Values.numel() - 3 * 8, flat.MatrixCount);
        foreach ((string name, Parameter parameter) in model.named_parameters())
        {
            Assert.True(parameter.requires_grad && parameter.is_leaf, name);
            Assert.True(parameter.equal(before[name]).all().item<bool>(), name);
        }

        using (no_grad())
        {
            flat.Values.fill_(0.25);
        }

        foreach ((string name, Parameter parameter) in model.named_parameters())
        {
            Assert.True(parameter.eq(0.25).all().item<bool>(), $"{name} does not alias the flat tensor");
        }
    }

    [Fact]
    public void Backward_adds_to_the_flat_gradient_in_place_and_equals_the_separate_gradients()
    {
        using var model = TinyModel.Create(dropoutRate: 0);
        using var reference = TinyModel.Create(dropoutRate: 0);
        using var flat = new FlatParameters(model);
        using var batch = new CountingBatches().GetBatch(0);
        for (int repeat = 0; repeat < 2; repeat++)
        {
            new Likelihood().Loss(model, batch).backward();
            new Likelihood().Loss(reference, batch).backward();
        }

        Dictionary<string, Parameter> expected = reference.named_parameters().ToDictionary(entry => entry.name, entry => entry.parameter);
        foreach ((string name, Tensor view) in flat.Views(flat.Gradients))
        {
            Assert.True(view.allclose(expected[name].grad!, 1e-6, 1e-7), name);
        }

        Assert.True(flat.Gradients.abs().sum().item<float>() > 0);
    }

    [Fact]
    public void A_parameter_that_is_used_twice_stands_in_the_storage_once()
    {
        using var model = TinyModel.Create();
        using var flat = new FlatParameters(model);
        Assert.Single(flat.Entries, entry => entry.Parameter.shape is [TinyModel.Vocabulary, 8]);
        Assert.Equal(model.parameters().DistinctBy(parameter => parameter.Handle).Sum(parameter => parameter.numel()), flat.Values.numel());
    }

    [Fact]
    public void Mixed_dtypes_are_refused_with_both_names()
    {
        using var model = TinyModel.Create();
        model.Backbone.to(ScalarType.Float64);
        ArgumentException error = Assert.Throws<ArgumentException>(() => new FlatParameters(model));
        Assert.Contains("backbone", error.Message);
        Assert.Contains("query.start", error.Message);
        Assert.Contains("Float64", error.Message);
    }

    [Fact]
    public void AdamW_equals_torchs_over_twenty_steps_with_decay_on_matrices_only()
    {
        using var model = TinyModel.Create(dropoutRate: 0);
        using var reference = TinyModel.Create(dropoutRate: 0);
        using var flat = new FlatParameters(model);
        using var ours = new FlatAdamW(flat, 0.9, 0.95, 1e-8, 0.1);
        List<Parameter> all = [.. reference.parameters().DistinctBy(parameter => parameter.Handle)];
        using var decayed = optim.AdamW(all.Where(p => p.dim() >= 2), lr: 3e-3, beta1: 0.9, beta2: 0.95, eps: 1e-8, weight_decay: 0.1);
        using var plain = optim.AdamW(all.Where(p => p.dim() < 2), lr: 3e-3, beta1: 0.9, beta2: 0.95, eps: 1e-8, weight_decay: 0);
        for (int step = 0; step < 20; step++)
        {
            using var batch = new CountingBatches().GetBatch(step);
            new Likelihood().Loss(model, batch).backward();
            ours.Update(step, 3e-3);
            decayed.zero_grad();
            plain.zero_grad();
            new Likelihood().Loss(reference, batch).backward();
            decayed.step();
            plain.step();
        }

        Dictionary<string, Parameter> expected = reference.named_parameters().ToDictionary(entry => entry.name, entry => entry.parameter);
        foreach ((string name, Parameter parameter) in flat.Entries)
        {
            Assert.True((parameter - expected[name]).abs().max().item<float>() < 1e-6, name);
        }

        Assert.Equal(0, flat.Gradients.abs().sum().item<float>());
    }
}
