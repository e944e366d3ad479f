using System.Globalization;
using System.Text;

namespace ArKernel.Notebooks.Engine;

/// <summary>
/// The outputs of one cell on their way to the front, in order. Text is gathered for <see cref="Interval"/> so that ten thousand printed
/// lines are a few events, and of the updates of one display within that time only the last is sent. Its first state is always sent: it may bring
/// what the later ones need.
/// </summary>
/// <remarks>
/// User threads only append under a lock; another thread delivers. No thread is aborted inside: that could leave it locked for good.
/// </remarks>
internal sealed class CellOutput
{
    /// <summary>How long text is gathered before it is sent.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <summary>Characters of stream text a cell may put out; what follows goes to a file.</summary>
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
    private bool scheduled;
    private OutputFile? overflow;

    public CellOutput(Action<CellEvent> onEvent) => this.onEvent = onEvent;

    /// <summary>Appends text to a stream.</summary>
    /// <exception cref="OperationCanceledException">The calling code belongs to a cell that is being stopped.</exception>
    public void Write(string toStream, ReadOnlySpan<char> value)
    {
        using CellContext.OutputScope scope = CellContext.BeginOutput();
        lock (gate)
        {
            int room = (int)Math.Clamp(StreamLimit - written, 0, value.Length);
            written += room;
            if (room > 0)
            {
                Append(toStream, value[..room]);
            }

            if (room < value.Length)
            {
                overflow ??= new OutputFile();
                overflow.Write(value[room..]);
            }
        }
    }

    /// <summary>Appends an output that is not text.</summary>
    /// <exception cref="OperationCanceledException">The calling code belongs to a cell that is being stopped.</exception>
    public void Add(CellEvent output)
    {
        using CellContext.OutputScope scope = CellContext.BeginOutput();
        bool full;
        lock (gate)
        {
            SealText();
            int same = output is DisplayData { IsUpdate: true } update
                ? pending.FindLastIndex(e => e is DisplayData { IsUpdate: true } d && string.Equals(d.DisplayId, update.DisplayId, StringComparison.Ordinal))
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

    /// <summary>Delivers everything and says where the text is that was too much, if any was.</summary>
    public void Complete()
    {
        lock (gate)
        {
            if (overflow?.Close() is { } closing)
            {
                Append("stderr", string.Create(CultureInfo.InvariantCulture, $"\n[A cell shows {StreamLimit:N0} characters of text. {closing}]\n"));
            }
        }

        Flush();
    }

    private async Task FlushLaterAsync()
    {
        await Task.Delay(Interval).ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        Flush();
    }

    private void Append(string toStream, ReadOnlySpan<char> value)
    {
        if (!string.Equals(stream, toStream, StringComparison.Ordinal) || text.Length >= LongestText)
        {
            SealText();
            stream = toStream;
        }

        text.Append(value);
        Schedule();
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
