namespace ArKernel.Weights;

/// <summary>What a decoder calls its parameters: the one place that ties the published layouts to it. <c>{0}</c> stands for the block's number.</summary>
public sealed record DecoderNames
{
    /// <summary>The token embedding, [V, d].</summary>
    public string TokenEmbedding { get; init; } = "tokenEmbedding.weight";

    /// <summary>Learned positions, [length, d].</summary>
    public string PositionEmbedding { get; init; } = "positionEmbedding.weight";

    /// <summary>The norm before attention.</summary>
    public string AttentionNorm { get; init; } = "blocks.{0}.attentionNorm";

    /// <summary>The projection to queries, [H·dh, d].</summary>
    public string Query { get; init; } = "blocks.{0}.attention.query";

    /// <summary>The projection to keys, [G·dh, d].</summary>
    public string Key { get; init; } = "blocks.{0}.attention.key";

    /// <summary>The projection to values, [G·dh, d].</summary>
    public string Value { get; init; } = "blocks.{0}.attention.value";

    /// <summary>The projection to queries, keys and values at once, [(H + 2G)·dh, d]; null where they are three.</summary>
    public string? QueryKeyValue { get; init; }

    /// <summary>The norm of each query head, [dh].</summary>
    public string QueryNorm { get; init; } = "blocks.{0}.attention.queryNorm";

    /// <summary>The norm of each key head, [dh].</summary>
    public string KeyNorm { get; init; } = "blocks.{0}.attention.keyNorm";

    /// <summary>The projection after attention, [d, H·dh].</summary>
    public string AttentionOutput { get; init; } = "blocks.{0}.attention.output";

    /// <summary>The norm before the feed-forward layer.</summary>
    public string FeedForwardNorm { get; init; } = "blocks.{0}.feedForwardNorm";

    /// <summary>The gate of SwiGLU, [ff, d].</summary>
    public string Gate { get; init; } = "blocks.{0}.feedForward.gate";

    /// <summary>The projection up, [ff, d].</summary>
    public string Up { get; init; } = "blocks.{0}.feedForward.up";

    /// <summary>Gate and up at once, [2·ff, d]; null where they are two.</summary>
    public string? GateUp { get; init; }

    /// <summary>The projection down, [d, ff].</summary>
    public string Down { get; init; } = "blocks.{0}.feedForward.down";

    /// <summary>The norm after the last block.</summary>
    public string FinalNorm { get; init; } = "finalNorm";

    /// <summary>The output projection, [V, d].</summary>
    public string Head { get; init; } = "head.weight";
}

/// <summary>Collects sources by parameter.</summary>
internal sealed class SourceMap(DecoderNames names)
{
    internal DecoderNames Names => names;

    internal Dictionary<string, WeightSource[]> Sources { get; } = new(StringComparer.Ordinal);

    internal void Add(string parameter, int block, string suffix, params WeightSource[] sources) =>
        Sources.Add(parameter.Replace("{0}", block.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal) + suffix, sources);

    /// <summary>Queries, keys and values, whether the decoder holds them as one matrix or as three.</summary>
    internal void AddQueryKeyValue(int block, string suffix, WeightSource query, WeightSource key, WeightSource value)
    {
        if (names.QueryKeyValue is string all)
        {
            Add(all, block, suffix, query, key, value);
            return;
        }

        Add(names.Query, block, suffix, query);
        Add(names.Key, block, suffix, key);
        Add(names.Value, block, suffix, value);
    }
}
