using System.Text;

namespace ArKernel.Notebooks.Engine.Worker;

/// <summary>
/// Reads a worker's real <c>stdout</c> or <c>stderr</c>: what native code prints, end marks, and the runtime's report of a crash, which is
/// held back to become part of the error.
/// </summary>
internal sealed class NativeOutput(Stream stream, Action<string> onText)
{
    private const int LongestReport = 1 << 18;

    // How the runtime begins a report after which the process ends.
    private static readonly string[] ReportStarts = ["Stack overflow.", "Unhandled exception.", "Fatal error.", "Process terminated."];

    private readonly StringBuilder report = new();
    private readonly Lock gate = new();
    private TaskCompletionSource marked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string rest = "";
    private bool reporting;

    /// <summary>The runtime's report of a crash, if there was one.</summary>
    public string Report => report.ToString();

    /// <summary>Waits until an end mark has been read since <see cref="Reset"/>, but not for long: user code may have closed the stream.</summary>
    public Task DrainAsync() => Task.WhenAny(marked.Task, Task.Delay(500));

    /// <summary>Prepares for the next cell.</summary>
    public void Reset()
    {
        lock (gate)
        {
            marked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Reads to the end of the stream.</summary>
    public async Task RunAsync()
    {
        using StreamReader reader = new(stream, Encoding.UTF8);
        char[] buffer = new char[1 << 14];
        try
        {
            while (await reader.ReadAsync(buffer) is > 0 and int count)
            {
                lock (gate)
                {
                    Take(rest + new string(buffer, 0, count));
                }
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // The end, in another form.
        }
    }

    private void Take(string text)
    {
        while (text.IndexOf(EndMark.Prefix, StringComparison.Ordinal) is >= 0 and int start)
        {
            int end = text.IndexOf(EndMark.Suffix, start);
            if (end < 0)
            {
                rest = text[start..];
                Put(text[..start]);
                return;
            }

            Put(text[..start]);
            if (reporting)
            {
                onText(report.ToString()); // it only looked like a crash
                report.Clear();
                reporting = false;
            }

            marked.TrySetResult();
            text = text[(end + 1)..];
        }

        bool split = text.EndsWith(EndMark.Prefix[0]);
        rest = split ? text[^1..] : "";
        Put(split ? text[..^1] : text);
    }

    private void Put(string text)
    {
        if (!reporting)
        {
            int start = ReportStarts.Select(s => text.IndexOf(s, StringComparison.Ordinal)).Where(i => i == 0 || (i > 0 && text[i - 1] == '\n')).DefaultIfEmpty(-1).Min();
            if (start >= 0)
            {
                reporting = true;
            }
            else
            {
                start = text.Length;
            }

            if (start > 0)
            {
                onText(text[..start]);
            }

            text = text[start..];
        }

        report.Append(text.AsSpan(0, Math.Min(text.Length, LongestReport - report.Length)));
    }
}
