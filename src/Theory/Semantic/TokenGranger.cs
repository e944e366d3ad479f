using ArKernel.Theory.Information;

namespace ArKernel.Theory.Semantic;

/// <summary>The outcome of a Granger test between streams of tokens.</summary>
public sealed record TokenGrangerTest : TheoryResult
{
    internal TokenGrangerTest()
    {
    }

    /// <summary>The number of past tokens of each stream.</summary>
    public required int Lags { get; init; }

    /// <summary>The number of tokens predicted.</summary>
    public required int Tokens { get; init; }

    /// <summary>The transfer entropy by counts, in nats a token: the likelihood ratio over 2 N. Its bias, about degrees of freedom over 2 N, is still in it.</summary>
    public required double TransferEntropy { get; init; }

    /// <summary>The mean of the transfer entropies of surrogates in which the source's tokens are exchanged among times of equal own past: the bias.</summary>
    public required double Bias { get; init; }

    /// <summary>G = 2 N TE, the likelihood ratio of the two Markov models.</summary>
    public double LikelihoodRatio => 2 * Tokens * TransferEntropy;

    /// <summary>The further parameters of the larger model, in the contexts that occur.</summary>
    public required double Freedom { get; init; }

    /// <summary>The p-value of G against χ²: good only where most contexts were seen several times.</summary>
    public double ChiSquaredPValue => Special.ChiSquaredTail(LikelihoodRatio, Freedom);

    /// <summary>The p-value by surrogates, which holds at any number of samples.</summary>
    public required double PValue { get; init; }

    /// <summary>The number of surrogates.</summary>
    public required int Surrogates { get; init; }

    internal int UsedSeed { get; init; }

    /// <inheritdoc/>
    public override string Title => "Granger causality between streams of tokens";

    /// <inheritdoc/>
    public override IReadOnlyList<Quantity> Quantities =>
    [
        new("transfer entropy less bias", TransferEntropy - Bias, "nats a token"),
        new("transfer entropy by counts", TransferEntropy, "nats a token"),
        new("bias, by surrogates", Bias, "nats a token"),
        new("p-value by surrogates", PValue) { Note = $"{Surrogates} surrogates" },
        new("G", LikelihoodRatio) { Note = $"χ² with {Quantity.Format(Freedom)} degrees of freedom: p = {Quantity.Format(ChiSquaredPValue)}" },
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters => [new("lags", Lags), new("tokens", Tokens)];

    /// <inheritdoc/>
    public override int? Seed => UsedSeed;
}

/// <summary>
/// Granger's question asked of tokens: does the past of one stream help to predict the next token of another beyond that one's own past? The two
/// predictions are Markov models; their likelihood ratio is 2 N times the transfer entropy, as it is 2 N · ½ Granger for normal series.
/// </summary>
public static class TokenGranger
{
    /// <summary>Tests whether x Granger-causes y.</summary>
    /// <param name="x">The stream that may help.</param>
    /// <param name="y">The stream predicted, as long.</param>
    /// <param name="lags">The number of past tokens of each stream.</param>
    /// <param name="given">A stream whose past is known already, as long (several: their <see cref="Symbols.Pair"/>); null for none.</param>
    /// <param name="surrogates">The number of surrogates.</param>
    /// <param name="seed">The seed of the surrogates.</param>
    /// <exception cref="ArgumentException">The lengths differ, or there is no lag.</exception>
    /// <exception cref="TooFewSamplesException">The streams are too short.</exception>
    public static TokenGrangerTest Test(Symbols x, Symbols y, int lags = 1, Symbols? given = null, int surrogates = 99, int seed = 0)
    {
        int start = Information.TransferEntropy.Start(x.Count, y.Count, lags, lags);
        if (given is not null && given.Count != y.Count)
        {
            throw new ArgumentException($"The streams have {y.Count} tokens, what is given has {given.Count}; there must be as many.");
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(surrogates, 1);
        Codes past = Codes.Of(x).Past(lags, start), own = Codes.Of(y).Past(lags, start), next = Codes.Of(y.Slice(start, y.Count - start));
        own = given is null ? own : own.Pair(Codes.Of(given).Past(lags, start));
        double value = DiscreteInformation.Conditional(past, next, own, EntropyEstimator.PlugIn);
        (double[] values, double p) = Information.Surrogates.Test(value, surrogates, seed, random =>
            DiscreteInformation.Conditional(past.Reorder(Information.Surrogates.WithinStrata(own.Values, own.Used, random)), next, own, EntropyEstimator.PlugIn));
        return new TokenGrangerTest
        {
            Lags = lags, Tokens = next.Count, TransferEntropy = value, Bias = values.Average(), PValue = p, Surrogates = surrogates, UsedSeed = seed, Freedom = FreedomOf(past, next, own),
        };
    }

    /// <summary>Σ over own contexts of (source contexts − 1)(next tokens − 1), each counted where it occurs: a cell that cannot be filled has no parameter.</summary>
    private static double FreedomOf(Codes past, Codes next, Codes own)
    {
        (HashSet<int> Sources, HashSet<int> Nexts)[] seen = [.. Enumerable.Range(0, own.Used).Select(_ => (new HashSet<int>(), new HashSet<int>()))];
        for (int i = 0; i < own.Count; i++)
        {
            seen[own.Values[i]].Sources.Add(past.Values[i]);
            seen[own.Values[i]].Nexts.Add(next.Values[i]);
        }

        return Math.Max(1, seen.Sum(context => (context.Sources.Count - 1.0) * (context.Nexts.Count - 1)));
    }
}
