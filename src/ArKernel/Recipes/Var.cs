using ArKernel.Backbones;
using ArKernel.Codecs;
using ArKernel.Heads;
using ArKernel.Orders;
using ArKernel.Queries;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Recipes;

/// <summary>
/// Next-scale prediction (Tian et al. 2024, "Visual Autoregressive Modeling"): codec residual multi-scale VQ, order scales, query the upsampled coarser scales,
/// backbone transformer with adaptive normalization by the class and a block-causal mask, head categorical. Its guidance grows linearly with the
/// scale (<see cref="Decoding.Guidance.Linear"/>); the paper's cfg t is a guidance scale of 1 + t. Known tokens
/// (<see cref="Decoding.KnownTokens"/>, with the mask of <see cref="MultiScaleQuantizer.KeepMask"/>) paint in, out, and edit.
/// With a quantizer of frequency bands it is NFIG (Huang et al. 2025).
/// </summary>
public static class Var
{
    /// <summary>Composes a model.</summary>
    /// <param name="configuration">The shape of the transformer. See <see cref="Tiny"/>.</param>
    /// <param name="quantizer">The tokenizer's quantizer; it is frozen and becomes a part of the model.</param>
    /// <param name="classes">The number of classes; 0 for an unconditional model.</param>
    public static AutoregressiveModel Compose(DecoderConfiguration configuration, MultiScaleQuantizer quantizer, int classes)
    {
        var output = new TokenEmbedding(quantizer.VocabularySize, configuration.Channels);
        var query = new CoarserScales(quantizer, configuration.Channels, classes);
        using (no_grad())
        {
            // The official initialization: everything at σ = √(1/3d), the output matrix at a fiftieth of it.
            foreach ((string name, Parameter parameter) in query.named_parameters().Where(entry => entry.parameter.requires_grad))
            {
                nn.init.normal_(parameter, 0, name.EndsWith("bias", StringComparison.Ordinal) ? 0 : configuration.InitialDeviation);
            }

            nn.init.normal_(output.Weight, 0, 0.02 * configuration.InitialDeviation);
        }

        return new AutoregressiveModel(
            quantizer.Bands is null ? nameof(Var) : "Nfig",
            GenerationOrder.Scales(quantizer.Scales.Sides, quantizer.Bands is null ? "scales" : "frequencies"),
            query,
            new TransformerBackbone(configuration with { MaximumLength = quantizer.TokenCount }),
            new CategoricalHead(output, hasBias: true));
    }

    /// <summary>The shape of a published model: depth D makes the width 64 D and D heads.</summary>
    /// <param name="depth">The number of blocks (D): 16, 20, 24 or 30.</param>
    public static DecoderConfiguration Configuration(int depth) => Configuration(depth, 64 * depth, depth);

    /// <summary>VAR-d16: 310 million parameters over the ten scales of a 256×256 image.</summary>
    public static DecoderConfiguration Full { get; } = Configuration(16);

    /// <summary>A model of about 1.3 million parameters, for scales 1, 2, 3, 4, 6, 8.</summary>
    public static DecoderConfiguration Tiny { get; } = Configuration(layers: 4, channels: 128, heads: 4);

    /// <summary>A shape between the published ones.</summary>
    /// <param name="layers">The number of blocks.</param>
    /// <param name="channels">The width.</param>
    /// <param name="heads">The number of heads.</param>
    public static DecoderConfiguration Configuration(int layers, int channels, int heads) => new()
    {
        Channels = channels,
        Layers = layers,
        Heads = heads,
        MaximumLength = ScaleList.Var.TokenCount,
        Normalization = Normalization.Layer,
        NormalizationEpsilon = 1e-6,
        NormalizationGain = false,
        FeedForward = FeedForwardKind.GeluTanh,
        Positions = PositionEncoding.Learned,
        Bias = true,
        KeyBias = false,
        CosineAttention = true,
        Adaptive = AdaptiveNormalization.BlocksAndOutput,
        InitialDeviation = Math.Sqrt(1 / (3.0 * channels)),
    };
}
