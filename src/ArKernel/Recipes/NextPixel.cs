using ArKernel.Backbones;
using ArKernel.Codecs;
using ArKernel.Heads;
using ArKernel.Orders;
using ArKernel.Queries;

namespace ArKernel.Recipes;

/// <summary>
/// Next-pixel prediction of images (Chen et al. 2020, "Generative Pretraining from Pixels"): order raster, query previous token with a
/// class vector before the first, backbone causal transformer, head categorical over grey levels.
/// </summary>
public static class NextPixel
{
    /// <summary>Composes an image model.</summary>
    /// <param name="configuration">The shape of the transformer; the order is raster over its maximum length.</param>
    /// <param name="classes">The number of classes; 0 for an unconditional model.</param>
    public static AutoregressiveModel Compose(DecoderConfiguration configuration, int classes)
    {
        var decoder = new CausalDecoder(configuration);
        return new AutoregressiveModel(
            nameof(NextPixel),
            GenerationOrder.Raster(configuration.MaximumLength),
            new PreviousToken(decoder.Embedding, classes),
            decoder.Backbone,
            new CategoricalHead(decoder.OutputWeight));
    }

    /// <summary>A model of about 0.8 million parameters that learns on two CPU cores in minutes. Positions are learned: a pixel's row and column matter.</summary>
    /// <param name="codec">The size and grey levels of the images.</param>
    public static DecoderConfiguration Tiny(PixelCodec codec) =>
        DecoderConfiguration.Llama(codec.VocabularySize, channels: 128, layers: 4, heads: 4, keyValueHeads: 4, feedForwardChannels: 344, codec.TokenCount) with
        {
            Positions = PositionEncoding.Learned,
        };

    /// <summary>iGPT-S: 24 blocks of width 512 over 32×32 pixels of 512 colours, 76 million parameters.</summary>
    public static DecoderConfiguration Full { get; } =
        DecoderConfiguration.Gpt2(vocabularySize: 512, channels: 512, layers: 24, heads: 8, maximumLength: 1024);
}
