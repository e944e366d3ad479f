using System.Diagnostics;

namespace ArKernel.Training;

/// <summary>Shows a sweep as text: one line that updates in place on a terminal, a plain line now and then elsewhere.</summary>
internal sealed class ScalingProgressLine : IDisposable
{
    private readonly ScalingSweep sweep;
    private readonly TextWriter writer;
    private readonly bool isTerminal;
    private readonly TimeSpan interval;
    private long lastShown = Stopwatch.GetTimestamp();
    private int shownLength;

    internal ScalingProgressLine(ScalingSweep sweep, TextWriter writer, bool isTerminal)
    {
        (this.sweep, this.writer, this.isTerminal) = (sweep, writer, isTerminal);
        interval = TimeSpan.FromSeconds(isTerminal ? 0.1 : 10);
        sweep.Progressed += OnProgress;
    }

    public void Dispose()
    {
        sweep.Progressed -= OnProgress;
        Write();
        if (isTerminal)
        {
            writer.WriteLine();
        }
    }

    private void OnProgress()
    {
        if (Stopwatch.GetElapsedTime(lastShown) >= interval)
        {
            lastShown = Stopwatch.GetTimestamp();
            Write();
        }
    }

    private void Write()
    {
        string left = sweep.TimeLeft is TimeSpan time ? $"  {(int)time.TotalMinutes}:{time.Seconds:00} left" : "";
        string line = FormattableString.Invariant($"{sweep.Name}: run {Math.Min(sweep.Rows.Count + 1, sweep.RowCount)} of {sweep.RowCount}  {100 * sweep.Done:0} %{left}");
        if (isTerminal)
        {
            writer.Write('\r' + line.PadRight(shownLength));
            shownLength = line.Length;
        }
        else
        {
            writer.WriteLine(line);
        }

        writer.Flush();
    }
}
