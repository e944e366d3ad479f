using ArKernel.Decoding;
using CsCheck;
using static ArKernel.Tests.TestTensors;
using static TorchSharp.torch;

namespace ArKernel.Tests.Decoding;

public sealed class LogitsSamplerTests
{
    private static readonly double[] P = [0.5, 0.25, 0.125, 0.0625, 0.0625];

    private static Tensor Logits => tensor(P, ScalarType.Float32).log().unsqueeze(0);

    private static void AssertProbabilities(SamplingOptions options, params double[] expected) =>
        AssertNear(tensor(expected, ScalarType.Float32), LogitsSampler.Filter(Logits, options).softmax(-1).squeeze(0), 1e-6);

    [Fact]
    public void Each_filter_gives_its_known_distribution()
    {
        using var scope = NewDisposeScope();
        AssertProbabilities(new(), P);
        AssertProbabilities(new() { TopK = 2 }, 2.0 / 3, 1.0 / 3, 0, 0, 0);
        AssertProbabilities(new() { TopK = 4 }, 8.0 / 15, 4.0 / 15, 2.0 / 15, 1.0 / 15, 0); // of two equals the first stays
        AssertProbabilities(new() { TopK = 9 }, P);
        AssertProbabilities(new() { TopP = 0.74 }, 2.0 / 3, 1.0 / 3, 0, 0, 0);
        AssertProbabilities(new() { TopP = 0.76 }, 4.0 / 7, 2.0 / 7, 1.0 / 7, 0, 0);
        AssertProbabilities(new() { MinP = 0.3 }, 2.0 / 3, 1.0 / 3, 0, 0, 0);
        AssertProbabilities(new() { MinP = 1 }, 1, 0, 0, 0, 0);
        AssertProbabilities(new() { Temperature = 2 }, 0.343146, 0.242641, 0.171573, 0.121320, 0.121320);
        AssertProbabilities(new() { Temperature = 0.5 }, 0.744186, 0.186047, 0.046512, 0.011628, 0.011628);
        AssertProbabilities(new() { Temperature = 0 }, 1, 0, 0, 0, 0);
        AssertProbabilities(new() { Typical = 0.2 }, 0, 1, 0, 0, 0); // the most likely token is not the most typical one
        AssertProbabilities(new() { Typical = 0.6 }, 2.0 / 3, 1.0 / 3, 0, 0, 0);
    }

    [Fact]
    public void Filters_keep_a_token_only_remove_and_leave_the_ratios_of_the_rest() =>
        Gen.Select(
            Gen.Double[-8, 8].Array[1, 12],
            Gen.Int[0, 12],
            Gen.Select(Gen.Double[0.001, 1], Gen.Double[0, 1], Gen.Double[0.001, 1]),
            Gen.Double[0.05, 4]).Sample(
            (z, k, masses, temperature) =>
            {
                using var scope = NewDisposeScope();
                Tensor logits = tensor(z, ScalarType.Float32).unsqueeze(0);
                var options = new SamplingOptions { TopK = k, TopP = masses.Item1, MinP = masses.Item2, Typical = masses.Item3, Temperature = temperature };
                float[] filtered = LogitsSampler.Filter(logits, options).data<float>().ToArray(), scaled = (logits / temperature).data<float>().ToArray();
                int kept = filtered.Count(float.IsFinite);
                Assert.InRange(kept, 1, k == 0 ? z.Length : Math.Min(k, z.Length));
                int any = Array.FindIndex(filtered, float.IsFinite);
                Assert.All(filtered.Zip(scaled), pair => Assert.True(float.IsNegativeInfinity(pair.First) || Math.Abs(pair.First - filtered[any] - (pair.Second - scaled[any])) < 1e-4));
            },
            iter: 300,
            threads: 1);

    [Fact]
    public void Top_k_keeps_the_k_largest_of_every_row_and_of_equals_the_first() =>
        Gen.Select(Gen.Int[1, 4], Gen.Int[1, 9], Gen.Int[1, 10], Gen.Int[0, 1000]).Sample(
            (rows, vocabulary, k, seed) =>
            {
                using var scope = NewDisposeScope();
                Tensor logits = RandomIds((ulong)seed, 4, rows, vocabulary).to(ScalarType.Float32); // four values: many are equal
                float[] z = logits.data<float>().ToArray(), filtered = LogitsSampler.Filter(logits, new() { TopK = k }).data<float>().ToArray();
                for (int row = 0; row < rows; row++)
                {
                    int[] kept = [.. Enumerable.Range(0, vocabulary).Where(token => float.IsFinite(filtered[row * vocabulary + token]))];
                    Assert.Equal(Enumerable.Range(0, vocabulary).OrderByDescending(token => z[row * vocabulary + token]).Take(k).Order(), kept); // OrderBy is stable
                }
            },
            threads: 1);

