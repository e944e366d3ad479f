using ArKernel.Backbones;
using ArKernel.Heads;
using ArKernel.Orders;
using ArKernel.Queries;

namespace ArKernel.Recipes;

/// <summary>
/// Scale-wise flow matching (Ren et al. 2024, "FlowAR: Scale-wise Autoregressive Image Generation Meets Flow Matching"): codec continuous latents at doubling scales,
/// order scales, query the enlarged coarser scale, backbone block-causal transformer, head a flow of each scale with adaptive normalization by position. A sample is
/// that of <see cref="CoarserLatent.Scales"/>; its last scale is the latent to decode.
/// </summary>
public static class FlowAr
{
    /// <summary>Composes a model.</summary>
    /// <param name="configuration">The shape of the transformer. See <see cref="Tiny"/>.</param>
    /// <param name="sides">The side of every scale, doubling from 1.</param>
    /// <param name="tokenChannels">Channels of the latent (C).</param>
    /// <param name="classes">The number of classes; 0 for an unconditional model.</param>
    /// <param name="headChannels">The width of the head's network.</param>
    /// <param name="headLayers">The blocks of the head's network.</param>
    /// <param name="headHeads">The attention heads of the head's network.</param>
    public static AutoregressiveModel Compose(
        DecoderConfiguration configuration, IReadOnlyList<int> sides, int tokenChannels, int classes, int headChannels, int headLayers, int headHeads)
    {
        GenerationOrder order = GenerationOrder.Scales(sides);
        return new AutoregressiveModel(
            nameof(FlowAr),
            order,
            new CoarserLatent(sides, tokenChannels, configuration.Channels, classes),
            new TransformerBackbone(configuration with { MaximumLength = order.PositionCount }),
            new SpatialFlowHead(configuration.Channels, tokenChannels, headChannels, headLayers, headHeads));
    }

    /// <summary>A transformer of three blocks of width 96 over scales 1, 2, 4, 8; the specification's head is 96 wide with 2 blocks.</summary>
    public static DecoderConfiguration Tiny { get; } = Configuration(layers: 3, channels: 96, heads: 4);

    /// <summary>A transformer of the size of FlowAR-S over scales 1 to 16. The paper's code is not published, so that the split between transformer and head is ours.</summary>
    public static DecoderConfiguration Full { get; } = Configuration(layers: 12, channels: 768, heads: 12);

    private static DecoderConfiguration Configuration(int layers, int channels, int heads) => DecoderConfiguration.Gpt2(0, channels, layers, heads, 341);
}
