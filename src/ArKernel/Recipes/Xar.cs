using ArKernel.Backbones;
using ArKernel.Heads;
using ArKernel.Heads.Flow;
using ArKernel.Orders;
using ArKernel.Queries;

namespace ArKernel.Recipes;

/// <summary>
/// Next-X prediction (Ren et al. 2025, "Beyond Next-Token: Next-X Prediction for Autoregressive Visual Generation"): codec continuous latents, order cells (or
/// single tokens, subsamples, the whole image), query the noisy group, backbone transformer with adaptive normalization by class and time, head velocity.
/// With the order of one single group it is plain latent flow matching. Its guidance grows linearly with the groups
/// (<see cref="Decoding.Guidance.Linear"/>). The official network has a linear map and a second table of positions between its two halves, which this
/// one stack of blocks has not.
/// </summary>
public static class Xar
{
    /// <summary>Composes a model.</summary>
    /// <param name="configuration">The shape of the transformer. See <see cref="Configuration"/>.</param>
    /// <param name="order">Which positions of the latent are an entity; every entity of as many positions.</param>
    /// <param name="tokenChannels">Channels of the latent (C).</param>
    /// <param name="classes">The number of classes; 0 for an unconditional model.</param>
    /// <param name="cleanContext">Whether training shows each entity the ones before it without noise; the paper shows them noisy.</param>
    public static AutoregressiveModel Compose(DecoderConfiguration configuration, GenerationOrder order, int tokenChannels, int classes, bool cleanContext = false) => new(
        nameof(Xar),
        order,
        new NoisyGroup(tokenChannels, order.PositionCount, configuration.Channels, classes),
        new TransformerBackbone(configuration with { MaximumLength = 2 * order.PositionCount }),
        new VelocityHead(configuration.Channels, tokenChannels, FlowTimes.LogitNormal, cleanContext));

    /// <summary>xAR-B: 172 million parameters over the 16×16 latent of a 256×256 image, in four cells of 8×8.</summary>
    public static DecoderConfiguration Full { get; } = Configuration(layers: 16, channels: 768, heads: 12, side: 16) with { Dropout = 0.1 };

    /// <summary>A model of about 1.3 million parameters.</summary>
    /// <param name="side">Rows and columns of the latent.</param>
    public static DecoderConfiguration Tiny(int side) => Configuration(layers: 4, channels: 128, heads: 4, side);

    /// <summary>A shape of the paper's design: RMSNorm without gain, SwiGLU of ⌊8d/3⌋ channels, rotations of rows and columns.</summary>
    /// <param name="layers">The number of blocks.</param>
    /// <param name="channels">The width.</param>
    /// <param name="heads">The number of heads.</param>
    /// <param name="side">Rows and columns of the latent.</param>
    public static DecoderConfiguration Configuration(int layers, int channels, int heads, int side) => new()
    {
        Channels = channels,
        Layers = layers,
        Heads = heads,
        MaximumLength = 2 * side * side,
        FeedForwardChannels = 8 * channels / 3,
        NormalizationGain = false,
        InputNormalization = true,
        Adaptive = AdaptiveNormalization.Blocks,
        Rotary = new RotaryOptions { Layout = RotaryLayout.Interleaved, Shape = [side, side] },
    };
}
