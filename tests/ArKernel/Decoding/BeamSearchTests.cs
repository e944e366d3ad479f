using ArKernel.Backbones;
using ArKernel.Decoding;
using ArKernel.Recipes;
using CsCheck;
using static ArKernel.Tests.TestTensors;
using static TorchSharp.torch;

namespace ArKernel.Tests.Decoding;

public sealed class BeamSearchTests
{
    private const int Vocabulary = 4, Length = 7;

    private static AutoregressiveModel Text(ulong seed) => NextToken.Compose(DecoderConfiguration.Llama(Vocabulary, 16, 2, 4, 2, 20, Length)).Randomized(seed, 0.6);

    private static readonly Tensor Nothing = empty([1, 0], ScalarType.Int64).DetachFromDisposeScope();

    /// <summary>Every continuation of at most the given length that ends with its end token or is as long as it may be, with its log-probability.</summary>
    private static List<(long[] Tokens, double LogProbability)> Enumerate(AutoregressiveModel model, int steps, long? end)
    {
        using var scope = NewDisposeScope();
        int count = (int)Math.Pow(Vocabulary, steps);
        Tensor all = cartesian_prod([.. Enumerable.Repeat(arange(Vocabulary), steps)]).view(count, steps);
        float[] nats = model.NegativeLogLikelihood(all).data<float>().ToArray();
        long[][] rows = [.. all.data<long>().ToArray().Chunk(steps)];
        return
        [
            .. rows.Zip(nats.Chunk(steps), (tokens, cost) =>
            {
                int last = end is long token ? Array.IndexOf(tokens, token) : -1;
                int length = last < 0 ? steps : last + 1;
                return (Tokens: tokens[..length], LogProbability: -cost.Take(length).Sum(value => (double)value));
            }).DistinctBy(entry => string.Join(',', entry.Tokens)),
        ];
    }

    [Fact]
    public void In_the_chain_where_greedy_is_misled_two_beams_find_the_best()
    {
        using AutoregressiveModel model = MarkovChain.Create([0.6, 0.4], [[0.5, 0.5], [0.9, 0.1]], 2);
        Hypothesis greedy = Assert.Single(BeamSearch.Search(model, Nothing, 2, 1));
        Assert.Equal(0.30, Math.Exp(greedy.LogProbability), 6);
        IReadOnlyList<Hypothesis> found = BeamSearch.Search(model, Nothing, 2, 2);
        Assert.Equal([1, 0], found[0].Tokens);
        Assert.Equal(0.36, Math.Exp(found[0].LogProbability), 6);
        Assert.Equal(2, found.Count);
    }

    [Fact]
    public void One_beam_is_greedy_sampling()
    {
        for (ulong seed = 1; seed <= 5; seed++)
        {
            using AutoregressiveModel model = Text(seed);
            using Tensor prompt = RandomIds(seed, Vocabulary, 1, 2), greedy = Sampler.Continue(model, prompt, 5, SamplingOptions.Greedy);
            Assert.Equal(greedy.data<long>().Skip(2), Assert.Single(BeamSearch.Search(model, prompt, 5, 1)).Tokens);
        }
    }

