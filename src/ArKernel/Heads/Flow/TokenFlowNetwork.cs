using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Heads.Flow;

/// <summary>
/// The network of MAR's diffusion loss (Li et al. 2024, section 4.1): a residual multilayer perceptron on each token by itself, modulated by the time and by
/// what the transformer says of the token. It predicts a velocity or a noise, and with twice the channels also a variance.
/// </summary>
public sealed class TokenFlowNetwork : nn.Module
{
    private readonly TimeEmbedding timeEmbedding;
    private readonly Linear conditionEmbedding;
    private readonly Linear input;
    private readonly ModuleList<TokenFlowBlock> blocks;
    private readonly Linear modulation;
    private readonly Linear output;
    private readonly long channels;

    /// <summary>Creates the network; its first prediction is 0.</summary>
    /// <param name="channels">Channels of a token (C).</param>
    /// <param name="conditionChannels">Channels of the condition (d).</param>
    /// <param name="width">The width inside (w).</param>
    /// <param name="depth">The number of blocks.</param>
    /// <param name="outputChannels">Channels predicted; null for those of the token.</param>
    public TokenFlowNetwork(int channels, int conditionChannels, int width, int depth, int? outputChannels = null)
        : base(nameof(TokenFlowNetwork))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(depth, 1);
        this.channels = channels;
        timeEmbedding = new TimeEmbedding(width);
        conditionEmbedding = nn.Linear(conditionChannels, width);
        input = nn.Linear(channels, width);
        blocks = nn.ModuleList([.. Enumerable.Range(0, depth).Select(_ => new TokenFlowBlock(width))]);
        modulation = AdaptiveNorm.ZeroLinear(width, 2 * width);
        output = AdaptiveNorm.ZeroLinear(width, outputChannels ?? channels);
        RegisterComponents();
    }

    /// <summary>Predicts.</summary>
    /// <param name="x">[..., channels]: the noisy tokens.</param>
    /// <param name="time">[...], 0 to 1.</param>
    /// <param name="condition">[..., condition channels].</param>
    /// <returns>[..., output channels].</returns>
    /// <exception cref="ArgumentException">The shapes do not fit each other.</exception>
    public Tensor Forward(Tensor x, Tensor time, Tensor condition)
    {
        if (x.shape[^1] != channels || !x.shape.SkipLast(1).SequenceEqual(time.shape) || !x.shape.SkipLast(1).SequenceEqual(condition.shape.SkipLast(1)))
        {
            throw new ArgumentException(
                $"TokenFlowNetwork: tokens [{string.Join(", ", x.shape)}], times [{string.Join(", ", time.shape)}] and conditions [{string.Join(", ", condition.shape)}] do not fit; " +
                $"they must be [..., {channels}], [...] and [..., {conditionEmbedding.in_features}].");
        }

        Tensor active = nn.functional.silu(timeEmbedding.forward(time) + conditionEmbedding.forward(condition));
        Tensor hidden = blocks.Aggregate(input.forward(x), (mixed, block) => block.Forward(mixed, active));
        Tensor[] parts = modulation.forward(active).chunk(2, -1);
        return output.forward(AdaptiveNorm.Modulate(hidden, shift: parts[0], scale: parts[1]));
    }
}

/// <summary>x + gate ⊙ MLP(LayerNorm(x) (1 + scale) + shift).</summary>
internal sealed class TokenFlowBlock : nn.Module
{
    private readonly Linear modulation; // shift, scale, gate
    private readonly LayerNorm norm;
    private readonly Linear first;
    private readonly Linear second;

    internal TokenFlowBlock(long width)
        : base(nameof(TokenFlowBlock))
    {
        modulation = AdaptiveNorm.ZeroLinear(width, 3 * width);
        norm = nn.LayerNorm(width, 1e-6); // with a gain and bias of its own, as in MAR
        first = nn.Linear(width, width);
        second = nn.Linear(width, width);
        RegisterComponents();
    }

    internal Tensor Forward(Tensor x, Tensor active)
    {
        Tensor[] parts = modulation.forward(active).chunk(3, -1);
        Tensor inner = norm.forward(x) * (1 + parts[1]) + parts[0];
        return x + parts[2] * second.forward(nn.functional.silu(first.forward(inner)));
    }
}

/// <summary>What the adaptive normalizations of the heads share.</summary>
internal static class AdaptiveNorm
{
    /// <summary>A linear map that gives 0 until it has learned.</summary>
    internal static Linear ZeroLinear(long input, long output)
    {
        Linear linear = nn.Linear(input, output);
        nn.init.zeros_(linear.weight!);
        nn.init.zeros_(linear.bias!);
        return linear;
    }

    /// <summary>LayerNorm(x) (1 + scale) + shift, the norm without a gain of its own.</summary>
    internal static Tensor Modulate(Tensor x, Tensor shift, Tensor scale) => nn.functional.layer_norm(x, [x.shape[^1]], eps: 1e-6) * (1 + scale) + shift;
}
