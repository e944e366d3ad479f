namespace ArKernel.Training;

/// <summary>Shows a sweep as text: one line that updates in place on a terminal, a plain line now and then elsewhere.</summary>
internal sealed class ScalingProgressLine : IDisposable
{
    private readonly ScalingSweep sweep;
    private readonly UpdatingLine line;

    internal ScalingProgressLine(ScalingSweep sweep, TextWriter writer, bool isTerminal)
    {
        (this.sweep, line) = (sweep, new UpdatingLine(writer, isTerminal));
        sweep.Progressed += OnProgress;
    }

    public void Dispose()
    {
        sweep.Progressed -= OnProgress;
        Write();
        line.End();
    }

    private void OnProgress()
    {
        if (line.IsDue())
        {
            Write();
        }
    }

    private void Write()
    {
        string left = sweep.TimeLeft is TimeSpan time ? $"  {(int)time.TotalMinutes}:{time.Seconds:00} left" : "";
        line.Write(FormattableString.Invariant($"{sweep.Name}: run {Math.Min(sweep.Rows.Count + 1, sweep.RowCount)} of {sweep.RowCount}  {100 * sweep.Done:0} %{left}"));
    }
}