    [Fact]
    public void Later_filters_see_what_top_k_left_as_if_the_rest_were_impossible() =>
        Gen.Select(Gen.Double[-4, 4].Array[2, 12], Gen.Int[1, 11], Gen.Select(Gen.Double[0.05, 1], Gen.Double[0, 1], Gen.Double[0.05, 1])).Sample(
            (z, k, masses) =>
            {
                using var scope = NewDisposeScope();
                var later = new SamplingOptions { TopP = masses.Item1, MinP = masses.Item2, Typical = masses.Item3 };
                Tensor logits = tensor(z, ScalarType.Float32).unsqueeze(0);
                Tensor inTurn = LogitsSampler.Filter(LogitsSampler.Filter(logits, new() { TopK = k }), later);
                AssertNear(inTurn.softmax(-1), LogitsSampler.Filter(logits, later with { TopK = k }).softmax(-1), 1e-6);
            },
            iter: 300,
            threads: 1);

    [Fact]
    public void Extreme_logits_and_temperatures_keep_a_distribution()
    {
        using var scope = NewDisposeScope();
        Tensor[] rows = [tensor(new float[] { 1e38f, -1e38f, 3e38f, 0 }), tensor(new[] { float.NegativeInfinity, float.NegativeInfinity, 0, float.NegativeInfinity }), tensor(new float[] { 1, 2, 3, 0 })];
        foreach (double temperature in new[] { 1e-300, 1e-40, 1e-3, 0.7, 0 })
        {
            foreach (Tensor row in rows)
            {
                var options = new SamplingOptions { Temperature = temperature, TopK = 3, TopP = 0.9, MinP = 0.01, Typical = 0.9 };
                Assert.Equal(2, LogitsSampler.Filter(row.unsqueeze(0), options).softmax(-1).argmax(-1).item<long>());
                AssertNear(ones(1), LogitsSampler.Filter(row.unsqueeze(0), options with { TopK = 0 }).softmax(-1).sum(-1), 1e-5);
            }
        }
    }

    [Fact]
    public void Logits_that_are_no_distribution_are_an_error_and_not_a_token()
    {
        using var scope = NewDisposeScope();
        using var random = new Generator(1);
        foreach (float[] bad in new[] { new[] { 1, float.NaN, 2 }, [float.PositiveInfinity, 0, 0], [float.NegativeInfinity, float.NegativeInfinity, float.NegativeInfinity] })
        {
            Tensor logits = stack([zeros(3), tensor(bad)]);
            foreach (double temperature in new[] { 0.0, 1.0 })
            {
                Assert.Contains(
                    "the logits [2, 3] hold NaN or infinity",
                    Assert.Throws<InvalidOperationException>(() => LogitsSampler.Draw(logits, zeros(2, 0, dtype: ScalarType.Int64), new() { Temperature = temperature }, random)).Message);
            }
        }
    }

    [Fact]
    public void Draws_with_Gumbel_noise_follow_the_distribution_and_repeat_with_the_noise()
    {
        using var scope = NewDisposeScope();
        const int count = 20_000;
        using var random = new Generator(5);
        Tensor logits = LogitsSampler.Filter(Logits, new() { TopK = 4 }).expand(count, -1), noise = LogitsSampler.Noise(logits.shape, random);
        Tensor drawn = LogitsSampler.Draw(logits, noise);
        AssertFollows(drawn, LogitsSampler.Filter(Logits, new() { TopK = 4 }).softmax(-1));
        AssertSame(drawn, LogitsSampler.Draw(logits - 3, noise)); // a constant changes no distribution, and so no draw
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(0.5, 0)]
    [InlineData(1, 3)]
    public void Twenty_thousand_draws_follow_the_distribution(double temperature, int topK)
    {
        using var scope = NewDisposeScope();
        const int count = 20_000;
        var options = new SamplingOptions { Temperature = temperature, TopK = topK };
        using var random = new Generator(11);
        AssertFollows(LogitsSampler.Draw(Logits.expand(count, -1), zeros(count, 0, dtype: ScalarType.Int64), options, random), LogitsSampler.Filter(Logits, options).softmax(-1));
    }

