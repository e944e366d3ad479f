using ArKernel.Backbones;
using ArKernel.Heads;
using ArKernel.Orders;
using ArKernel.Queries;

namespace ArKernel.Recipes;

/// <summary>
/// Neighboring autoregression (He et al. 2025, "Neighboring Autoregressive Modeling for Efficient Visual Generation"): LlamaGen's codec and transformer,
/// order diagonals of equal Manhattan distance, query the previous diagonal, one categorical head an axis, each one block deeper than the one before. An
/// n×n map takes 2n − 1 model calls.
/// </summary>
public static class Nar
{
    /// <summary>Composes a model.</summary>
    /// <param name="configuration">The shape of the transformer: LlamaGen's with <paramref name="extraLayers"/> blocks more for every axis but the last. See <see cref="Tiny"/>.</param>
    /// <param name="shape">The sides of the token grid, [height, width] or [frames, height, width].</param>
    /// <param name="classes">The number of classes; 0 for an unconditional model.</param>
    /// <param name="extraLayers">Blocks between the states that the heads of two axes read; 0 lets all heads read the last.</param>
    public static AutoregressiveModel Compose(DecoderConfiguration configuration, IReadOnlyList<int> shape, int classes, int extraLayers = 1)
    {
        int axes = shape.Count;
        configuration = configuration with
        {
            EarlierOutputs = extraLayers == 0 ? [] : [.. Enumerable.Range(1, axes - 1).Select(place => configuration.Layers - (axes - place) * extraLayers)],
        };
        return new AutoregressiveModel(
            nameof(Nar),
            GenerationOrder.Diagonals([.. shape]),
            new PreviousGroup(new TokenEmbedding(configuration.VocabularySize, configuration.Channels), classes),
            new TransformerBackbone(configuration),
            new AxisHeads(shape, configuration.VocabularySize, configuration.Channels));
    }

    /// <summary>A model of about 0.9 million parameters: three blocks, and one more for the head below.</summary>
    /// <param name="vocabularySize">The number of codes.</param>
    /// <param name="side">Rows and columns of the token map.</param>
    public static DecoderConfiguration Tiny(int vocabularySize, int side) => LlamaGen.Tiny(vocabularySize, side);

    /// <summary>NAR-XL at 256×256: 36 blocks of width 1280 and one more; 816 million parameters with 1000 classes.</summary>
    public static DecoderConfiguration Full { get; } = LlamaGen.Configuration(16_384, channels: 1280, layers: 37, heads: 20, 16, 16);
}
