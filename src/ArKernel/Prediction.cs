using ArKernel.Backbones;
using static TorchSharp.torch;

namespace ArKernel;

/// <summary>
/// Consecutive steps that a head is to score or draw. It is the head's one view of the rest of the model: a categorical head asks once for
/// the backbone's output, a head that removes noise asks as often as its solver needs. Training gives all steps at once, sampling one.
/// </summary>
public sealed class Prediction
{
    private readonly AutoregressiveModel model;
    private readonly Stage stage;
    private readonly KeyValueCache? cache;
    private readonly List<Tensor>? attentionWeights;

    internal Prediction(
        AutoregressiveModel model, Draft draft, int from, int to, KeyValueCache? cache = null, int cached = 0, List<Tensor>? attentionWeights = null)
    {
        (this.model, Draft, From, To, this.cache, this.attentionWeights) = (model, draft, from, to, cache, attentionWeights);
        stage = model.StageOf(from);
        Cached = Math.Max(cached, stage.FirstStep);
    }

    /// <summary>The samples.</summary>
    public Draft Draft { get; }

    /// <summary>The first step to be predicted.</summary>
    public int From { get; }

    /// <summary>The step after the last.</summary>
    public int To { get; }

    /// <summary>How far to go from the prediction without the condition towards and beyond that with it (s); 1 stays with the condition.</summary>
    public double GuidanceScale { get; init; } = 1;

    /// <summary>[batch, generated] the tokens before these in generation order, where penalties need them; or null.</summary>
    public Tensor? History { get; init; }

    /// <summary>The number of tokens to predict.</summary>
    public int TargetCount => Draft.Order.CountOf(From, To);

    /// <summary>The tokens to predict, where they are known: [batch, targets] or [batch, targets, token channels], in generation order.</summary>
    public Tensor Targets => Draft.TokensOf(From, To);

    /// <summary>The number of steps whose rows need not be given to the backbone again.</summary>
    internal int Cached { get; private set; }

    /// <summary>The backbone's output for these steps, given the tokens of the steps before. Every call is a model call.</summary>
    /// <param name="noisy">The tokens of these steps with noise added, for a query that takes them.</param>
    /// <returns>
    /// [rows of the draft, predicting rows, channels]; as many predicting rows as the query makes. A masked model's go on beyond the targets,
    /// with the positions that remain hidden.
    /// </returns>
    /// <exception cref="ArgumentException">A shape does not fit; the message names the block and both shapes.</exception>
    public Tensor Hidden(NoisyTokens? noisy = null)
    {
        if (noisy is null == stage.Query.TakesNoise)
        {
            throw new ArgumentException(
                $"Model '{model.GetName()}': query {stage.Query.GetName()} {(noisy is null ? "needs noisy tokens" : "takes no noisy tokens")}, which head {stage.Head.GetName()} {(noisy is null ? "does not give" : "gives")}.");
        }

        BackboneInput input = stage.Query.Rows(Draft, new StepRange(Cached, From, To), noisy);
        Tensor output = model.Call(stage.Backbone, input, cache, attentionWeights);
        if (cache is not null)
        {
            Cached = To;
        }

        return input.Predicting is int count && count < output.shape[1] ? output.narrow(1, output.shape[1] - count, count) : output;
    }

    /// <summary>
    /// Classifier-free guidance (Ho &amp; Salimans 2022, eq. 6) of anything linear a network puts out, such as logits or velocities:
    /// l_∅ + s (l_c − l_∅). VAR's form (1 + t) l_c − t l_∅ is the same with s = 1 + t.
    /// </summary>
    /// <param name="ofRows">[rows, …] with the condition in the first half and without in the second; without guidance just those with it.</param>
    /// <returns>[batch, …].</returns>
    public Tensor Guided(Tensor ofRows)
    {
        if (!Draft.IsGuided)
        {
            return ofRows;
        }

        Tensor[] halves = ofRows.chunk(2, 0);
        return halves[1] + (halves[0] - halves[1]) * GuidanceScale;
    }

    /// <summary>The rows of the targets among those that predict, with an error where there are too few.</summary>
    internal Tensor TargetRows(Tensor hidden, string head)
    {
        int count = TargetCount;
        return hidden.shape[1] == count
            ? hidden
            : hidden.shape[1] > count
                ? hidden.narrow(1, 0, count)
                : throw new ArgumentException(
                    $"{head}: query {stage.Query.GetName()} gives {hidden.shape[1]} rows for the {count} tokens of steps {From}..{To - 1} of order '{Draft.Order.Name}'; this head needs a row a token.");
    }
}
