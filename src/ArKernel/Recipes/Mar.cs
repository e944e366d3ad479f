using ArKernel.Backbones;
using ArKernel.Heads;
using ArKernel.Objectives;
using ArKernel.Orders;
using ArKernel.Queries;

namespace ArKernel.Recipes;

/// <summary>
/// Masked autoregression (Li et al. 2024, "Autoregressive Image Generation without Vector Quantization"): codec continuous latents, order random sets by the cosine
/// schedule, query mask token, backbone encoder and decoder that attend in both directions, head a flow of each token by itself. Train it with
/// <see cref="MaskedPrediction"/>; its guidance is <see cref="Decoding.Guidance.LinearInTokens"/>. The head matches flows where the paper's removes
/// noise by a diffusion of 1000 steps: the network is the same.
/// </summary>
public static class Mar
{
    /// <summary>Composes a model.</summary>
    /// <param name="configuration">The shape of encoder and decoder each. See <see cref="Configuration"/>.</param>
    /// <param name="positions">The positions of the latent (L).</param>
    /// <param name="tokenChannels">Channels of the latent (C).</param>
    /// <param name="steps">The number of sets (T).</param>
    /// <param name="classes">The number of classes; 0 for an unconditional model.</param>
    /// <param name="headChannels">The width of the head's network.</param>
    /// <param name="headLayers">The blocks of the head's network.</param>
    public static AutoregressiveModel Compose(
        DecoderConfiguration configuration, int positions, int tokenChannels, int steps, int classes, int headChannels, int headLayers) => new(
        nameof(Mar),
        GenerationOrder.RandomSets(positions, steps),
        new MaskToken(tokenChannels, configuration.Channels, configuration.MaximumLength - positions, classes),
        new MaskedBackbone(configuration with { InputNormalization = true }, configuration),
        new TokenFlowHead(configuration.Channels, tokenChannels, headChannels, headLayers, trainingDraws: 4));

    /// <summary>MAR-B: 208 million parameters with a head of 6 blocks of width 1024, over the 16×16 latent of a 256×256 image of 16 channels.</summary>
    public static DecoderConfiguration Full { get; } = Configuration(layers: 12, channels: 768, heads: 12, positions: 256, classRows: 64) with { Dropout = 0.1 };

    /// <summary>A model of about 0.9 million parameters.</summary>
    /// <param name="positions">The positions of the latent (L).</param>
    public static DecoderConfiguration Tiny(int positions) => Configuration(layers: 2, channels: 128, heads: 4, positions, classRows: 8);

    /// <summary>The shape of the encoder, or the decoder, of the paper's design.</summary>
    /// <param name="layers">The number of blocks of each.</param>
    /// <param name="channels">The width.</param>
    /// <param name="heads">The number of heads.</param>
    /// <param name="positions">The positions of the latent (L).</param>
    /// <param name="classRows">The rows that carry the class.</param>
    public static DecoderConfiguration Configuration(int layers, int channels, int heads, int positions, int classRows) =>
        DecoderConfiguration.Gpt2(0, channels, layers, heads, positions + classRows) with { FeedForward = FeedForwardKind.GeluErf, NormalizationEpsilon = 1e-6 };
}
