using static TorchSharp.torch;

namespace ArKernel.Backbones;

/// <summary>How a position sees its context: the slot between the query's rows and the head.</summary>
public abstract class Backbone : nn.Module
{
    /// <summary>Creates a backbone.</summary>
    /// <param name="name">The name shown for it.</param>
    /// <param name="channels">The width of the rows it is given.</param>
    /// <param name="maximumLength">The most rows it can see.</param>
    protected Backbone(string name, int channels, int maximumLength)
        : base(name)
    {
        (Channels, MaximumLength) = (channels, maximumLength);
    }

    /// <summary>The width of the rows it is given.</summary>
    public int Channels { get; }

    /// <summary>The width of what it puts out.</summary>
    public virtual int OutputChannels => Channels;

    /// <summary>The most rows it can see.</summary>
    public int MaximumLength { get; }

    /// <summary>
    /// Whether the rows of an earlier step come out the same whatever stands in later ones. Then all steps are scored in one call, and
    /// earlier rows can be cached; a bidirectional backbone needs a call a step.
    /// </summary>
    public virtual bool SeesStepsInSequence => true;

    /// <summary>An empty cache for a sequence of calls, or null for a backbone that has nothing to keep.</summary>
    /// <param name="batch">The number of rows.</param>
    public abstract KeyValueCache? NewCache(long batch);

    /// <summary>Lets every row see its context.</summary>
    /// <param name="input">The rows.</param>
    /// <param name="cache">The rows of earlier calls; these are added to them. With a cache no gradient is kept.</param>
    /// <param name="attentionWeights">Collects the weights of each layer, [batch, heads, rows, keys].</param>
    /// <returns>[batch, rows, output channels].</returns>
    /// <exception cref="ArgumentException">A shape does not fit; the message names the block and both shapes.</exception>
    public abstract Tensor Forward(BackboneInput input, KeyValueCache? cache = null, List<Tensor>? attentionWeights = null);
}
