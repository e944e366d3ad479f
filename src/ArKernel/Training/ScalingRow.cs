using System.Text.Json.Serialization;

namespace ArKernel.Training;

/// <summary>What one training of a <see cref="ScalingSweep"/> came to.</summary>
/// <param name="Sweep">The sweep's name.</param>
/// <param name="Channels">The width of the model (d).</param>
/// <param name="Layers">The blocks of the model.</param>
/// <param name="Parameters">N, the weights of the backbone's linear maps: no embeddings, biases and gains.</param>
/// <param name="Tokens">D, the tokens it was trained on: steps times tokens a batch.</param>
/// <param name="Loss">The held-out loss after the last step, in nats a token.</param>
/// <param name="LossError">The standard error of the loss over the held-out sequences.</param>
public sealed record ScalingRow(string Sweep, int Channels, int Layers, long Parameters, long Tokens, double Loss, double LossError)
{
    /// <summary>What the condition (the class) says of a sequence, in nats: how much more it costs as a sequence of no class. Null for a model without classes.</summary>
    public double? ConditionInformation { get; init; }

    /// <summary>The standard error of <see cref="ConditionInformation"/> over the held-out sequences.</summary>
    public double? ConditionError { get; init; }

    /// <summary>[positions] the mean held-out loss at each position, in nats.</summary>
    public IReadOnlyList<double> LossByPosition { get; init; } = [];

    /// <summary>What the row was made with: a digest of every setting and of the data.</summary>
    public string Key { get; init; } = "";

    /// <summary>C = 6 N D, in FLOP: a multiply and an add for every weight and token, once forward and twice backward (Kaplan et al. 2020, section 2.1).</summary>
    [JsonIgnore]
    public double Flops => 6.0 * Parameters * Tokens;
}
