using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Backbones;

/// <summary>The position-wise network of a block.</summary>
public sealed class FeedForward : nn.Module<Tensor, Tensor>
{
    private readonly FeedForwardKind kind;
    private readonly Linear up; // for SwiGLU the rows of W_gate, then those of W_up
    private readonly Linear down;

    /// <summary>Creates the feed-forward network of one block.</summary>
    /// <param name="configuration">The shape of the decoder.</param>
    public FeedForward(DecoderConfiguration configuration)
        : base(nameof(FeedForward))
    {
        kind = configuration.FeedForward;
        long inner = configuration.EffectiveFeedForwardChannels;
        up = nn.Linear(configuration.Channels, kind == FeedForwardKind.SwiGlu ? 2 * inner : inner, configuration.Bias);
        down = nn.Linear(inner, configuration.Channels, configuration.Bias);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        Tensor x = up.forward(input);
        Tensor active = kind switch
        {
            FeedForwardKind.SwiGlu => Gate(x.chunk(2, -1)),
            FeedForwardKind.GeluTanh => x.gelu(GELU.Approximate.tanh),
            FeedForwardKind.GeluErf => x.gelu(),
            _ => x.relu(),
        };
        return down.forward(active);
    }

    private static Tensor Gate(Tensor[] halves) => nn.functional.silu(halves[0]) * halves[1];

    internal void Initialize(double deviation, double residualDeviation)
    {
        nn.init.normal_(up.weight!, 0, deviation);
        nn.init.normal_(down.weight!, 0, residualDeviation);
        up.bias?.zero_();
        down.bias?.zero_();
    }
}
