using ArKernel.Backbones;
using ArKernel.Decoding;
using ArKernel.Recipes;
using static ArKernel.Tests.TestTensors;
using static TorchSharp.torch;

namespace ArKernel.Tests.Decoding;

public sealed class ExactSearchTests
{
    private const int Vocabulary = 4, Length = 7, Steps = 5;
    private const long End = 2;

    private static readonly Tensor Nothing = empty([1, 0], ScalarType.Int64).DetachFromDisposeScope();

    private static AutoregressiveModel Text(ulong seed) => NextToken.Compose(DecoderConfiguration.Llama(Vocabulary, 16, 2, 4, 2, 20, Length)).Randomized(seed, 0.8);

    /// <summary>The log-probability of every continuation of a prompt that ends within some steps, and that of the most likely one that does not.</summary>
    private static (List<(string Tokens, double LogProbability)> Finished, double Unfinished) Enumerate(AutoregressiveModel model, long[] prompt, int steps)
    {
        using var scope = NewDisposeScope();
        int count = (int)Math.Pow(Vocabulary, steps);
        Tensor added = cartesian_prod([.. Enumerable.Repeat(arange(Vocabulary), steps)]).view(count, steps);
        Tensor all = cat([tensor(prompt, [1, prompt.Length]).expand(count, -1), added], 1);
        float[][] nats = [.. model.NegativeLogLikelihood(all).data<float>().ToArray().Chunk(prompt.Length + steps).Select(row => row[prompt.Length..])];
        Dictionary<string, double> finished = [];
        double unfinished = double.NegativeInfinity;
        foreach ((long[] tokens, float[] cost) in added.data<long>().ToArray().Chunk(steps).Zip(nats))
        {
            int end = Array.IndexOf(tokens, End);
            double sum = -cost.Take(end < 0 ? steps : end + 1).Sum(value => (double)value);
            if (end < 0)
            {
                unfinished = Math.Max(unfinished, sum);
            }
            else
            {
                finished[string.Join(',', tokens[..(end + 1)])] = sum;
            }
        }

        return ([.. finished.OrderByDescending(entry => entry.Value).Select(entry => (entry.Key, entry.Value))], unfinished);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(32)]
    public void The_mode_is_that_of_brute_force_whatever_the_batch(int batch)
    {
        for (ulong seed = 1; seed <= 12; seed++)
        {
            using AutoregressiveModel model = Text(seed);
            long[] given = seed % 2 == 0 ? [] : [1, 3];
            using Tensor prompt = tensor(given, [1, given.Length]);
            (List<(string Tokens, double LogProbability)> finished, double unfinished) = Enumerate(model, given, Steps);
            ExactSearchResult found = ExactSearch.Search(model, prompt, Steps, End, batchSize: batch);
            Assert.Equal(finished[0].Tokens, string.Join(',', found.Best!.Tokens));
            Assert.Equal(finished[0].LogProbability, found.Best.LogProbability, 1e-4);

            // What is longer than the search may be more likely only if a prefix of it is; then nothing is claimed.
            Assert.True(found.Bound >= finished[1].LogProbability - 1e-4);
            Assert.True(found.IsProven || unfinished > found.Best.LogProbability - 1e-4);
        }
    }

    [Fact]
    public void A_likely_end_is_proven_to_be_the_mode_after_few_predictions()
    {
        // Ten equally likely letters, an end of probability 0.05 at the start and 0.1 later: no text of a letter has more than 0.095 · 0.1.
        double[] later = [.. Enumerable.Repeat(0.09, 10), 0.1], first = [.. Enumerable.Repeat(0.095, 10), 0.05];
        using AutoregressiveModel model = MarkovChain.Create(first, [.. Enumerable.Repeat(later, 11)], 30);
        ExactSearchResult found = ExactSearch.Search(model, Nothing, 30, 10, batchSize: 1);
        Assert.True(found.IsProven);
        Assert.Equal([10L], found.Best!.Tokens);
        Assert.Equal(Math.Log(0.05), found.Best.LogProbability, 1e-5);
        Assert.InRange(found.Expanded, 1, 1 + 10); // the beginning, and the letters of probability above 0.05
    }

    [Fact]
    public void A_beam_never_beats_it_and_a_beam_of_all_prefixes_equals_it()
    {
        for (ulong seed = 20; seed <= 30; seed++)
        {
            using AutoregressiveModel model = Text(seed);
            ExactSearchResult exact = ExactSearch.Search(model, Nothing, Steps, End);
            foreach (int beams in (int[])[1, 2, (int)Math.Pow(Vocabulary, Steps)])
            {
                double[] finished = [.. BeamSearch.Search(model, Nothing, Steps, beams, End).Where(found => found.Tokens[^1] == End).Select(found => found.LogProbability)];
                Assert.All(finished, value => Assert.True(value <= exact.Best!.LogProbability + 1e-4));
                Assert.True(beams < 100 || Math.Abs(finished.Max() - exact.Best!.LogProbability) < 1e-4);
            }
        }
    }

    [Fact]
    public void A_floor_or_a_limit_ends_the_search_with_a_true_bound()
    {
        using AutoregressiveModel model = Text(5);
        List<(string Tokens, double LogProbability)> finished = Enumerate(model, [], Steps).Finished;
        ExactSearchResult above = ExactSearch.Search(model, Nothing, Steps, End, floor: finished[0].LogProbability + 0.01);
        Assert.Null(above.Best);
        Assert.False(above.IsProven);
        ExactSearchResult cut = ExactSearch.Search(model, Nothing, Steps, End, limit: 2, batchSize: 1);
        Assert.Equal(2, cut.Expanded);
        Assert.True(Math.Max(cut.Bound, cut.Best?.LogProbability ?? double.NegativeInfinity) >= finished[0].LogProbability - 1e-4);
        Assert.Equal(finished[0].Tokens, string.Join(',', ExactSearch.Search(model, Nothing, Steps, End, floor: finished[0].LogProbability - 0.01).Best!.Tokens));
    }

    [Fact]
    public void Prompts_and_lengths_that_do_not_fit_are_refused()
    {
        using AutoregressiveModel model = Text(1);
        using Tensor two = RandomIds(1, Vocabulary, 2, 2);
        Assert.Throws<ArgumentException>(() => ExactSearch.Search(model, two, 2, End));
        Assert.Throws<ArgumentException>(() => ExactSearch.Search(model, Nothing, Length + 1, End));
        Assert.Throws<ArgumentException>(() => ExactSearch.Search(model, Nothing, 2, End, floor: double.NaN));
    }
}
