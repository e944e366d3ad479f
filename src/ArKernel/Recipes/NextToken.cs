using ArKernel.Backbones;
using ArKernel.Heads;
using ArKernel.Orders;
using ArKernel.Queries;

namespace ArKernel.Recipes;

/// <summary>
/// Next-token prediction of text (Radford et al. 2019; Touvron et al. 2023): order raster, query previous token, backbone causal
/// transformer, head categorical.
/// </summary>
public static class NextToken
{
    /// <summary>Composes a text model.</summary>
    /// <param name="configuration">The shape of the transformer; the order is raster over its maximum length.</param>
    public static AutoregressiveModel Compose(DecoderConfiguration configuration)
    {
        var decoder = new CausalDecoder(configuration);
        return new AutoregressiveModel(
            nameof(NextToken),
            GenerationOrder.Raster(configuration.MaximumLength),
            new PreviousToken(decoder.Embedding),
            decoder.Backbone,
            new CategoricalHead(decoder.OutputWeight));
    }

    /// <summary>Makes a text model of a decoder whose weights were loaded.</summary>
    /// <param name="decoder">The decoder.</param>
    /// <param name="startToken">The token it begins every text with, such as GPT-2's <c>&lt;|endoftext|&gt;</c> (50256).</param>
    public static AutoregressiveModel From(CausalDecoder decoder, int startToken) => new(
        nameof(NextToken),
        GenerationOrder.Raster(decoder.Configuration.MaximumLength),
        PreviousToken.StartingWith(decoder.Embedding, startToken),
        decoder.Backbone,
        new CategoricalHead(decoder.OutputWeight));

    /// <summary>A Llama-flavoured model of about 0.8 million parameters that learns on two CPU cores in minutes.</summary>
    /// <param name="vocabularySize">The number of different tokens.</param>
    /// <param name="length">The longest sequence, in tokens.</param>
    public static DecoderConfiguration Tiny(int vocabularySize, int length = 128) =>
        DecoderConfiguration.Llama(vocabularySize, channels: 128, layers: 4, heads: 4, keyValueHeads: 2, feedForwardChannels: 344, length);

    /// <summary>GPT-2 small: 124 million parameters.</summary>
    public static DecoderConfiguration Full { get; } =
        DecoderConfiguration.Gpt2(vocabularySize: 50_257, channels: 768, layers: 12, heads: 12, maximumLength: 1024);
}
