using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Backbones;

/// <summary>Multi-head attention with grouped keys and values: o = softmax(q kᵀ / √d_h + mask) v, then W_o.</summary>
public sealed class Attention : nn.Module
{
    private static readonly double MaximumLogScale = Math.Log(100);
    private readonly Linear queryKeyValue; // rows: H query heads, G key heads, G value heads
    private readonly Linear output;
    private readonly RootMeanSquareNorm? queryNorm;
    private readonly RootMeanSquareNorm? keyNorm;
    private readonly Parameter? logScale; // [heads, 1], ln of what unit queries are multiplied by
    private readonly Parameter? queryBias; // [H · d_h] and [G · d_h], where keys have none
    private readonly Parameter? valueBias;
    private readonly long heads;
    private readonly long groups; // G
    private readonly long width; // d_h
    private readonly double scale; // of queries, before the 1/√d_h of the attention kernel

    /// <summary>Creates the attention of one block.</summary>
    /// <param name="configuration">The shape of the decoder.</param>
    public Attention(DecoderConfiguration configuration)
        : base(nameof(Attention))
    {
        (heads, groups, width) = (configuration.Heads, configuration.EffectiveKeyValueHeads, configuration.EffectiveHeadChannels);
        bool bias = configuration.Bias || configuration.QueryKeyValueBias;
        queryKeyValue = nn.Linear(configuration.Channels, (heads + 2 * groups) * width, bias && configuration.KeyBias);
        if (bias && !configuration.KeyBias)
        {
            (queryBias, valueBias) = (new Parameter(zeros(heads * width)), new Parameter(zeros(groups * width)));
        }

        output = nn.Linear(heads * width, configuration.Channels, configuration.Bias);
        if (configuration.QueryKeyNormalization)
        {
            queryNorm = new RootMeanSquareNorm(width, configuration.NormalizationEpsilon);
            keyNorm = new RootMeanSquareNorm(width, configuration.NormalizationEpsilon);
        }

        double product = configuration.AttentionScale > 0 ? configuration.AttentionScale : configuration.CosineAttention ? 1 : 1 / Math.Sqrt(width);
        scale = product * Math.Sqrt(width);
        if (configuration.CosineAttention)
        {
            logScale = new Parameter(full([heads, 1], Math.Log(4)));
        }

        foreach (Parameter? parameter in (Parameter?[])[logScale, queryBias, valueBias])
        {
            parameter?.DetachFromDisposeScope();
        }

        RegisterComponents();
    }

    /// <summary>Mixes the sequence.</summary>
    /// <param name="x">[batch, time, channels].</param>
    /// <param name="context">What the call shares between the blocks: mask, positions, cache.</param>
    /// <param name="layer">The number of the block, which is its place in the cache.</param>
    /// <returns>[batch, time, channels].</returns>
    internal Tensor Forward(Tensor x, AttentionContext context, int layer)
    {
        long batch = x.shape[0], time = x.shape[1];
        Tensor flat = queryBias is null
            ? queryKeyValue.forward(x)
            : nn.functional.linear(x, queryKeyValue.weight!, cat([queryBias, zeros_like(valueBias!), valueBias!]));
        Tensor projected = flat.view(batch, time, heads + 2 * groups, width);
        // Splits and not slices: the gradient of a split is one concatenation, that of each slice a padded copy.
        Tensor queries, keys, values;
        if (context.Rotary is RotaryEmbedding rotary && queryNorm is null && logScale is null)
        {
            Tensor[] parts = projected.split([heads + groups, groups], 2);
            Tensor[] rotated = rotary.Rotate(parts[0], context.Start, context.Positions).split([heads, groups], 2);
            (queries, keys, values) = (rotated[0], rotated[1], parts[1]);
        }
        else
        {
            Tensor[] parts = projected.split([heads, groups, groups], 2);
            (queries, keys, values) = (parts[0], parts[1], parts[2]);
            if (queryNorm is not null)
            {
                (queries, keys) = (queryNorm.forward(queries), keyNorm!.forward(keys));
            }

            if (logScale is not null)
            {
                queries = nn.functional.normalize(queries, dim: -1) * logScale.clamp_max(MaximumLogScale).exp();
                keys = nn.functional.normalize(keys, dim: -1);
            }

            if (context.Rotary is not null)
            {
                queries = context.Rotary.Rotate(queries, context.Start, context.Positions);
                keys = context.Rotary.Rotate(keys, context.Start, context.Positions);
            }
        }

        if (Math.Abs(scale - 1) > 1e-12)
        {
            queries = queries * scale;
        }

        (queries, keys, values) = (queries.transpose(1, 2), keys.transpose(1, 2), values.transpose(1, 2));
        if (context.Cache is not null)
        {
            (keys, values) = context.Cache.Append(layer, keys, values);
        }

        Tensor mixed = context.Weights is null
            ? Mix(queries, keys, values, context)
            : MixKeepingWeights(queries, keys, values, context);
        return output.forward(mixed.transpose(1, 2).reshape(batch, time, heads * width));
    }

