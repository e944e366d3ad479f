using System.Globalization;
using ArKernel.Notebooks.Engine;

namespace ArKernel.Notebooks.Tests.Engine;

/// <summary>Runs cells on an executor and keeps what they put out.</summary>
internal sealed class CellRun(ICellExecutor executor)
{
    private int count;

    public async Task<CellOutcome> RunAsync(string source, string language = "csharp", TimeSpan? timeout = null, CancellationToken cancellation = default)
    {
        List<CellEvent> events = [];
        string name = string.Create(CultureInfo.InvariantCulture, $"cell {++count}");
        bool succeeded = await executor.ExecuteAsync(new CellSubmission(language, source, name) { Timeout = timeout }, Add, cancellation);
        return new CellOutcome(succeeded, events);

        void Add(CellEvent output)
        {
            if (output is CodeAccepted or ReferencesAdded)
            {
                return; // news for editors, not outputs
            }

            lock (events)
            {
                events.Add(output);
            }
        }
    }
}

internal sealed record CellOutcome(bool Succeeded, List<CellEvent> Events)
{
    public string? Result => Events.OfType<ResultData>().SingleOrDefault()?.Data["text/plain"];

    public CellError Error => Events.OfType<CellError>().Single();

    public IEnumerable<DisplayData> Displays => Events.OfType<DisplayData>();

    public string StandardOutput => Text("stdout");

    public string StandardError => Text("stderr");

    public string Text(string stream)
    {
        lock (Events)
        {
            return string.Concat(Events.OfType<StreamText>().Where(s => s.Stream == stream).Select(s => s.Text));
        }
    }
}
