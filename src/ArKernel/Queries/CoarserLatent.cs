using ArKernel.Backbones;
using ArKernel.Orders;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Queries;

/// <summary>
/// The scale before, bicubically enlarged to twice its side, stands at a scale's positions; before the first stands the class (FlowAR, Ren et al. 2024). The scales
/// are averages of one latent, each of twice the side of the one before and nothing residual.
/// </summary>
public sealed class CoarserLatent : Query
{
    private readonly Linear projection; // C → d
    private readonly Parameter classVectors; // [classes + 1, channels]; one row without classes
    private readonly Parameter level; // [scales, channels]
    private readonly int[] sides;

    /// <summary>Creates the query.</summary>
    /// <param name="sides">The side of every scale, each twice the one before; the first is 1.</param>
    /// <param name="tokenChannels">Channels of a token (C).</param>
    /// <param name="channels">The width of a row (d).</param>
    /// <param name="classes">The number of classes; 0 for an unconditional model.</param>
    /// <param name="labelDropout">The probability of training a sample without its label, which guidance needs.</param>
    /// <exception cref="ArgumentException">The sides do not double from 1.</exception>
    public CoarserLatent(IReadOnlyList<int> sides, int tokenChannels, int channels, int classes = 0, double labelDropout = 0.1)
        : base(nameof(CoarserLatent), classes, labelDropout)
    {
        if (sides.Count == 0 || sides.Select((side, scale) => side != 1 << scale).Any(wrong => wrong))
        {
            throw new ArgumentException($"CoarserLatent: the sides are {string.Join(", ", sides)}; they must double from 1, such as 1, 2, 4, 8.", nameof(sides));
        }

        this.sides = [.. sides];
        projection = nn.Linear(tokenChannels, channels);
        classVectors = TransformerBackbone.NewVectors(classes + 1, channels);
        level = TransformerBackbone.NewVectors(sides.Count, channels);
        RegisterComponents();
    }

    /// <summary>The scales of a latent as one sample: averages of growing side, the latent itself last.</summary>
    /// <param name="latent">[batch, channels, side, side], the side a power of two.</param>
    /// <returns>[batch, tokens of all scales, channels].</returns>
    public static Tensor Scales(Tensor latent)
    {
        long side = latent.dim() == 4 ? latent.shape[3] : 0;
        if (side == 0 || latent.shape[2] != side || (side & (side - 1)) != 0)
        {
            throw new ArgumentException($"CoarserLatent: the latent is [{string.Join(", ", latent.shape)}]; it must be [batch, channels, side, side], the side a power of two.", nameof(latent));
        }

        var maps = new List<Tensor>();
        for (long scale = 1; scale <= side; scale *= 2)
        {
            Tensor map = scale == side ? latent : nn.functional.adaptive_avg_pool2d(latent, [scale, scale]);
            maps.Add(map.flatten(2).transpose(1, 2));
        }

        return cat(maps, 1);
    }

    /// <inheritdoc/>
    public override BackboneInput Rows(Draft draft, StepRange steps, NoisyTokens? noisy = null)
    {
        GenerationOrder order = draft.Order;
        if (!order.Groups.Select(group => group.Length).SequenceEqual(sides.Select(side => side * side)))
        {
            throw new ArgumentException($"CoarserLatent: the groups of order '{order.Name}' are not the scales {string.Join(", ", sides)}.");
        }

        var rows = new List<Tensor>();
        if (steps.Cached == 0)
        {
            Tensor vectors = IsConditional ? ClassVectors(classVectors, draft) : Unconditional(classVectors, draft);
            rows.Add(vectors.unsqueeze(1) + level[0]);
        }

        for (int step = Math.Max(1, steps.Cached); step < steps.To; step++)
        {
            Tensor before = draft.TokensOf(step - 1, step), map = before.transpose(1, 2).reshape(before.shape[0], before.shape[2], sides[step - 1], sides[step - 1]);
            Tensor enlarged = nn.functional.interpolate(map, [sides[step], sides[step]], mode: InterpolationMode.Bicubic, align_corners: false);
            rows.Add(draft.ForRows(projection.forward(enlarged.flatten(2).transpose(1, 2)) + level[step]));
        }

        int[] counts = [.. sides[steps.Cached..steps.To].Select(side => side * side)];
        return BlockCausal(new BackboneInput(cat(rows, 1)) { Predicting = order.CountOf(steps.From, steps.To) }, counts);
    }
}
