using ArKernel.Backbones;
using ArKernel.Orders;
using static TorchSharp.torch;

namespace ArKernel.Queries;

/// <summary>
/// What stands at a position that is about to be predicted: it makes the rows the backbone sees. A row may depend on the tokens of groups
/// before the one it predicts (and, where noise is taken, on the noisy tokens of its own), and on nothing else. How many rows a step has is
/// the query's choice.
/// </summary>
public abstract class Query : nn.Module
{
    private readonly double labelDropout;

    /// <summary>Creates a query.</summary>
    /// <param name="name">The name shown for it.</param>
    /// <param name="classes">The number of classes; 0 for an unconditional query.</param>
    /// <param name="labelDropout">The probability of training a sample without its label, which guidance needs.</param>
    protected Query(string name, int classes = 0, double labelDropout = 0)
        : base(name)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(classes);
        (Classes, this.labelDropout) = (classes, labelDropout);
    }

    /// <summary>The number of classes; 0 for an unconditional query.</summary>
    public int Classes { get; }

    /// <summary>Whether the query knows of classes, so that a label is needed (and guidance possible).</summary>
    public bool IsConditional => Classes > 0;

    /// <summary>The label that means "no class", for classifier-free guidance.</summary>
    /// <exception cref="InvalidOperationException">The query is unconditional.</exception>
    public long NullLabel => IsConditional
        ? Classes
        : throw new InvalidOperationException($"{GetName()} has no classes, so there is no label to leave out: the model is unconditional.");

    /// <summary>Whether the rows are made of the noisy tokens of the steps that they predict.</summary>
    public virtual bool TakesNoise => false;

    /// <summary>The rows that consecutive steps have together, which the backbone must have room for.</summary>
    /// <param name="order">The order of prediction.</param>
    /// <param name="from">The first step.</param>
    /// <param name="to">The step after the last.</param>
    public virtual int RowCount(GenerationOrder order, int from, int to) => order.CountOf(from, to);

    /// <summary>The rows of consecutive steps, in generation order, and how the backbone is to see them.</summary>
    /// <param name="draft">The samples; only tokens of groups before the last step asked for are read.</param>
    /// <param name="steps">The steps; the rows of steps before <see cref="StepRange.Cached"/> are left out.</param>
    /// <param name="noisy">The noisy tokens of the steps to be predicted, where <see cref="TakesNoise"/>.</param>
    /// <returns>Rows for as many samples as <see cref="Draft.RowCount"/> says.</returns>
    public abstract BackboneInput Rows(Draft draft, StepRange steps, NoisyTokens? noisy = null);

    /// <summary>The vector of every row's class, or that of no class where training leaves the label out.</summary>
    /// <param name="table">[classes + 1, channels], the last row for no class.</param>
    /// <param name="draft">The samples.</param>
    /// <returns>[rows, channels].</returns>
    /// <exception cref="ArgumentException">There is no label, or not one a sample, or one is out of range.</exception>
    protected Tensor ClassVectors(Tensor table, Draft draft)
    {
        long batch = draft.Tokens.shape[0];
        if (draft.Condition is not Tensor condition || condition.dim() != 1 || condition.shape[0] != batch)
        {
            string given = draft.Condition is null ? "missing" : $"[{string.Join(", ", draft.Condition.shape)}]";
            throw new ArgumentException($"{GetName()}: the condition is {given}; it must be [{batch}] labels 0..{Classes - 1}.");
        }

        Tensor labels = draft.Labels!;
        if (training && labelDropout > 0)
        {
            labels = labels.where(rand(labels.shape[0], device: labels.device) >= labelDropout, full_like(labels, Classes));
        }

        return TokenEmbedding.Look(table, labels, $"{GetName()} (class labels)");
    }

    /// <summary>The one vector that every sample of an unconditional model begins with.</summary>
    /// <param name="vector">[1, channels].</param>
    /// <param name="draft">The samples.</param>
    /// <returns>[rows, channels].</returns>
    /// <exception cref="ArgumentException">A condition was given.</exception>
    protected Tensor Unconditional(Tensor vector, Draft draft) => draft.Condition is null
        ? vector.expand(draft.RowCount, -1)
        : throw new ArgumentException($"{GetName()}: a condition was given, but the model is unconditional.");

    /// <summary>Rows of which each sees those of its own step and of earlier ones, as the order's mask says.</summary>
    /// <param name="input">The rows.</param>
    /// <param name="rowsOfSteps">The number of rows of each step among them.</param>
    protected static BackboneInput BlockCausal(BackboneInput input, IReadOnlyList<int> rowsOfSteps)
    {
        if (rowsOfSteps.All(count => count == 1))
        {
            return input with { Attention = AttentionPattern.Causal };
        }

        return rowsOfSteps.Count(count => count > 0) == 1
            ? input with { Attention = AttentionPattern.Full }
            : input with { Attention = AttentionPattern.Masked, Mask = GenerationOrder.BlockCausalMask(rowsOfSteps, input.Rows.device) };
    }
}
