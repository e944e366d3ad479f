using System.Globalization;
using ArKernel.Notebooks.Engine;

namespace ArKernel.Notebooks.Tests.Engine;

/// <summary>Runs cells on an executor and keeps what they put out.</summary>
internal sealed class CellRun(ICellExecutor executor)
{
    // A cell that never ends is to fail its test, not to hold up the suite.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private int count;

    /// <summary>Runs a cell that prints a line first, and interrupts it a moment after that.</summary>
    public async Task<CellOutcome> InterruptAsync(string source)
    {
        using CancellationTokenSource interruption = new();
        return await RunAsync($"Console.WriteLine(\"started\");\n{source}", cancellation: interruption.Token, onEvent: output =>
        {
            if (output is StreamText)
            {
                interruption.CancelAfter(TimeSpan.FromMilliseconds(50));
            }
        });
    }

    public async Task<CellOutcome> RunAsync(string source, string language = "csharp", TimeSpan? timeout = null, Action<CellEvent>? onEvent = null, CancellationToken cancellation = default)
    {
        List<CellEvent> events = [];
        string name = string.Create(CultureInfo.InvariantCulture, $"cell {++count}");
        bool succeeded = await executor.ExecuteAsync(new CellSubmission(language, source, name) { Timeout = timeout }, Add, cancellation).WaitAsync(Patience, CancellationToken.None);
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

            onEvent?.Invoke(output);
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
