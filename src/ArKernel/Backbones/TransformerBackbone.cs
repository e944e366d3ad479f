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
    private readonly nn.Module<Tensor, Tensor>? inputNorm;
    private readonly nn.Module<Tensor, Tensor>? norm;
    private readonly ModuleList<nn.Module<Tensor, Tensor>>? earlierNorms; // one an earlier output, where there are any
    private readonly Modulation? outputModulation;

    /// <summary>Creates the stack; weights are drawn from N(0, σ²), those of residual outputs scaled by 1/√(2n) as in GPT-2.</summary>
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
                positionEmbedding = NewVectors(configuration.MaximumLength, configuration.Channels, configuration.InitialDeviation);
                break;
            case PositionEncoding.Sinusoidal:
                sinusoids = new FollowingTable(() => Sinusoids(configuration.MaximumLength, configuration.Channels));
                break;
        }

        blocks = nn.ModuleList(Enumerable.Range(0, configuration.Layers).Select(_ => new DecoderBlock(configuration)).ToArray());
        double deviation = configuration.InitialDeviation;
        foreach (DecoderBlock block in blocks)
        {
            block.Initialize(deviation, deviation / Math.Sqrt(2 * configuration.Layers));
        }

        inputNorm = configuration.InputNormalization ? DecoderBlock.NewNorm(configuration) : null;
        bool normalized = configuration.OutputNormalization && !configuration.PostNormalization;
        norm = normalized ? DecoderBlock.NewNorm(configuration) : null;
        if (normalized && configuration.EarlierOutputs.Count > 0)
        {
            earlierNorms = nn.ModuleList(configuration.EarlierOutputs.Select(_ => DecoderBlock.NewNorm(configuration)).ToArray());
        }

        outputModulation = configuration.Adaptive == AdaptiveNormalization.BlocksAndOutput ? Modulation.OfOutput(configuration) : null;
        outputModulation?.Initialize(deviation);
        RegisterComponents();
    }

    /// <summary>The standard deviation of initial weights.</summary>
    internal const double Deviation = 0.02;

    /// <summary>Initial vectors: [count, channels] from N(0, σ²), in no dispose scope.</summary>
    internal static Parameter NewVectors(long count, long channels, double deviation = Deviation)
    {
        using IDisposable noGradient = no_grad();
        using Tensor drawn = randn(count, channels);
        var vectors = new Parameter(drawn * deviation);
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
    public override int OutputChannels => Channels * (1 + configuration.EarlierOutputs.Count);

    /// <inheritdoc/>
    public override KeyValueCache NewCache(long batch)
    {
        Parameter any = parameters().First();
        return new KeyValueCache(
            configuration.Layers, batch, configuration.EffectiveKeyValueHeads, MaximumLength, configuration.EffectiveHeadChannels, any.dtype, any.device);
    }

    /// <inheritdoc/>
    public override Tensor Forward(BackboneInput input, KeyValueCache? cache = null, List<Tensor>? attentionWeights = null)
    {
        Tensor x = input.Rows;
        if (x.dim() != 3 || x.shape[2] != Channels)
        {
            throw new ArgumentException($"TransformerBackbone: the input is [{string.Join(", ", x.shape)}]; it must be [batch, time, {Channels}].");
        }

        long past = cache?.Length ?? 0, time = x.shape[1];
        if (past + time > MaximumLength)
        {
            throw new ArgumentException(
                $"TransformerBackbone: {past} cached and {time} new positions exceed the maximum length {MaximumLength}.");
        }

        if (cache is not null)
        {
            CheckFits(cache, past + time);
        }

        // Keys that remember how they were made would keep the graph of every earlier step alive.
        using IDisposable? noGradient = cache is null ? null : no_grad();
        bool causal = input.Attention == AttentionPattern.Causal && past == 0 && configuration.SlidingWindow == 0;
        Tensor? mask = Mask(input, causal, past);
        Tensor? table = positionEmbedding ?? sinusoids?.For(x);
        if (table is not null)
        {
            x = x + (input.Positions is null ? table.narrow(0, past, time) : table[input.Positions]);
        }

        x = inputNorm is null ? x : inputNorm.forward(x);
        if (configuration.Dropout > 0 && training)
        {
            x = nn.functional.dropout(x, configuration.Dropout, training);
        }

        // A single row with nothing before it sees itself alone: no mask at all.
        var context = new AttentionContext(mask, causal && time > 1, past, input.Positions, Condition(input), rotary, cache, attentionWeights);
        var outputs = new List<Tensor>();
        input.States?.Add(x);
        for (int layer = 0; layer < blocks.Count; layer++)
        {
            x = blocks[layer].Forward(x, context, layer);
            input.States?.Add(x);
            if (configuration.EarlierOutputs.Contains(layer + 1))
            {
                outputs.Add(earlierNorms is null ? x : earlierNorms[outputs.Count].forward(x));
            }
        }

        cache?.Advance(input.Kept ?? (int)time);
        x = norm is null ? x : norm.forward(x);
        x = outputModulation is null ? x : outputModulation.Modulate(x, context.Condition!);
        return outputs.Count == 0 ? x : cat([.. outputs, x], -1);
    }

    /// <summary>The mask over cached and new rows, or null where a kernel without one does.</summary>
    private Tensor? Mask(BackboneInput input, bool causal, long past)
    {
        long time = input.Rows.shape[1];
        if (input.Attention == AttentionPattern.Causal)
        {
            return !causal && (time > 1 || configuration.SlidingWindow > 0) ? CausalMask(time, past, input.Rows.device) : null;
        }

        if (input.Attention == AttentionPattern.Full)
        {
            return null;
        }

        if (input.Mask is not Tensor mask || mask.shape[^2] != time || (mask.shape[^1] != past + time && mask.shape[^1] != time))
        {
            string given = input.Mask is null ? "missing" : $"[{string.Join(", ", input.Mask.shape)}]";
            throw new ArgumentException($"TransformerBackbone: the mask is {given}; its last axes must be [{time}, {past + time}].");
        }

        return mask.shape[^1] == past + time ? mask : cat([ones([.. mask.shape[..^1], past], ScalarType.Bool, mask.device), mask], -1);
    }

    /// <summary>What blocks are conditioned on, SiLU applied once for all of them.</summary>
    private Tensor? Condition(BackboneInput input)
    {
        if (configuration.Adaptive == AdaptiveNormalization.None)
        {
            return null; // a query may offer a condition to whatever backbone it meets
        }

        if (input.Condition is not Tensor condition || condition.dim() != 3 || condition.shape[0] != input.Rows.shape[0] || condition.shape[2] != Channels || input.Rows.shape[1] % condition.shape[1] != 0)
        {
            string given = input.Condition is null ? "missing" : $"[{string.Join(", ", input.Condition.shape)}]";
            throw new ArgumentException(
                $"TransformerBackbone: the condition is {given}; adaptive normalization of the rows [{string.Join(", ", input.Rows.shape)}] needs " +
                $"[{input.Rows.shape[0]}, vectors, {Channels}], the vectors a divisor of the rows.");
        }

        return nn.functional.silu(condition);
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
