using ArKernel.Data;
using ArKernel.Objectives;
using ArKernel.Training;
using static TorchSharp.torch;

namespace ArKernel.Tests.Training;

[Collection(nameof(RunsAlone))]
public sealed class TrainingRunTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("arkernel-training-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static TrainingRun Run(AutoregressiveModel model, TrainingOptions options, bool evaluate = false, IObjective? objective = null) =>
        new(model, objective ?? new Likelihood(), new CountingBatches(), options, evaluate ? new CountingBatches(seed: 99) : null);

    [Fact]
    public void A_model_learns_and_every_step_is_recorded()
    {
        using var model = TinyModel.Create();
        TrainingRun run = Run(model, new() { Steps = 150, LearningRate = 1e-2, EvaluateEvery = 50 }, evaluate: true);
        TrainingResult result = run.Run();

        Assert.Equal(TrainingEnd.Completed, result.End);
        Assert.Equal(Enumerable.Range(0, 150), run.History.Select(step => step.Step));
        Assert.Equal([49, 99, 149], run.History.Where(step => step.EvaluationLoss is not null).Select(step => step.Step));
        Assert.True(result.BestEvaluationLoss < 1.2, $"{result.BestEvaluationLoss} nats; uniform is {Math.Log(7)}");
        Assert.True(result.TokensPerSecond > 0 && result.Seconds > 0);
        Assert.Contains($"after step {result.BestStep}", result.Message);
    }

    [Fact]
    public void The_same_seed_gives_the_same_losses_and_another_seed_others()
    {
        double[] Losses(int seed)
        {
            using var model = TinyModel.Create();
            TrainingRun run = Run(model, new() { Steps = 20, Seed = seed });
            run.Run();
            return [.. run.History.Select(step => step.Loss)];
        }

        Assert.Equal(Losses(1), Losses(1));
        Assert.NotEqual(Losses(1), Losses(2));
    }

    [Theory]
    [InlineData(7)]
    [InlineData(20)]
    [InlineData(33)]
    public void A_resumed_run_repeats_the_uninterrupted_one_bit_for_bit(int cut)
    {
        TrainingOptions options = new() { Steps = 40, LearningRate = 1e-2, EvaluateEvery = 5, AccumulationSteps = 2 };
        using var whole = TinyModel.Create();
        TrainingRun uninterrupted = Run(whole, options, evaluate: true);
        TrainingResult expected = uninterrupted.Run();

        using var first = TinyModel.Create();
        using var source = new CancellationTokenSource();
        TrainingRun half = Run(first, options with { CheckpointPath = folder }, evaluate: true);
        half.StepCompleted += step => { if (step.Step == cut - 1) { source.Cancel(); } };
        Assert.Equal(TrainingEnd.Cancelled, half.Run(source.Token).End);

        using var second = TinyModel.Create(seed: 1234); // other parameters: all must come from the checkpoint
        TrainingRun resumed = Run(second, options with { CheckpointPath = folder, Resume = true }, evaluate: true);
        TrainingResult result = resumed.Run();

        Assert.Equal(Comparable(uninterrupted.History), Comparable(resumed.History));
        Assert.Equal((expected.StepsDone, expected.BestStep, expected.BestEvaluationLoss), (result.StepsDone, result.BestStep, result.BestEvaluationLoss));
        Assert.True(cat(whole.parameters().Select(p => p.detach().flatten()).ToArray()).equal(cat(second.parameters().Select(p => p.detach().flatten()).ToArray())).all().item<bool>());
    }

    private static IEnumerable<TrainingStep> Comparable(IEnumerable<TrainingStep> history) => history.Select(step => step with { TokensPerSecond = 0 });

    [Fact]
    public void Accumulation_over_two_batches_equals_one_batch_of_both()
    {
        using var parts = TinyModel.Create(dropoutRate: 0);
        using var whole = TinyModel.Create(dropoutRate: 0);
        TrainingRun first = Run(parts, new() { Steps = 5, AccumulationSteps = 2 });
        first.Run();
        var second = new TrainingRun(whole, new Likelihood(), new Pairs(new CountingBatches()), new() { Steps = 5 });
        second.Run();
        foreach ((TrainingStep a, TrainingStep b) in first.History.Zip(second.History))
        {
            Assert.Equal(a.Loss, b.Loss, 1e-5);
            Assert.Equal(a.GradientNorm, b.GradientNorm, 1e-4);
        }
    }

    private sealed class Pairs(IBatchSource source) : IBatchSource
    {
        public Batch GetBatch(long step) => new(cat([source.GetBatch(2 * step).Tokens, source.GetBatch(2 * step + 1).Tokens], 0));
    }

    [Fact]
    public void Clipping_bounds_the_update_that_a_huge_gradient_makes()
    {
        using var model = TinyModel.Create(dropoutRate: 0);
        using var same = TinyModel.Create(dropoutRate: 0);
        TrainingOptions options = new() { Steps = 3, GradientClipping = 1e-3 };
        TrainingRun run = Run(model, options, objective: new Disturbed(_ => 1e6));
        run.Run();
        Run(same, options, objective: new Disturbed(_ => 1e5)).Run();
        Assert.True(run.History[0].GradientNorm > 1e4);
        Tensor difference = cat(model.parameters().Select(p => p.detach().flatten()).ToArray()) - cat(same.parameters().Select(p => p.detach().flatten()).ToArray());
        Assert.True(difference.abs().max().item<float>() < 1e-4, "clipped gradients of the same direction must give the same update");
    }

    [Fact]
    public void A_NaN_loss_stops_at_its_step_and_the_last_good_parameters_and_checkpoint_stay()
    {
        using var reference = TinyModel.Create();
        Run(reference, new() { Steps = 12, WarmUpSteps = 0, MinimumLearningRateFraction = 1 }).Run();

        using var model = TinyModel.Create();
        TrainingRun run = Run(model, new() { Steps = 50, WarmUpSteps = 0, MinimumLearningRateFraction = 1, CheckpointPath = folder, CheckpointEvery = 5 }, objective: new Disturbed(call => call == 12 ? double.NaN : 1));
        TrainingResult result = run.Run();

        Assert.Equal(TrainingEnd.NotANumber, result.End);
        Assert.Equal(12, result.StepsDone);
        Assert.Contains("step 12", result.Message);
        Assert.True(cat(model.parameters().Select(p => p.detach().flatten()).ToArray()).equal(cat(reference.parameters().Select(p => p.detach().flatten()).ToArray())).all().item<bool>());

        using var resumedModel = TinyModel.Create();
        TrainingRun resumed = Run(resumedModel, new() { Steps = 15, CheckpointPath = folder, Resume = true });
        Assert.Equal(TrainingEnd.Completed, resumed.Run().End);
        Assert.Equal(run.History.Take(10).Select(step => step.Loss), resumed.History.Take(10).Select(step => step.Loss));
    }

    [Fact]
    public void An_infinite_gradient_with_a_finite_loss_stops_too()
    {
        using var model = TinyModel.Create();
        var run = new TrainingRun(model, new InfiniteGradient(), new CountingBatches(), new() { Steps = 5 });
        TrainingResult result = run.Run();
        Assert.Equal((TrainingEnd.NotANumber, 0), (result.End, result.StepsDone));
        Assert.All(model.parameters(), parameter => Assert.True(parameter.isfinite().all().item<bool>()));
    }

    private sealed class InfiniteGradient : IObjective
    {
        // sqrt has an infinite derivative at 0, where it is finite itself
        public Tensor Loss(AutoregressiveModel model, Batch batch) => (model.parameters().First() * 0).sum().sqrt();
    }

    [Fact]
    public void Early_stop_and_cancel_keep_the_parameters_that_evaluated_best()
    {
        using var model = TinyModel.Create(dropoutRate: 0);
        int call = 0;
        var run = new TrainingRun(
            model,
            new Disturbed(_ => call < 40 || !model.training ? 1 : -1), // from step 40 on training makes the model worse
            new CountingBatches(),
            new() { Steps = 500, LearningRate = 1e-2, WarmUpSteps = 10, EvaluateEvery = 5, EvaluationBatches = 1, Patience = 3 },
            new CountingBatches(seed: 99));
        Tensor? atBest = null;
        double best = double.PositiveInfinity;
        run.StepCompleted += step =>
        {
            call++;
            if (step.EvaluationLoss < best)
            {
                best = step.EvaluationLoss!.Value;
                atBest = cat(model.parameters().Select(p => p.detach().flatten()).ToArray()).DetachFromDisposeScope();
            }
        };
        TrainingResult result = run.Run();
        Assert.Equal(best, result.BestEvaluationLoss);
        Assert.Equal(result.BestStep, result.ParametersOfStep);
        Assert.True(cat(model.parameters().Select(p => p.detach().flatten()).ToArray()).equal(atBest!).all().item<bool>());
    }

    [Fact]
    public void Training_stops_early_when_patience_runs_out()
    {
        using var model = TinyModel.Create(dropoutRate: 0);
        TrainingResult result = Run(model, new() { Steps = 100, EvaluateEvery = 2, Patience = 3 }, evaluate: true, new Disturbed(_ => 0)).Run(); // nothing to learn
        Assert.Equal((TrainingEnd.EarlyStopped, 8, 2), (result.End, result.StepsDone, result.BestStep));
    }

    [Fact]
    public void Without_a_token_the_hosts_default_cancels()
    {
        using var source = new CancellationTokenSource();
        using var model = TinyModel.Create();
        TrainingRun run = Run(model, new() { Steps = 100 });
        run.StepCompleted += step => { if (step.Step == 4) { source.Cancel(); } };
        Func<CancellationToken> before = TrainingRun.DefaultCancellation;
        TrainingRun.DefaultCancellation = () => source.Token;
        try
        {
            Assert.Equal((TrainingEnd.Cancelled, 5), (run.Run().End, run.StepsDone));
        }
        finally
        {
            TrainingRun.DefaultCancellation = before;
        }
    }

    [Fact]
    public void No_tensor_stays_alive_from_step_to_step()
    {
        using var model = TinyModel.Create();
        var counts = new List<long>();
        TrainingRun run = Run(model, new() { Steps = 300, EvaluateEvery = 1, EvaluationBatches = 2, AccumulationSteps = 2 }, evaluate: true);
        run.StepCompleted += _ => counts.Add(Tensor.TotalCount);
        long before = TestTensors.SettledTensorCount();
        run.Run();
        Assert.Single(counts.Distinct());
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void Resuming_with_another_model_names_the_tensors_and_both_shapes()
    {
        using var model = TinyModel.Create(width: 8);
        Run(model, new() { Steps = 3, CheckpointPath = folder }).Run();
        using var wider = TinyModel.Create(width: 12);
        CheckpointException error = Assert.Throws<CheckpointException>(() => Run(wider, new() { Steps = 6, CheckpointPath = folder, Resume = true }).Run());
        Assert.Contains("attention.output.weight' is [8, 8] in the checkpoint and [12, 12] in the model", error.Message);
    }

    [Fact]
    public void A_fresh_run_does_not_overwrite_a_checkpoint()
    {
        using var model = TinyModel.Create();
        Run(model, new() { Steps = 3, CheckpointPath = folder }).Run();
        CheckpointException error = Assert.Throws<CheckpointException>(() => Run(model, new() { Steps = 6, CheckpointPath = folder }).Run());
        Assert.Contains("step 3", error.Message);
        Assert.Contains("Resume = true", error.Message);
    }

    [Fact]
    public void A_damaged_checkpoint_is_one_clear_error()
    {
        using var model = TinyModel.Create();
        Run(model, new() { Steps = 3, CheckpointPath = folder }).Run();
        string file = Path.Combine(folder, "step-00000003", "tensors.safetensors");
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..^5]);
        CheckpointException error = Assert.Throws<CheckpointException>(() => Run(model, new() { Steps = 6, CheckpointPath = folder, Resume = true }).Run());
        Assert.Contains("step-00000003", error.Message);
        Assert.Contains("truncated", error.Message);
    }

    [Theory]
    [InlineData(0, 1e-4)]
    [InlineData(9, 1e-3)]
    [InlineData(10, 1e-3)]
    [InlineData(99, 1e-4)]
    public void The_learning_rate_warms_up_and_decays_to_its_fraction(int step, double expected) =>
        Assert.Equal(expected, new TrainingOptions { Steps = 100, LearningRate = 1e-3, WarmUpSteps = 10 }.LearningRateAt(step), 1e-12);

    [Fact]
    public void Options_out_of_range_are_named()
    {
        using var model = TinyModel.Create();
        Assert.Contains("Steps is 0", Assert.Throws<ArgumentException>(() => Run(model, new() { Steps = 0 })).Message);
        Assert.Contains("LearningRate is NaN", Assert.Throws<ArgumentException>(() => Run(model, new() { LearningRate = double.NaN })).Message);
        Assert.Contains("CheckpointPath", Assert.Throws<ArgumentException>(() => Run(model, new() { Resume = true })).Message);
    }

    [Fact]
    public void The_progress_line_updates_in_place_on_a_terminal_and_writes_lines_elsewhere()
    {
        string Show(bool isTerminal)
        {
            using var writer = new StringWriter { NewLine = "\n" };
            using var model = TinyModel.Create();
            TrainingRun run = new(model, new Likelihood(), new CountingBatches(), new() { Steps = 5, SampleEvery = 2 }) { Sample = () => "a sample" };
            using (new ProgressLine(run, writer, isTerminal, TimeSpan.Zero))
            {
                run.Run();
            }

            return writer.ToString();
        }

        string terminal = Show(isTerminal: true), plain = Show(isTerminal: false);
        Assert.Equal(6, terminal.Split('\r').Length - 1);
        Assert.Equal(0, plain.Count(character => character == '\r'));
        Assert.Contains("step 5/5  loss ", plain);
        Assert.Equal(2, plain.Split("a sample\n").Length - 1);
        Assert.EndsWith("the model holds the parameters after step 5.\n", plain);
    }
}
