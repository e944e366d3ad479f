using ArKernel.Data;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Backbones;

/// <summary>
/// A causal transformer that predicts the next vector of a sequence of real vectors, by least squares. What it learns in context can be held against what
/// statistics would do with the same past.
/// </summary>
public sealed class SequenceRegression : nn.Module<Tensor, Tensor>
{
    private readonly Linear input;
    private readonly TransformerBackbone backbone;
    private readonly Linear output;
    private readonly long dimension;

    /// <summary>Composes the model and puts it where <see cref="Compute"/> says.</summary>
    /// <param name="dimension">The length of a vector.</param>
    /// <param name="configuration">The transformer.</param>
    public SequenceRegression(int dimension, DecoderConfiguration configuration)
        : base(nameof(SequenceRegression))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dimension, 1);
        this.dimension = dimension;
        input = nn.Linear(dimension, configuration.Channels);
        backbone = new TransformerBackbone(configuration);
        output = nn.Linear(backbone.OutputChannels, dimension);
        RegisterComponents();
        _ = this.to(Compute.DType).to(Compute.Device);
    }

    /// <summary>The prediction of each next vector from those up to it.</summary>
    /// <param name="sequences">[batch, time, dimension].</param>
    /// <returns>[batch, time, dimension]; at t the prediction of t + 1.</returns>
    /// <exception cref="ArgumentException">The shape is another.</exception>
    public override Tensor forward(Tensor sequences)
    {
        if (sequences.dim() != 3 || sequences.shape[2] != dimension)
        {
            throw new ArgumentException($"SequenceRegression: the sequences are [{string.Join(", ", sequences.shape)}]; they must be [batch, time, {dimension}].", nameof(sequences));
        }

        using var scope = NewDisposeScope();
        Tensor rows = input.forward(sequences.to(input.weight.dtype).to(input.weight.device));
        return output.forward(backbone.Forward(new BackboneInput(rows))).MoveToOuterDisposeScope();
    }

    /// <summary>The mean squared error of the predictions, summed over a vector's elements.</summary>
    /// <param name="batch">The sequences are its tokens: [batch, time, dimension].</param>
    /// <returns>A scalar.</returns>
    public Tensor Loss(Batch batch)
    {
        using var scope = NewDisposeScope();
        Tensor sequences = batch.Tokens.to(input.weight.dtype).to(input.weight.device);
        long time = sequences.shape[1] - 1;
        Tensor error = forward(sequences.narrow(1, 0, time)) - sequences.narrow(1, 1, time);
        return error.square().sum(-1).mean().MoveToOuterDisposeScope();
    }
}
