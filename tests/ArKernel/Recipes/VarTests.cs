using ArKernel.Codecs;
using ArKernel.Decoding;
using ArKernel.Heads;
using ArKernel.Queries;
using ArKernel.Recipes;
using static ArKernel.Tests.TestTensors;
using static TorchSharp.torch;

namespace ArKernel.Tests.Recipes;

public sealed class VarTests
{
    private static readonly int[] Sides = [1, 2, 3, 4];

    private static AutoregressiveModel Model(ulong seed, int classes = 3) => Var.Compose(VisualSystems.Scales, VisualSystems.Quantizer(6, Sides), classes).Randomized(seed, 0.3);

    /// <summary>Ties the training to the sampling path: rows made in one go from all tokens, and step by step while tokens are written.</summary>
    [Fact]
    public void The_rows_of_a_scale_are_the_quantizers_teacher_inputs_whether_made_at_once_or_while_sampling()
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        AutoregressiveModel model = Model(1, classes: 0);
        var query = (CoarserScales)model.Query;
        Tensor tokens = RandomIds(2, 6, 2, 30);
        using var whole = new Draft(model.Order, tokens);
        Tensor rows = query.Rows(whole, new StepRange(0, 0, 4)).Rows;
        var p = query.named_parameters().ToDictionary(entry => entry.name, entry => entry.parameter);
        Tensor levels = cat([.. Enumerable.Range(1, 3).Select(scale => p["level"][scale].expand(Sides[scale] * Sides[scale], -1))]);
        Tensor expected = nn.functional.linear(query.Quantizer.TeacherInputs(tokens), p["projection.weight"], p["projection.bias"]) + levels;
        AssertNear(expected, rows.narrow(1, 1, 29));

        using var growing = new Draft(model.Order, zeros_like(tokens));
        for (int step = 0; step < 4; step++)
        {
            AssertNear(rows.narrow(1, model.Order.CountOf(0, step), Sides[step] * Sides[step]), query.Rows(growing, new StepRange(step, step, step + 1)).Rows);
            growing.Write(step, whole.TokensOf(step, step + 1));
        }
    }

    [Fact]
    public void Guidance_of_vars_form_is_a_scale_of_one_more()
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        AutoregressiveModel model = Model(3);
        Tensor tokens = RandomIds(4, 6, 2, 30), labels = tensor(new long[] { 0, 2 });
        using var draft = new Draft(model.Order, tokens, labels, nullLabel: 3);
        const double t = 1.5;
        var prediction = new Prediction(model, draft, 0, 4) { GuidanceScale = 1 + t };
        Tensor both = ((LogitsHead)model.Head).Logits(prediction);
        AssertNear((1 + t) * both.narrow(0, 0, 2) - t * both.narrow(0, 2, 2), prediction.Guided(both), 1e-4);
        AssertNear(both.narrow(0, 0, 2), new Prediction(model, draft, 0, 4).Guided(both), 1e-6);
    }

    [Fact]
    public void Keeping_all_paints_the_tokenizers_reconstruction_and_keeping_none_draws_plainly()
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        AutoregressiveModel model = Model(5);
        MultiScaleQuantizer quantizer = ((CoarserScales)model.Query).Quantizer;
        using var random = new Generator(6);
        Tensor latent = randn([2, 3, 4, 4], generator: random), tokens = quantizer.Encode(latent), labels = tensor(new long[] { 3, 3 });
        Tensor Paint(Tensor mask, bool keepCoarsest) => Sampler.Sample(model, 2, new() { Seed = 7, Known = new(tokens, quantizer.KeepMask(mask, keepCoarsest).expand(2, -1)) }, labels);
        AssertSame(quantizer.Decode(tokens), quantizer.Decode(Paint(ones(4, 4, ScalarType.Bool), true)));
        Tensor nothing = zeros(4, 4, ScalarType.Bool);
        AssertSame(Sampler.Sample(model, 2, new() { Seed = 7 }, labels), Paint(nothing, false));
        AssertSame(tokens.narrow(1, 0, 1), Paint(nothing, true).narrow(1, 0, 1)); // the 1×1 map is always the image's
    }

    [Fact]
    public void Training_leaves_the_quantizer_as_it_was_and_reaches_all_else()
    {
        using var scope = NewDisposeScope();
        AutoregressiveModel model = Model(8);
        model.Loss(RandomIds(9, 6, 4, 30), RandomIds(10, 3, 4)).mean().backward();
        Assert.All(((CoarserScales)model.Query).Quantizer.parameters(), parameter => Assert.False(parameter.requires_grad));
        Assert.All(model.named_parameters().Where(entry => entry.parameter.requires_grad), entry => Assert.True(entry.parameter.grad is not null, entry.name));
    }

    [Fact]
    public void An_order_that_is_not_the_quantizers_is_refused()
    {
        using var scope = NewDisposeScope();
        using var query = new CoarserScales(VisualSystems.Quantizer(6, Sides), 16);
        using var draft = new Draft(ArKernel.Orders.GenerationOrder.Scales([1, 2]), RandomIds(11, 6, 1, 5));
        Assert.Contains("do not have the 1, 4, 9, 16 tokens", Assert.Throws<ArgumentException>(() => query.Rows(draft, new StepRange(0, 0, 2))).Message);
    }

    /// <summary>SAR's check 1: a rollout of the true tokens is teacher forcing.</summary>
    [Fact]
    public void Staggered_by_the_truth_the_rows_are_those_of_teacher_forcing_and_by_a_guess_only_the_next_scale_changes()
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        AutoregressiveModel model = Model(12, classes: 0);
        var query = (CoarserScales)model.Query;
        Tensor tokens = RandomIds(13, 6, 2, 30), guess = tokens.clone();
        guess.narrow(1, 1, 4).add_(1).remainder_(6); // all of scale 1
        using var truth = new Draft(model.Order, tokens);
        using Draft same = query.Stagger(model.Order, tokens, tokens, null), other = query.Stagger(model.Order, tokens, guess, null);
        Tensor expected = query.Rows(truth, new StepRange(0, 0, 4)).Rows;
        AssertSame(expected, query.Rows(same, new StepRange(0, 0, 4)).Rows);
        Tensor changed = query.Rows(other, new StepRange(0, 0, 4)).Rows.eq(expected).all(-1).all(0);
        Assert.Equal([.. Enumerable.Repeat(true, 5), .. Enumerable.Repeat(false, 9), .. Enumerable.Repeat(true, 16)], changed.data<bool>().ToArray());
    }
}
