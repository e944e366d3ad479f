using ArKernel.Data;
using ArKernel.Orders;
using static TorchSharp.torch;

namespace ArKernel.Objectives;

/// <summary>
/// Predicts a random set of positions given all others, in one call: what a bidirectional backbone can be trained on, for which every split of every sequence into
/// known and hidden is a call of its own. The share of hidden positions is drawn from a normal distribution about 1 of deviation 0.25, cut to 0.7 to 1
/// (MAR, Li et al. 2024, section 4.3), so the loss is over the splits that sampling begins with.
/// </summary>
/// <param name="Least">The least share of hidden positions.</param>
/// <param name="Deviation">The deviation of the normal distribution.</param>
public sealed record MaskedPrediction(double Least = 0.7, double Deviation = 0.25) : IObjective
{
    /// <inheritdoc/>
    public Tensor Loss(AutoregressiveModel model, Batch batch)
    {
        int positions = model.Order.PositionCount, hidden = (int)Math.Ceiling(positions * DrawShare());
        GenerationOrder split = GenerationOrder.RandomSets(hidden == positions ? [positions] : [positions - hidden, hidden]);
        using Draft draft = model.DraftOf(batch.Tokens, batch.Condition, split);
        using Tensor losses = model.Head.Loss(model.Predict(draft, split.StepCount - 1, split.StepCount));
        return losses.mean();
    }

    /// <summary>From torch's global generator, which training seeds for every step.</summary>
    private double DrawShare()
    {
        while (true)
        {
            using Tensor draw = randn(1);
            double share = 1 - Math.Abs(draw.item<float>()) * Deviation;
            if (share >= Least)
            {
                return share;
            }
        }
    }
}
