using System.Globalization;
using System.Text.Json;

namespace ArKernel.Notebooks.Engine.Worker;

/// <summary>
/// A worker that is replaced when it dies: the cell that was running fails with an error that says what was lost, and the next one runs on a
/// new worker. It starts in the background; the first cell waits for it.
/// </summary>
public sealed class SupervisedWorker : ICellExecutor
{
    private readonly Func<CancellationToken, Task<WorkerProcess>> start;
    private readonly Action onStateLost;
    private readonly CancellationTokenSource ending = new();
    private readonly List<string> cells = []; // those whose variables the worker holds
    private Task<WorkerProcess> worker;

    /// <summary>Starts the first worker.</summary>
    /// <param name="start">Starts a worker.</param>
    /// <param name="onStateLost">Called when a worker has died and the notebook's state with it.</param>
    public SupervisedWorker(Func<CancellationToken, Task<WorkerProcess>> start, Action onStateLost)
    {
        this.start = start;
        this.onStateLost = onStateLost;
        worker = start(ending.Token);
    }

    /// <inheritdoc/>
    public async Task<bool> ExecuteAsync(CellSubmission submission, Action<CellEvent> onEvent, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(submission);
        ArgumentNullException.ThrowIfNull(onEvent);
        WorkerProcess process;
        try
        {
            process = await ReadyAsync(onEvent);
        }
        catch (Exception exception) when (exception is InvalidOperationException or System.ComponentModel.Win32Exception or OperationCanceledException)
        {
            onEvent(new CellError("WorkerNotStarted", exception.Message, [exception.Message], null));
            Replace();
            return false;
        }

        bool succeeded = await process.ExecuteAsync(submission, output => onEvent(output is CellError error && process.HasExited ? WithLoss(error) : output), cancellationToken);
        if (process.HasExited)
        {
            await ReplaceAsync(process);
        }
        else
        {
            lock (cells)
            {
                cells.Add(submission.Name);
            }
        }

        return succeeded;
    }

    /// <inheritdoc/>
    public async Task<JsonElement> RequestAsync(string name, JsonElement arguments, CancellationToken cancellationToken)
    {
        try
        {
            return await (await worker.WaitAsync(cancellationToken)).RequestAsync(name, arguments, cancellationToken);
        }
        catch (Exception exception) when (exception is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            throw new RequestException($"{name}: {exception.Message}");
        }
    }

    /// <summary>Ends the worker.</summary>
    /// <returns>A task that ends when the process has.</returns>
    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        try
        {
            await (await worker).DisposeAsync();
        }
        catch (Exception exception) when (exception is InvalidOperationException or System.ComponentModel.Win32Exception or OperationCanceledException)
        {
            // It never came up.
        }

        ending.Dispose();
    }

    /// <summary>The worker, or its successor if it died while nothing ran.</summary>
    private async Task<WorkerProcess> ReadyAsync(Action<CellEvent> onEvent)
    {
        WorkerProcess process = await worker;
        if (!process.HasExited)
        {
            return process;
        }

        onEvent(new StreamText("stderr", $"The worker process has ended since the last cell.{Loss()}\n"));
        await ReplaceAsync(process);
        return await worker;
    }

    private async Task ReplaceAsync(WorkerProcess dead)
    {
        Replace();
        await dead.DisposeAsync();
    }

    private void Replace()
    {
        lock (cells)
        {
            cells.Clear();
        }

        worker = start(ending.Token);
        onStateLost();
    }

    private CellError WithLoss(CellError error)
    {
        string loss = Loss();
        return error with { Message = error.Message + loss, Traceback = [.. error.Traceback.Select((line, i) => i == 0 ? line + loss : line)] };
    }

    private string Loss()
    {
        lock (cells)
        {
            return cells.Count switch
            {
                0 => " Nothing else had run.",
                1 => $" What {cells[0]} had defined is gone; run it again.",
                _ => string.Create(CultureInfo.InvariantCulture, $" What {cells.Count} cells had defined ({cells[0]} to {cells[^1]}) is gone; run those again that are needed."),
            };
        }
    }
}
