using ArKernel.Data;
using ArKernel.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Tests.Training;

/// <summary>The one training loop trains any module, buffers that change without a gradient included.</summary>
[Collection(nameof(RunsAlone))]
public sealed class ModuleTrainingTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("arkernel-module-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    /// <summary>A line that is fitted, and a buffer that counts its updates.</summary>
    private sealed class Counter : nn.Module
    {
        private readonly Linear line = nn.Linear(1, 1);
        private readonly Tensor updates = zeros(1);

        public Counter()
            : base(nameof(Counter)) => RegisterComponents();

        public double Updates => updates.item<float>();

        public Tensor Loss(Batch batch)
        {
            if (training)
            {
                using IDisposable noGradient = no_grad();
                updates.add_(1);
            }

            // The held-out loss, whose target differs, is best early: after the fourth update it only grows.
            Tensor target = training ? ones_like(batch.Tokens) : full_like(batch.Tokens, updates.item<float>() <= 4 ? 1e6 / (1 + updates.item<float>()) : 1e7);
            return nn.functional.mse_loss(line.forward(batch.Tokens), target);
        }
    }

    private sealed class Ones : IBatchSource
    {
        public Batch GetBatch(long step) => new(ones(2, 1));
    }

    private TrainingRun Run(Counter model, TrainingOptions options, bool evaluate = true) =>
        new(model, model.Loss, new Ones(), options, evaluate ? new Ones() : null) { Measure = () => new Dictionary<string, double> { ["updates"] = model.Updates } };

    [Fact]
    public void Measures_are_recorded_with_every_step()
    {
        using var model = new Counter();
        TrainingRun run = Run(model, new() { Steps = 3 }, evaluate: false);
        run.Run();
        Assert.Equal([1, 2, 3], run.History.Select(step => step.Measures!["updates"]));
    }

    [Fact]
    public void The_buffers_kept_are_those_of_the_best_step_and_not_of_the_last()
    {
        using var model = new Counter();
        TrainingResult result = Run(model, new() { Steps = 10, EvaluateEvery = 2 }).Run();
        Assert.Equal(4, result.BestStep);
        Assert.Equal(4, model.Updates);
    }

    [Fact]
    public void A_resumed_run_goes_on_with_the_buffers_and_still_keeps_the_best_ones()
    {
        using (var model = new Counter())
        {
            using var cancel = new CancellationTokenSource();
            TrainingRun run = Run(model, new() { Steps = 10, EvaluateEvery = 2, CheckpointPath = folder });
            run.StepCompleted += step => { if (step.Step == 6) { cancel.Cancel(); } };
            run.Run(cancel.Token);
        }

        using var second = new Counter();
        TrainingRun resumed = Run(second, new() { Steps = 10, EvaluateEvery = 2, CheckpointPath = folder, Resume = true });
        TrainingResult result = resumed.Run();
        Assert.Equal(Enumerable.Range(1, 10).Select(count => (double)count), resumed.History.Select(step => step.Measures!["updates"]));
        Assert.Equal((4, 4.0), (result.BestStep, second.Updates));
    }
}
