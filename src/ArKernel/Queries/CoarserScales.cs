using ArKernel.Backbones;
using ArKernel.Codecs;
using ArKernel.Orders;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Queries;

/// <summary>
/// What is known of the image so far, averaged down to the side of the scale about to be predicted, stands at that scale's positions: area(f̂_{k−1}, s_k × s_k),
/// f̂ being the sum of what all coarser scales add (VAR, Tian et al. 2024, figure 4). Before the first scale stands the class. The class is also
/// the condition of adaptive normalization. The tokenizer's quantizer is frozen and becomes a part of the model.
/// </summary>
public sealed class CoarserScales : Query
{
    private readonly MultiScaleQuantizer quantizer;
    private readonly Linear projection; // C → d
    private readonly Parameter classVectors; // [classes + 1, channels]; one row without classes
    private readonly Parameter start; // [s_1², channels]
    private readonly Parameter level; // [scales, channels]

    /// <summary>Creates the query.</summary>
    /// <param name="quantizer">The tokenizer's quantizer; its parameters are frozen.</param>
    /// <param name="channels">The width of a row (d).</param>
    /// <param name="classes">The number of classes; 0 for an unconditional model.</param>
    /// <param name="labelDropout">The probability of training a sample without its label, which guidance needs.</param>
    public CoarserScales(MultiScaleQuantizer quantizer, int channels, int classes = 0, double labelDropout = 0.1)
        : base(nameof(CoarserScales), classes, labelDropout)
    {
        this.quantizer = quantizer;
        foreach (Parameter parameter in quantizer.parameters())
        {
            parameter.requires_grad = false;
        }

        projection = nn.Linear(quantizer.Channels, channels);
        classVectors = TransformerBackbone.NewVectors(classes + 1, channels);
        start = TransformerBackbone.NewVectors(quantizer.Scales.Sides[0] * quantizer.Scales.Sides[0], channels);
        level = TransformerBackbone.NewVectors(quantizer.Scales.Count, channels);
        RegisterComponents();
    }

    /// <summary>The tokenizer's quantizer.</summary>
    public MultiScaleQuantizer Quantizer => quantizer;

    /// <inheritdoc/>
    public override BackboneInput Rows(Draft draft, StepRange steps, NoisyTokens? noisy = null)
    {
        GenerationOrder order = draft.Order;
        int[] sizes = [.. quantizer.Scales.Sides.Select(side => side * side)];
        if (!order.Groups.Select(group => group.Length).SequenceEqual(sizes))
        {
            throw new ArgumentException($"CoarserScales: the groups of order '{order.Name}' do not have the {string.Join(", ", sizes)} tokens of the quantizer's scales.");
        }

        Known known = (draft.State ??= new Known(quantizer)) as Known ?? throw new ArgumentException("CoarserScales: the draft keeps the state of another query.");
        known.Advance(draft, steps.To - 1);
        Tensor vectors = IsConditional ? ClassVectors(classVectors, draft) : Unconditional(classVectors, draft);
        var rows = new List<Tensor>();
        if (steps.Cached == 0)
        {
            rows.Add(vectors.unsqueeze(1) + start + level[0]);
        }

        int first = Math.Max(1, steps.Cached);
        if (first < steps.To)
        {
            Tensor maps = projection.forward(cat(known.Inputs(first, steps.To), 1));
            Tensor levels = cat([.. Enumerable.Range(first, steps.To - first).Select(step => level[step].expand(sizes[step], -1))]);
            rows.Add(draft.ForRows(maps + levels));
        }

        int[] counts = sizes[steps.Cached..steps.To];
        var input = new BackboneInput(rows.Count == 1 ? rows[0] : cat(rows, 1)) { Condition = vectors.unsqueeze(1), Predicting = order.CountOf(steps.From, steps.To) };
        return BlockCausal(input, counts);
    }

    /// <summary>
    /// Samples whose scales are each predicted from what a model predicted for the scale before, added to what the true scales before that add: f̂_{k−1} of the truth
    /// plus h_k of the prediction. SAR's staggered rollout for residual scales.
    /// </summary>
    /// <param name="order">The order of the scales.</param>
    /// <param name="tokens">[batch, tokens] int64, the true tokens.</param>
    /// <param name="predicted">[batch, tokens] int64, the predictions, each made from the true scales before it.</param>
    /// <param name="condition">[batch] class labels, or null.</param>
    public Draft Stagger(GenerationOrder order, Tensor tokens, Tensor predicted, Tensor? condition)
    {
        var draft = new Draft(order, tokens, condition);
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        var known = new Known(quantizer);
        Tensor[] truth = quantizer.Scales.Split(tokens), guesses = quantizer.Scales.Split(predicted);
        Tensor? sum = null;
        for (int scale = 0; scale + 1 < truth.Length; scale++)
        {
            known.Add(quantizer.Advance(scale, sum, quantizer.Embed(scale, guesses[scale])).Next!);
            Tensor contribution = quantizer.Contribution(scale, quantizer.Embed(scale, truth[scale]));
            sum = sum is null ? contribution : sum + contribution;
        }

        draft.State = known;
        return draft;
    }

    /// <summary>The sum of the scales so far and the inputs it gave, so that a step of sampling costs one scale and not all of them.</summary>
    private sealed class Known(MultiScaleQuantizer quantizer) : IDisposable
    {
        private readonly List<Tensor> inputs = []; // of scales 1, 2, …: [batch, s², C]
        private Tensor? sum;

        /// <summary>Takes in the tokens of scales until the inputs of a number of later scales are known.</summary>
        public void Advance(Draft draft, int count)
        {
            using IDisposable noGradient = no_grad();
            while (inputs.Count < count)
            {
                using DisposeScope scope = NewDisposeScope();
                int scale = inputs.Count;
                (Tensor next, Tensor? down) = quantizer.Advance(scale, sum, quantizer.Embed(scale, draft.TokensOf(scale, scale + 1)));
                Add(down!);
                sum?.Dispose();
                sum = next.DetachFromDisposeScope();
            }
        }

        public void Add(Tensor map) => inputs.Add(map.flatten(2).transpose(1, 2).clone().DetachFromDisposeScope());

        public List<Tensor> Inputs(int from, int to) => inputs[(from - 1)..(to - 1)];

        public void Dispose()
        {
            inputs.ForEach(tensor => tensor.Dispose());
            sum?.Dispose();
        }
    }
}
