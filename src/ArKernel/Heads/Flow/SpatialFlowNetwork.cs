using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Heads.Flow;

/// <summary>
/// A small transformer over all tokens of a map, whose every normalization is modulated position by position by the time and by what the autoregressive
/// transformer says of the position: FlowAR's spatial adaptive layer norm (Ren et al. 2024, section 3.3), and the diffusion transformer head of Hi-MAR.
/// </summary>
public sealed class SpatialFlowNetwork : nn.Module
{
    private readonly TimeEmbedding timeEmbedding;
    private readonly Linear conditionEmbedding;
    private readonly Linear input;
    private readonly ModuleList<SpatialFlowBlock> blocks;
    private readonly Linear modulation;
    private readonly Linear output;
    private readonly int channels;
    private readonly int width;

    /// <summary>Creates the network; its blocks change nothing at first, and its first prediction is 0.</summary>
    /// <param name="channels">Channels of a token (C).</param>
    /// <param name="conditionChannels">Channels of the condition (d).</param>
    /// <param name="width">The width inside, a multiple of 4 and of the heads.</param>
    /// <param name="depth">The number of blocks.</param>
    /// <param name="heads">The number of attention heads.</param>
    /// <param name="outputChannels">Channels predicted; null for those of the token.</param>
    /// <exception cref="ArgumentException">The width is no multiple of 4 and of the heads.</exception>
    public SpatialFlowNetwork(int channels, int conditionChannels, int width, int depth, int heads, int? outputChannels = null)
        : base(nameof(SpatialFlowNetwork))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(depth, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(heads, 1);
        if (width % heads != 0 || width % 4 != 0)
        {
            throw new ArgumentException($"SpatialFlowNetwork: the width is {width}; it must be a multiple of the {heads} heads and of 4, for sines and cosines of row and column.", nameof(width));
        }

        (this.channels, this.width) = (channels, width);
        timeEmbedding = new TimeEmbedding(width);
        conditionEmbedding = nn.Linear(conditionChannels, width);
        input = nn.Linear(channels, width);
        blocks = nn.ModuleList([.. Enumerable.Range(0, depth).Select(_ => new SpatialFlowBlock(width, heads))]);
        modulation = AdaptiveNorm.ZeroLinear(width, 2 * width);
        output = AdaptiveNorm.ZeroLinear(width, outputChannels ?? channels);
        RegisterComponents();
    }

    /// <summary>Predicts.</summary>
    /// <param name="x">[batch, positions, channels]: the noisy tokens.</param>
    /// <param name="time">[batch] or [batch, positions], 0 to 1.</param>
    /// <param name="condition">[batch, positions, condition channels], or [batch, 1, condition channels] for one condition of all positions (ordinary adaptive layer norm).</param>
    /// <param name="rowsAndColumns">[positions, 2] where each token stands; null for a square in raster order.</param>
    /// <returns>[batch, positions, output channels].</returns>
    /// <exception cref="ArgumentException">The shapes do not fit each other, or the positions are no square and none are given.</exception>
    public Tensor Forward(Tensor x, Tensor time, Tensor condition, Tensor? rowsAndColumns = null)
    {
        if (x.dim() != 3 || x.shape[2] != channels || condition.dim() != 3 || condition.shape[0] != x.shape[0]
            || (condition.shape[1] != x.shape[1] && condition.shape[1] != 1) || time.dim() is not (1 or 2) || time.shape[0] != x.shape[0])
        {
            throw new ArgumentException(
                $"SpatialFlowNetwork: tokens [{string.Join(", ", x.shape)}], times [{string.Join(", ", time.shape)}] and conditions [{string.Join(", ", condition.shape)}] do not fit; " +
                $"they must be [batch, positions, {channels}], [batch] or [batch, positions], and [batch, positions, {conditionEmbedding.in_features}].");
        }

        Tensor times = timeEmbedding.forward(time.dim() == 1 ? time.unsqueeze(1) : time);
        Tensor active = nn.functional.silu(times + conditionEmbedding.forward(condition));
        Tensor hidden = input.forward(x) + Positions(rowsAndColumns ?? Square(x.shape[1], x.device)).to(x.dtype);
        hidden = blocks.Aggregate(hidden, (mixed, block) => block.Forward(mixed, active));
        Tensor[] parts = modulation.forward(active).chunk(2, -1);
        return output.forward(AdaptiveNorm.Modulate(hidden, shift: parts[0], scale: parts[1]));
    }

    private static Tensor Square(long positions, Device device)
    {
        long side = (long)Math.Sqrt(positions);
        if (side * side != positions)
        {
            throw new ArgumentException($"SpatialFlowNetwork: {positions} positions are no square; say where they stand with rowsAndColumns.");
        }

        Tensor index = arange(positions, device: device);
        return stack([index.div(side, RoundingMode.floor), index % side], 1);
    }

    /// <summary>[positions, 2] to [positions, width]: sines and cosines of the row, then of the column.</summary>
    private Tensor Positions(Tensor rowsAndColumns)
    {
        Tensor frequencies = (arange(width / 4, ScalarType.Float32, rowsAndColumns.device) * (-Math.Log(10_000) / (width / 4))).exp();
        Tensor angles = rowsAndColumns.to(ScalarType.Float32).unsqueeze(-1) * frequencies; // [positions, 2, width / 4]
        return cat([angles.sin(), angles.cos()], -1).flatten(1);
    }
}

/// <summary>
/// F' = F + α₁ ⊙ Attention(γ₁ ⊙ LN(F) + β₁), F'' = F' + α₂ ⊙ MLP(γ₂ ⊙ LN(F') + β₂), with six modulations for every position; γ is 1 plus what is learned, and α is
/// 0 at first.
/// </summary>
internal sealed class SpatialFlowBlock : nn.Module
{
    private readonly Linear modulation; // α₁, α₂, β₁, β₂, γ₁, γ₂
    private readonly Linear queryKeyValue;
    private readonly Linear mixed;
    private readonly Linear up;
    private readonly Linear down;
    private readonly long heads;

    internal SpatialFlowBlock(long width, long heads)
        : base(nameof(SpatialFlowBlock))
    {
        this.heads = heads;
        modulation = AdaptiveNorm.ZeroLinear(width, 6 * width);
        queryKeyValue = nn.Linear(width, 3 * width);
        mixed = nn.Linear(width, width);
        up = nn.Linear(width, 4 * width);
        down = nn.Linear(4 * width, width);
        RegisterComponents();
    }

    internal Tensor Forward(Tensor x, Tensor active)
    {
        Tensor[] parts = modulation.forward(active).chunk(6, -1);
        (Tensor gate1, Tensor gate2, Tensor shift1, Tensor shift2, Tensor scale1, Tensor scale2) = (parts[0], parts[1], parts[2], parts[3], parts[4], parts[5]);
        x = x + gate1 * Attend(AdaptiveNorm.Modulate(x, shift1, scale1));
        Tensor inner = up.forward(AdaptiveNorm.Modulate(x, shift2, scale2)).gelu(GELU.Approximate.tanh);
        return x + gate2 * down.forward(inner);
    }

    private Tensor Attend(Tensor x)
    {
        long batch = x.shape[0], time = x.shape[1];
        Tensor[] parts = queryKeyValue.forward(x).view(batch, time, 3 * heads, -1).transpose(1, 2).chunk(3, 1);
        Tensor attended = nn.functional.scaled_dot_product_attention(parts[0], parts[1], parts[2]);
        return mixed.forward(attended.transpose(1, 2).reshape(batch, time, -1));
    }
}
