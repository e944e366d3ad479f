using System.Globalization;
using System.Text;

namespace ArKernel.Notebooks.Engine;

/// <summary>
/// The outputs of one cell on their way to the front, in order. Text is gathered for <see cref="Interval"/> so that ten thousand printed
/// lines are a few events, and of the updates of one display within that time only the last is sent.
/// </summary>
/// <remarks>
/// User threads only append under a lock; another thread delivers. Before a user thread is aborted its cell is marked as stopping, and from
/// then on appending throws before it takes the lock: an abort inside could leave it locked for good.
/// </remarks>
internal sealed class CellOutput
{
    /// <summary>How long text is gathered before it is sent.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <summary>Characters of stream text a cell may put out; what follows is counted and cut.</summary>
    public const long StreamLimit = 10_000_000;

    private const int LongestText = 1 << 20; // characters of one event
    private const int MostPending = 4096; // events; a faster producer waits

    private readonly Lock gate = new();
    private readonly Lock delivery = new();
    private readonly Action<CellEvent> onEvent;
    private readonly StringBuilder text = new();
    private List<CellEvent> pending = [];
    private string stream = "stdout";
    private long written;
    private long cut;
    private bool scheduled;

    public CellOutput(Action<CellEvent> onEvent) => this.onEvent = onEvent;

    /// <summary>Appends text to a stream.</summary>
    /// <exception cref="OperationCanceledException">The calling code belongs to a cell that is being stopped.</exception>
    public void Write(string toStream, ReadOnlySpan<char> value)
    {
        CellContext.ThrowIfStopping();
        lock (gate)
        {
            int room = (int)Math.Clamp(StreamLimit - written, 0, value.Length);
            cut += value.Length - room;
            written += room;
            if (room > 0)
            {
                if (!string.Equals(stream, toStream, StringComparison.Ordinal) || text.Length >= LongestText)
                {
                    SealText();
                    stream = toStream;
                }

                text.Append(value[..room]);
                Schedule();
            }
        }
    }

    /// <summary>Appends an output that is not text.</summary>
    /// <exception cref="OperationCanceledException">The calling code belongs to a cell that is being stopped.</exception>
    public void Add(CellEvent output)
    {
        CellContext.ThrowIfStopping();
        bool full;
        lock (gate)
        {
            SealText();
            int same = output is DisplayData { IsUpdate: true } update
                ? pending.FindLastIndex(e => e is DisplayData d && string.Equals(d.DisplayId, update.DisplayId, StringComparison.Ordinal))
                : -1;
            if (same >= 0)
            {
                pending[same] = ((DisplayData)pending[same]) with { Data = ((DisplayData)output).Data };
            }
            else
            {
                pending.Add(output);
            }

            full = pending.Count >= MostPending;
            Schedule();
        }

        if (full)
        {
            Flush(); // the producer delivers itself and so cannot outrun the front
        }
    }

    /// <summary>Delivers everything gathered so far.</summary>
    public void Flush()
    {
        lock (delivery)
        {
            List<CellEvent> events;
            lock (gate)
            {
                SealText();
                scheduled = false;
                events = pending;
                pending = [];
            }

            foreach (CellEvent output in events)
            {
                onEvent(output);
            }
        }
    }

    /// <summary>Delivers everything and says how much text was cut, if any was.</summary>
    public void Complete()
    {
        long lost;
        lock (gate)
        {
            lost = cut;
            cut = 0;
            if (lost > 0)
            {
                SealText();
                pending.Add(new StreamText("stderr", string.Create(
                    CultureInfo.InvariantCulture,
                    $"\n[{lost:N0} more characters were cut: a cell may print {StreamLimit:N0}; write long output to a file]\n")));
            }
        }

        Flush();
    }

    private async Task FlushLaterAsync()
    {
        await Task.Delay(Interval).ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        Flush();
    }

    private void SealText()
    {
        if (text.Length > 0)
        {
            pending.Add(new StreamText(stream, text.ToString()));
            text.Clear();
        }
    }

    private void Schedule()
    {
        if (!scheduled)
        {
            scheduled = true;
            _ = FlushLaterAsync();
        }
    }
}
