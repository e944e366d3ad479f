using System.Globalization;
using ArKernel.Notebooks.Engine;

namespace ArKernel.Notebooks.Documents;

/// <summary>How a run ended.</summary>
public enum RunOutcome
{
    /// <summary>Every cell succeeded.</summary>
    Succeeded,

    /// <summary>A cell failed, timed out, or took its process with it.</summary>
    Failed,

    /// <summary>The user interrupted the run.</summary>
    Interrupted,
}

/// <summary>The end of a run.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="CellNumber">The cell the run stopped at, from 1 among all cells; 0 when it went through.</param>
/// <param name="Error">What went wrong, or null.</param>
public sealed record RunResult(RunOutcome Outcome, int CellNumber, CellError? Error);

/// <summary>A moment in a run.</summary>
/// <param name="CellNumber">The cell, from 1 among all cells, as in error messages.</param>
/// <param name="CodeCellNumber">Its number among the code cells, from 1.</param>
/// <param name="CodeCellCount">The number of code cells.</param>
/// <param name="Line">What the running cell last said of itself, or null; when the cell has ended, null.</param>
/// <param name="Ended">Null while the cell runs; then whether it succeeded.</param>
public sealed record RunProgress(int CellNumber, int CodeCellNumber, int CodeCellCount, string? Line, bool? Ended);

/// <summary>
/// Runs the code cells of a notebook in order and puts their outputs into it; stops at the first cell that fails. Times are not recorded
/// in the notebook, so that running it again changes nothing but its outputs.
/// </summary>
/// <param name="document">The notebook; its outputs are replaced.</param>
/// <param name="timeout">The time a cell may take; null for no limit.</param>
/// <param name="progress">Called at each start, end and new line of a cell, on any thread; null for none.</param>
public sealed class NotebookRunner(NotebookDocument document, TimeSpan? timeout = null, Action<RunProgress>? progress = null)
{
    private readonly OutputCollector collector = new();
    private readonly Lock gate = new();

    /// <summary>Runs the notebook.</summary>
    /// <param name="executor">Runs the cells; awaited when the first cell is due, so that it can start while the notebook is read.</param>
    /// <param name="cancellationToken">Interrupts the run.</param>
    /// <returns>How it ended; the notebook holds the outputs in every case.</returns>
    public async Task<RunResult> RunAsync(Task<ICellExecutor> executor, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(executor);
        foreach (NotebookCell cell in document.Cells)
        {
            cell.ClearOutputs();
        }

        int[] code = [.. Enumerable.Range(0, document.Cells.Count).Where(i => document.Cells[i].Kind == CellKind.Code)];
        for (int i = 0; i < code.Length; i++)
        {
            NotebookCell cell = document.Cells[code[i]];
            var at = new RunProgress(code[i] + 1, i + 1, code.Length, null, null);
            progress?.Invoke(at);
            cell.ExecutionCount = i + 1;
            collector.Start(cell);
            bool succeeded = await RunCellAsync(executor, cell, at, cancellationToken);
            progress?.Invoke(at with { Ended = succeeded });
            if (!succeeded)
            {
                return new RunResult(cancellationToken.IsCancellationRequested ? RunOutcome.Interrupted : RunOutcome.Failed, code[i] + 1, collector.Error);
            }
        }

        return new RunResult(RunOutcome.Succeeded, 0, null);
    }

    private async Task<bool> RunCellAsync(Task<ICellExecutor> executor, NotebookCell cell, RunProgress at, CancellationToken cancellationToken)
    {
        void OnEvent(CellEvent item)
        {
            string? line;
            lock (gate)
            {
                string? before = collector.Line;
                collector.Add(cell, item);
                line = collector.Line == before ? null : collector.Line;
            }

            if (line is not null)
            {
                progress?.Invoke(at with { Line = line });
            }
        }

        CellError? failure = null;
        bool succeeded = false;
        try
        {
            ICellExecutor ready = await executor.WaitAsync(cancellationToken);
            string name = string.Create(CultureInfo.InvariantCulture, $"cell {at.CellNumber}");
            succeeded = await ready.ExecuteAsync(new CellSubmission(cell.Language, cell.Source, name) { Timeout = timeout }, OnEvent, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            failure = Failure("Interrupted", "the run was interrupted.");
        }
        catch (Exception error)
        {
            failure = Failure(error.GetType().Name, error.Message);
        }

        lock (gate)
        {
            if (!succeeded && collector.Error is null)
            {
                collector.Add(cell, failure ?? Failure("Failed", "the cell failed without saying why."));
            }

            // Under the lock that events take: what comes later must not change a notebook that is being written.
            collector.Finish();
        }

        return succeeded;
    }

    private static CellError Failure(string name, string message) => new(name, message, [$"{name}: {message}"], null);
}
