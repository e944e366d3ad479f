using ArKernel.Heads.Flow;
using static TorchSharp.torch;

namespace ArKernel.Heads;

/// <summary>
/// A small transformer over all tokens of a scale gives their velocities jointly, every position told what the backbone says of it (FlowAR, Ren et al. 2024). It sees
/// nothing of other scales. The backbone is asked once a step, however many steps the solver makes.
/// </summary>
public sealed class SpatialFlowHead : FlowHead
{
    private readonly SpatialFlowNetwork network;

    /// <summary>Creates the head.</summary>
    /// <param name="channels">The width of the backbone's output.</param>
    /// <param name="tokenChannels">Channels of a token (C).</param>
    /// <param name="width">The width of the network.</param>
    /// <param name="depth">The blocks of the network.</param>
    /// <param name="heads">The attention heads of the network.</param>
    /// <param name="times">How training times are spread.</param>
    public SpatialFlowHead(int channels, int tokenChannels, int width, int depth, int heads, FlowTimes times = FlowTimes.Uniform)
        : base(nameof(SpatialFlowHead), tokenChannels, times)
    {
        network = new SpatialFlowNetwork(tokenChannels, channels, width, depth, heads);
        RegisterComponents();
    }

    /// <inheritdoc/>
    protected override Func<NoisyTokens, Tensor> Velocity(Prediction prediction)
    {
        Tensor hidden = prediction.TargetRows(prediction.Hidden(), nameof(SpatialFlowHead));
        return noisy =>
        {
            Tensor values = prediction.Draft.ForRows(noisy.Values), times = prediction.Draft.ForRows(noisy.Times);
            var velocities = new List<Tensor>();
            for (int step = prediction.From; step < prediction.To; step++)
            {
                (int first, int count) = (prediction.Draft.Order.CountOf(prediction.From, step), prediction.Draft.Order.CountOf(step, step + 1));
                velocities.Add(network.Forward(values.narrow(1, first, count), times.select(1, step - prediction.From), hidden.narrow(1, first, count)));
            }

            return velocities.Count == 1 ? velocities[0] : cat(velocities, 1);
        };
    }
}
