namespace ArKernel.Theory.Likelihood;

/// <summary>
/// Why a model without any error may have a bad mode (Yoshida, Goyal and Gimpel 2023, "MAP's not dead yet"). Good outputs are the M = K^T texts of T tokens, each out of the K good ones of V; all are equally likely.
/// Data come with two kinds of noise. Noise of low entropy, here an empty output with probability ε, is one outcome, and is the mode from ε &gt; 1/(M + 1) on. Noise of high entropy, here each token drawn anew
/// from all V with probability ε', spoils far more samples but spreads over so many outcomes that none is likely.
/// </summary>
/// <param name="GoodTokens">K.</param>
/// <param name="VocabularySize">V.</param>
/// <param name="Length">T.</param>
/// <param name="EmptyRate">ε, the share of empty outputs.</param>
/// <param name="TokenRate">ε', the share of tokens that are drawn anew.</param>
public sealed record NoisyLanguage(int GoodTokens, int VocabularySize, int Length, double EmptyRate, double TokenRate = 0)
{
    /// <summary>The noise ε* = m / (1 + m) at which a bad output becomes the mode of a distribution whose own mode has probability m: beyond it ε &gt; (1 − ε) m. For M equally likely outputs it is 1/(M + 1).</summary>
    /// <param name="logMode">ln m, in nats.</param>
    /// <exception cref="NotADistributionException">The log-probability is positive or NaN.</exception>
    public static double Threshold(double logMode) => logMode <= 0
        ? 1 / (1 + Math.Exp(-logMode))
        : throw new NotADistributionException($"The log-probability of the mode is {logMode}.", "It must be at most 0.");

    /// <summary>What becomes of samples and of the mode.</summary>
    /// <exception cref="NotADistributionException">A rate is not a probability.</exception>
    /// <exception cref="ArgumentException">There are no good tokens, no bad ones, or no length.</exception>
    public NoisyLanguageReport Analyse()
    {
        if (!(EmptyRate is >= 0 and <= 1) || !(TokenRate is >= 0 and <= 1))
        {
            throw new NotADistributionException($"The rates of noise are {EmptyRate} and {TokenRate}.", "They must be in [0, 1].");
        }

        if (Length < 1 || GoodTokens < 1 || GoodTokens >= VocabularySize)
        {
            throw new ArgumentException($"{GoodTokens} of {VocabularySize} tokens are good, and a text has {Length}; there must be at least one good token, one bad token and one place.");
        }

        double bad = TokenRate / VocabularySize, good = (1 - TokenRate) / GoodTokens + bad;
        double logGood = Length * Math.Log(good);
        return new NoisyLanguageReport(this, logGood, logGood + Math.Log(bad / good), 1 - (1 - EmptyRate) * Math.Pow(GoodTokens * good, Length));
    }
}

/// <summary>What noise does to samples and to the mode.</summary>
/// <param name="Language">What was analysed.</param>
/// <param name="LogGood">The log-probability of each good output among those that are not empty, in nats.</param>
/// <param name="LogSpoilt">The same of the most likely output with a bad token.</param>
/// <param name="BadSamples">The share of samples that are empty or have a bad token.</param>
public sealed record NoisyLanguageReport(NoisyLanguage Language, double LogGood, double LogSpoilt, double BadSamples) : TheoryResult
{
    /// <summary>The share of empty outputs from which on they are the mode.</summary>
    public double Threshold => NoisyLanguage.Threshold(LogGood);

    /// <summary>Whether the most likely output is the empty one.</summary>
    public bool ModeIsEmpty => Language.EmptyRate > Threshold;

    /// <summary>Whether the most likely of the outputs that are not empty is a good one: conditioned so, likelihood and quality agree again.</summary>
    public bool ConditionalModeIsGood => LogGood > LogSpoilt;

    /// <inheritdoc/>
    public override string Title => "Noise against samples and mode";

    /// <inheritdoc/>
    public override IReadOnlyList<Quantity> Quantities =>
    [
        new("bad samples", BadSamples),
        new("share of empty outputs", Language.EmptyRate) { Note = ModeIsEmpty ? "the mode is empty" : "the mode is good" },
        new("the mode is empty from a share of", Threshold),
        new("a good output against one with a bad token", (LogGood - LogSpoilt) / Math.Log(2), "bits") { Note = ConditionalModeIsGood ? "the mode of what is not empty is good" : "no output stands out" },
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters =>
        [new("good tokens", Language.GoodTokens), new("vocabulary", Language.VocabularySize), new("length", Language.Length), new("ε", Language.EmptyRate), new("ε'", Language.TokenRate)];
}
