using ArKernel.Backbones;
using ArKernel.Data;
using ArKernel.Heads;
using ArKernel.Metrics;
using ArKernel.Objectives;
using ArKernel.Orders;
using ArKernel.Queries;
using ArKernel.Recipes;
using ArKernel.Training;
using static TorchSharp.torch;

namespace ArKernel.Tests.Training;

[Collection(nameof(RunsAlone))]
public sealed class ScalingSweepTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("arkernel-sweep-").FullName;
    private readonly Func<ScalingSweep, IDisposable>? view = ScalingSweep.DefaultView;

    public ScalingSweepTests() => ScalingSweep.DefaultView = null;

    public void Dispose()
    {
        ScalingSweep.DefaultView = view;
        Directory.Delete(folder, recursive: true);
    }

    private string Cache => Path.Combine(folder, "rows.jsonl");

    private static DecoderConfiguration Size(int channels, double deviation = 0.1) =>
        DecoderConfiguration.Gpt2(TinyModel.Vocabulary, channels, layers: 2, heads: 2, TinyModel.Length) with { InitialDeviation = deviation };

    private static ScalingSweep Sweep(
        string? cache = null, string name = "counting", IReadOnlyList<DecoderConfiguration>? sizes = null, long[]? budgets = null, IBatchSource? training = null,
        IBatchSource? evaluation = null, int evaluationBatches = 3, TrainingOptions? options = null) =>
        new(name, NextToken.Compose, sizes ?? [Size(4), Size(8)], budgets ?? [240, 470], training ?? new CountingBatches(), evaluation ?? new CountingBatches(seed: 99),
            evaluationBatches, size => (options ?? new TrainingOptions { Seed = 3 }) with { LearningRate = (options?.LearningRate ?? 0.1) / size.Channels }, cache);

    [Fact]
    public void Every_size_is_trained_on_every_budget_as_it_would_be_alone()
    {
        IReadOnlyList<ScalingRow> rows = Sweep().Run();
        Assert.Equal([(4, 240L), (4, 480L), (8, 240L), (8, 480L)], rows.Select(row => (row.Channels, row.Tokens))); // 470 tokens are 20 batches of 24
        Assert.All(rows, row => Assert.Equal(12 * row.Channels * row.Channels * 2, row.Parameters));
        Assert.All(rows, row => Assert.Equal(6.0 * row.Parameters * row.Tokens, row.Flops));

        manual_seed(3).Dispose();
        using AutoregressiveModel model = NextToken.Compose(Size(8));
        new TrainingRun(model, new Likelihood(), new CountingBatches(), new TrainingOptions { Seed = 3, Steps = 20, LearningRate = 0.1 / 8 }) { View = null }.Run();
        Assert.Equal(LikelihoodEvaluation.OfBatches(model, new CountingBatches(seed: 99), 3).NatsPerToken, rows[3].Loss, 1e-5);
    }

    [Fact]
    public void Rows_in_the_cache_are_not_trained_again_and_equal_trained_ones()
    {
        IReadOnlyList<ScalingRow> first = Sweep(Cache).Run(), uncached = Sweep().Run();
        var counted = new Counted(new CountingBatches());
        IReadOnlyList<ScalingRow> second = Sweep(Cache, training: counted).Run();
        Assert.Equal(first.Select(Text), second.Select(Text));
        Assert.Equal(first.Select(Text), uncached.Select(Text));
        Assert.InRange(counted.Calls, 1, 4 * 32 + 1); // digests alone
        Assert.Equal(4, File.ReadAllLines(Cache).Length);
    }

    public static TheoryData<string> Changes => [.. Changed.Keys];

    private static readonly Dictionary<string, Func<string, ScalingSweep>> Changed = new(StringComparer.Ordinal)
    {
        ["name"] = cache => Sweep(cache, name: "other"),
        ["seed"] = cache => Sweep(cache, options: new() { Seed = 4 }),
        ["learning rate"] = cache => Sweep(cache, options: new() { Seed = 3, LearningRate = 0.11 }),
        ["weight decay"] = cache => Sweep(cache, options: new() { Seed = 3, LearningRate = 0.1, WeightDecay = 0 }),
        ["initial deviation"] = cache => Sweep(cache, sizes: [Size(4, 0.2), Size(8, 0.2)]),
        ["layers"] = cache => Sweep(cache, sizes: [Size(4) with { Layers = 1 }, Size(8) with { Layers = 1 }]),
        ["budget"] = cache => Sweep(cache, budgets: [264, 504]),
        ["training data"] = cache => Sweep(cache, training: new CountingBatches(seed: 6)),
        ["batch size"] = cache => Sweep(cache, training: new CountingBatches(batchSize: 5)),
        ["held-out data"] = cache => Sweep(cache, evaluation: new CountingBatches(seed: 100)),
        ["number of held-out batches"] = cache => Sweep(cache, evaluationBatches: 4),
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void A_changed_setting_never_takes_an_old_row(string change)
    {
        IReadOnlyList<ScalingRow> old = Sweep(Cache).Run();
        IReadOnlyList<ScalingRow> rows = Changed[change](Cache).Run();
        Assert.Empty(rows.Select(row => row.Key).Intersect(old.Select(row => row.Key)));
        Assert.Equal(8, File.ReadAllLines(Cache).Length);
        Assert.Equal(old.Select(Text), Sweep(Cache).Run().Select(Text)); // the old ones are still there
    }

    [Fact]
    public void A_sweep_that_was_cancelled_or_killed_goes_on_with_the_first_row_it_lacks()
    {
        IReadOnlyList<ScalingRow> whole = Sweep().Run();
        using var source = new CancellationTokenSource();
        ScalingSweep first = Sweep(Cache);
        first.Progressed += () => { if (first.Rows.Count == 2 && first.Current?.StepsDone == 3) { source.Cancel(); } };
        Assert.Throws<OperationCanceledException>(() => first.Run(source.Token));
        Assert.Null(first.Current);
        Assert.Equal(2, File.ReadAllLines(Cache).Length);

        File.AppendAllText(Cache, "{\"Sweep\":\"counting\",\"Chan"); // what a process killed while it wrote leaves
        Assert.Equal(whole.Select(Text), Sweep(Cache).Run().Select(Text));
        Assert.Equal(whole.Select(Text), Sweep(Cache).Run().Select(Text));
        Assert.Equal(5, File.ReadAllLines(Cache).Length);
    }

    [Fact]
    public void A_run_outside_of_the_grid_is_kept_too()
    {
        ScalingRow larger = Sweep(Cache).Train(Size(16), 720);
        Assert.Equal(720, larger.Tokens);
        var counted = new Counted(new CountingBatches());
        Assert.Equal(Text(larger), Text(Sweep(Cache, training: counted).Train(Size(16), 720)));
        Assert.InRange(counted.Calls, 1, 33);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_a_class_says_is_the_entropy_of_what_it_determines_and_nothing_of_what_it_does_not(bool determines)
    {
        const int Classes = 4, Length = 4;
        AutoregressiveModel Compose(DecoderConfiguration size)
        {
            var decoder = new CausalDecoder(size);
            return new AutoregressiveModel("classes", GenerationOrder.Raster(Length), new PreviousToken(decoder.Embedding, Classes, labelDropout: 0.5), decoder.Backbone, new CategoricalHead(decoder.OutputWeight));
        }

        LabelledTokens Data(int seed)
        {
            var random = new Random(seed);
            byte[] labels = [.. Enumerable.Range(0, 512).Select(i => (byte)(i % Classes))];
            return new LabelledTokens([.. labels.SelectMany(label => Enumerable.Repeat(determines ? label : random.Next(Classes), Length))], Length, labels, 32, seed);
        }

        var sweep = new ScalingSweep("classes", Compose, [DecoderConfiguration.Gpt2(Classes, 16, 1, 2, Length) with { InitialDeviation = 0.2 }], [300 * 32 * Length], Data(1), Data(2), 16,
            _ => new TrainingOptions { LearningRate = 1e-2 });
        ScalingRow row = sweep.Run()[0];
        if (determines)
        {
            Assert.Equal(Math.Log(Classes), row.ConditionInformation!.Value, 0.03); // H(y)
            Assert.InRange(row.ConditionInformation.Value / (row.Loss * Length + row.ConditionInformation.Value), 0.97, 1); // Infogain
        }
        else
        {
            Assert.InRange(Math.Abs(row.ConditionInformation!.Value), 0, 3 * row.ConditionError!.Value + 0.01);
        }
    }

    [Fact]
    public void Memory_does_not_grow_with_the_number_of_runs()
    {
        // TorchSharp counts a disposed module's parameters on, so what the models alone add is measured and taken off.
        long Added(Action<int> repeated)
        {
            repeated(0);
            long before = TestTensors.SettledTensorCount();
            for (int i = 1; i <= 3; i++)
            {
                repeated(i);
            }

            return TestTensors.SettledTensorCount() - before;
        }

        long models = Added(_ =>
        {
            foreach (DecoderConfiguration size in (DecoderConfiguration[])[Size(4), Size(4), Size(8), Size(8)])
            {
                NextToken.Compose(size).Dispose();
            }
        });
        Assert.Equal(models, Added(i => Sweep(options: new() { Seed = 10 + i, LearningRate = 0.1 }).Run()));
    }

    [Fact]
    public void Progress_counts_tokens_and_the_runs_within_show_nothing_of_their_own()
    {
        Func<TrainingRun, IDisposable>? runs = TrainingView.Default;
        using var written = new StringWriter();
        int shown = 0;
        try
        {
            TrainingView.Default = _ => { shown++; return new StringWriter(); };
            ScalingSweep.DefaultView = sweep => new ScalingProgressLine(sweep, written, isTerminal: false);
            ScalingSweep sweep = Sweep();
            List<double> done = [];
            sweep.Progressed += () => done.Add(sweep.Done);
            sweep.Run();
            Assert.Equal(2 * (10 + 20) + 4, done.Count);
            Assert.Equal(done.Order(), done);
            Assert.Equal(1, done[^1]);
            Assert.Equal(0, shown);
            Assert.Contains("counting: run 4 of 4  100 %", written.ToString(), StringComparison.Ordinal);
            sweep.Train(Size(4), 24);
            Assert.Equal(1, shown);
        }
        finally
        {
            TrainingView.Default = runs;
        }
    }

    [Fact]
    public void Faults_are_told_with_their_cause()
    {
        Assert.Contains("0 sizes", Assert.Throws<ArgumentException>(() => Sweep(sizes: [])).Message, StringComparison.Ordinal);
        Assert.Contains("[0]", Assert.Throws<ArgumentException>(() => Sweep(budgets: [0])).Message, StringComparison.Ordinal);
        Assert.Contains("AccumulationSteps is 2", Assert.Throws<ArgumentException>(() => Sweep(options: new() { AccumulationSteps = 2 }).Run()).Message, StringComparison.Ordinal);
        InvalidOperationException diverged = Assert.Throws<InvalidOperationException>(() => Sweep(Cache, options: new() { LearningRate = 1e30, WarmUpSteps = 0 }).Run());
        Assert.Contains("2 layers of 4 channels on 240 tokens", diverged.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Cache)); // no row of it
    }

    private static string Text(ScalingRow row) => System.Text.Json.JsonSerializer.Serialize(row);

    private sealed class Counted(IBatchSource source) : IBatchSource
    {
        public int Calls { get; private set; }

        public Batch GetBatch(long step)
        {
            Calls++;
            return source.GetBatch(step);
        }
    }
}
