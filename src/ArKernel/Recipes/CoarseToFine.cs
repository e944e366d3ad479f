using ArKernel.Backbones;
using ArKernel.Codecs;
using ArKernel.Heads;
using ArKernel.Orders;
using ArKernel.Queries;
using static TorchSharp.torch;

namespace ArKernel.Recipes;

/// <summary>
/// Coarse-to-fine tokens (Guo et al. 2025, "Improving Autoregressive Image Generation through Coarse-to-Fine Token Prediction"): the codebook is clustered,
/// LlamaGen's transformer predicts cluster after cluster, and a second, bidirectional one all codes at once within their clusters. A sample holds the
/// coarse tokens, then the fine ones: see <see cref="Tokens"/>. Its likelihood is that of the fine tokens alone, for they determine the coarse.
/// </summary>
public static class CoarseToFine
{
    /// <summary>Composes a model.</summary>
    /// <param name="coarse">The shape of the transformer over clusters.</param>
    /// <param name="fine">The shape of the transformer over codes.</param>
    /// <param name="clustering">The clusters of the codebook.</param>
    /// <param name="classes">The number of classes; 0 for an unconditional model.</param>
    /// <param name="restrictToCluster">Whether a code must be of its cluster; without, the likelihood is a bound.</param>
    /// <exception cref="ArgumentException">A vocabulary is not that of the clustering, or the maps differ.</exception>
    public static AutoregressiveModel Compose(
        DecoderConfiguration coarse, DecoderConfiguration fine, CodebookClustering clustering, int classes, bool restrictToCluster = true)
    {
        int codes = clustering.CoarseOf.Count, places = coarse.MaximumLength;
        if (coarse.VocabularySize != clustering.ClusterCount || fine.VocabularySize != codes)
        {
            throw new ArgumentException(
                $"CoarseToFine: the vocabularies are {coarse.VocabularySize} and {fine.VocabularySize}; the clustering has {clustering.ClusterCount} clusters of {codes} codes.");
        }

        var decoder = new CausalDecoder(coarse);
        return new AutoregressiveModel(
            nameof(CoarseToFine),
            GenerationOrder.CoarseThenFine(places),
            new PreviousToken(decoder.Embedding, classes),
            decoder.Backbone,
            new CategoricalHead(decoder.OutputWeight),
            new Stage(
                places,
                new CoarseTokens(clustering.ClusterCount, fine.Channels, classes),
                new TransformerBackbone(fine with { MaximumLength = places + 1 }),
                new ClusteredHead(new TokenEmbedding(codes, fine.Channels), restrictToCluster ? clustering : null)));
    }

    /// <summary>A sample: the coarse tokens, then the fine ones.</summary>
    /// <param name="clustering">The clusters of the codebook.</param>
    /// <param name="fine">[batch, places] int64.</param>
    /// <returns>[batch, 2 · places] int64.</returns>
    public static Tensor Tokens(CodebookClustering clustering, Tensor fine) => cat([clustering.Coarse(fine), fine], 1);

    /// <summary>The shapes of a model of about 1.7 million parameters, coarse and fine.</summary>
    /// <param name="clusters">The number of clusters (M).</param>
    /// <param name="vocabularySize">The number of codes (V).</param>
    /// <param name="side">Rows and columns of the token map.</param>
    public static (DecoderConfiguration Coarse, DecoderConfiguration Fine) Tiny(int clusters, int vocabularySize, int side) =>
        (LlamaGen.Tiny(clusters, side), LlamaGen.Tiny(vocabularySize, side) with { Layers = 3 });

    /// <summary>LlamaGen-L over 512 clusters, and the paper's second network of 343 million parameters over 16,384 codes.</summary>
    public static (DecoderConfiguration Coarse, DecoderConfiguration Fine) Full { get; } = (LlamaGen.Full with { VocabularySize = 512 }, LlamaGen.Full);
}
