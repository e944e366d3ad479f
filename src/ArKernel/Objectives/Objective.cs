using ArKernel.Data;
using static TorchSharp.torch;

namespace ArKernel.Objectives;

/// <summary>What training minimises.</summary>
public interface IObjective
{
    /// <summary>The loss of a batch, a scalar in nats per predicted token, differentiable with respect to the model's parameters.</summary>
    /// <param name="model">The model being trained.</param>
    /// <param name="batch">The samples.</param>
    Tensor Loss(AutoregressiveModel model, Batch batch);
}

/// <summary>Maximum likelihood: the mean negative log-likelihood of a token given the groups before it, or what the head has in its place.</summary>
public sealed class Likelihood : IObjective
{
    /// <inheritdoc/>
    public Tensor Loss(AutoregressiveModel model, Batch batch)
    {
        using Tensor nats = model.Loss(batch.Tokens, batch.Condition);
        return nats.mean();
    }
}
