using MathNet.Numerics.LinearAlgebra;

namespace ArKernel.Theory.Likelihood;

/// <summary>
/// What a model finds most likely against what it says: the mode beside the typical set. Samples carry about the entropy H of information −ln p(y) (Shannon 1948); the mode carries
/// less, often by many standard deviations, and so is no more typical of the model than a sequence of heads only is of a coin that favours heads.
/// </summary>
public static class Typicality
{
    /// <summary>Compares mode and typical set of a bigram model, all of it exactly.</summary>
    /// <param name="model">The model.</param>
    /// <param name="longest">The greatest length that the chart shows.</param>
    public static TypicalityReport Of(BigramLanguageModel model, int longest = 40)
    {
        int size = model.VocabularySize;
        double[] steps = new double[size + 1], squares = new double[size + 1];
        for (int state = 0; state <= size; state++)
        {
            foreach (double p in model.Choices(state).Where(p => p > 0))
            {
                steps[state] -= p * Math.Log(p);
            }
        }

        // The information that follows a token has the moments m = c + T m and q = c₂ + T q: one step, then the rest from where it leads.
        Matrix<double> rest = Matrix<double>.Build.DenseIdentity(size) - model.Going;
        double[] Solve(double[] values) => [.. rest.Solve(Vector<double>.Build.Dense(values[..size]))];
        double[] mean = Solve(steps);
        double[] length = Solve([.. Enumerable.Range(0, size).Select(state => model.Going.Row(state).Sum())]);
        for (int state = 0; state <= size; state++)
        {
            int token = 0;
            foreach (double p in model.Choices(state))
            {
                double information = -Math.Log(p), later = token < size ? mean[token] : 0;
                squares[state] += p > 0 ? p * (information * information + 2 * information * later) : 0;
                token++;
            }
        }

        double[] second = Solve(squares);
        double[] first = [.. model.Choices(model.Beginning).Take(size)];
        double From(double own, double[] after) => own + first.Select((p, token) => p * after[token]).Sum();
        double entropy = From(steps[size], mean), square = From(squares[size], second);
        return new TypicalityReport(
            model.MostLikely(), model.MostLikelyByLength(longest), [.. model.Moments(longest).Select(moment => (moment.Probability[size], moment.Information[size]))],
            entropy, Math.Sqrt(Math.Max(0, square - entropy * entropy)), From(first.Sum(), length), model.EmptyProbability);
    }
}

/// <summary>The mode of a language model beside its typical set.</summary>
public sealed record TypicalityReport : TheoryResult
{
    private readonly (double Probability, double Information)[] lengths;

    internal TypicalityReport(
        LikelySequence mode, LikelySequence[] modes, (double Probability, double Information)[] lengths, double entropy, double deviation, double meanLength, double emptyProbability) =>
        (Mode, ModesByLength, this.lengths, Entropy, Deviation, MeanLength, EmptyProbability) = (mode, modes, lengths, entropy, deviation, meanLength, emptyProbability);

    /// <summary>The most likely sequence.</summary>
    public LikelySequence Mode { get; }

    /// <summary>The most likely sequence of each length, from 0 on.</summary>
    public IReadOnlyList<LikelySequence> ModesByLength { get; }

    /// <summary>The entropy of a sequence, in nats: the mean of −ln p.</summary>
    public double Entropy { get; }

    /// <summary>The standard deviation of −ln p, in nats.</summary>
    public double Deviation { get; }

    /// <summary>The mean number of tokens.</summary>
    public double MeanLength { get; }

    /// <summary>The probability of the empty sequence.</summary>
    public double EmptyProbability { get; }

    /// <summary>By how many standard deviations the mode's information lies below the entropy.</summary>
    public double DeviationsBelow => (Entropy + Mode.LogProbability) / Deviation;

    /// <summary>The probability of a length that the report covers.</summary>
    /// <param name="length">The number of tokens.</param>
    public double LengthProbability(int length) => lengths[length].Probability;

    /// <summary>The mean of −ln p over the sequences of a length, in nats; NaN where there are none.</summary>
    /// <param name="length">The number of tokens.</param>
    public double MeanInformation(int length) => lengths[length].Probability > 0 ? lengths[length].Information / lengths[length].Probability : double.NaN;

    /// <inheritdoc/>
    public override string Title => "Mode against typical set";

    /// <inheritdoc/>
    public override IReadOnlyList<Quantity> Quantities =>
    [
        new("information of the mode", -Mode.LogProbability, "nats") { Note = Mode.Tokens.Length == 0 ? "the mode is empty" : $"{Mode.Tokens.Length} tokens" },
        new("entropy", Entropy, "nats"),
        new("deviation of the information", Deviation, "nats"),
        new("the mode lies below the entropy by", DeviationsBelow, "deviations"),
        new("probability of the mode", Math.Exp(Mode.LogProbability)),
        new("probability of the empty sequence", EmptyProbability),
        new("mean length", MeanLength, "tokens"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Chart> Charts
    {
        get
        {
            double[] length = [.. Enumerable.Range(0, lengths.Length).Select(i => (double)i)];
            double[] best = [.. ModesByLength.Select(sequence => double.IsFinite(sequence.LogProbability) ? -sequence.LogProbability : double.NaN)];
            return
            [
                new CurveChart("Information by length", "tokens", "nats",
                    new Curve("mean of the model's sequences", length, [.. Enumerable.Range(0, lengths.Length).Select(MeanInformation)]),
                    new Curve("most likely sequence", length, best),
                    Curve.Level("entropy", Entropy, 0, lengths.Length - 1)),
            ];
        }
    }
}
