using static TorchSharp.torch;

namespace ArKernel.Data;

/// <summary>Samples to learn from, with what they are conditioned on.</summary>
/// <param name="Tokens">[batch, positions] int64 token ids; for what learns from values, [batch, ...] floats, such as images [batch, channels, height, width] of −1 to 1.</param>
/// <param name="Condition">[batch] int64 class labels, or null for an unconditional model.</param>
public sealed record Batch(Tensor Tokens, Tensor? Condition = null) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        Tokens.Dispose();
        Condition?.Dispose();
    }
}

/// <summary>A source of training batches. A batch is a pure function of its number, so that a resumed run sees what the uninterrupted one saw.</summary>
public interface IBatchSource
{
    /// <summary>The batch of a training step.</summary>
    /// <param name="step">The number of the batch, from 0.</param>
    Batch GetBatch(long step);
}
