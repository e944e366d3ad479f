namespace ArKernel.Training;

/// <summary>The seam through which every training run shows itself.</summary>
public static class TrainingView
{
    /// <summary>
    /// Called as a run starts; what it returns is disposed when the run has ended or thrown. It subscribes to the run's events. The default is
    /// a progress line on standard error; a notebook host puts a live view in its place; null shows nothing.
    /// </summary>
    public static Func<TrainingRun, IDisposable>? Default { get; set; } = run => new ProgressLine(run, Console.Error, !Console.IsErrorRedirected);
}
