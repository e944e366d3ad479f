using ArKernel.Orders;
using static TorchSharp.torch;

namespace ArKernel;

/// <summary>A next-X predictor: p(x) = Π_k p(X_k | X_&lt;k), with the slots Order, Query, Backbone and Head filled.</summary>
public abstract class AutoregressiveModel : nn.Module
{
    /// <summary>Creates a model.</summary>
    /// <param name="name">The name shown for the model.</param>
    /// <param name="order">Which positions are predicted together, and in what sequence.</param>
    protected AutoregressiveModel(string name, GenerationOrder order)
        : base(name)
    {
        Order = order;
    }

    /// <summary>Which positions are predicted together, and in what sequence.</summary>
    public GenerationOrder Order { get; }

    /// <summary>The negative log-likelihood of every token given the groups before it.</summary>
    /// <param name="tokens">[batch, positions] int64.</param>
    /// <param name="condition">[batch] int64 class labels, or null.</param>
    /// <returns>[batch, positions], in nats.</returns>
    public abstract Tensor NegativeLogLikelihood(Tensor tokens, Tensor? condition = null);
}
