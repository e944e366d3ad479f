using static TorchSharp.torch;

namespace ArKernel.Backbones;

/// <summary>How a position sees its context: the slot between the query's inputs and the head.</summary>
public abstract class Backbone : nn.Module
{
    /// <summary>Creates a backbone.</summary>
    /// <param name="name">The name shown for it.</param>
    /// <param name="channels">The width of inputs and outputs.</param>
    /// <param name="maximumLength">The longest sequence.</param>
    protected Backbone(string name, int channels, int maximumLength)
        : base(name)
    {
        (Channels, MaximumLength) = (channels, maximumLength);
    }

    /// <summary>The width of inputs and outputs.</summary>
    public int Channels { get; }

    /// <summary>The longest sequence.</summary>
    public int MaximumLength { get; }

    /// <summary>An empty cache for a sequence of calls.</summary>
    /// <param name="batch">The number of rows.</param>
    public abstract KeyValueCache NewCache(long batch);

    /// <summary>Lets every row see its context.</summary>
    /// <param name="inputs">[batch, time, channels].</param>
    /// <param name="mask">[time, keys] or [batch, 1, time, keys] bool, true where a row may attend, keys being the cached rows and then
    /// these; null for causal: each row sees the rows before it and itself.</param>
    /// <param name="cache">The rows of earlier calls; these are added to them. With a cache no gradient is kept.</param>
    /// <param name="positions">[batch, time] int64 positions of the rows, where they do not follow the cached ones.</param>
    /// <param name="attentionWeights">Collects the weights of each layer, [batch, heads, time, keys].</param>
    /// <returns>[batch, time, channels].</returns>
    /// <exception cref="ArgumentException">A shape does not fit; the message names the block and both shapes.</exception>
    public abstract Tensor Forward(
        Tensor inputs, Tensor? mask = null, KeyValueCache? cache = null, Tensor? positions = null, List<Tensor>? attentionWeights = null);
}
