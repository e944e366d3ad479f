using ArKernel.Backbones;
using TorchSharp.Modules;
using static ArKernel.Tests.TestTensors;
using static TorchSharp.torch;

namespace ArKernel.Tests.Backbones;

/// <summary>The switches that make the backbone the transformer of VAR, xAR, DiT and LlamaGen, each against its formula.</summary>
public sealed class AdaptiveTests
{
    private const int Channels = 16, Time = 6;

    private static DecoderConfiguration Shape => DecoderConfiguration.Llama(0, Channels, 2, 4, 4, 20, Time) with { Positions = PositionEncoding.None };

    private static Tensor Random(ulong seed, params long[] shape)
    {
        using var random = new Generator(seed);
        return randn(shape, generator: random);
    }

    public static TheoryData<ModulationLayout> Layouts => [ModulationLayout.GatesScalesShifts, ModulationLayout.ShiftScaleGate];

    [Theory]
    [MemberData(nameof(Layouts))]
    public void A_vector_a_sequence_equals_the_same_vector_at_every_row_and_one_a_group(ModulationLayout layout)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        var backbone = new TransformerBackbone(Shape with { Adaptive = AdaptiveNormalization.BlocksAndOutput, Modulation = layout }).Randomized(1, 0.3);
        Tensor rows = Random(2, 3, Time, Channels), condition = Random(3, 3, 1, Channels);
        Tensor one = backbone.Forward(new(rows) { Condition = condition });
        AssertNear(one, backbone.Forward(new(rows) { Condition = condition.expand(-1, Time, -1) }));
        AssertNear(one, backbone.Forward(new(rows) { Condition = condition.expand(-1, 2, -1) }));
        Tensor other = backbone.Forward(new(rows) { Condition = cat([condition, condition + 1], 1) });
        AssertNear(one.narrow(1, 0, 3), other.narrow(1, 0, 3)); // the vector of the later rows does not reach the earlier, causal ones
        Assert.False(one.narrow(1, 3, 1).eq(other.narrow(1, 3, 1)).all().item<bool>());
    }

    [Fact]
    public void A_zero_initialized_block_is_the_identity()
    {
        using var scope = NewDisposeScope();
        var backbone = new TransformerBackbone(Shape with { Adaptive = AdaptiveNormalization.Blocks, Modulation = ModulationLayout.ShiftScaleGate, OutputNormalization = false });
        Tensor rows = Random(4, 2, Time, Channels);
        AssertSame(rows, backbone.Forward(new(rows) { Condition = Random(5, 2, 1, Channels) }));
    }

    /// <summary>A block written from VAR's equations, with the chunks of the projection in both published layouts.</summary>
    [Theory]
    [MemberData(nameof(Layouts))]
    public void The_chunks_of_the_projection_mean_what_the_layout_says(ModulationLayout layout)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        DecoderConfiguration shape = Shape with
        {
            Layers = 1, Normalization = Normalization.Layer, NormalizationGain = false, NormalizationEpsilon = 1e-6, Adaptive = AdaptiveNormalization.BlocksAndOutput, Modulation = layout,
        };
        var backbone = new TransformerBackbone(shape).Randomized(6, 0.3);
        Dictionary<string, Parameter> p = backbone.named_parameters().ToDictionary(entry => entry.name, entry => entry.parameter);
        Tensor x = Random(7, 2, Time, Channels), c = nn.functional.silu(Random(8, 2, 1, Channels));
        Tensor Norm(Tensor y) => (y - y.mean([-1], keepdim: true)) / (y.var([-1], unbiased: false, keepdim: true) + 1e-6).sqrt();
        Tensor[] m = nn.functional.linear(c, p["blocks.0.modulation.projection.weight"], p["blocks.0.modulation.projection.bias"]).chunk(6, -1);
        (int g1, int g2, int s1, int s2, int b1, int b2) = layout == ModulationLayout.GatesScalesShifts ? (0, 1, 2, 3, 4, 5) : (2, 5, 1, 4, 0, 3);
        Tensor a = Norm(x) * (1 + m[s1]) + m[b1];
        Tensor[] qkv = nn.functional.linear(a, p["blocks.0.attention.queryKeyValue.weight"]).view(2, Time, 12, 4).transpose(1, 2).split(4, 1);
        Tensor scores = (qkv[0].matmul(qkv[1].transpose(2, 3)) / 2).masked_fill(ones(Time, Time, ScalarType.Bool).triu(1), double.NegativeInfinity);
        Tensor mixed = scores.softmax(-1).matmul(qkv[2]).transpose(1, 2).reshape(2, Time, Channels);
        Tensor y = x + m[g1] * nn.functional.linear(mixed, p["blocks.0.attention.output.weight"]);
        Tensor[] up = nn.functional.linear(Norm(y) * (1 + m[s2]) + m[b2], p["blocks.0.feedForward.up.weight"]).chunk(2, -1);
        y = y + m[g2] * nn.functional.linear(nn.functional.silu(up[0]) * up[1], p["blocks.0.feedForward.down.weight"]);
        Tensor[] last = nn.functional.linear(c, p["outputModulation.projection.weight"], p["outputModulation.projection.bias"]).chunk(2, -1);
        (Tensor scale, Tensor shift) = layout == ModulationLayout.GatesScalesShifts ? (last[0], last[1]) : (last[1], last[0]);
        AssertNear(Norm(y) * (1 + scale) + shift, backbone.Forward(new(x) { Condition = Random(8, 2, 1, Channels) }), 5e-5);
    }

    [Fact]
    public void Cosine_attention_sees_directions_alone_and_its_scale_stops_at_100()
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        var backbone = new TransformerBackbone(Shape with { Layers = 1, CosineAttention = true }).Randomized(9);
        Tensor rows = Random(10, 2, Time, Channels);
        Dictionary<string, Parameter> p = backbone.named_parameters().ToDictionary(entry => entry.name, entry => entry.parameter);
        Tensor before = backbone.Forward(new(rows));
        p["blocks.0.attention.queryKeyValue.weight"].narrow(0, 0, 2 * Channels).mul_(7); // queries and keys, not values
        AssertNear(before, backbone.Forward(new(rows)), 2e-5);
        var weights = new List<Tensor>();
        p["blocks.0.attention.logScale"].fill_(Math.Log(100));
        Tensor at100 = backbone.Forward(new(rows), attentionWeights: weights);
        p["blocks.0.attention.logScale"].fill_(50);
        AssertSame(at100, backbone.Forward(new(rows), attentionWeights: weights));
        Assert.Equal(Math.Log(4), new TransformerBackbone(Shape with { CosineAttention = true }).named_parameters().First(entry => entry.name.EndsWith("logScale", StringComparison.Ordinal)).parameter[0, 0].item<float>(), 1e-6);
    }

    [Fact]
    public void An_attention_scale_multiplies_the_scores()
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        TransformerBackbone plain = new TransformerBackbone(Shape).Randomized(11), half = new TransformerBackbone(Shape with { AttentionScale = 0.25 }).Randomized(11);
        Tensor rows = Random(12, 2, Time, Channels);
        foreach ((string name, Parameter parameter) in plain.named_parameters().Where(entry => entry.name.EndsWith("queryKeyValue.weight", StringComparison.Ordinal)))
        {
            parameter.narrow(0, 0, Channels).mul_(0.5); // d_h = 4: 1/√d_h = 0.5, and half of it is 0.25
        }

        AssertNear(plain.Forward(new(rows)), half.Forward(new(rows)));
    }

    [Fact]
    public void Queries_and_values_may_have_a_bias_where_keys_have_none()
    {
        using var scope = NewDisposeScope();
        DecoderConfiguration shape = Shape with { Bias = true, KeyBias = false };
        var without = new TransformerBackbone(shape).Randomized(13);
        var with = new TransformerBackbone(shape with { KeyBias = true }).Randomized(13);
        using (no_grad())
        {
            Dictionary<string, Parameter> target = with.named_parameters().ToDictionary(entry => entry.name, entry => entry.parameter);
            foreach ((string name, Parameter parameter) in without.named_parameters())
            {
                (string place, long start) = name.EndsWith("queryBias", StringComparison.Ordinal) ? (name.Replace("queryBias", "queryKeyValue.bias", StringComparison.Ordinal), 0L)
                    : name.EndsWith("valueBias", StringComparison.Ordinal) ? (name.Replace("valueBias", "queryKeyValue.bias", StringComparison.Ordinal), 2L * Channels) : (name, 0);
                target[place].narrow(0, start, parameter.shape[0]).copy_(parameter);
            }

            // A bias of the keys shifts all scores of a query alike, whatever it is: it is left as it was drawn.
        }

        Tensor rows = Random(14, 2, Time, Channels);
        AssertNear(with.Forward(new(rows)), without.Forward(new(rows)), 2e-5);
    }

    [Fact]
    public void Earlier_outputs_are_the_normalized_states_after_their_blocks()
    {
        using var scope = NewDisposeScope();
        var whole = new TransformerBackbone(Shape with { Layers = 3, EarlierOutputs = [1] }).Randomized(15);
        var first = new TransformerBackbone(Shape with { Layers = 1 }).Randomized(16);
        Dictionary<string, Parameter> from = whole.named_parameters().ToDictionary(entry => entry.name, entry => entry.parameter);
        using (no_grad())
        {
            foreach ((string name, Parameter parameter) in first.named_parameters())
            {
                parameter.copy_(from[name == "norm.weight" ? "earlierNorms.0.weight" : name]);
            }
        }

        Tensor rows = Random(17, 2, Time, Channels), output = whole.Forward(new(rows));
        Assert.Equal(2 * Channels, whole.OutputChannels);
        AssertSame(first.Forward(new(rows)), output.narrow(2, 0, Channels));
    }

    [Fact]
    public void Rows_that_are_not_kept_attend_but_leave_the_cache_as_it_was()
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        var backbone = new TransformerBackbone(Shape with { Positions = PositionEncoding.Learned }).Randomized(18);
        Tensor clean = Random(19, 2, 2, Channels), noisy = Random(20, 2, 2, Channels), places = tensor(new long[] { 2, 3 }).unsqueeze(0);
        using KeyValueCache cache = backbone.NewCache(2);
        Tensor both = backbone.Forward(new(cat([clean, noisy], 1)) { Attention = AttentionPattern.Masked, Mask = ArKernel.Orders.GenerationOrder.BlockCausalMask([2, 2]), Kept = 2 }, cache);
        Assert.Equal(2, cache.Length);
        Tensor again = backbone.Forward(new(noisy) { Attention = AttentionPattern.Full, Positions = places, Kept = 0 }, cache);
        Assert.Equal(2, cache.Length);
        AssertNear(both.narrow(1, 2, 2), again);
    }

    [Fact]
    public void Rotations_of_rows_and_columns_turn_halves_of_a_head_and_zero_class_rope_removes_the_class()
    {
        using var scope = NewDisposeScope();
        var options = new RotaryOptions { Layout = RotaryLayout.Interleaved, Shape = [3, 4], ClassPositions = 1, ZeroClassRope = true };
        using var grid = new RotaryEmbedding(options, 8, 12);
        using var line = new RotaryEmbedding(new RotaryOptions { Layout = RotaryLayout.Interleaved }, 4, 12);
        Tensor x = Random(21, 1, 1, 1, 8);
        for (int row = 0; row < 3; row++)
        {
            for (int column = 0; column < 4; column++)
            {
                Tensor rotated = grid.Rotate(x, 1 + row * 4 + column, null);
                AssertSame(line.Rotate(x.narrow(3, 0, 4), row, null), rotated.narrow(3, 0, 4));
                AssertSame(line.Rotate(x.narrow(3, 4, 4), column, null), rotated.narrow(3, 4, 4));
            }
        }

        AssertSame(zeros_like(x), grid.Rotate(x, 0, null));
        using var atOrigin = new RotaryEmbedding(options with { ZeroClassRope = false }, 8, 12);
        AssertSame(x, atOrigin.Rotate(x, 0, null));
    }

    [Fact]
    public void A_condition_that_does_not_fit_is_named()
    {
        using var scope = NewDisposeScope();
        var backbone = new TransformerBackbone(Shape with { Adaptive = AdaptiveNormalization.Blocks });
        Tensor rows = zeros(2, Time, Channels);
        string Message(Tensor? condition) => Assert.Throws<ArgumentException>(() => backbone.Forward(new(rows) { Condition = condition })).Message;
        Assert.Contains("condition is missing", Message(null));
        Assert.Contains("condition is [2, 4, 16]", Message(zeros(2, 4, Channels)));
        Assert.Contains("condition is [2, 1, 8]", Message(zeros(2, 1, 8)));
    }
}
