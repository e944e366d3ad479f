using ArKernel.Backbones;
using ArKernel.Codecs;
using ArKernel.Decoding;
using ArKernel.Heads;
using ArKernel.Orders;
using ArKernel.Queries;

namespace ArKernel.Recipes;

/// <summary>
/// Token-Shuffle (Ma et al. 2025, "Token-Shuffle: Towards High-Resolution Image Generation with Autoregressive Models"): order windows of s × s tokens, query
/// the previous window fused into one row, backbone causal over windows, head categorical after the row is split again. The backbone sees s² times fewer rows.
/// The paper's guidance schedule is <see cref="Guidance.HalfLinear"/>.
/// </summary>
public static class ShuffledTokens
{
    /// <summary>Composes a model.</summary>
    /// <param name="configuration">The shape of the transformer over windows. See <see cref="Tiny"/>.</param>
    /// <param name="side">Rows and columns of the token map.</param>
    /// <param name="window">The side of a window (s).</param>
    /// <param name="classes">The number of classes; 0 for an unconditional model.</param>
    /// <param name="mixers">Residual networks after fusing and before splitting (n).</param>
    public static AutoregressiveModel Compose(DecoderConfiguration configuration, int side, int window, int classes, int mixers = 2)
    {
        int channels = configuration.Channels;
        return new AutoregressiveModel(
            nameof(ShuffledTokens),
            GenerationOrder.Cells(side, side, window),
            new PreviousGroup(new TokenEmbedding(configuration.VocabularySize, channels), classes, fusion: new TokenShuffle(channels, window, mixers)),
            new TransformerBackbone(configuration),
            new UnfusedHead(new TokenUnshuffle(channels, window, mixers), new TokenEmbedding(configuration.VocabularySize, channels)));
    }

    /// <summary>A model of about 1.3 million parameters.</summary>
    /// <param name="vocabularySize">The number of codes.</param>
    /// <param name="side">Rows and columns of the token map.</param>
    /// <param name="window">The side of a window (s).</param>
    public static DecoderConfiguration Tiny(int vocabularySize, int side, int window = 2) => LlamaGen.Tiny(vocabularySize, side / window);

    /// <summary>The paper's 2.7-billion Llama (20 blocks of width 3072) over windows of 2×2 of the 128×128 tokens of a 2048×2048 image.</summary>
    public static DecoderConfiguration Full { get; } = LlamaGen.Configuration(16_384, channels: 3072, layers: 20, heads: 24, 64, 64);
}
