using static TorchSharp.torch;

namespace ArKernel.Codecs;

/// <summary>The sides s_1 ≤ … ≤ s_K of square token maps; the tokens of all maps stand one map after another, each row after row.</summary>
public sealed class ScaleList
{
    /// <summary>Creates the list.</summary>
    /// <param name="sides">The sides, coarsest first.</param>
    /// <exception cref="ArgumentException">There is none, or they fall.</exception>
    public ScaleList(params IReadOnlyList<int> sides)
    {
        if (sides.Count == 0 || sides[0] < 1 || sides.Zip(sides.Skip(1)).Any(pair => pair.Second < pair.First))
        {
            throw new ArgumentException($"ScaleList: the sides are {string.Join(", ", sides)}; they must be positive and not fall.", nameof(sides));
        }

        Sides = sides;
    }

    /// <summary>The ten scales of VAR at 256×256: 680 tokens.</summary>
    public static ScaleList Var { get; } = new(1, 2, 3, 4, 5, 6, 8, 10, 13, 16);

    /// <summary>The sides, coarsest first.</summary>
    public IReadOnlyList<int> Sides { get; }

    /// <summary>The number of maps (K).</summary>
    public int Count => Sides.Count;

    /// <summary>The tokens of all maps.</summary>
    public int TokenCount => Sides.Sum(side => side * side);

    /// <summary>Where each map's tokens stand: the first, and how many.</summary>
    public IReadOnlyList<(int Start, int Length)> Ranges
    {
        get
        {
            var ranges = new (int, int)[Count];
            int start = 0;
            for (int scale = 0; scale < Count; scale++)
            {
                ranges[scale] = (start, Sides[scale] * Sides[scale]);
                start += Sides[scale] * Sides[scale];
            }

            return ranges;
        }
    }

    /// <summary>Takes tokens apart into maps.</summary>
    /// <param name="tokens">[batch, tokens, ...].</param>
    /// <returns>A scale: [batch, side · side, ...], a view.</returns>
    public Tensor[] Split(Tensor tokens)
    {
        if (tokens.dim() < 2 || tokens.shape[1] != TokenCount)
        {
            throw new ArgumentException($"ScaleList: the tokens are [{string.Join(", ", tokens.shape)}]; sides {this} make [batch, {TokenCount}].", nameof(tokens));
        }

        return tokens.split([.. Ranges.Select(range => (long)range.Length)], 1);
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join(", ", Sides);
}
