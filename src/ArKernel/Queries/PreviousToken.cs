using ArKernel.Backbones;
using ArKernel.Orders;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Queries;

/// <summary>
/// The token generated just before stands at a position; before the first stands a start: one learned vector, one a class, or a token of the
/// vocabulary, as published language models have it.
/// </summary>
public sealed class PreviousToken : Query
{
    private readonly TokenEmbedding embedding;
    private readonly Parameter? start; // [classes + 1, channels], the last row for "no class"; one row without classes
    private readonly long startToken;
    private readonly long classes;
    private readonly double labelDropout;

    /// <summary>Creates the query.</summary>
    /// <param name="embedding">[vocabulary, channels] the vectors of the tokens.</param>
    /// <param name="classes">The number of classes; 0 for an unconditional model.</param>
    /// <param name="labelDropout">The probability of training a sample without its label, which guidance needs.</param>
    public PreviousToken(TokenEmbedding embedding, int classes = 0, double labelDropout = 0.1)
        : base(nameof(PreviousToken))
    {
        this.embedding = embedding;
        (this.classes, this.labelDropout) = (classes, labelDropout);
        start = TransformerBackbone.NewVectors(classes + 1, embedding.Weight.shape[1]);
        RegisterComponents();
    }

    private PreviousToken(TokenEmbedding embedding, long startToken)
        : base(nameof(PreviousToken))
    {
        (this.embedding, this.startToken) = (embedding, startToken);
        RegisterComponents();
    }

    /// <summary>Creates the query of a model that begins every text with a token, such as GPT-2's <c>&lt;|endoftext|&gt;</c> (50256).</summary>
    /// <param name="embedding">[vocabulary, channels] the vectors of the tokens.</param>
    /// <param name="startToken">The token before the first.</param>
    public static PreviousToken StartingWith(TokenEmbedding embedding, int startToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(startToken);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(startToken, embedding.Weight.shape[0]);
        return new PreviousToken(embedding, (long)startToken);
    }

    /// <inheritdoc/>
    public override bool IsConditional => classes > 0;

    /// <inheritdoc/>
    public override long NullLabel => IsConditional
        ? classes
        : throw new InvalidOperationException("PreviousToken has no classes, so there is no label to leave out: the model is unconditional.");

    /// <inheritdoc/>
    public override Tensor Inputs(Tensor tokens, Tensor? condition, GenerationOrder order, int from, int to)
    {
        if (order.StepCount != order.PositionCount)
        {
            throw new ArgumentException(
                $"PreviousToken needs an order of one position a step; '{order.Name}' has {order.PositionCount} positions in {order.StepCount} steps.");
        }

        // The token before step k is the one of step k − 1.
        int first = Math.Max(from - 1, 0);
        Tensor before = order.IsRaster
            ? tokens.narrow(1, first, to - 1 - first)
            : tokens.index_select(1, tensor(order.Permutation(first, to - 1), device: tokens.device));
        Tensor inputs = TokenEmbedding.Look(embedding.Weight, before, nameof(PreviousToken));
        return from > 0 ? inputs : cat([Start(tokens.shape[0], condition).unsqueeze(1), inputs], 1);
    }

    private Tensor Start(long batch, Tensor? condition)
    {
        if (!IsConditional)
        {
            return condition is null
                ? (start ?? embedding.Weight.narrow(0, startToken, 1)).expand(batch, -1)
                : throw new ArgumentException("PreviousToken: a condition was given, but the model is unconditional.");
        }

        if (condition is null || condition.dim() != 1 || condition.shape[0] != batch)
        {
            string given = condition is null ? "missing" : $"[{string.Join(", ", condition.shape)}]";
            throw new ArgumentException($"PreviousToken: the condition is {given}; it must be [{batch}] labels 0..{classes - 1}.");
        }

        if (training && labelDropout > 0)
        {
            condition = condition.where(rand(batch, device: condition.device) >= labelDropout, full_like(condition, classes));
        }

        return TokenEmbedding.Look(start!, condition, "PreviousToken (class labels)");
    }
}
