using ArKernel.Backbones;
using static ArKernel.Tests.TestTensors;
using static TorchSharp.torch;

namespace ArKernel.Tests.Backbones;

public sealed class CausalityTests
{
    private const int Vocabulary = 13, Time = 9;

    public static TheoryData<DecoderConfiguration> Shapes => CacheTests.Shapes;

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Changing_a_token_leaves_the_logits_before_it_bit_identical_and_changes_its_own(DecoderConfiguration shape)
    {
        using var scope = NewDisposeScope();
        CausalDecoder decoder = new CausalDecoder(shape).Randomized(1);
        Tensor ids = RandomIds(2, Vocabulary, 2, Time);
        Tensor before = decoder.Forward(ids).Logits;
        for (int t = 0; t < Time; t++)
        {
            Tensor changed = ids.clone();
            changed.narrow(1, t, 1).add_(1).remainder_(Vocabulary);
            Tensor after = decoder.Forward(changed).Logits;
            AssertSame(before.narrow(1, 0, t), after.narrow(1, 0, t));
            Assert.False(before.narrow(1, t, 1).equal(after.narrow(1, t, 1)).all().item<bool>());
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void The_gradient_of_earlier_logits_with_respect_to_a_token_is_exactly_zero(DecoderConfiguration shape)
    {
        using var scope = NewDisposeScope();
        CausalDecoder decoder = new CausalDecoder(shape).Randomized(3);
        using var random = new Generator(4);
        for (int t = 1; t < Time; t++)
        {
            Tensor inputs = randn([2, Time, shape.Channels], generator: random).requires_grad_();
            decoder.ForwardEmbeddings(inputs).Logits.narrow(1, 0, t).square().sum().backward();
            Tensor gradient = inputs.grad!;
            Assert.Equal(0, gradient.narrow(1, t, Time - t).abs().max().item<float>());
            Assert.NotEqual(0, gradient.narrow(1, t - 1, 1).abs().max().item<float>());
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void A_left_padded_row_gives_the_logits_of_the_row_alone(DecoderConfiguration shape)
    {
        using var scope = NewDisposeScope();
        CausalDecoder decoder = new CausalDecoder(shape).Randomized(5);
        int[] lengths = [Time, 4, 1];
        Tensor ids = RandomIds(6, Vocabulary, lengths.Length, Time);
        Tensor mask = stack([.. lengths.Select(length => arange(Time).ge(Time - length))]);
        Tensor padded = decoder.Forward(ids, keyMask: mask).Logits;
        using KeyValueCache cache = decoder.NewCache(lengths.Length);
        Tensor cached = cat([.. Enumerable.Range(0, Time).Select(t => decoder.Forward(ids.narrow(1, t, 1), cache, mask.narrow(1, 0, t + 1)).Logits)], 1);
        for (int row = 0; row < lengths.Length; row++)
        {
            int length = lengths[row], start = Time - length;
            Tensor alone = decoder.Forward(ids.narrow(0, row, 1).narrow(1, start, length)).Logits;
            AssertNear(alone, padded.narrow(0, row, 1).narrow(1, start, length));
            AssertNear(alone, cached.narrow(0, row, 1).narrow(1, start, length));
        }
    }

    [Fact]
    public void A_padded_row_has_finite_gradients()
    {
        using var scope = NewDisposeScope();
        CausalDecoder decoder = new CausalDecoder(CacheTests.Shape(2, PositionEncoding.Rotary)).Randomized(7);
        Tensor ids = RandomIds(8, Vocabulary, 1, Time), mask = arange(Time).ge(3).unsqueeze(0);
        decoder.Forward(ids, keyMask: mask).Logits.narrow(1, 3, Time - 3).sum().backward();
        Assert.All(decoder.parameters(), parameter => Assert.True(parameter.grad!.isfinite().all().item<bool>()));
    }

    [Fact]
    public void Attention_within_a_window_forgets_what_is_further_back_than_its_layers_reach()
    {
        using var scope = NewDisposeScope();
        CausalDecoder decoder = new CausalDecoder(CacheTests.Shape(2, PositionEncoding.Rotary, window: 3)).Randomized(9); // two layers reach 2 · (3 − 1) = 4 back
        Tensor ids = RandomIds(10, Vocabulary, 1, Time), changed = ids.clone();
        changed.narrow(1, 2, 1).add_(1).remainder_(Vocabulary);
        Tensor before = decoder.Forward(ids).Logits, after = decoder.Forward(changed).Logits;
        AssertSame(before.narrow(1, 7, 2), after.narrow(1, 7, 2));
        Assert.False(before.narrow(1, 6, 1).equal(after.narrow(1, 6, 1)).all().item<bool>());
    }

    [Fact]
    public void Wrong_shapes_and_ids_are_named()
    {
        using var scope = NewDisposeScope();
        CausalDecoder decoder = new CausalDecoder(CacheTests.Shape(2, PositionEncoding.Rotary)).Randomized(11);
        string Message(Func<object> call) => Assert.Throws<ArgumentException>(call).Message;
        Assert.Contains("ids are [3]", Message(() => decoder.Forward(zeros(3, ScalarType.Int64))));
        Assert.Contains("from 0 to 13; the vocabulary is 0..12", Message(() => decoder.Forward(tensor(new long[,] { { 0, 13 } }))));
        Assert.Contains("from -1 to 0", Message(() => decoder.Forward(tensor(new long[,] { { 0, -1 } }))));
        Assert.Contains("input is [1, 2, 5]; it must be [batch, time, 16]", Message(() => decoder.ForwardEmbeddings(zeros(1, 2, 5))));
        Assert.Contains("input is [2]", Message(() => decoder.Backbone.Forward(new(zeros(2)))));
        Assert.Contains("key mask is [1, 3]; it must be [1, 2]", Message(() => decoder.ForwardEmbeddings(zeros(1, 2, 16), keyMask: ones(1, 3, dtype: ScalarType.Bool))));
        Assert.Contains("mask is [2, 3]", Message(() => decoder.Backbone.Forward(new(zeros(1, 2, 16)) { Attention = AttentionPattern.Masked, Mask = ones(2, 3, dtype: ScalarType.Bool) })));
    }
}
