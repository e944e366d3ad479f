using ArKernel.Backbones;
using TorchSharp.Modules;
using static ArKernel.Tests.TestTensors;
using static TorchSharp.torch;

namespace ArKernel.Tests.Backbones;

public sealed class AttentionTests
{
    private const int Width = 4; // of a head

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Grouped_queries_equal_multi_head_attention_whose_keys_and_values_are_copied_per_group(int groups)
    {
        using var scope = NewDisposeScope();
        DecoderConfiguration shape = CacheTests.Shape(groups, PositionEncoding.Rotary);
        CausalDecoder grouped = new CausalDecoder(shape).Randomized(1);
        CausalDecoder multiHead = new CausalDecoder(shape with { KeyValueHeads = 4 }).Randomized(2);
        using (no_grad())
        {
            Dictionary<string, Parameter> source = grouped.named_parameters().ToDictionary(entry => entry.name, entry => entry.parameter);
            int heads = shape.Heads;
            // Query heads 0..3, then key head ⌊h/(H/G)⌋ for each query head h, then the same of the values.
            long[] rows = [.. Rows(Enumerable.Range(0, heads)), .. Rows(Enumerable.Range(0, heads).Select(h => heads + h / (heads / groups))), .. Rows(Enumerable.Range(0, heads).Select(h => heads + groups + h / (heads / groups)))];
            foreach ((string name, Parameter parameter) in multiHead.named_parameters())
            {
                Tensor value = source[name];
                parameter.copy_(name.EndsWith("queryKeyValue.weight", StringComparison.Ordinal) ? value.index_select(0, tensor(rows)) : value);
            }
        }

        Tensor ids = RandomIds(3, shape.VocabularySize, 2, 9);
        AssertNear(multiHead.Forward(ids).Logits, grouped.Forward(ids).Logits, 5e-6);

        static IEnumerable<long> Rows(IEnumerable<int> heads) => heads.SelectMany(head => Enumerable.Range(head * Width, Width)).Select(row => (long)row);
    }

    [Fact]
    public void As_many_key_heads_as_query_heads_is_plain_multi_head_attention()
    {
        using var scope = NewDisposeScope();
        DecoderConfiguration shape = CacheTests.Shape(4, PositionEncoding.None);
        using var random = new Generator(4);
        Attention attention = new Attention(shape).Randomized(5);
        Dictionary<string, Parameter> weights = attention.named_parameters().ToDictionary(entry => entry.name, entry => entry.parameter);
        Tensor x = randn([2, 5, 16], generator: random);
        Tensor[] projected = nn.functional.linear(x, weights["queryKeyValue.weight"]).chunk(3, -1);
        var heads = new List<Tensor>();
        for (int h = 0; h < 4; h++)
        {
            Tensor q = projected[0].narrow(2, h * Width, Width), k = projected[1].narrow(2, h * Width, Width), v = projected[2].narrow(2, h * Width, Width);
            Tensor scores = q.matmul(k.transpose(1, 2)) / 2; // √d_h
            heads.Add(scores.masked_fill(ones(5, 5, dtype: ScalarType.Bool).triu(1), double.NegativeInfinity).softmax(-1).matmul(v));
        }

        Tensor expected = nn.functional.linear(cat(heads, -1), weights["output.weight"]);
        AssertNear(expected, attention.Forward(x, new AttentionContext(null, IsCausal: true, 0, null, null, null, null, null), 0), 5e-6);
    }

    [Theory]
    [InlineData(4, 0)]
    [InlineData(2, 3)]
    public void The_attention_weights_sum_to_one_and_collecting_them_does_not_change_the_output(int groups, int window)
    {
        using var scope = NewDisposeScope();
        DecoderConfiguration shape = CacheTests.Shape(groups, PositionEncoding.Rotary, window);
        CausalDecoder decoder = new CausalDecoder(shape).Randomized(6);
        using var random = new Generator(7);
        Tensor x = randn([2, 8, 16], generator: random);
        var weights = new List<Tensor>();
        AssertNear(decoder.Backbone.Forward(new(x)), decoder.Backbone.Forward(new(x), attentionWeights: weights));
        Assert.Equal(2, weights.Count);
        Tensor outside = ones(8, 8).triu(1) + (window > 0 ? ones(8, 8).tril(-window) : zeros(8, 8));
        Assert.All(weights, weight =>
        {
            Assert.Equal([2, 4, 8, 8], weight.shape);
            AssertNear(ones(2, 4, 8), weight.sum(-1));
            Assert.Equal(0, (weight * outside).abs().max().item<float>());
        });
    }

    [Fact]
    public void The_activations_have_their_known_values_at_one()
    {
        using var scope = NewDisposeScope();
        double At(FeedForwardKind kind)
        {
            var feedForward = new FeedForward(CacheTests.Shape(4, PositionEncoding.None) with { Channels = 1, Heads = 1, KeyValueHeads = 1, FeedForwardChannels = 1, FeedForward = kind });
            using (no_grad())
            {
                Assert.All(feedForward.parameters(), parameter => parameter.fill_(1));
            }

            return feedForward.forward(ones(1, 1, 1)).item<float>();
        }

        Assert.Equal(0.841192, At(FeedForwardKind.GeluTanh), 6);
        Assert.Equal(0.841345, At(FeedForwardKind.GeluErf), 6);
        Assert.Equal(0.731059, At(FeedForwardKind.SwiGlu), 6); // silu(1) · 1
        Assert.Equal(1, At(FeedForwardKind.Relu), 6);
    }

    [Fact]
    public void The_root_mean_square_norm_has_its_closed_form()
    {
        using var norm = new RootMeanSquareNorm(2, 0.5);
        // x = (3, 4): mean of squares 12.5, plus ε = 0.5 makes 13
        AssertNear(tensor(new[] { 3 / Math.Sqrt(13), 4 / Math.Sqrt(13) }, ScalarType.Float32), norm.forward(tensor(new float[] { 3, 4 })).detach(), 1e-6);
    }
}
