using ArKernel.Backbones;
using ArKernel.Codecs;
using ArKernel.Recipes;
using CsCheck;
using static TorchSharp.torch;

namespace ArKernel.Tests.Backbones;

public sealed class DecoderConfigurationTests
{
    private static readonly Gen<DecoderConfiguration> Configurations =
        from size in Gen.Select(Gen.Int[1, 9], Gen.Int[1, 3], Gen.Int[0, 2], Gen.Int[1, 3], Gen.Int[1, 8])
        from widths in Gen.Select(Gen.Int[1, 3], Gen.Int[0, 3], Gen.Int[0, 7])
        from kinds in Gen.Select(Gen.Enum<Normalization>(), Gen.Enum<FeedForwardKind>(), Gen.Enum<PositionEncoding>())
        from flags in Gen.Bool.Array[10]
        from adaptive in Gen.Enum<AdaptiveNormalization>()
        let groups = size.Item2
        let heads = groups * size.Item4
        select new DecoderConfiguration
        {
            VocabularySize = size.Item1,
            Layers = size.Item3 + 1,
            KeyValueHeads = groups,
            Heads = heads,
            MaximumLength = size.Item5,
            Channels = 2 * widths.Item1 * heads,
            HeadChannels = 2 * widths.Item2,
            FeedForwardChannels = widths.Item3,
            Normalization = kinds.Item1,
            FeedForward = kinds.Item2,
            Positions = kinds.Item3,
            Bias = flags[0],
            QueryKeyValueBias = flags[1],
            QueryKeyNormalization = flags[2],
            TiedEmbeddings = flags[3],
            PostNormalization = flags[4],
            CosineAttention = flags[5],
            KeyBias = flags[6],
            NormalizationGain = flags[7],
            InputNormalization = flags[8],
            OutputNormalization = flags[9] || adaptive == AdaptiveNormalization.BlocksAndOutput,
            Adaptive = flags[4] ? AdaptiveNormalization.None : adaptive,
            EarlierOutputs = flags[4] || adaptive == AdaptiveNormalization.BlocksAndOutput || size.Item3 == 0 ? [] : [size.Item3],
        };

    [Fact]
    public void The_parameter_count_is_that_of_the_real_parameters_for_any_shape() =>
        Configurations.Sample(
            configuration =>
            {
                using var scope = NewDisposeScope();
                using var decoder = new CausalDecoder(configuration);
                Assert.Equal(decoder.parameters().Sum(parameter => parameter.numel()), configuration.ParameterCount);
                Assert.All(configuration.EarlierOutputs.Count > 0 || configuration.Adaptive != AdaptiveNormalization.None ? [] : new[] { decoder }, decoder => Assert.Equal([2, configuration.MaximumLength, configuration.VocabularySize], decoder.Forward(zeros(2, configuration.MaximumLength, dtype: ScalarType.Int64)).Logits.shape));
            },
            iter: 200,
            threads: 1);

    [Fact]
    public void The_presets_have_their_published_sizes()
    {
        Assert.Equal(124_439_808, NextToken.Full.ParameterCount); // GPT-2 small
        Assert.InRange(NextPixel.Full.ParameterCount, 75_000_000, 77_000_000); // iGPT-S: 76 million
        Assert.InRange(NextToken.Tiny(256).ParameterCount, 700_000, 900_000);
        Assert.InRange(NextPixel.Tiny(new PixelCodec(28, 28, 16)).ParameterCount, 700_000, 1_000_000);
        Assert.Equal(6_738_415_616, (DecoderConfiguration.Llama(32_000, 4096, 32, 32, 32, 11_008, 2048) with { TiedEmbeddings = false }).ParameterCount); // Llama 7B
    }

    [Fact]
    public void An_impossible_shape_names_the_setting()
    {
        DecoderConfiguration good = DecoderConfiguration.Llama(5, 8, 1, 4, 2, 8, 4);
        (string Setting, DecoderConfiguration Bad)[] cases =
        [
            ("VocabularySize", good with { VocabularySize = 0 }), ("Channels", good with { Channels = 0 }), ("Layers", good with { Layers = 0 }), ("Heads", good with { Heads = 0 }),
            ("MaximumLength", good with { MaximumLength = 0 }), ("Channels", good with { Channels = 9 }), ("KeyValueHeads", good with { KeyValueHeads = 3 }), ("KeyValueHeads", good with { KeyValueHeads = -2 }),
            ("HeadChannels", good with { HeadChannels = 3 }), ("HeadChannels", good with { HeadChannels = -2 }), ("FeedForwardChannels", good with { FeedForwardChannels = -1 }),
            ("Channels", good with { Positions = PositionEncoding.Sinusoidal, Channels = 7, HeadChannels = 2 }), ("SlidingWindow", good with { SlidingWindow = -1 }),
            ("Dropout", good with { Dropout = 1 }), ("Dropout", good with { Dropout = double.NaN }), ("NormalizationEpsilon", good with { NormalizationEpsilon = -1 }),
            ("Rotary.Base", good with { Rotary = new() { Base = 0 } }), ("Rotary.Factor", good with { Rotary = new() { Factor = 0 } }),
        ];
        Assert.All(cases, entry => Assert.Contains($"DecoderConfiguration.{entry.Setting} is ", Assert.Throws<ArgumentException>(() => new CausalDecoder(entry.Bad)).Message));
    }
}