    /// <summary>The χ² test of draws against the distribution of five tokens.</summary>
    private static void AssertFollows(Tensor draws, Tensor distribution)
    {
        long[] drawn = draws.data<long>().ToArray();
        int count = drawn.Length;
        float[] p = distribution.data<float>().ToArray();
        double chiSquare = 0;
        for (int token = 0; token < p.Length; token++)
        {
            int observed = drawn.Count(value => value == token);
            if (p[token] == 0)
            {
                Assert.Equal(0, observed);
                continue;
            }

            chiSquare += Math.Pow(observed - count * p[token], 2) / (count * p[token]);
        }

        Assert.True(chiSquare < 18.47, $"χ² = {chiSquare}; with 4 degrees of freedom it exceeds 18.47 once in a thousand.");
    }

    private static long[] Banned(SamplingOptions options, params long[] history)
    {
        using var scope = NewDisposeScope();
        // A greedy draw from each token's point of view: a token is banned when it is not drawn although its logit is by far the largest.
        const int vocabulary = 6;
        using var random = new Generator(1);
        Tensor logits = eye(vocabulary) * 50, past = tensor(history, [1, history.Length], ScalarType.Int64).expand(vocabulary, -1);
        long[] drawn = LogitsSampler.Draw(logits, past, options with { Temperature = 0 }, random).data<long>().ToArray();
        return [.. Enumerable.Range(0, vocabulary).Where(token => drawn[token] != token).Select(token => (long)token)];
    }

    [Fact]
    public void A_token_that_would_repeat_an_n_gram_is_banned()
    {
        Assert.Equal([2], Banned(new() { NoRepeatNGram = 3 }, 0, 1, 2, 3, 0, 1));
        Assert.Equal([2, 4], Banned(new() { NoRepeatNGram = 2 }, 1, 2, 1, 4, 1));
        Assert.Equal([1, 3], Banned(new() { NoRepeatNGram = 1 }, 1, 3, 3));
        Assert.Empty(Banned(new() { NoRepeatNGram = 3 }, 0, 1));
        Assert.Empty(Banned(new() { NoRepeatNGram = 4 }, 0, 1, 2, 3, 0, 1));
        Assert.Equal([0], Banned(new() { NoRepeatNGram = 2 }, 0, 0)); // overlapping itself
        Assert.Empty(Banned(new() { NoRepeatNGram = 1 }, 0, 1, 2, 3, 4, 5)); // a ban that would leave nothing bans none
    }

    [Fact]
    public void The_repetition_penalty_divides_positive_and_multiplies_negative_logits_of_tokens_seen()
    {
        using var scope = NewDisposeScope();
        using var random = new Generator(1);
        const int count = 20_000;
        // Token 0 and 2 were seen: logits (2, 1, −1) become (1, 1, −2) under penalty 2.
        Tensor logits = tensor(new float[] { 2, 1, -1 }).expand(count, -1), history = tensor(new long[] { 0, 2, 0 }).expand(count, -1);
        Tensor drawn = LogitsSampler.Draw(logits, history, new() { RepetitionPenalty = 2 }, random);
        Tensor frequency = stack([.. Enumerable.Range(0, 3).Select(token => drawn.eq(token).to(ScalarType.Float32).mean())]);
        AssertNear(tensor(new float[] { 1, 1, -2 }).softmax(-1), frequency, 0.015); // four deviations of 20 000 draws
    }

    [Fact]
    public void Options_out_of_range_are_named()
    {
        (string Name, SamplingOptions Bad)[] cases =
        [
            ("Temperature", new() { Temperature = -1 }), ("Temperature", new() { Temperature = double.NaN }), ("TopK", new() { TopK = -1 }), ("TopP", new() { TopP = 0 }),
            ("TopP", new() { TopP = 1.1 }), ("MinP", new() { MinP = -0.1 }), ("Typical", new() { Typical = 0 }), ("RepetitionPenalty", new() { RepetitionPenalty = 0 }),
            ("RepetitionPenalty", new() { RepetitionPenalty = double.PositiveInfinity }),
            ("NoRepeatNGram", new() { NoRepeatNGram = -1 }), ("GuidanceScale", new() { GuidanceScale = double.NaN }), ("Temperature", new() { Temperature = double.PositiveInfinity }),
        ];
        using AutoregressiveModel model = MarkovChain.Create([0.5, 0.5], [[0.5, 0.5], [0.5, 0.5]], 2);
        Assert.All(cases, entry => Assert.StartsWith($"SamplingOptions.{entry.Name} is ", Assert.Throws<ArgumentException>(() => Sampler.Sample(model, 1, entry.Bad)).Message));
    }
}
