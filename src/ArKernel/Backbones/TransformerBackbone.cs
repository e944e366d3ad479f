using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Backbones;

/// <summary>A stack of decoder blocks with positions before and a normalization after them; GPT-2 and Llama are two settings of it.</summary>
public sealed class TransformerBackbone : Backbone
{
    private readonly DecoderConfiguration configuration;
    private readonly Parameter? positionEmbedding;
    private readonly FollowingTable? sinusoids;
    private readonly RotaryEmbedding? rotary;
    private readonly ModuleList<DecoderBlock> blocks;
    private readonly nn.Module<Tensor, Tensor>? norm;

    /// <summary>Creates the stack; weights are drawn from N(0, 0.02²), those of residual outputs scaled by 1/√(2n) as in GPT-2.</summary>
    /// <param name="configuration">The shape.</param>
    /// <exception cref="ArgumentException">The shape is not possible.</exception>
    public TransformerBackbone(DecoderConfiguration configuration)
        : base(nameof(TransformerBackbone), configuration.Channels, configuration.MaximumLength)
    {
        configuration.Validate();
        this.configuration = configuration;
        using IDisposable noGradient = no_grad();
        switch (configuration.Positions)
        {
            case PositionEncoding.Rotary:
                rotary = new RotaryEmbedding(configuration.Rotary, configuration.EffectiveHeadChannels, configuration.MaximumLength);
                break;
            case PositionEncoding.Learned:
                positionEmbedding = NewVectors(configuration.MaximumLength, configuration.Channels);
                break;
            case PositionEncoding.Sinusoidal:
                sinusoids = new FollowingTable(() => Sinusoids(configuration.MaximumLength, configuration.Channels));
                break;
        }

        blocks = nn.ModuleList(Enumerable.Range(0, configuration.Layers).Select(_ => new DecoderBlock(configuration)).ToArray());
        foreach (DecoderBlock block in blocks)
        {
            block.Initialize(Deviation, Deviation / Math.Sqrt(2 * configuration.Layers));
        }

        norm = configuration.PostNormalization ? null : DecoderBlock.NewNorm(configuration);
        RegisterComponents();
    }

    /// <summary>The standard deviation of initial weights.</summary>
    internal const double Deviation = 0.02;

    /// <summary>Initial vectors: [count, channels] from N(0, 0.02²), in no dispose scope.</summary>
    internal static Parameter NewVectors(long count, long channels)
    {
        using IDisposable noGradient = no_grad();
        using Tensor drawn = randn(count, channels);
        var vectors = new Parameter(drawn * Deviation);
        vectors.DetachFromDisposeScope();
        return vectors;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            sinusoids?.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <inheritdoc/>
    public override KeyValueCache NewCache(long batch)
    {
        Parameter any = parameters().First();
        return new KeyValueCache(
            configuration.Layers, batch, configuration.EffectiveKeyValueHeads, MaximumLength, configuration.EffectiveHeadChannels, any.dtype, any.device);
    }

    /// <inheritdoc/>
    public override Tensor Forward(
        Tensor inputs, Tensor? mask = null, KeyValueCache? cache = null, Tensor? positions = null, List<Tensor>? attentionWeights = null)
    {
        if (inputs.dim() != 3 || inputs.shape[2] != Channels)
        {
            throw new ArgumentException(
                $"TransformerBackbone: the input is [{string.Join(", ", inputs.shape)}]; it must be [batch, time, {Channels}].");
        }

        long past = cache?.Length ?? 0, time = inputs.shape[1];
        if (past + time > MaximumLength)
        {
            throw new ArgumentException(
                $"TransformerBackbone: {past} cached and {time} new positions exceed the maximum length {MaximumLength}.");
        }

        if (cache is not null)
        {
            CheckFits(cache, past + time);
        }

        if (mask is not null && (mask.shape[^2] != time || mask.shape[^1] != past + time))
        {
            throw new ArgumentException(
                $"TransformerBackbone: the mask is [{string.Join(", ", mask.shape)}]; its last axes must be [{time}, {past + time}].");
        }

        // Keys that remember how they were made would keep the graph of every earlier step alive.
        using IDisposable? noGradient = cache is null ? null : no_grad();
        bool causal = mask is null && past == 0 && configuration.SlidingWindow == 0;
        if (mask is null && !causal && (time > 1 || configuration.SlidingWindow > 0))
        {
            mask = CausalMask(time, past, inputs.device);
        }

        Tensor x = inputs;
        Tensor? table = positionEmbedding ?? sinusoids?.For(inputs);
        if (table is not null)
        {
            x = x + (positions is null ? table.narrow(0, past, time) : table[positions]);
        }

        if (configuration.Dropout > 0 && training)
        {
            x = nn.functional.dropout(x, configuration.Dropout, training);
        }

        // A single row with nothing before it sees itself alone: no mask at all.
        var context = new AttentionContext(mask, causal && time > 1, past, positions, rotary, cache, attentionWeights);
        for (int layer = 0; layer < blocks.Count; layer++)
        {
            x = blocks[layer].Forward(x, context, layer);
        }

        cache?.Advance((int)time);
        return norm is null ? x : norm.forward(x);
    }

    private void CheckFits(KeyValueCache cache, long length)
    {
        (int layers, int heads, int channels) = (configuration.Layers, configuration.EffectiveKeyValueHeads, configuration.EffectiveHeadChannels);
        if (cache.Layers != layers || cache.Heads != heads || cache.HeadChannels != channels || cache.Capacity < length)
        {
            throw new ArgumentException(
                $"TransformerBackbone: the cache has {cache.Layers} layers of [batch, {cache.Heads}, {cache.Capacity}, {cache.HeadChannels}]; it must have {layers} layers of " +
                $"[batch, {heads}, {length} or more, {channels}], as NewCache makes it.");
        }
    }

    /// <summary>Row i stands at position past + i and sees that position, those before it, and no further back than the window.</summary>
    internal Tensor CausalMask(long time, long past, Device device)
    {
        Tensor mask = ones([time, past + time], ScalarType.Bool, device).tril(past);
        return configuration.SlidingWindow > 0 ? mask.triu(past - configuration.SlidingWindow + 1) : mask;
    }

    private static Tensor Sinusoids(int length, int channels)
    {
        Tensor rate = (arange(0, channels, 2, ScalarType.Float64) * (-Math.Log(10_000) / channels)).exp();
        Tensor angle = outer(arange(length, dtype: ScalarType.Float64), rate);
        return stack([angle.sin(), angle.cos()], -1).flatten(1);
    }
}
