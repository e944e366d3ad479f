using System.Diagnostics;

namespace ArKernel.Training;

/// <summary>A line that updates in place on a terminal, and is a line of its own now and then elsewhere.</summary>
/// <param name="writer">Where to.</param>
/// <param name="isTerminal">Whether the writer understands a carriage return as going back to the line's start.</param>
/// <param name="interval">The least time between two states; null means 0.1 s on a terminal and 10 s elsewhere.</param>
internal sealed class UpdatingLine(TextWriter writer, bool isTerminal, TimeSpan? interval = null)
{
    private readonly TimeSpan interval = interval ?? TimeSpan.FromSeconds(isTerminal ? 0.1 : 10);
    private long lastShown = Stopwatch.GetTimestamp();
    private int shownLength;

    /// <summary>Whether it is time for the next state; the time then begins anew.</summary>
    public bool IsDue()
    {
        bool due = Stopwatch.GetElapsedTime(lastShown) >= interval;
        lastShown = due ? Stopwatch.GetTimestamp() : lastShown;
        return due;
    }

    public void Write(string line)
    {
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

    /// <summary>What is written next stands on a line of its own.</summary>
    public void End()
    {
        if (shownLength > 0)
        {
            writer.WriteLine();
            shownLength = 0;
        }
    }
}
