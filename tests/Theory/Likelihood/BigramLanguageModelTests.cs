using ArKernel.Theory.Likelihood;

namespace ArKernel.Theory.Tests.Likelihood;

public sealed class BigramLanguageModelTests
{
    private const int Vocabulary = 4;

    /// <summary>Every sequence of at most so many tokens.</summary>
    private static IEnumerable<int[]> Sequences(int longest)
    {
        IEnumerable<int[]> last = [[]];
        for (int length = 0; length <= longest; length++)
        {
            int[][] current = [.. last];
            foreach (int[] sequence in current)
            {
                yield return sequence;
            }

            last = current.SelectMany(sequence => Enumerable.Range(0, Vocabulary).Select(token => (int[])[.. sequence, token]));
        }
    }

    [Fact]
    public void The_most_likely_sequences_are_those_of_brute_force()
    {
        for (int seed = 0; seed < 30; seed++)
        {
            BigramLanguageModel model = BigramLanguageModel.Random(Vocabulary, seed, concentration: 0.5, emptyProbability: 0.02);
            LikelySequence[] modes = model.MostLikelyByLength(5);
            foreach (IGrouping<int, int[]> sequences in Sequences(5).GroupBy(sequence => sequence.Length))
            {
                Assert.Equal(sequences.Max(sequence => model.LogProbability(sequence)), modes[sequences.Key].LogProbability, 1e-12);
                Assert.Equal(model.LogProbability(modes[sequences.Key].Tokens), modes[sequences.Key].LogProbability, 1e-12);
                Assert.Equal(sequences.Key, modes[sequences.Key].Tokens.Length);
            }

            // No path in a shortest-path tree visits a state twice, so the mode has at most V tokens.
            LikelySequence mode = model.MostLikely();
            Assert.Equal(modes.Max(other => other.LogProbability), mode.LogProbability, 1e-12);
            Assert.Equal(model.LogProbability(mode.Tokens), mode.LogProbability, 1e-12);
        }
    }

    [Fact]
    public void The_lengths_sum_to_one_and_match_enumeration_and_samples()
    {
        BigramLanguageModel model = BigramLanguageModel.Random(Vocabulary, 3, concentration: 0.5);
        double[] lengths = model.LengthProbabilities(3_000);
        Assert.Equal(1, lengths.Sum(), 1e-9);
        foreach (IGrouping<int, int[]> sequences in Sequences(5).GroupBy(sequence => sequence.Length))
        {
            Assert.Equal(sequences.Sum(sequence => Math.Exp(model.LogProbability(sequence))), lengths[sequences.Key], 1e-12);
        }

        int[][] samples = model.Sample(40_000);
        for (int length = 0; length < 6; length++)
        {
            double share = samples.Count(sample => sample.Length == length) / 40_000.0;
            Assert.Equal(lengths[length], share, 5 * Math.Sqrt(lengths[length] * (1 - lengths[length]) / 40_000) + 1e-12);
        }
    }

    [Fact]
    public void The_remaining_length_of_every_token_is_a_distribution_that_agrees_with_one_step_less()
    {
        BigramLanguageModel model = BigramLanguageModel.Random(6, 5);
        for (int token = 0; token <= 6; token++)
        {
            Assert.Equal(1, Enumerable.Range(0, 400).Sum(remaining => model.LengthPosterior(token, remaining)), 1e-6);
        }

        // Given a first token a, a sequence has one token more than what follows a.
        double[] first = [.. Enumerable.Range(0, 6).Select(token => Math.Exp(model.LogProbability([token]) - Math.Log(model.LengthPosterior(token, 0))))];
        Assert.Equal(model.LengthPosterior(6, 4), first.Select((p, token) => p * model.LengthPosterior(token, 3)).Sum(), 1e-12);
    }

    [Fact]
    public void Samples_have_the_exact_entropy_and_deviation()
    {
        for (int seed = 1; seed <= 3; seed++)
        {
            BigramLanguageModel model = BigramLanguageModel.Random(8, seed);
            TypicalityReport report = Typicality.Of(model);
            double[] information = [.. model.Sample(40_000, seed).Select(sample => -model.LogProbability(sample))];
            double mean = information.Average(), deviation = Math.Sqrt(information.Average(value => (value - mean) * (value - mean)));
            Assert.Equal(report.Entropy, mean, 5 * report.Deviation / 200);
            Assert.Equal(report.Deviation, deviation, 0.05 * report.Deviation);
            double[] lengths = [.. model.Sample(40_000, seed).Select(sample => (double)sample.Length)];
            Assert.Equal(report.MeanLength, lengths.Average(), 0.05 * report.MeanLength + 0.02);
        }
    }

    [Fact]
    public void Lengths_and_their_information_compose_the_entropy()
    {
        BigramLanguageModel model = BigramLanguageModel.Random(8, 4);
        TypicalityReport report = Typicality.Of(model, longest: 2_000);
        double[] lengths = [.. Enumerable.Range(0, 2_001).Select(report.LengthProbability)];
        Assert.Equal(report.Entropy, lengths.Select((p, length) => p > 0 ? p * report.MeanInformation(length) : 0).Sum(), 1e-9);
        Assert.Equal(report.MeanLength, lengths.Select((p, length) => p * length).Sum(), 1e-9);

        // The most likely sequence of a length is at least as likely as the mean of them.
        Assert.All(Enumerable.Range(0, 40), length => Assert.True(-report.ModesByLength[length].LogProbability <= report.MeanInformation(length) + 1e-12));
    }

    [Fact]
    public void A_model_may_prefer_the_empty_sequence_although_it_rarely_says_it()
    {
        const int size = 20;
        double[,] uniform = new double[size + 1, size];
        double[] end = new double[size + 1];
        for (int state = 0; state <= size; state++)
        {
            end[state] = state < size ? 0.2 : 0.02;
            for (int token = 0; token < size; token++)
            {
                uniform[state, token] = 1.0 / size;
            }
        }

        // One token has probability 0.98 · 0.2 / 20 = 0.0098.
        TypicalityReport report = Typicality.Of(new BigramLanguageModel(uniform, end));
        Assert.Empty(report.Mode.Tokens);
        Assert.Equal(Math.Log(0.02), report.Mode.LogProbability, 1e-12);
        Assert.Equal(0.98 * 5, report.MeanLength, 1e-9);
        Assert.True(report.Entropy > 3 * -Math.Log(0.02)); // a sample carries far more information
    }

    [Fact]
    public void Sequences_that_never_end_are_refused()
    {
        double[,] loop = { { 1, 0 }, { 0, 1 }, { 0.5, 0.5 } };
        UnstableProcessException exception = Assert.Throws<UnstableProcessException>(() => new BigramLanguageModel(loop, [0, 0.5, 0.1]));
        Assert.Contains("never end", exception.Message, StringComparison.Ordinal);
        Assert.Throws<NotADistributionException>(() => new BigramLanguageModel(new double[,] { { 0.5, 0.4 }, { 0, 1 }, { 0.5, 0.5 } }, [0.5, 0.5, 0.5]));
        Assert.Throws<NotADistributionException>(() => new BigramLanguageModel(loop, [0.5, 1.5, 0.5]));
        Assert.Throws<NotFiniteException>(() => new BigramLanguageModel(loop, [0.5, double.NaN, 0.5]));
    }
}
