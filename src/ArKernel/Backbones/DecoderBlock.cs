using static TorchSharp.torch;

namespace ArKernel.Backbones;

/// <summary>Attention and feed-forward around a residual stream: x += Attention(norm x); x += FeedForward(norm x).</summary>
public sealed class DecoderBlock : nn.Module
{
    private readonly nn.Module<Tensor, Tensor> attentionNorm;
    private readonly Attention attention;
    private readonly nn.Module<Tensor, Tensor> feedForwardNorm;
    private readonly FeedForward feedForward;
    private readonly Modulation? modulation;
    private readonly bool postNormalization;
    private readonly double dropout;

    /// <summary>Creates a block.</summary>
    /// <param name="configuration">The shape of the decoder.</param>
    public DecoderBlock(DecoderConfiguration configuration)
        : base(nameof(DecoderBlock))
    {
        attentionNorm = NewNorm(configuration);
        attention = new Attention(configuration);
        feedForwardNorm = NewNorm(configuration);
        feedForward = new FeedForward(configuration);
        modulation = configuration.Adaptive == AdaptiveNormalization.None ? null : Modulation.OfBlock(configuration);
        postNormalization = configuration.PostNormalization;
        dropout = configuration.Dropout;
        RegisterComponents();
    }

    internal static nn.Module<Tensor, Tensor> NewNorm(DecoderConfiguration configuration) =>
        configuration.Normalization == Normalization.Layer
            ? nn.LayerNorm(configuration.Channels, configuration.NormalizationEpsilon, configuration.NormalizationGain)
            : new RootMeanSquareNorm(configuration.Channels, configuration.NormalizationEpsilon, configuration.NormalizationGain);

    internal Tensor Forward(Tensor x, AttentionContext context, int layer)
    {
        if (postNormalization)
        {
            x = attentionNorm.forward(x + Drop(attention.Forward(x, context, layer)));
            return feedForwardNorm.forward(x + Drop(feedForward.forward(x)));
        }

        if (modulation is not null)
        {
            BlockModulation m = modulation.ForBlock(context.Condition!, x.shape[1]);
            Tensor mixed = attention.Forward(m.AttentionShift.addcmul(attentionNorm.forward(x), m.AttentionScale, 1), context, layer);
            x = x.addcmul(Drop(mixed), m.AttentionGate, 1);
            Tensor inner = feedForward.forward(m.FeedForwardShift.addcmul(feedForwardNorm.forward(x), m.FeedForwardScale, 1));
            return x.addcmul(Drop(inner), m.FeedForwardGate, 1);
        }

        x = x + Drop(attention.Forward(attentionNorm.forward(x), context, layer));
        return x + Drop(feedForward.forward(feedForwardNorm.forward(x)));
    }

    internal void Initialize(double deviation, double residualDeviation)
    {
        attention.Initialize(deviation, residualDeviation);
        feedForward.Initialize(deviation, residualDeviation);
        modulation?.Initialize(deviation);
    }

    private Tensor Drop(Tensor x) => dropout > 0 && training ? nn.functional.dropout(x, dropout, training) : x;
}
