using System.ComponentModel;
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
    private readonly SemaphoreSlim turn = new(1, 1);
    private readonly Lock gate = new();
    private Life current;
    private string? untold; // a loss that no cell's error has told of

    /// <summary>Starts the first worker.</summary>
    /// <param name="start">Starts a worker.</param>
    /// <param name="onStateLost">Called when a worker has died and the notebook's state with it.</param>
    public SupervisedWorker(Func<CancellationToken, Task<WorkerProcess>> start, Action onStateLost)
    {
        this.start = start;
        this.onStateLost = onStateLost;
        current = Begin();
    }

    /// <inheritdoc/>
    public async Task<bool> ExecuteAsync(CellSubmission submission, Action<CellEvent> onEvent, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(submission);
        ArgumentNullException.ThrowIfNull(onEvent);
        await turn.WaitAsync(CancellationToken.None);
        try
        {
            (Life life, WorkerProcess process) = await ReadyAsync();
            if (untold is { } loss)
            {
                untold = null;
                onEvent(new StreamText("stderr", $"The worker process has ended since the last cell.{loss}\n"));
            }

            bool told = false;
            bool succeeded = await process.ExecuteAsync(
                submission,
                output =>
                {
                    if (output is CellError error && process.HasExited)
                    {
                        told = true;
                        output = WithLoss(error, life.Loss());
                    }

                    onEvent(output);
                },
                cancellationToken);
            life.Cells.Add(submission.Name);
            if (process.HasExited)
            {
                Replace(life, told);
            }

            return succeeded;
        }
        catch (Exception exception) when (IsFailedStart(exception))
        {
            onEvent(new CellError("WorkerNotStarted", exception.Message, [], null));
            Replace(current, told: true);
            return false;
        }
        finally
        {
            turn.Release();
        }
    }

    /// <inheritdoc/>
    public async Task<JsonElement> RequestAsync(string name, JsonElement arguments, CancellationToken cancellationToken)
    {
        try
        {
            return await (await current.Process.WaitAsync(cancellationToken)).RequestAsync(name, arguments, cancellationToken);
        }
        catch (Exception exception) when (IsFailedStart(exception) && !cancellationToken.IsCancellationRequested)
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
            await (await current.Process).DisposeAsync();
        }
        catch (Exception exception) when (IsFailedStart(exception))
        {
            // It never came up.
        }
    }

    private static bool IsFailedStart(Exception exception) => exception is InvalidOperationException or Win32Exception or OperationCanceledException;

    private static CellError WithLoss(CellError error, string loss) =>
        error with { Message = error.Message + loss };

    /// <summary>The worker, or its successor if it died while nothing ran.</summary>
    private async Task<(Life Life, WorkerProcess Process)> ReadyAsync()
    {
        Life life = current;
        WorkerProcess process = await life.Process;
        if (process.HasExited)
        {
            Replace(life, told: false);
            life = current;
            process = await life.Process;
        }

        return (life, process);
    }

    private Life Begin()
    {
        Life life = new(start(ending.Token));
        _ = WatchAsync(life);
        return life;
    }

    /// <summary>Waits for the worker's end, and clears up after it.</summary>
    private async Task WatchAsync(Life life)
    {
        try
        {
            WorkerProcess process = await life.Process;
            await process.Ended;
            if (ending.IsCancellationRequested)
            {
                return;
            }

            await turn.WaitAsync(ending.Token); // the cell that ran may still be reading why it ended
            try
            {
                if (life.Cells.Count > 0)
                {
                    Replace(life, told: false); // one that dies before its first cell would do so again and again
                }
            }
            finally
            {
                turn.Release();
            }

            await process.DisposeAsync();
        }
        catch (Exception exception) when (IsFailedStart(exception))
        {
            // It did not start, which the next cell says; or nobody needs it any more.
        }
    }

    private void Replace(Life life, bool told)
    {
        lock (gate)
        {
            if (life != current || ending.IsCancellationRequested)
            {
                return;
            }

            current = Begin();
            untold = told ? null : life.Loss();
        }

        onStateLost();
    }

    /// <summary>A worker, and the cells whose variables it holds.</summary>
    private sealed record Life(Task<WorkerProcess> Process)
    {
        public List<string> Cells { get; } = [];

        public string Loss() => Cells.Count switch
        {
            0 => " Nothing else had run.",
            1 => $" What {Cells[0]} had defined is gone; run it again.",
            _ => string.Create(CultureInfo.InvariantCulture, $" What {Cells.Count} cells had defined ({Cells[0]} to {Cells[^1]}) is gone; run those again that are needed."),
        };
    }
}
