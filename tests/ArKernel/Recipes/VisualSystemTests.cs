using ArKernel.Decoding;
using static ArKernel.Tests.TestTensors;
using static TorchSharp.torch;

namespace ArKernel.Tests.Recipes;

/// <summary>What every discrete visual system promises, whatever fills its slots.</summary>
public sealed class VisualSystemTests
{
    public static TheoryData<string> Names => VisualSystems.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void A_step_sees_the_tokens_before_it_and_none_of_its_own_or_later(string name)
    {
        using var scope = NewDisposeScope();
        VisualSystem system = VisualSystems.Named(name);
        AutoregressiveModel model = system.Make(0).Randomized(1);
        Tensor tokens = system.Tokens(2, 1);
        List<Tensor> before = VisualSystems.TeacherForced(model, tokens);
        for (int step = 0; step < model.Order.StepCount; step++)
        {
            // Another sample that is the same in all groups but this one.
            Tensor changed = tokens.clone(), positions = tensor(model.Order.Permutation(step, step + 1));
            changed.index_copy_(1, positions, (tokens.index_select(1, positions) + 1).remainder(VocabularyAt(before, step)));
            List<Tensor> after = VisualSystems.TeacherForced(model, changed);
            for (int earlier = 0; earlier <= step; earlier++)
            {
                AssertSame(before[earlier], after[earlier]);
            }

            if (step + 1 < model.Order.StepCount)
            {
                Assert.False(before[step + 1].eq(after[step + 1]).all().item<bool>(), $"Step {step + 1} does not see step {step}.");
            }
        }

        static long VocabularyAt(List<Tensor> logits, int step) => logits[step].shape[2];
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Step_by_step_with_a_cache_the_logits_are_those_of_one_pass(string name)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        VisualSystem system = VisualSystems.Named(name);
        AutoregressiveModel model = system.Make(3).Randomized(3);
        Tensor tokens = system.Tokens(4, 3), labels = tensor(new long[] { 0, 2, 3 }); // 3: no class
        List<Tensor> whole = VisualSystems.TeacherForced(model, tokens, labels);
        foreach (List<Tensor> stepwise in (List<Tensor>[])[VisualSystems.StepByStep(model, tokens, labels), VisualSystems.StepByStep(model, tokens, labels, nullLabel: 3)])
        {
            Assert.Equal(whole.Count, stepwise.Count);
            foreach ((Tensor expected, Tensor actual) in whole.Zip(stepwise))
            {
                AssertNear(expected, actual, 1e-4);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_probabilities_of_all_samples_sum_to_one(string name)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        VisualSystem system = VisualSystems.Named(name);
        AutoregressiveModel model = system.Make(0).Randomized(5);
        Assert.Equal(1, model.NegativeLogLikelihood(system.All()).to(ScalarType.Float64).sum(1).neg().exp().sum().item<double>(), 1e-4);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Sampling_counts_its_model_calls_and_is_the_same_without_a_cache(string name)
    {
        using var scope = NewDisposeScope();
        VisualSystem system = VisualSystems.Named(name);
        AutoregressiveModel model = system.Make(2).Randomized(6);
        Tensor labels = tensor(new long[] { 0, 1, 1 });
        var options = new SamplingOptions { GuidanceScale = 2, GuidanceSchedule = Guidance.Linear };
        long before = model.ModelCalls;
        Tensor cached = Sampler.Sample(model, 3, options, labels);
        Assert.Equal(system.Calls, model.ModelCalls - before);
        AssertSame(cached, Sampler.Sample(model, 3, options with { UseCache = false }, labels));
        Assert.Equal([3, model.Order.PositionCount], cached.shape);
        Assert.True(model.NegativeLogLikelihood(cached, labels).isfinite().all().item<bool>());
    }

    /// <summary>The samples' frequencies against the model's own probabilities, over all samples: the loop draws from the distribution that training scores.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Samples_follow_the_models_distribution(string name)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        VisualSystem system = VisualSystems.Named(name);
        AutoregressiveModel model = system.Make(0).Randomized(7, 0.3);
        Tensor all = system.All();
        double[] probability = model.NegativeLogLikelihood(all).to(ScalarType.Float64).sum(1).neg().exp().data<double>().ToArray();
        const int count = 4000;
        Tensor samples = Sampler.Sample(model, count, new() { Seed = 8 });
        Dictionary<string, int> places = all.data<long>().ToArray().Chunk((int)all.shape[1]).Select((row, index) => (Key: string.Join(' ', row), index)).ToDictionary(pair => pair.Key, pair => pair.index);
        var counts = new double[probability.Length];
        foreach (long[] row in samples.data<long>().ToArray().Chunk((int)all.shape[1]))
        {
            counts[places[string.Join(' ', row)]]++;
        }

        // Samples in cells of about equal mass by rank, so that every expected count is large.
        int[] ranking = [.. Enumerable.Range(0, probability.Length).OrderByDescending(index => probability[index])];
        const int cells = 16;
        var (expected, seen) = (new double[cells], new double[cells]);
        double mass = 0;
        foreach (int index in ranking)
        {
            int cell = Math.Min(cells - 1, (int)(mass * cells));
            mass += probability[index];
            expected[cell] += count * probability[index];
            seen[cell] += counts[index];
        }

        double chiSquare = Enumerable.Range(0, cells).Where(cell => expected[cell] > 0).Sum(cell => Math.Pow(seen[cell] - expected[cell], 2) / expected[cell]);
        Assert.True(chiSquare < 37.7, $"χ² = {chiSquare}; with 15 degrees of freedom it exceeds 37.7 once in a thousand.");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Known_tokens_are_kept_and_with_none_kept_sampling_is_plain(string name)
    {
        using var scope = NewDisposeScope();
        VisualSystem system = VisualSystems.Named(name);
        AutoregressiveModel model = system.Make(0).Randomized(9);
        Tensor given = system.Tokens(10, 2), all = ones(given.shape, ScalarType.Bool), half = RandomIds(11, 2, given.shape).to(ScalarType.Bool);
        var options = new SamplingOptions { Seed = 12 };
        AssertSame(given, Sampler.Sample(model, 2, options with { Known = new(given, all) }));
        AssertSame(Sampler.Sample(model, 2, options), Sampler.Sample(model, 2, options with { Known = new(given, all.logical_not()) }));
        if (model.Stages.Count == 1)
        {
            Assert.True(Sampler.Sample(model, 2, options with { Known = new(given, half) }).eq(given).logical_or(half.logical_not()).all().item<bool>());
        }
    }
}
