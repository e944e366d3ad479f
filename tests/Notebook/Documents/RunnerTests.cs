using System.Text.Json;
using ArKernel.Notebooks.Documents;
using ArKernel.Notebooks.Engine;
using CellOutput = ArKernel.Notebooks.Documents.CellOutput;

namespace ArKernel.Notebooks.Tests.Documents;

public sealed class RunnerTests
{
    /// <summary>Puts out the events that each cell's number names; the engine's own tests run real code.</summary>
    private sealed class Script(params Func<Action<CellEvent>, CancellationToken, Task<bool>>[] cells) : ICellExecutor
    {
        private int next;

        public List<CellSubmission> Submissions { get; } = [];

        public Task<bool> ExecuteAsync(CellSubmission submission, Action<CellEvent> onEvent, CancellationToken cancellationToken)
        {
            Submissions.Add(submission);
            return cells[next++](onEvent, cancellationToken);
        }

        public Task<JsonElement> RequestAsync(string name, JsonElement arguments, CancellationToken cancellationToken) => throw new RequestException(name);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private static readonly Dictionary<string, string> One = new(StringComparer.Ordinal) { ["text/plain"] = "one\nmore" };
    private static readonly Dictionary<string, string> Two = new(StringComparer.Ordinal) { ["text/plain"] = "two", ["application/json"] = "{\"a\":1}" };

    private static Func<Action<CellEvent>, CancellationToken, Task<bool>> Cell(params CellEvent[] events) => (onEvent, _) =>
    {
        foreach (CellEvent item in events)
        {
            onEvent(item);
        }

        return Task.FromResult(!events.OfType<CellError>().Any());
    };

