using ArKernel.Data;
using ArKernel.Heads;
using ArKernel.Queries;
using static TorchSharp.torch;

namespace ArKernel.Objectives;

/// <summary>
/// Self-autoregressive refinement of a model of scales (SAR, Zhou et al. 2025): beside the likelihood, the model is run once more with every scale predicted from what
/// it predicted for the scale before (staggered rollout), and pulled towards its own teacher-forced predictions (contrastive student forcing):
/// L = L_TF + σ L_CSFL. Two model calls a step; no gradient flows through the predictions. The paper's post-training uses σ = 0.01. This is the form of the
/// paper's text, in which all scales are shifted at once; the released code runs the last scale alone.
/// </summary>
/// <param name="Weight">The weight of the second loss (σ).</param>
public sealed record SelfRefinement(double Weight = 0.01) : IObjective
{
    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The model has no scales, or no logits.</exception>
    public Tensor Loss(AutoregressiveModel model, Batch batch)
    {
        if (model.Query is not CoarserScales query || model.Head is not LogitsHead head)
        {
            throw new ArgumentException(
                $"SelfRefinement needs query CoarserScales and a head of logits; model '{model.GetName()}' has {model.Query.GetName()} and {model.Head.GetName()}.", nameof(model));
        }

        int steps = model.Order.StepCount;
        using Draft truth = model.DraftOf(batch.Tokens, batch.Condition);
        Tensor logits = head.Logits(model.Predict(truth, 0, steps));
        Tensor forced = nn.functional.cross_entropy(logits.flatten(0, 1), truth.TokensOf(0, steps).flatten());
        if (steps == 1)
        {
            return forced;
        }

        Tensor predicted = logits.detach().argmax(-1);
        using Draft student = query.Stagger(model.Order, truth.Tokens, predicted, truth.Condition);
        Tensor staggered = head.Logits(model.Predict(student, 0, steps));
        int first = model.Order.CountOf(0, 1); // nothing is shifted before the first scale
        Tensor refined = nn.functional.cross_entropy(staggered.narrow(1, first, staggered.shape[1] - first).flatten(0, 1), predicted.narrow(1, first, predicted.shape[1] - first).flatten());
        return forced + refined * Weight;
    }
}
