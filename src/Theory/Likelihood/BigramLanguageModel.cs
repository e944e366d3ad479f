using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;

namespace ArKernel.Theory.Likelihood;

/// <summary>A sequence with its probability.</summary>
/// <param name="Tokens">The tokens, without the end.</param>
/// <param name="LogProbability">The log-probability of the tokens and the end, in nats.</param>
public sealed record LikelySequence(int[] Tokens, double LogProbability);

/// <summary>
/// A language model in which the next token, or the end, depends on the last token only. Everything that must be searched for or sampled in a larger model is exact here: the most
/// likely sequence, the one of each length, the distribution of lengths, the entropy. It is an oracle for searches, and shows what likelihood does without any error of a model.
/// </summary>
public sealed class BigramLanguageModel
{
    private readonly double[,] next; // [V + 1, V]: the probability of going on with a token; row V is the beginning
    private readonly double[] end; // [V + 1]

    /// <summary>Composes a model.</summary>
    /// <param name="transitions">[V + 1, V]: the next token given the last one and that the sequence goes on; the last row is the beginning.</param>
    /// <param name="end">[V + 1]: the probability that the sequence ends after each token; the last one is that of the empty sequence.</param>
    /// <exception cref="NotADistributionException">A row does not sum to 1, or a probability is not one.</exception>
    /// <exception cref="NotFiniteException">A number is NaN or infinite.</exception>
    /// <exception cref="UnstableProcessException">A sequence may go on for ever.</exception>
    public BigramLanguageModel(double[,] transitions, double[] end)
    {
        VocabularySize = transitions.GetLength(1);
        if (VocabularySize == 0 || transitions.GetLength(0) != VocabularySize + 1 || end.Length != VocabularySize + 1)
        {
            throw new ArgumentException($"The transitions are [{transitions.GetLength(0)}, {VocabularySize}] and there are {end.Length} ends; for V tokens they must be [V + 1, V] and V + 1.");
        }

        Check.Channel(transitions, "the transitions");
        Check.Finite(end, "The end");
        if (Array.FindIndex(end, value => value is < 0 or > 1) is int wrong and >= 0)
        {
            throw new NotADistributionException($"The probability of the end after state {wrong} is {end[wrong]}.", "It must be in [0, 1].");
        }

        this.end = [.. end];
        next = new double[VocabularySize + 1, VocabularySize];
        for (int state = 0; state <= VocabularySize; state++)
        {
            for (int token = 0; token < VocabularySize; token++)
            {
                next[state, token] = (1 - end[state]) * transitions[state, token];
            }
        }

        Going = Matrix<double>.Build.Dense(VocabularySize, VocabularySize, (i, j) => next[i, j]);
        double radius = Going.Evd().EigenValues.Max(value => value.Magnitude);
        if (!(radius < 1 - 1e-12))
        {
            throw new UnstableProcessException($"The transitions that go on have the spectral radius {radius:R}: some sequences never end.", "Let every loop of tokens end with some probability.");
        }
    }

    /// <summary>The number of tokens (V).</summary>
    public int VocabularySize { get; }

    /// <summary>The probability of the empty sequence.</summary>
    public double EmptyProbability => end[VocabularySize];

    /// <summary>The transitions between tokens, [V, V], whose rows lack the probability of the end.</summary>
    internal Matrix<double> Going { get; }

    /// <summary>The beginning's number as a state.</summary>
    internal int Beginning => VocabularySize;

