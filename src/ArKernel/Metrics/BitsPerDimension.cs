using System.Globalization;

namespace ArKernel.Metrics;

/// <summary>What a likelihood says about the data.</summary>
public enum LikelihoodKind
{
    /// <summary>It is that of the data itself, such as of pixels as tokens: bits per dimension compare between all such models.</summary>
    Exact,

    /// <summary>The data is at least this likely, as a variational or diffusion bound says: the true bits per dimension are no more.</summary>
    Bound,

    /// <summary>It is that of the tokens of a lossy codec: it compares between models of the same tokens only.</summary>
    Tokens,
}

/// <summary>A negative log-likelihood in bits for each dimension of the data, such as a pixel of a channel.</summary>
/// <param name="Bits">The bits.</param>
/// <param name="Kind">What they say about the data.</param>
public sealed record BitsPerDimension(double Bits, LikelihoodKind Kind)
{
    /// <summary>Converts: nats / (ln 2 · dimensions).</summary>
    /// <param name="nats">The negative log-likelihood of a sample, all its tokens together.</param>
    /// <param name="dimensions">The dimensions of a sample: channels · height · width.</param>
    /// <param name="kind">What the likelihood says about the data.</param>
    public static BitsPerDimension FromNats(double nats, long dimensions, LikelihoodKind kind)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dimensions, 1);
        return new BitsPerDimension(nats / (Math.Log(2) * dimensions), kind);
    }

    /// <summary>
    /// A bound on the bits per dimension of bytes, from a density of values that were scaled to a range after uniform noise of one byte's width had been added:
    /// log₂(256 / range) is added (Theis et al. 2016, section 3.1).
    /// </summary>
    /// <param name="nats">The negative log-density of a sample.</param>
    /// <param name="dimensions">The dimensions of a sample.</param>
    /// <param name="range">The width of the range that bytes 0 to 256 were scaled to: 2 for −1 to 1.</param>
    public static BitsPerDimension FromDensity(double nats, long dimensions, double range = 2)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(range, 0);
        return new BitsPerDimension(FromNats(nats, dimensions, LikelihoodKind.Bound).Bits + Math.Log2(256 / range), LikelihoodKind.Bound);
    }

    /// <inheritdoc/>
    public override string ToString() => (Kind == LikelihoodKind.Bound ? "≤ " : "") + Bits.ToString("0.000", CultureInfo.InvariantCulture)
        + (Kind == LikelihoodKind.Tokens ? " bits/dim (of the tokens)" : " bits/dim");
}