    [Theory]
    [InlineData(null, 0)]
    [InlineData(2L, 0)]
    [InlineData(2L, 1)]
    [InlineData(2L, -0.5)]
    [InlineData(2L, 3)]
    public void As_many_beams_as_prefixes_find_exactly_the_best_sequences(long? end, double exponent)
    {
        const int steps = 4;
        foreach (Func<int, double> penalty in (Func<int, double>[])[BeamSearch.Power(exponent), BeamSearch.Wu(exponent)])
        {
            for (ulong seed = 1; seed <= 5; seed++)
            {
                using AutoregressiveModel model = Text(seed);
                int beams = (int)Math.Pow(Vocabulary, steps - 1);
                IReadOnlyList<Hypothesis> found = BeamSearch.Search(model, Nothing, steps, beams, end, penalty);
                (long[] Tokens, double LogProbability)[] expected = [.. Enumerate(model, steps, end).OrderByDescending(entry => entry.LogProbability / penalty(entry.Tokens.Length)).Take(5)];
                Assert.Equal(expected.Select(entry => string.Join(',', entry.Tokens)), found.Take(5).Select(hypothesis => string.Join(',', hypothesis.Tokens)));
                Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First.LogProbability, pair.Second.LogProbability, 1e-4));
            }
        }
    }

    [Fact]
    public void Stopping_early_loses_none_of_the_likeliest_ends()
    {
        double[][] transitions = [[0.1, 0.2, 0.7], [0.3, 0.6, 0.1], [1.0 / 3, 1.0 / 3, 1.0 / 3]];
        using AutoregressiveModel model = MarkovChain.Create([0.5, 0.3, 0.2], transitions, 30);
        IReadOnlyList<Hypothesis> found = BeamSearch.Search(model, Nothing, 30, 3, endToken: 2);
        // The likeliest ends of any length: 0.5 · 0.7; 0.2; 0.3 · 0.3 · 0.7 = 0.063; the next is (1, 1, 0, 2) with 0.0378.
        Assert.Equal(["0,2", "2", "1,0,2"], found.Select(hypothesis => string.Join(',', hypothesis.Tokens)));
        Assert.Equal([0.35, 0.2, 0.063], found.Select(hypothesis => Math.Round(Math.Exp(hypothesis.LogProbability), 6)));
    }

    [Fact]
    public void A_prefix_that_can_still_win_by_its_length_is_followed_to_the_end()
    {
        // Ending at once scores ln 0.8 = −0.223. Ten zeros score (ln 0.2 + 9 ln 0.99) / 10 = −0.170, though the first alone has ln 0.2 = −1.609.
        using AutoregressiveModel model = MarkovChain.Create([0.2, 0.8], [[0.99, 0.01], [0.5, 0.5]], 10);
        Hypothesis found = Assert.Single(BeamSearch.Search(model, Nothing, 10, 1, endToken: 1, BeamSearch.Power(1)));
        Assert.Equal(Enumerable.Repeat(0L, 10), found.Tokens);
        Assert.Equal(-0.170, found.Score, 3);
    }

    [Fact]
    public void Hypotheses_are_sorted_distinct_and_their_log_probabilities_are_the_models() =>
        Gen.Select(Gen.ULong[1, 1000], Gen.Int[1, 6], Gen.Int[0, 5], Gen.Bool).Sample(
            (seed, beams, steps, ends) =>
            {
                using var scope = NewDisposeScope();
                using AutoregressiveModel model = Text(seed);
                IReadOnlyList<Hypothesis> found = BeamSearch.Search(model, Nothing, steps, beams, ends ? 1 : null, BeamSearch.Power(0.7));
                Assert.InRange(found.Count, 1, beams);
                Assert.Equal(found.OrderByDescending(hypothesis => hypothesis.Score), found);
                Assert.Equal(found.Count, found.DistinctBy(hypothesis => string.Join(',', hypothesis.Tokens)).Count());
                Assert.All(found.Where(hypothesis => hypothesis.Tokens.Count > 0), hypothesis =>
                    Assert.Equal(-model.NegativeLogLikelihood(tensor(hypothesis.Tokens.ToArray()).unsqueeze(0)).sum().item<float>(), hypothesis.LogProbability, 1e-4));
            },
            iter: 40,
            threads: 1);

    [Fact]
    public void What_cannot_be_searched_is_one_clear_error()
    {
        using AutoregressiveModel model = Text(1);
        Assert.Contains("exceed the 7 tokens", Assert.Throws<ArgumentException>(() => BeamSearch.Search(model, Nothing, 8, 2)).Message);
        Assert.Contains("it must be [1, tokens]", Assert.Throws<ArgumentException>(() => BeamSearch.Search(model, zeros(2, 1, dtype: ScalarType.Int64), 1, 2)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => BeamSearch.Search(model, Nothing, 1, 0));
        Assert.Throws<OperationCanceledException>(() => BeamSearch.Search(model, Nothing, 1, 1, cancellationToken: new CancellationToken(canceled: true)));
    }
}
