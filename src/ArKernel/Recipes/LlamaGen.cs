using ArKernel.Backbones;
using ArKernel.Heads;
using ArKernel.Orders;
using ArKernel.Queries;

namespace ArKernel.Recipes;

/// <summary>
/// Raster autoregression over the tokens of a vector-quantized image (Sun et al. 2024, "Autoregressive Model Beats Diffusion: Llama for Scalable Image
/// Generation"): codec VQ, order raster, query previous token with a class vector before the first, backbone causal Llama with rows and columns
/// rotated, head categorical. The baseline of all visual systems.
/// </summary>
public static class LlamaGen
{
    /// <summary>Composes a model.</summary>
    /// <param name="configuration">The shape of the transformer.</param>
    /// <param name="classes">The number of classes; 0 for an unconditional model.</param>
    public static AutoregressiveModel Compose(DecoderConfiguration configuration, int classes)
    {
        var decoder = new CausalDecoder(configuration);
        return new AutoregressiveModel(
            nameof(LlamaGen),
            GenerationOrder.Raster(configuration.MaximumLength),
            new PreviousToken(decoder.Embedding, classes),
            decoder.Backbone,
            new CategoricalHead(decoder.OutputWeight));
    }

    /// <summary>A model of about 0.9 million parameters.</summary>
    /// <param name="vocabularySize">The number of codes.</param>
    /// <param name="side">Rows and columns of the token map.</param>
    public static DecoderConfiguration Tiny(int vocabularySize, int side) => Configuration(vocabularySize, channels: 128, layers: 4, heads: 4, side, side) with
    {
        FeedForwardChannels = 352,
        Dropout = 0,
    };

    /// <summary>LlamaGen-L at 256×256: 24 blocks of width 1024 over 16×16 tokens of 16,384 codes; 343 million parameters with 1000 classes.</summary>
    public static DecoderConfiguration Full { get; } = Configuration(16_384, channels: 1024, layers: 24, heads: 16, 16, 16);

    /// <summary>The shape of a published model: SwiGLU of ⌊8d/3⌋ channels rounded up to a multiple of 256, rotations of rows and columns, no biases.</summary>
    /// <param name="vocabularySize">The number of codes.</param>
    /// <param name="channels">The width: 768 (B), 1024 (L), 1280 (XL).</param>
    /// <param name="layers">The number of blocks: 12 (B), 24 (L), 36 (XL).</param>
    /// <param name="heads">The number of heads: 12 (B), 16 (L), 20 (XL).</param>
    /// <param name="height">Rows of the token map.</param>
    /// <param name="width">Columns of the token map.</param>
    public static DecoderConfiguration Configuration(int vocabularySize, int channels, int layers, int heads, int height, int width) =>
        DecoderConfiguration.Llama(vocabularySize, channels, layers, heads, heads, (8 * channels / 3 + 255) / 256 * 256, height * width) with
        {
            TiedEmbeddings = false,
            Dropout = 0.1,
            Rotary = new RotaryOptions { Layout = RotaryLayout.Interleaved, Shape = [height, width], ClassPositions = 1, ZeroClassRope = true },
        };
}
