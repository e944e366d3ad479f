using ArKernel.Backbones;
using ArKernel.Tests.Training;
using static ArKernel.Tests.TestTensors;
using static TorchSharp.torch;

namespace ArKernel.Tests.Backbones;

public sealed class CacheTests
{
    private const int Vocabulary = 13, Time = 11, Batch = 3;

    internal static DecoderConfiguration Shape(int groups, PositionEncoding positions, int window = 0, bool gpt2 = false) =>
        (gpt2
            ? DecoderConfiguration.Gpt2(Vocabulary, channels: 16, layers: 2, heads: 4, maximumLength: Time + 1)
            : DecoderConfiguration.Llama(Vocabulary, channels: 16, layers: 2, heads: 4, groups, feedForwardChannels: 20, maximumLength: Time + 1)) with
        {
            KeyValueHeads = groups,
            Positions = positions,
            SlidingWindow = window,
        };

    public static TheoryData<DecoderConfiguration> Shapes =>
    [
        .. from groups in new[] { 4, 1, 2 }
           from positions in new[] { PositionEncoding.Rotary, PositionEncoding.Learned, PositionEncoding.Sinusoidal }
           select Shape(groups, positions),
        Shape(2, PositionEncoding.Rotary, window: 4),
        Shape(4, PositionEncoding.Learned, window: 1),
        Shape(2, PositionEncoding.Learned, gpt2: true) with { PostNormalization = true, TiedEmbeddings = false },
        Shape(2, PositionEncoding.Rotary) with { QueryKeyNormalization = true, QueryKeyValueBias = true, HeadChannels = 6 },
        Shape(2, PositionEncoding.Rotary) with { Rotary = new() { Layout = RotaryLayout.Interleaved } },
    ];

    private static Tensor InChunks(CausalDecoder decoder, Tensor ids, KeyValueCache cache, int chunk)
    {
        var logits = new List<Tensor>();
        for (long start = 0; start < ids.shape[1]; start += chunk)
        {
            logits.Add(decoder.Forward(ids.narrow(1, start, Math.Min(chunk, ids.shape[1] - start)), cache).Logits);
        }

        return cat(logits, 1);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void All_at_once_token_by_token_and_in_chunks_of_three_give_the_same_logits(DecoderConfiguration shape)
    {
        using var scope = NewDisposeScope();
        CausalDecoder decoder = new CausalDecoder(shape).Randomized(1);
        Tensor ids = RandomIds(2, Vocabulary, Batch, Time);
        Tensor full = decoder.Forward(ids).Logits;
        foreach (int chunk in (int[])[1, 3, Time])
        {
            using KeyValueCache cache = decoder.NewCache(Batch);
            AssertNear(full, InChunks(decoder, ids, cache, chunk));
            Assert.Equal(Time, cache.Length);
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Truncating_the_cache_forgets_later_tokens(DecoderConfiguration shape)
    {
        using var scope = NewDisposeScope();
        CausalDecoder decoder = new CausalDecoder(shape).Randomized(3);
        Tensor first = RandomIds(4, Vocabulary, Batch, Time), other = RandomIds(5, Vocabulary, Batch, Time - 4);
        using KeyValueCache cache = decoder.NewCache(Batch);
        decoder.Forward(first, cache);
        cache.Truncate(4);
        Tensor expected = decoder.Forward(cat([first.narrow(1, 0, 4), other], 1)).Logits.narrow(1, 4, Time - 4);
        AssertNear(expected, InChunks(decoder, other, cache, 2));
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Reordered_and_expanded_rows_continue_like_rows_computed_from_scratch(DecoderConfiguration shape)
    {
        using var scope = NewDisposeScope();
        CausalDecoder decoder = new CausalDecoder(shape).Randomized(6);
        Tensor prompt = RandomIds(7, Vocabulary, Batch, 5), rows = tensor(new long[] { 2, 2, 0, 1, 0 }), next = RandomIds(8, Vocabulary, 10, 4);
        using KeyValueCache cache = decoder.NewCache(Batch);
        decoder.Forward(prompt, cache);
        cache.Reorder(rows);
        cache.Expand(2);
        Assert.Equal(10, cache.Batch);
        Tensor grown = prompt.index_select(0, rows).repeat_interleave(2, 0);
        AssertNear(decoder.Forward(cat([grown, next], 1)).Logits.narrow(1, 5, 4), InChunks(decoder, next, cache, 1));
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Rows_may_take_each_others_places(DecoderConfiguration shape)
    {
        using var scope = NewDisposeScope();
        CausalDecoder decoder = new CausalDecoder(shape).Randomized(12);
        Tensor prompt = RandomIds(13, Vocabulary, 3, 5), next = RandomIds(14, Vocabulary, 3, 3), rows = tensor(new long[] { 2, 0, 0 });
        using KeyValueCache cache = decoder.NewCache(3);
        InChunks(decoder, prompt, cache, 5);
        cache.Reorder(rows);
        AssertNear(decoder.Forward(cat([prompt.index_select(0, rows), next], 1)).Logits.narrow(1, 5, 3), InChunks(decoder, next, cache, 1));
    }

    [Fact]
    public void Using_a_cache_wrongly_is_one_clear_error()
    {
        using var scope = NewDisposeScope();
        CausalDecoder decoder = new CausalDecoder(Shape(2, PositionEncoding.Rotary)).Randomized(11);
        using KeyValueCache cache = decoder.NewCache(2);
        Assert.Contains("2 rows; the input has 3", Assert.Throws<ArgumentException>(() => decoder.Forward(RandomIds(1, Vocabulary, 3, 2), cache)).Message);
        Assert.Contains("exceed the maximum length 12", Assert.Throws<ArgumentException>(() => decoder.Forward(RandomIds(1, Vocabulary, 2, 13), cache)).Message);
        decoder.Forward(RandomIds(1, Vocabulary, 2, 12), cache);
        Assert.Contains("12 cached and 1 new", Assert.Throws<ArgumentException>(() => decoder.Forward(RandomIds(1, Vocabulary, 2, 1), cache)).Message);
        foreach ((int layers, int heads, int capacity, int channels) in new[] { (1, 2, 12, 4), (2, 4, 12, 4), (2, 2, 1, 4), (2, 2, 12, 8) })
        {
            using var other = new KeyValueCache(layers, 1, heads, capacity, channels, ScalarType.Float32, CPU);
            Assert.Contains(
                $"has {layers} layers of [batch, {heads}, {capacity}, {channels}]; it must have 2 layers of [batch, 2, 3 or more, 4]",
                Assert.Throws<ArgumentException>(() => decoder.Forward(RandomIds(1, Vocabulary, 1, 3), other)).Message);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Truncate(13));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Truncate(-1));
    }
}

/// <summary>Counts torch's tensors, so nothing else may make any.</summary>
[Collection(nameof(RunsAlone))]
public sealed class CacheMemoryTests
{
    [Fact]
    public void Decoding_with_a_cache_keeps_no_tensor_and_no_graph_from_step_to_step()
    {
        using CausalDecoder decoder = new CausalDecoder(CacheTests.Shape(2, PositionEncoding.Rotary)).Randomized(9);
        using KeyValueCache cache = decoder.NewCache(3);
        using Tensor ids = RandomIds(10, 13, 3, 1);
        long before = SettledTensorCount();
        for (int step = 0; step < 12; step++)
        {
            using var scope = NewDisposeScope();
            Assert.False(decoder.Forward(ids, cache).Hidden.requires_grad, "The cache would keep the graph of every step alive.");
        }

        Assert.Equal(before, Tensor.TotalCount);
    }
}
