using static TorchSharp.torch;

namespace ArKernel.Backbones;

/// <summary>Which rows of one call see one another; rows in the cache are seen by every new one.</summary>
public enum AttentionPattern
{
    /// <summary>A row sees the rows before it and itself.</summary>
    Causal,

    /// <summary>Every row sees every row.</summary>
    Full,

    /// <summary>What <see cref="BackboneInput.Mask"/> says.</summary>
    Masked,
}

/// <summary>
/// The rows of one call of a backbone, and all it is told about them. Every query makes one: a row may stand for a token, a fused window of
/// tokens, a mask token, a noisy token or a class, and there may be more or fewer rows than tokens to predict.
/// </summary>
/// <param name="Rows">[batch, rows, channels] the vectors the backbone begins with.</param>
public sealed record BackboneInput(Tensor Rows)
{
    /// <summary>Which of the rows see one another.</summary>
    public AttentionPattern Attention { get; init; } = AttentionPattern.Causal;

    /// <summary>[rows, rows], or with the cached rows first [rows, cached + rows], or either with [batch, 1, …] before; bool, true where a row may attend.</summary>
    public Tensor? Mask { get; init; }

    /// <summary>[1 or batch, rows] int64 places of the rows in the backbone's tables of positions; null where they follow the cached rows.</summary>
    public Tensor? Positions { get; init; }

    /// <summary>
    /// [batch, vectors, channels] what adaptive normalization is conditioned on, for a backbone that has it: one vector for the sequence, or
    /// any number that divides the rows, each for as many consecutive rows.
    /// </summary>
    public Tensor? Condition { get; init; }

    /// <summary>The number of leading rows that a cache keeps; the others attend without being attended to later. Null keeps all.</summary>
    public int? Kept { get; init; }

    /// <summary>The number of trailing rows whose outputs predict tokens; null means all. Rows before them are context.</summary>
    public int? Predicting { get; init; }

    /// <summary>Collects the residual stream [batch, rows, channels] before the first block and after each, in a transformer; null collects nothing.</summary>
    public IList<Tensor>? States { get; init; }
}
