using static TorchSharp.torch;

namespace ArKernel.Backbones;

/// <summary>What a decoder puts out.</summary>
/// <param name="Logits">[batch, time, vocabulary].</param>
/// <param name="Hidden">[batch, time, channels], after the last normalization.</param>
public sealed record DecoderOutput(Tensor Logits, Tensor Hidden);

/// <summary>
/// A decoder-only language model: token embedding, transformer, output matrix. Its parameters are named
/// <c>embedding.weight</c>, <c>backbone.positionEmbedding</c>, <c>backbone.blocks.i.attentionNorm.{weight,bias}</c>,
/// <c>…attention.queryKeyValue.{weight,bias}</c> (rows q, k, v), <c>…attention.output.*</c>, <c>…attention.{queryNorm,keyNorm}.weight</c>,
/// <c>…feedForwardNorm.*</c>, <c>…feedForward.up.*</c> (for SwiGLU rows gate, up), <c>…feedForward.down.*</c>, <c>backbone.norm.*</c>,
/// and <c>output.weight</c> where it is not tied.
/// </summary>
public sealed class CausalDecoder : nn.Module
{
    private readonly TokenEmbedding embedding;
    private readonly TransformerBackbone backbone;
    private readonly TokenEmbedding? output;

    /// <summary>Creates a decoder with random weights.</summary>
    /// <param name="configuration">The shape.</param>
    /// <exception cref="ArgumentException">The shape is not possible.</exception>
    public CausalDecoder(DecoderConfiguration configuration)
        : base(nameof(CausalDecoder))
    {
        Configuration = configuration.VocabularySize >= 1
            ? configuration
            : throw new ArgumentException($"DecoderConfiguration.VocabularySize is {configuration.VocabularySize}; it must be at least 1 for a CausalDecoder.");
        backbone = new TransformerBackbone(configuration);
        embedding = new TokenEmbedding(configuration.VocabularySize, configuration.Channels);
        output = configuration.TiedEmbeddings ? null : new TokenEmbedding(configuration.VocabularySize, configuration.Channels);

        RegisterComponents();
    }

    /// <summary>The shape.</summary>
    public DecoderConfiguration Configuration { get; }

    /// <summary>The stack of blocks.</summary>
    public TransformerBackbone Backbone => backbone;

    /// <summary>[vocabulary, channels] the vectors of the tokens.</summary>
    public TokenEmbedding Embedding => embedding;

    /// <summary>[vocabulary, channels] the output matrix: the embedding where it is tied.</summary>
    public TokenEmbedding OutputWeight => output ?? embedding;

    /// <summary>An empty cache.</summary>
    /// <param name="batch">The number of rows.</param>
    public KeyValueCache NewCache(long batch) => backbone.NewCache(batch);

    /// <summary>Predicts the token after each.</summary>
    /// <param name="ids">[batch, time] int64 token ids.</param>
    /// <param name="cache">The tokens before these, or null. With a cache the backbone keeps no gradient.</param>
    /// <param name="keyMask">[batch, cached + time] bool, false at the padding left of a shorter row; or null.</param>
    /// <exception cref="ArgumentException">A shape does not fit, or an id is outside the vocabulary.</exception>
    public DecoderOutput Forward(Tensor ids, KeyValueCache? cache = null, Tensor? keyMask = null) =>
        ForwardEmbeddings(Embed(ids), cache, keyMask);

    /// <summary>Predicts from vectors in place of tokens.</summary>
    /// <param name="inputs">[batch, time, channels].</param>
    /// <param name="cache">The rows before these, or null. With a cache the backbone keeps no gradient.</param>
    /// <param name="keyMask">[batch, cached + time] bool, false at the padding left of a shorter row; or null.</param>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public DecoderOutput ForwardEmbeddings(Tensor inputs, KeyValueCache? cache = null, Tensor? keyMask = null)
    {
        Tensor? mask = null, positions = null;
        if (keyMask is not null)
        {
            long time = inputs.shape[1], keys = (cache?.Length ?? 0) + time;
            if (keyMask.dim() != 2 || keyMask.shape[0] != inputs.shape[0] || keyMask.shape[1] != keys)
            {
                throw new ArgumentException($"CausalDecoder: the key mask is [{string.Join(", ", keyMask.shape)}]; it must be [{inputs.shape[0]}, {keys}].");
            }

            // A padded row counts its positions from its first real token.
            positions = (keyMask.to(ScalarType.Int64).cumsum(1) - 1).clamp_min(0).narrow(1, keys - time, time);
            mask = backbone.CausalMask(time, keys - time, inputs.device).logical_and(keyMask.unsqueeze(1).unsqueeze(1));
        }

        var rows = new BackboneInput(inputs) { Mask = mask, Positions = positions, Attention = mask is null ? AttentionPattern.Causal : AttentionPattern.Masked };
        Tensor hidden = backbone.Forward(rows, cache);
        return new DecoderOutput(OutputWeight.Logits(hidden), hidden);
    }

    private Tensor Embed(Tensor ids)
    {
        if (ids.dim() != 2)
        {
            throw new ArgumentException($"CausalDecoder: the ids are [{string.Join(", ", ids.shape)}]; they must be [batch, time].");
        }

        return TokenEmbedding.Look(embedding.Weight, ids, nameof(CausalDecoder));
    }
}
