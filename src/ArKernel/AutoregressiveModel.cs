using ArKernel.Backbones;
using ArKernel.Heads;
using ArKernel.Orders;
using ArKernel.Queries;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel;

/// <summary>A next-X predictor: p(x) = Π_k p(X_k | X_&lt;k), with the slots Order, Query, Backbone and Head filled.</summary>
public sealed class AutoregressiveModel : nn.Module
{
    private readonly Query query;
    private readonly Backbone backbone;
    private readonly Head head;
    private readonly ModuleList<Stage>? laterStages; // registered where there are any, so that a tree of the modules shows no empty list
    private readonly Stage[] stages;

    /// <summary>Fills the slots and puts the model where <see cref="Compute"/> says, in its dtype.</summary>
    /// <param name="name">The name shown for the model.</param>
    /// <param name="order">Which positions are predicted together, and in what sequence.</param>
    /// <param name="query">What stands at a position that is about to be predicted.</param>
    /// <param name="backbone">How a position sees its context.</param>
    /// <param name="head">What distribution a group gets.</param>
    /// <param name="laterStages">The slots of later steps, where those are predicted otherwise; by growing first step.</param>
    /// <exception cref="ArgumentException">The order needs more rows than the backbone has room for, or the stages do not follow one another.</exception>
    public AutoregressiveModel(string name, GenerationOrder order, Query query, Backbone backbone, Head head, params Stage[] laterStages)
        : base(name)
    {
        stages = [new Stage(0, query, backbone, head), .. laterStages];
        for (int i = 0; i < stages.Length; i++)
        {
            (Stage stage, int end) = (stages[i], i + 1 < stages.Length ? stages[i + 1].FirstStep : order.StepCount);
            if (end <= stage.FirstStep || end > order.StepCount)
            {
                throw new ArgumentException($"Model '{name}': stage {i} has the steps {stage.FirstStep}..{end - 1} of the {order.StepCount} of order '{order.Name}'.", nameof(laterStages));
            }

            if (stage.Query.RowCount(order, stage.FirstStep, end) is int rows && rows > stage.Backbone.MaximumLength)
            {
                throw new ArgumentException(rows == order.PositionCount
                    ? $"Model '{name}': order '{order.Name}' has {rows} positions, the backbone at most {stage.Backbone.MaximumLength}."
                    : $"Model '{name}': order '{order.Name}' needs {rows} rows of query {stage.Query.GetName()}, the backbone has at most {stage.Backbone.MaximumLength}.", nameof(order));
            }

            if (stage.Head.TokenChannels != head.TokenChannels)
            {
                throw new ArgumentException($"Model '{name}': the heads have tokens of {head.TokenChannels} and {stage.Head.TokenChannels} channels.", nameof(laterStages));
            }
        }

        (Order, this.query, this.backbone, this.head, this.laterStages) = (order, query, backbone, head, laterStages.Length > 0 ? nn.ModuleList(laterStages) : null);
        RegisterComponents();
        _ = this.to(Compute.DType).to(Compute.Device);
    }

    /// <summary>Where the parameters are; inputs may stand on any device and are brought here.</summary>
    public Device Device => parameters().First().device;

    /// <summary>Which positions are predicted together, and in what sequence.</summary>
    public GenerationOrder Order { get; }

    /// <summary>What stands at a position that is about to be predicted, in the first stage.</summary>
    public Query Query => query;

    /// <summary>How a position sees its context, in the first stage.</summary>
    public Backbone Backbone => backbone;

    /// <summary>What distribution a group gets, in the first stage.</summary>
    public Head Head => head;

    /// <summary>The slots by the steps they predict; most models have one stage.</summary>
    public IReadOnlyList<Stage> Stages => stages;

    /// <summary>What <see cref="NegativeLogLikelihood"/> gives: exact only where it is so at every stage.</summary>
    public LikelihoodKind Likelihood => stages.Max(stage => stage.Head.Likelihood);

    /// <summary>How often a backbone was run since the model was made, in training and sampling: the cost to compare systems by.</summary>
    public long ModelCalls { get; private set; }

    /// <summary>The negative log-likelihood of every token given the groups before it, or a bound on it: see <see cref="Likelihood"/>.</summary>
    /// <param name="tokens">[batch, positions] int64 or [batch, positions, token channels]; a raster model takes fewer positions than its order has.</param>
    /// <param name="condition">[batch] int64 class labels, or null for an unconditional model.</param>
    /// <returns>[batch, positions], in nats, in generation order.</returns>
    /// <exception cref="ArgumentException">A shape does not fit; the message names the block and both shapes.</exception>
    /// <exception cref="InvalidOperationException">A head has no likelihood.</exception>
    public Tensor NegativeLogLikelihood(Tensor tokens, Tensor? condition = null) => Likelihood == LikelihoodKind.None
        ? throw new InvalidOperationException($"Model '{GetName()}' has no likelihood: its head {head.GetName()} is trained by another loss. Compare it by its samples.")
        : Score(tokens, condition, (part, prediction) => part.NegativeLogLikelihood(prediction));

    /// <summary>What training minimises for every token given the groups before it: the negative log-likelihood, or what the head has in its place.</summary>
    /// <param name="tokens">[batch, positions] int64 or [batch, positions, token channels]; a raster model takes fewer positions than its order has.</param>
    /// <param name="condition">[batch] int64 class labels, or null for an unconditional model.</param>
    /// <returns>[batch, positions], in generation order.</returns>
    /// <exception cref="ArgumentException">A shape does not fit; the message names the block and both shapes.</exception>
    public Tensor Loss(Tensor tokens, Tensor? condition = null) => Score(tokens, condition, (part, prediction) => part.Loss(prediction));