    [Fact]
    public async Task Neighbouring_texts_of_a_stream_become_one_output_and_counts_are_given()
    {
        var script = new Script(Cell(new StreamText("stdout", "a"), new StreamText("stdout", "b\n"), new StreamText("stderr", "e"), new StreamText("stdout", "c"), new ResultData(One)));
        (NotebookDocument document, RunResult result) = await Run(script, 1);
        Assert.Equal(RunOutcome.Succeeded, result.Outcome);
        Assert.Equal(["stdout:ab\n", "stderr:e", "stdout:c", "execute_result:one\nmore"], Shown(document.Cells[1]));
        Assert.Equal(1, document.Cells[1].ExecutionCount);
        Assert.Contains("\"execution_count\": 1", IpynbTests.Text(document), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_display_is_updated_where_it_stands_also_from_a_later_cell()
    {
        var script = new Script(Cell(new DisplayData("d", One, false), new StreamText("stdout", "x")), Cell(new DisplayData("d", Two, true), new DisplayData("unknown", One, true)));
        (NotebookDocument document, _) = await Run(script, 2);
        Assert.Equal(["display_data:two", "stdout:x"], Shown(document.Cells[1]));
        Assert.Empty(document.Cells[2].Outputs);
        Assert.Equal(1, (int?)document.Cells[1].Outputs[0].Data!["application/json"]!["a"]);
    }

    [Fact]
    public async Task Clearing_removes_outputs_at_once_or_with_the_next_output()
    {
        var script = new Script(
            Cell(new StreamText("stdout", "old"), new ClearOutput(false), new StreamText("stdout", "new")),
            Cell(new StreamText("stdout", "old"), new ClearOutput(true)),
            Cell(new StreamText("stdout", "old"), new ClearOutput(true), new StreamText("stdout", "new")));
        (NotebookDocument document, _) = await Run(script, 3);
        Assert.Equal(["stdout:new"], Shown(document.Cells[1]));
        Assert.Equal(["stdout:old"], Shown(document.Cells[2]));
        Assert.Equal(["stdout:new"], Shown(document.Cells[3]));
    }

    [Fact]
    public async Task The_run_stops_at_the_first_failing_cell_and_old_outputs_are_gone_everywhere()
    {
        var document = Notebook(3);
        document.Cells[3].Outputs.Add(CellOutput.Stream("stdout", "stale"));
        document.Cells[3].ExecutionCount = 9;
        RunResult result = await new NotebookRunner(document).RunAsync(Task.FromResult<ICellExecutor>(new Script(Cell(), Cell(new StreamText("stdout", "x"), new CellError("E", "bad", ["t"], 2)))), TestContext.Current.CancellationToken);
        Assert.Equal((RunOutcome.Failed, 3, 2), (result.Outcome, result.CellNumber, result.Error!.Line)); // the first cell is prose
        Assert.Equal(["stdout:x", "error:E"], Shown(document.Cells[2]));
        Assert.Empty(document.Cells[3].Outputs);
        Assert.Null(document.Cells[3].ExecutionCount);
    }

    [Fact]
    public async Task A_worker_that_does_not_start_or_dies_is_the_error_of_its_cell()
    {
        NotebookDocument document = Notebook(1);
        RunResult result = await new NotebookRunner(document).RunAsync(Task.FromException<ICellExecutor>(new InvalidOperationException("no worker")), TestContext.Current.CancellationToken);
        Assert.Equal((RunOutcome.Failed, "no worker"), (result.Outcome, result.Error!.Message));
        Assert.Equal("no worker", document.Cells[1].Outputs.Single().ErrorMessage);
    }

    [Fact]
    public async Task An_interrupt_ends_the_run_and_keeps_what_the_cell_put_out()
    {
        using var interrupt = new CancellationTokenSource();
        var script = new Script(Cell(new StreamText("stdout", "done")), async (onEvent, token) =>
        {
            onEvent(new StreamText("stdout", "half"));
            await interrupt.CancelAsync();
            await Task.Delay(Timeout.Infinite, token);
            return true;
        });
        NotebookDocument document = Notebook(2);
        RunResult result = await new NotebookRunner(document).RunAsync(Task.FromResult<ICellExecutor>(script), interrupt.Token);
        Assert.Equal((RunOutcome.Interrupted, 3), (result.Outcome, result.CellNumber));
        Assert.Equal(["stdout:done"], Shown(document.Cells[1]));
        Assert.Equal(["stdout:half", "error:Interrupted"], Shown(document.Cells[2]));
    }

    [Fact]
    public async Task Progress_tells_the_latest_line_of_a_cell()
    {
        var seen = new List<RunProgress>();
        NotebookDocument document = Notebook(1);
        var script = new Script(Cell(new StreamText("stdout", "first\nsecond\n"), new DisplayData("d", One, false), new DisplayData("d", Two, true)));
        await new NotebookRunner(document, TimeSpan.FromSeconds(7), seen.Add).RunAsync(Task.FromResult<ICellExecutor>(script), TestContext.Current.CancellationToken);
        Assert.Equal("-,second,one,two,-", string.Join(',', seen.Select(progress => progress.Line ?? "-")));
        Assert.True(seen[^1].Ended);
        Assert.Equal((2, 1, 1), (seen[0].CellNumber, seen[0].CodeCellNumber, seen[0].CodeCellCount));
        Assert.Equal(TimeSpan.FromSeconds(7), script.Submissions[0].Timeout);
        Assert.Equal("cell 2", script.Submissions[0].Name);
    }

    private static async Task<(NotebookDocument, RunResult)> Run(ICellExecutor executor, int cells)
    {
        NotebookDocument document = Notebook(cells);
        return (document, await new NotebookRunner(document).RunAsync(Task.FromResult(executor), TestContext.Current.CancellationToken));
    }

    private static NotebookDocument Notebook(int cells)
    {
        var document = new NotebookDocument();
        document.Add(CellKind.Markdown, "# Title");
        for (int i = 0; i < cells; i++)
        {
            document.Add(CellKind.Code, $"{i}");
        }

        return document;
    }

    private static string[] Shown(NotebookCell cell) =>
        [.. cell.Outputs.Select(output => output.Text is { } text ? $"{output.StreamName}:{text}" : $"{output.Type}:{output.ErrorName ?? (string?)output.Data!["text/plain"]}")];
}