    private Tensor Mix(Tensor queries, Tensor keys, Tensor values, AttentionContext context)
    {
        if (groups != heads && queries.shape[2] == 1 && context.Mask is null)
        {
            // One query a head: the heads of a group become its queries, and nothing has to be copied.
            Tensor grouped = queries.view(queries.shape[0], groups, heads / groups, width);
            return nn.functional.scaled_dot_product_attention(grouped, keys, values).view(queries.shape);
        }

        return nn.functional.scaled_dot_product_attention(
            queries, Repeat(keys), Repeat(values), context.Mask, is_casual: context.IsCausal);
    }

    private Tensor MixKeepingWeights(Tensor queries, Tensor keys, Tensor values, AttentionContext context)
    {
        Tensor scores = queries.matmul(Repeat(keys).transpose(-2, -1)) / Math.Sqrt(width);
        Tensor? mask = context.IsCausal ? ones([scores.shape[2], scores.shape[3]], ScalarType.Bool, scores.device).tril() : context.Mask;
        if (mask is not null)
        {
            scores = scores.masked_fill(mask.logical_not(), double.NegativeInfinity);
        }

        Tensor weights = scores.softmax(-1);
        context.Weights!.Add(weights);
        return weights.matmul(Repeat(values));
    }

    /// <summary>Query head h reads key-value head ⌊h / (H/G)⌋: every head is repeated for the queries of its group.</summary>
    private Tensor Repeat(Tensor x) => groups == heads ? x : x.repeat_interleave(heads / groups, 1);

    internal void Initialize(double deviation, double residualDeviation)
    {
        nn.init.normal_(queryKeyValue.weight!, 0, deviation);
        nn.init.normal_(output.weight!, 0, residualDeviation);
        foreach (Parameter? bias in (Parameter?[])[queryKeyValue.bias, output.bias])
        {
            bias?.zero_();
        }
    }
}

/// <summary>What one call of the backbone shares between its blocks.</summary>
/// <param name="Mask">[time, keys] or [batch, 1, time, keys], true where a query may attend; null with <paramref name="IsCausal"/> or where all may.</param>
/// <param name="IsCausal">Whether query i sees exactly keys 0..i, which has a faster kernel than a mask.</param>
/// <param name="Start">The position of the first row.</param>
/// <param name="Positions">[batch, time] positions where they do not follow one another.</param>
/// <param name="Condition">[batch, vectors, channels] of adaptive normalization, SiLU applied, or null.</param>
/// <param name="Rotary">The rotation, or null.</param>
/// <param name="Cache">Keys and values of earlier positions, or null.</param>
/// <param name="Weights">Collects the attention weights [batch, heads, time, keys] of each layer, or null.</param>
internal sealed record AttentionContext(
    Tensor? Mask, bool IsCausal, long Start, Tensor? Positions, Tensor? Condition, RotaryEmbedding? Rotary, KeyValueCache? Cache, List<Tensor>? Weights);
