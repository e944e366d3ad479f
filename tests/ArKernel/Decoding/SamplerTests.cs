using ArKernel.Backbones;
using ArKernel.Decoding;
using ArKernel.Recipes;
using ArKernel.Tests.Training;
using static ArKernel.Tests.TestTensors;
using static TorchSharp.torch;

namespace ArKernel.Tests.Decoding;

public sealed class SamplerTests
{
    private const int Vocabulary = 7, Length = 8;

    private static DecoderConfiguration Shape => DecoderConfiguration.Llama(Vocabulary, 16, 2, 4, 2, 20, Length);

    private static AutoregressiveModel Text(ulong seed) => NextToken.Compose(Shape).Randomized(seed);

    private static AutoregressiveModel Image(ulong seed) => NextPixel.Compose(Shape with { Positions = PositionEncoding.Learned }, classes: 3).Randomized(seed);

    /// <summary>The greedy continuation written with nothing but the model's teacher-forced logits and the rule of the window.</summary>
    private static long[] Greedy(AutoregressiveModel model, long[] prompt, int steps)
    {
        using var scope = NewDisposeScope();
        List<long> tokens = [.. prompt];
        int windowStart = 0;
        for (int step = 0; step < steps; step++)
        {
            if (tokens.Count - windowStart == Length)
            {
                windowStart = tokens.Count - Length / 2;
            }

            long[] padded = [.. tokens.Skip(windowStart), 0]; // the last row's input is the token before it
            Tensor nats = stack([.. Enumerable.Range(0, Vocabulary).Select(last =>
            {
                padded[^1] = last;
                return model.NegativeLogLikelihood(tensor(padded).unsqueeze(0))[0, padded.Length - 1];
            })]);
            tokens.Add(nats.argmin().item<long>());
        }

        return [.. tokens];
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Greedy_sampling_takes_the_most_likely_token_far_beyond_the_window(bool useCache)
    {
        for (ulong seed = 1; seed <= 4; seed++)
        {
            using AutoregressiveModel model = Text(seed);
            long[] prompt = [3, 1];
            using Tensor sampled = Sampler.Continue(model, tensor(prompt).unsqueeze(0), 30, SamplingOptions.Greedy with { UseCache = useCache });
            Assert.Equal(Greedy(model, prompt, 30), sampled.data<long>().ToArray());
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2.5)]
    public void A_seed_reproduces_its_samples_with_or_without_a_cache_and_another_gives_others(double guidance)
    {
        using AutoregressiveModel model = Image(5);
        using Tensor labels = tensor(new long[] { 0, 1, 2, 2 });
        Tensor Draw(int seed, bool useCache = true) => Sampler.Sample(model, 4, new() { Seed = seed, UseCache = useCache, GuidanceScale = guidance }, labels);
        using Tensor one = Draw(1), again = Draw(1), uncached = Draw(1, useCache: false), other = Draw(-2);
        AssertSame(one, again);
        AssertSame(one, uncached);
        Assert.False(one.equal(other).all().item<bool>());
        Assert.Equal([4, Length], one.shape);
    }

    [Fact]
    public void A_batch_is_sampled_like_its_rows_alone()
    {
        using AutoregressiveModel model = Image(6);
        using Tensor prompts = RandomIds(7, Vocabulary, 5, 3), labels = RandomIds(8, 3, 5);
        foreach (double guidance in (double[])[1, 3])
        {
            SamplingOptions greedy = SamplingOptions.Greedy with { GuidanceScale = guidance };
            using Tensor together = Sampler.Continue(model, prompts, 5, greedy, labels);
            for (int row = 0; row < 5; row++)
            {
                AssertSame(together.narrow(0, row, 1), Sampler.Continue(model, prompts.narrow(0, row, 1), 5, greedy, labels.narrow(0, row, 1)));
            }
        }
    }

    [Fact]
    public void Guidance_of_one_is_the_conditional_and_of_zero_the_unconditional_model()
    {
        using AutoregressiveModel model = Image(9);
        using Tensor labels = tensor(new long[] { 2, 0, 1 }), none = full([3], 3L, ScalarType.Int64);
        Tensor Draw(double scale, Tensor condition) => Sampler.Sample(model, 3, new() { GuidanceScale = scale, Seed = 4 }, condition);
        using Tensor conditional = Draw(1, labels), nearlyOne = Draw(1 + 1e-9, labels), unconditional = Draw(0, labels), withoutLabel = Draw(1, none);
        AssertSame(conditional, nearlyOne);
        AssertSame(withoutLabel, unconditional);
        Assert.False(conditional.equal(unconditional).all().item<bool>());
    }

    [Fact]
    public void Samples_of_a_known_chain_follow_its_distribution()
    {
        double[] initial = [0.6, 0.4];
        double[][] transitions = [[0.5, 0.5], [0.9, 0.1]];
        const int count = 20_000;
        using AutoregressiveModel model = MarkovChain.Create(initial, transitions, 3);
        using Tensor samples = Sampler.Sample(model, count, new() { Seed = 3 });
        var counts = samples.data<long>().ToArray().Chunk(3).CountBy(tokens => tokens[0] * 4 + tokens[1] * 2 + tokens[2]).ToDictionary();
        double chiSquare = 0;
        for (int a = 0; a < 2; a++)
        {
            for (int b = 0; b < 2; b++)
            {
                for (int c = 0; c < 2; c++)
                {
                    double expected = count * initial[a] * transitions[a][b] * transitions[b][c];
                    chiSquare += Math.Pow(counts.GetValueOrDefault(a * 4 + b * 2 + c) - expected, 2) / expected;
                }
            }
        }

        Assert.True(chiSquare < 24.32, $"χ² = {chiSquare}; with 7 degrees of freedom it exceeds 24.32 once in a thousand.");
    }

    [Fact]
    public void The_models_mode_the_prompt_and_zero_steps_are_respected_and_steps_are_reported()
    {
        using AutoregressiveModel model = Text(10);
        model.train();
        using Tensor prompt = tensor(new long[,] { { 1, 2 } });
        var steps = new List<int>();
        using Tensor same = Sampler.Continue(model, prompt, 0), longer = Sampler.Continue(model, prompt, 3, new() { StepCompleted = steps.Add });
        AssertSame(prompt, same);
        AssertSame(prompt, longer.narrow(1, 0, 2));
        Assert.Equal([1, 2, 3], steps);
        Assert.True(model.training);
        same.fill_(0);
        Assert.Equal([1, 2], prompt.data<long>().ToArray());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_row_ends_at_its_first_stop_token_and_sampling_with_the_last_row(bool useCache)
    {
        using AutoregressiveModel model = Text(14);
        var options = new SamplingOptions { Seed = 3, UseCache = useCache };
        long[] stops = [2, 5];
        using Tensor prompt = tensor(new long[,] { { 2, 1 }, { 0, 5 }, { 3, 3 } }); // what stands in the prompt stops nothing
        using Tensor whole = Sampler.Continue(model, prompt, 60, options), ended = Sampler.Continue(model, prompt, 60, options with { StopTokens = stops });
        int[] ends = [.. Enumerable.Range(0, 3).Select(row => 2 + Array.FindIndex(whole[row].data<long>().ToArray()[2..], stops.Contains))];
        Assert.All(ends, end => Assert.True(end >= 2, "The seed gives a row without a stop token: choose another."));
        Assert.Equal([3, ends.Max() + 1], ended.shape);
        for (int row = 0; row < 3; row++)
        {
            AssertSame(whole[row].narrow(0, 0, ends[row] + 1), ended[row].narrow(0, 0, ends[row] + 1));
            Assert.All(ended[row].data<long>().ToArray()[ends[row]..], token => Assert.Equal(whole[row, ends[row]].item<long>(), token));
        }
    }

    [Fact]
    public void Samples_can_be_learned_from()
    {
        using AutoregressiveModel model = Text(11);
        using Tensor samples = Sampler.Sample(model, 2);
        model.NegativeLogLikelihood(samples).mean().backward();
        Assert.All(model.parameters(), parameter => Assert.NotNull(parameter.grad));
    }

    [Fact]
    public void What_cannot_be_sampled_is_one_clear_error()
    {
        using AutoregressiveModel text = Text(12), image = Image(13);
        using Tensor prompt = zeros(1, 3, dtype: ScalarType.Int64), label = tensor(new long[] { 1 });
        string Message(Func<object> call) => Assert.Throws<ArgumentException>(call).Message;
        Assert.Contains("GuidanceScale is 2, but model 'NextToken' is unconditional", Message(() => Sampler.Sample(text, 1, new() { GuidanceScale = 2 })));
        Assert.Contains("the condition is missing; it must be [1] labels 0..2", Message(() => Sampler.Sample(image, 1)));
        Assert.Contains("the condition is missing", Message(() => Sampler.Sample(image, 1, new() { GuidanceScale = 2 })));
        Assert.Contains("condition is [1]; it must be [2]", Message(() => Sampler.Sample(image, 2, condition: label)));
        Assert.Contains("a condition was given", Message(() => Sampler.Sample(text, 1, condition: label)));
        Assert.Contains("3 steps and 6 more exceed the 8 steps of order 'raster'", Message(() => Sampler.Continue(image, prompt, 6, condition: label)));
        Assert.Contains("prompt has 9 tokens; the model sees at most 8", Message(() => Sampler.Continue(text, zeros(1, 9, dtype: ScalarType.Int64), 1)));
        Assert.Contains("[3] Int64; it must be [batch, tokens]", Message(() => Sampler.Continue(text, prompt.squeeze(0), 1)));
        Assert.Contains("Float32; it must be [batch, tokens] Int64", Message(() => Sampler.Continue(text, zeros(1, 2), 1)));
        Assert.Contains("the vocabulary is 0..6", Message(() => Sampler.Continue(text, prompt + 7, 1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Sampler.Sample(text, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Sampler.Continue(text, prompt, -1));
        Assert.Throws<OperationCanceledException>(() => Sampler.Sample(text, 1, cancellationToken: new CancellationToken(canceled: true)));
    }
}

/// <summary>Counts torch's tensors, so nothing else may make any.</summary>
[Collection(nameof(RunsAlone))]
public sealed class SamplerMemoryTests
{
    [Fact]
    public void Endless_sampling_keeps_no_tensor_from_step_to_step()
    {
        using AutoregressiveModel model = NextToken.Compose(DecoderConfiguration.Llama(7, 16, 2, 4, 2, 20, 8)).Randomized(1);
        long before = SettledTensorCount();
        var counts = new List<long>();
        using (Tensor prompt = zeros(2, 1, dtype: ScalarType.Int64))
        using (Sampler.Continue(model, prompt, 40, new() { StepCompleted = _ => counts.Add(Tensor.TotalCount) }))
        {
        }

        Assert.Equal(before, Tensor.TotalCount);
        Assert.Equal(40, counts.Count);
        Assert.Equal(counts.Skip(12), counts.Skip(8).SkipLast(4)); // the count varies with the place in the window, which moves every four steps
    }
}
