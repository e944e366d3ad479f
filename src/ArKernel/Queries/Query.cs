using ArKernel.Orders;
using static TorchSharp.torch;

namespace ArKernel.Queries;

/// <summary>What stands at a position that is about to be predicted. It may depend on the groups before its own, and on nothing else.</summary>
public abstract class Query : nn.Module
{
    /// <summary>Creates a query.</summary>
    /// <param name="name">The name shown for it.</param>
    protected Query(string name)
        : base(name)
    {
    }

    /// <summary>Whether the query knows of classes, so that a label is needed (and guidance possible).</summary>
    public abstract bool IsConditional { get; }

    /// <summary>The label that means "no class", for classifier-free guidance.</summary>
    /// <exception cref="InvalidOperationException">The query is unconditional.</exception>
    public abstract long NullLabel { get; }

    /// <summary>The inputs of consecutive steps, in generation order.</summary>
    /// <param name="tokens">[batch, positions] int64; only groups before the last step asked for are read.</param>
    /// <param name="condition">[batch] int64 labels, or null for an unconditional query.</param>
    /// <param name="order">The order of prediction.</param>
    /// <param name="from">The first step.</param>
    /// <param name="to">The step after the last.</param>
    /// <returns>[batch, positions of the steps, channels].</returns>
    public abstract Tensor Inputs(Tensor tokens, Tensor? condition, GenerationOrder order, int from, int to);
}
