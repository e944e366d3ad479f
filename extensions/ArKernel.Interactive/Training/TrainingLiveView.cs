using System.Diagnostics;
using ArKernel.Training;

namespace ArKernel.Interactive;

/// <summary>Keeps a run's card up to date in the notebook, at most four times a second; its last state stays.</summary>
internal sealed class TrainingLiveView : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(0.25);

    private readonly TrainingRun run;
    private readonly TrainingCard card;
    private readonly Action<object> update;
    private long lastShown;

    public TrainingLiveView(TrainingRun run, Func<object, Action<object>> display)
    {
        this.run = run;
        card = new TrainingCard(run);
        update = display(card);
        lastShown = Stopwatch.GetTimestamp();
        run.StepCompleted += OnStep;
    }

    public void Dispose()
    {
        run.StepCompleted -= OnStep;
        update(run.Result is null ? new TrainingCard(run) { HasFailed = true } : card);
    }

    private void OnStep(TrainingStep step)
    {
        if (Stopwatch.GetElapsedTime(lastShown) >= Interval)
        {
            update(card);
            lastShown = Stopwatch.GetTimestamp();
        }
    }
}