    /// <summary>A model with random rows: transitions from a symmetric Dirichlet distribution, ends from Beta(1, 3).</summary>
    /// <param name="vocabularySize">V.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="concentration">Dirichlet's α: the smaller, the fewer successors a token has.</param>
    /// <param name="emptyProbability">The probability of the empty sequence.</param>
    public static BigramLanguageModel Random(int vocabularySize, int seed, double concentration = 0.15, double emptyProbability = 0.3)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabularySize, 1);
        var random = new Random(seed);
        double[,] transitions = new double[vocabularySize + 1, vocabularySize];
        for (int state = 0; state <= vocabularySize; state++)
        {
            double[] gammas = [.. Enumerable.Range(0, vocabularySize).Select(_ => Gamma.Sample(random, concentration, 1))];
            double sum = gammas.Sum();
            for (int token = 0; token < vocabularySize; token++)
            {
                transitions[state, token] = gammas[token] / sum;
            }
        }

        return new BigramLanguageModel(transitions, [.. Enumerable.Range(0, vocabularySize).Select(_ => Beta.Sample(random, 1, 3)), emptyProbability]);
    }

    /// <summary>The log-probability of a sequence and its end, in nats.</summary>
    /// <param name="tokens">The tokens.</param>
    public double LogProbability(ReadOnlySpan<int> tokens)
    {
        double sum = 0;
        int state = Beginning;
        foreach (int token in tokens)
        {
            if ((uint)token >= VocabularySize)
            {
                throw new ArgumentException($"Token {token} is not of a vocabulary of {VocabularySize}.", nameof(tokens));
            }

            sum += Math.Log(next[state, token]);
            state = token;
        }

        return sum + Math.Log(end[state]);
    }

    /// <summary>Draws sequences.</summary>
    /// <param name="count">How many.</param>
    /// <param name="seed">The seed.</param>
    public int[][] Sample(int count, int seed = 1)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => Draw(random))];
    }

    /// <summary>The probability of each length, from 0 to the longest asked for.</summary>
    /// <param name="longest">The longest.</param>
    public double[] LengthProbabilities(int longest) => [.. Moments(longest).Select(moment => moment.Probability[Beginning])];

    /// <summary>The probability that exactly so many tokens follow a token: the exact "remaining length" that a length-conditional search needs.</summary>
    /// <param name="token">The last token, or <see cref="VocabularySize"/> for the beginning.</param>
    /// <param name="remaining">How many tokens follow.</param>
    public double LengthPosterior(int token, int remaining)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(token);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(token, VocabularySize);
        return Moments(remaining)[remaining].Probability[token];
    }

    /// <summary>The most likely of all sequences, by Dijkstra's algorithm: −ln p is a distance, and a sequence a path from the beginning to the end.</summary>
    public LikelySequence MostLikely()
    {
        double[] distance = new double[VocabularySize + 1];
        int[] from = new int[VocabularySize + 1];
        bool[] settled = new bool[VocabularySize + 1];
        Array.Fill(distance, double.PositiveInfinity);
        distance[Beginning] = 0;
        double best = double.PositiveInfinity;
        int last = Beginning;
        while (true)
        {
            int state = -1;
            for (int candidate = 0; candidate <= VocabularySize; candidate++)
            {
                state = !settled[candidate] && (state < 0 || distance[candidate] < distance[state]) ? candidate : state;
            }

            // No path through what is left can be shorter than the best complete one.
            if (state < 0 || distance[state] >= best)
            {
                break;
            }

            settled[state] = true;
            if (distance[state] - Math.Log(end[state]) < best)
            {
                (best, last) = (distance[state] - Math.Log(end[state]), state);
            }

            for (int token = 0; token < VocabularySize; token++)
            {
                double through = distance[state] - Math.Log(next[state, token]);
                if (through < distance[token])
                {
                    (distance[token], from[token]) = (through, state);
                }
            }
        }

        List<int> tokens = [];
        for (int state = last; state != Beginning; state = from[state])
        {
            tokens.Insert(0, state);
        }

        return new LikelySequence([.. tokens], -best);
    }

    /// <summary>The most likely sequence of each length from 0 on (Viterbi 1967); where no sequence is possible the log-probability is −∞.</summary>
    /// <param name="longest">The longest.</param>
    public LikelySequence[] MostLikelyByLength(int longest)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(longest);
        double[] score = [.. Enumerable.Range(0, VocabularySize).Select(token => Math.Log(next[Beginning, token]))];
        List<int[]> back = [];
        List<LikelySequence> best = [new([], Math.Log(end[Beginning]))];
        for (int length = 1; length <= longest; length++)
        {
            int last = Enumerable.Range(0, VocabularySize).MaxBy(token => score[token] + Math.Log(end[token]));
            int[] tokens = new int[length];
            for (int i = length - 1, state = last; i >= 0; i--)
            {
                tokens[i] = state;
                state = i > 0 ? back[i - 1][state] : state;
            }

            best.Add(new LikelySequence(tokens, score[last] + Math.Log(end[last])));
            int[] from = [.. Enumerable.Range(0, VocabularySize).Select(token => Enumerable.Range(0, VocabularySize).MaxBy(state => score[state] + Math.Log(next[state, token])))];
            score = [.. from.Select((state, token) => score[state] + Math.Log(next[state, token]))];
            back.Add(from);
        }

        return [.. best];
    }

    /// <summary>For each number of tokens that follow: the probability of it from each state, and its product with the mean information −ln p of what follows.</summary>
    internal (double[] Probability, double[] Information)[] Moments(int longest)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(longest);
        (double[] Probability, double[] Information)[] moments = new (double[], double[])[longest + 1];
        moments[0] = ([.. end], [.. end.Select(Term)]);
        for (int length = 1; length <= longest; length++)
        {
            double[] probability = new double[VocabularySize + 1], information = new double[VocabularySize + 1];
            for (int state = 0; state <= VocabularySize; state++)
            {
                for (int token = 0; token < VocabularySize; token++)
                {
                    double p = next[state, token];
                    probability[state] += p * moments[length - 1].Probability[token];
                    information[state] += Term(p) * moments[length - 1].Probability[token] + p * moments[length - 1].Information[token];
                }
            }

            moments[length] = (probability, information);
        }

        return moments;
    }

    /// <summary>The choices of a state: the probability of each token, then that of the end.</summary>
    internal IEnumerable<double> Choices(int state) => Enumerable.Range(0, VocabularySize).Select(token => next[state, token]).Append(end[state]);

    private static double Term(double p) => p > 0 ? -p * Math.Log(p) : 0;

    private int[] Draw(Random random)
    {
        List<int> tokens = [];
        for (int state = Beginning; ;)
        {
            double left = random.NextDouble() - end[state];
            int token = 0, possible = -1;
            for (; token < VocabularySize && left >= 0; token++)
            {
                left -= next[state, token];
                possible = next[state, token] > 0 ? token : possible;
            }

            // Rounding may leave a remainder behind the last token: it belongs to the last possible choice.
            if (possible < 0)
            {
                return [.. tokens];
            }

            tokens.Add(state = possible);
        }
    }
}
