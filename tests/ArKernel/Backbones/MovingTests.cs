using System.Reflection;
using ArKernel.Backbones;
using ArKernel.Codecs;
using ArKernel.Decoding;
using ArKernel.Heads;
using ArKernel.Orders;
using ArKernel.Queries;
using ArKernel.Recipes;
using TorchSharp;
using static ArKernel.Tests.TestTensors;
using static TorchSharp.torch;

namespace ArKernel.Tests.Backbones;

/// <summary>Moving a model to another dtype or device moves all of it, and what is tied stays tied.</summary>
public sealed class MovingTests
{
    public static TheoryData<DecoderConfiguration> Shapes => CacheTests.Shapes;

    private static AutoregressiveModel Compose(CausalDecoder decoder) => new(
        "model", GenerationOrder.Raster(decoder.Configuration.MaximumLength), new PreviousToken(decoder.Embedding, classes: 3), decoder.Backbone, new CategoricalHead(decoder.OutputWeight));

    [Theory]
    [MemberData(nameof(Shapes))]
    public void In_another_dtype_a_model_gives_the_same_and_its_decoder_moved_along(DecoderConfiguration shape)
    {
        using var scope = NewDisposeScope();
        CausalDecoder decoder = new CausalDecoder(shape).Randomized(1);
        AutoregressiveModel model = Compose(decoder).Randomized(1);
        int length = Math.Min(shape.MaximumLength, 8), names = model.named_parameters().Count();
        Tensor tokens = RandomIds(2, shape.VocabularySize, 2, length), labels = tensor(new long[] { 0, 3 });
        Tensor expected = model.NegativeLogLikelihood(tokens, labels), logits = decoder.Forward(tokens).Logits;

        model.to(ScalarType.Float64);
        Tensor moved = model.NegativeLogLikelihood(tokens, labels);
        Assert.Equal(ScalarType.Float64, moved.dtype);
        AssertNear(expected, moved.to(ScalarType.Float32), 1e-3);
        AssertNear(logits, decoder.Forward(tokens).Logits.to(ScalarType.Float32), 1e-3);
        Assert.Equal(names, model.named_parameters().Count()); // a tied matrix still counts once
        Assert.All(model.named_parameters(), entry => Assert.Equal(ScalarType.Float64, entry.parameter.dtype));

        moved.sum().backward();
        Assert.All(model.named_parameters(), entry => Assert.NotNull(entry.parameter.grad));

        using Tensor sample = Sampler.Sample(model, 2, new SamplingOptions { GuidanceScale = 2 }, labels.clamp_max(2));
        Assert.Equal([2, shape.MaximumLength], sample.shape);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void In_bfloat16_a_model_computes_and_is_near_its_float32(DecoderConfiguration shape)
    {
        using var scope = NewDisposeScope();
        AutoregressiveModel model = Compose(new CausalDecoder(shape)).Randomized(3, 0.1);
        Tensor tokens = RandomIds(4, shape.VocabularySize, 2, Math.Min(shape.MaximumLength, 8)), labels = tensor(new long[] { 1, 2 });
        Tensor expected = model.NegativeLogLikelihood(tokens, labels);
        model.to(ScalarType.BFloat16);
        Tensor rounded = model.NegativeLogLikelihood(tokens, labels);
        Assert.Equal(ScalarType.BFloat16, rounded.dtype);
        AssertNear(expected, rounded.to(ScalarType.Float32), 0.2);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void On_another_device_no_tensor_is_left_behind(DecoderConfiguration shape)
    {
        // The meta device is another device wherever the tests run; most operations are missing there, so the tensors are looked at instead.
        using var scope = NewDisposeScope();
        var decoder = new CausalDecoder(shape);
        AutoregressiveModel model = Compose(decoder);
        model.to(DeviceType.META);
        foreach (nn.Module module in model.modules().Append(decoder))
        {
            foreach (FieldInfo field in module.GetType().GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public))
            {
                if (field.GetValue(module) is Tensor tensor)
                {
                    Assert.True(!tensor.IsInvalid && tensor.device_type == DeviceType.META, $"{module.GetName()}.{field.Name} stayed behind.");
                }
            }
        }

        Assert.Contains(model.parameters(), parameter => ReferenceEquals(parameter, decoder.Embedding.Weight));
    }

    [Fact]
    public void A_model_outlives_the_dispose_scope_it_was_made_in()
    {
        AutoregressiveModel model;
        using (NewDisposeScope())
        {
            model = NextPixel.Compose(NextPixel.Tiny(new PixelCodec(2, 2, 4)) with { Positions = PositionEncoding.Rotary }, classes: 2);
            model.NegativeLogLikelihood(RandomIds(5, 4, 1, 4), tensor(new long[] { 0 }));
        }

        using (model)
        using (NewDisposeScope())
        {
            Assert.Equal([3, 4], Sampler.Sample(model, 3, condition: tensor(new long[] { 0, 1, 2 })).shape);
        }
    }

    [Fact]
    public void A_model_first_used_in_inference_mode_can_be_trained()
    {
        using var scope = NewDisposeScope();
        AutoregressiveModel model = NextToken.Compose(NextToken.Tiny(5, 4));
        Tensor tokens = RandomIds(6, 5, 1, 4);
        using (inference_mode())
        {
            model.NegativeLogLikelihood(tokens);
        }

        model.NegativeLogLikelihood(tokens).sum().backward();
        Assert.NotNull(model.parameters().First().grad);
    }
}
