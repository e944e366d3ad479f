using System.Text;
using ArKernel.Notebooks.Engine;

namespace ArKernel.Notebooks.Documents;

/// <summary>Turns what running cells put out into notebook outputs, with the rules of Jupyter's front ends.</summary>
internal sealed class OutputCollector
{
    private readonly Dictionary<string, List<CellOutput>> displays = new(StringComparer.Ordinal);
    private readonly StringBuilder text = new();
    private NotebookCell? cell;
    private CellOutput? stream;
    private bool clearPending;

    /// <summary>The latest thing a cell says of itself: a display's first line of text, or the last line it printed.</summary>
    public string? Line { get; private set; }

    /// <summary>The error the cell has put out, if any.</summary>
    public CellError? Error { get; private set; }

    public void Start(NotebookCell next)
    {
        cell = next;
        clearPending = false;
        Line = null;
        Error = null;
    }

    /// <summary>Ends the cell; events that arrive later are dropped, as the document may be being written.</summary>
    public void Finish()
    {
        EndStream();
        cell = null;
    }

    /// <summary>Takes an event of a cell; one of a cell that has ended, from work it left running, only as an update of a display.</summary>
    public void Add(NotebookCell source, CellEvent item)
    {
        if (cell is null || (source != cell && item is not DisplayData { IsUpdate: true }))
        {
            return;
        }

        switch (item)
        {
            case CodeAccepted or ReferencesAdded or CommMessage or InputRequest or DebugEvent:
                return; // for live front ends; a document has no place for them
            case ClearOutput { Wait: true }:
                clearPending = true;
                return;
            case ClearOutput:
                Clear();
                return;
            case DisplayData { IsUpdate: true } update:
                // An update may reach displays of earlier cells, and is no new output: it does not trigger a waiting clear.
                foreach (CellOutput display in displays.GetValueOrDefault(update.DisplayId) ?? [])
                {
                    display.Replace(update.Data);
                }

                SetLine(update.Data);
                return;
        }

        if (clearPending)
        {
            Clear();
        }

        switch (item)
        {
            case StreamText part:
                AddText(part);
                break;
            case DisplayData display:
                Append(CellOutput.Display(display.Data, display.DisplayId));
                SetLine(display.Data);
                if (!displays.TryGetValue(display.DisplayId, out List<CellOutput>? same))
                {
                    displays[display.DisplayId] = same = [];
                }

                same.Add(cell.Outputs[^1]);
                break;
            case ResultData result:
                Append(CellOutput.Result(result.Data, cell.ExecutionCount ?? 0));
                break;
            case CellError error:
                Error = error;
                Append(CellOutput.Error(error.Name, error.Message, error.Report));
                break;
        }
    }

    private void AddText(StreamText part)
    {
        if (part.Text.Length == 0)
        {
            return;
        }

        if (stream is null || stream.StreamName != part.Stream)
        {
            Append(CellOutput.Stream(part.Stream, ""));
            stream = cell!.Outputs[^1];
        }

        text.Append(part.Text);
        ReadOnlySpan<char> tail = part.Text.AsSpan().TrimEnd();
        tail = tail[(tail.LastIndexOfAny('\n', '\r') + 1)..];
        if (!tail.IsEmpty)
        {
            Line = tail.ToString();
        }
    }

    private void SetLine(IReadOnlyDictionary<string, string> data)
    {
        if (data.TryGetValue("text/plain", out string? plain) && plain.AsSpan().TrimStart() is { IsEmpty: false } trimmed)
        {
            int end = trimmed.IndexOfAny('\n', '\r');
            Line = (end < 0 ? trimmed : trimmed[..end]).TrimEnd().ToString();
        }
    }

    private void Append(CellOutput output)
    {
        EndStream();
        cell!.Outputs.Add(output);
    }

    /// <summary>Streams grow in a builder: a string that grows by every message would cost the square of its length.</summary>
    private void EndStream()
    {
        if (stream is not null)
        {
            stream.Text = text.ToString();
            text.Clear();
            stream = null;
        }
    }

    private void Clear()
    {
        EndStream();
        cell!.Outputs.Clear();
        clearPending = false;
    }
}