    /// <summary>Samples to score, on the model's device.</summary>
    /// <param name="tokens">[batch, positions] int64 or [batch, positions, token channels].</param>
    /// <param name="condition">[batch] int64 class labels, or null for an unconditional model.</param>
    /// <param name="order">Another order of the same positions than the model's, for an objective that splits them as it likes; or null.</param>
    /// <exception cref="ArgumentException">A shape does not fit; the message names the block and both shapes.</exception>
    public Draft DraftOf(Tensor tokens, Tensor? condition = null, GenerationOrder? order = null)
    {
        GenerationOrder sequence = order ?? Order;
        long positions = tokens.dim() >= 2 ? tokens.shape[1] : 0;
        bool fits = tokens.dim() == (head.TokenChannels == 0 ? 2 : 3)
            && (sequence.IsRaster ? positions <= sequence.PositionCount : positions == sequence.PositionCount) && positions > 0
            && (head.TokenChannels == 0 || tokens.shape[2] == head.TokenChannels);
        if (!fits)
        {
            string channels = head.TokenChannels == 0 ? "" : $", {head.TokenChannels}";
            throw new ArgumentException(
                $"Model '{GetName()}': the tokens are [{string.Join(", ", tokens.shape)}]; order '{sequence.Name}' takes [batch, {sequence.PositionCount}{channels}].");
        }

        return new Draft(sequence, tokens.to(Device), condition?.to(Device));
    }

    /// <summary>Consecutive steps of a draft, for a head to score: those of one stage, and a single one where the backbone is bidirectional.</summary>
    /// <param name="draft">The samples.</param>
    /// <param name="from">The first step.</param>
    /// <param name="to">The step after the last.</param>
    public Prediction Predict(Draft draft, int from, int to) => new(this, draft, from, to);

    /// <summary>The backbone's output for every row, all groups being known (teacher forcing).</summary>
    /// <param name="tokens">[batch, positions] int64.</param>
    /// <param name="condition">[batch] int64 class labels, or null for an unconditional model.</param>
    /// <returns>[batch, rows, channels], in generation order.</returns>
    /// <exception cref="ArgumentException">A shape does not fit; the message names the block and both shapes.</exception>
    public Tensor Hidden(Tensor tokens, Tensor? condition = null) => Hidden(tokens, condition, null);

    /// <summary>The attention weights of every layer.</summary>
    /// <param name="tokens">[batch, positions] int64.</param>
    /// <param name="condition">[batch] int64 class labels, or null for an unconditional model.</param>
    /// <returns>A layer: [batch, heads, rows, rows]; rows sum to one.</returns>
    public IReadOnlyList<Tensor> AttentionMaps(Tensor tokens, Tensor? condition = null)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        bool wasTraining = training;
        eval();
        var weights = new List<Tensor>();
        try
        {
            Hidden(tokens, condition, weights);
        }
        finally
        {
            train(wasTraining);
        }

        return [.. weights.Select(weight => weight.MoveToOuterDisposeScope())];
    }

    /// <summary>The residual stream of a transformer before its first block and after each, all groups being known.</summary>
    /// <param name="tokens">[batch, positions] int64.</param>
    /// <param name="condition">[batch] int64 class labels, or null for an unconditional model.</param>
    /// <returns>One more than blocks: [batch, rows, channels], in generation order; row t has read the groups before t. None of a backbone that is no transformer.</returns>
    /// <exception cref="ArgumentException">A shape does not fit; the message names the block and both shapes.</exception>
    public IReadOnlyList<Tensor> LayerStates(Tensor tokens, Tensor? condition = null)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        bool wasTraining = training;
        eval();
        var states = new List<Tensor>();
        try
        {
            using Draft draft = DraftOf(tokens, condition);
            BackboneInput input = query.Rows(draft, new StepRange(0, 0, EndOf(stages[0], draft)));
            Call(backbone, input with { States = states }, cache: null, attentionWeights: null);
        }
        finally
        {
            train(wasTraining);
        }

        return [.. states.Select(state => state.MoveToOuterDisposeScope())];
    }

    private Tensor Hidden(Tensor tokens, Tensor? condition, List<Tensor>? attentionWeights)
    {
        using Draft draft = DraftOf(tokens, condition);
        return new Prediction(this, draft, 0, EndOf(stages[0], draft), attentionWeights: attentionWeights).Hidden();
    }

    private Tensor Score(Tensor tokens, Tensor? condition, Func<Head, Prediction, Tensor> score)
    {
        using Draft draft = DraftOf(tokens, condition);
        var parts = new List<Tensor>();
        foreach (Stage stage in stages)
        {
            int end = EndOf(stage, draft), stride = stage.Backbone.SeesStepsInSequence ? end - stage.FirstStep : 1;
            for (int from = stage.FirstStep; from < end; from += stride)
            {
                parts.Add(score(stage.Head, Predict(draft, from, from + stride)));
            }
        }

        return parts.Count == 1 ? parts[0] : cat(parts, 1);
    }

    /// <summary>The step after the last of a stage, of samples that may be shorter than the order.</summary>
    private int EndOf(Stage stage, Draft draft)
    {
        int next = Array.IndexOf(stages, stage) + 1;
        return next < stages.Length ? stages[next].FirstStep : draft.Order.IsRaster ? (int)draft.Tokens.shape[1] : draft.Order.StepCount;
    }

    /// <summary>The stage that predicts a step.</summary>
    internal Stage StageOf(int step) => stages.Last(stage => stage.FirstStep <= step);

    /// <summary>Runs a backbone; every run of one goes through here.</summary>
    internal Tensor Call(Backbone part, BackboneInput input, KeyValueCache? cache, List<Tensor>? attentionWeights)
    {
        ModelCalls++;
        return part.Forward(input, cache, attentionWeights);
    }
}
