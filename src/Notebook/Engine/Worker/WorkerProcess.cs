using System.Diagnostics;
using System.IO.Pipes;
using System.Text.Json;

namespace ArKernel.Notebooks.Engine.Worker;

/// <summary>How to start a worker process.</summary>
/// <param name="FileName">The executable.</param>
/// <param name="Arguments">Its arguments; the name of the pipe is added as the last one.</param>
public sealed record WorkerStart(string FileName, IReadOnlyList<string> Arguments)
{
    /// <summary>The worker's working directory; null for that of the front.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>How long a cell may take to end after it was interrupted before the worker is killed.</summary>
    public TimeSpan GracePeriod { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long the worker may take to come up.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>
/// The front's handle on a worker process. Whatever user code does, down to a native crash, ends at most the worker: the cell fails with an
/// error that says what happened, <see cref="HasExited"/> becomes true, and the caller starts another worker if it wants to go on.
/// </summary>
public sealed class WorkerProcess : ICellExecutor
{
    // Cells whose background work may still put something out.
    private const int MostListeners = 64;

    private readonly WorkerStart start;
    private readonly Process process;
    private readonly WorkerConnection connection;
    private readonly NativeOutput standardOutput;
    private readonly NativeOutput standardError;
    private readonly Task reading;
    private readonly SemaphoreSlim turn = new(1, 1);
    private readonly Lock gate = new();
    private readonly Dictionary<long, CellOutput> listeners = [];
    private readonly Dictionary<long, TaskCompletionSource<JsonElement>> requests = [];
    private readonly TaskCompletionSource gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource<bool?>? running;
    private long lastRequest;
    private long lastId;

    private WorkerProcess(WorkerStart start, Process process, WorkerConnection connection)
    {
        this.start = start;
        this.process = process;
        this.connection = connection;
        standardOutput = new NativeOutput(process.StandardOutput.BaseStream, text => Listener()?.Write("stdout", text));
        standardError = new NativeOutput(process.StandardError.BaseStream, text => Listener()?.Write("stderr", text));
        reading = Task.WhenAll(ReceiveAsync(), standardOutput.RunAsync(), standardError.RunAsync());
    }

    /// <summary>Whether the worker is gone.</summary>
    public bool HasExited { get; private set; }

    /// <summary>Ends when the worker is gone.</summary>
    public Task Ended => gone.Task;

    /// <summary>The worker's process id.</summary>
    public int ProcessId => process.Id;

    /// <summary>Starts a worker; it is ready to take cells when this ends, and goes on warming up meanwhile.</summary>
    /// <param name="start">What to start.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The handle.</returns>
    /// <exception cref="InvalidOperationException">The process could not be started, or ended, or did not connect in time.</exception>
    public static async Task<WorkerProcess> StartAsync(WorkerStart start, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(start);
        string pipeName = "arkernel-" + Guid.NewGuid().ToString("N")[..16];
        NamedPipeServerStream pipe = new(pipeName, PipeDirection.InOut, 1, PipeTransmissionMode.Byte, PipeOptions.Asynchronous | PipeOptions.CurrentUserOnly);
        Process? started = null;
        try
        {
            started = Process.Start(StartInfo(start, pipeName))!;
            started.StandardInput.Close(); // Console.ReadLine in a cell sees the end of the input at once
            using CancellationTokenSource deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            deadline.CancelAfter(start.StartTimeout);
            Task connected = pipe.WaitForConnectionAsync(deadline.Token);
            Task exited = started.WaitForExitAsync(deadline.Token);
            await Task.WhenAny(connected, exited);
            if (!connected.IsCompletedSuccessfully)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw new InvalidOperationException(await DescribeFailureAsync(start, started));
            }

            WorkerConnection line = new(pipe);
            return await line.ReceiveAsync(deadline.Token) is ReadyMessage
                ? new WorkerProcess(start, started, line)
                : throw new InvalidOperationException(await DescribeFailureAsync(start, started));
        }
        catch
        {
            Kill(started);
            started?.Dispose();
            await pipe.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<bool> ExecuteAsync(CellSubmission submission, Action<CellEvent> onEvent, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(submission);
        ArgumentNullException.ThrowIfNull(onEvent);
        await turn.WaitAsync(CancellationToken.None); // an interrupted cell still has its turn, to say that it was interrupted
        try
        {
            CellOutput output = new(onEvent);
            TaskCompletionSource<bool?> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
            long id = Register(output, ended);
            if (HasExited || !connection.Send(new ExecuteMessage(id, submission)))
            {
                ended.TrySetResult(null);
            }

            using CancellationTokenSource killing = new();
            if (submission.Timeout is { } timeout)
            {
                killing.CancelAfter(timeout + start.GracePeriod);
            }

            using CancellationTokenRegistration interruption = cancellationToken.Register(() =>
            {
                connection.Send(new InterruptMessage(id));
                killing.CancelAfter(start.GracePeriod);
            });
            using CancellationTokenRegistration kill = killing.Token.Register(() => Kill(process));

            bool? succeeded = await ended.Task;
            if (succeeded is not null)
            {
                await Task.WhenAll(standardOutput.DrainAsync(), standardError.DrainAsync());
            }
            else
            {
                output.Add(await DescribeDeathAsync(submission, killing.IsCancellationRequested || cancellationToken.IsCancellationRequested, cancellationToken));
            }

            output.Complete();
            return succeeded == true;
        }
        finally
        {
            turn.Release();
        }
    }

    /// <inheritdoc/>
    public async Task<JsonElement> RequestAsync(string name, JsonElement arguments, CancellationToken cancellationToken)
    {
        TaskCompletionSource<JsonElement> answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        long id;
        lock (gate)
        {
            id = ++lastRequest;
            requests[id] = answered;
        }

        try
        {
            if (HasExited || !connection.Send(new RequestMessage(id, name, arguments)))
            {
                throw new RequestException($"{name}: the worker process is gone.");
            }

            return await answered.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            lock (gate)
            {
                requests.Remove(id);
            }
        }
    }

    /// <summary>Ends the worker.</summary>
    /// <returns>A task that ends when the process has.</returns>
    public async ValueTask DisposeAsync()
    {
        await connection.DisposeAsync();
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(2));
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            Kill(process);
        }

        await Task.WhenAny(reading, Task.Delay(TimeSpan.FromSeconds(1)));
        process.Dispose();
        turn.Dispose();
    }

    private static ProcessStartInfo StartInfo(WorkerStart start, string pipeName)
    {
        ProcessStartInfo info = new(start.FileName, [.. start.Arguments, pipeName])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = start.WorkingDirectory ?? "",
        };
        foreach ((string name, string value) in RuntimeSettings.OfWorker)
        {
            info.Environment.TryAdd(name, value);
        }

        return info;
    }

    private static async Task<string> DescribeFailureAsync(WorkerStart start, Process process)
    {
        string command = $"'{start.FileName} {string.Join(' ', start.Arguments)}'";
        if (!process.HasExited)
        {
            return $"The worker process {command} did not connect within {start.StartTimeout.TotalSeconds} s.";
        }

        string error = await process.StandardError.ReadToEndAsync();
        return $"The worker process {command} ended with exit code {process.ExitCode} before it connected. {error}".TrimEnd();
    }

    private static void Kill(Process? process)
    {
        try
        {
            process?.Kill(entireProcessTree: true);
        }
        catch (Exception exception) when (exception is InvalidOperationException or System.ComponentModel.Win32Exception or AggregateException)
        {
            // It is gone already.
        }
    }

    private long Register(CellOutput output, TaskCompletionSource<bool?> ended)
    {
        standardOutput.Reset();
        standardError.Reset();
        lock (gate)
        {
            running = ended;
            listeners[++lastId] = output;
            listeners.Remove(lastId - MostListeners);
            return lastId;
        }
    }

    private CellOutput? Listener(long? id = null)
    {
        lock (gate)
        {
            return listeners.GetValueOrDefault(id ?? lastId);
        }
    }

    private async Task ReceiveAsync()
    {
        while (await connection.ReceiveAsync() is { } message)
        {
            if (message is EventMessage output)
            {
                Listener(output.Id)?.Add(output.Event);
            }
            else if (message is ReplyMessage reply)
            {
                Reply(reply);
            }
            else if (message is CompletedMessage completed)
            {
                lock (gate)
                {
                    if (completed.Id == lastId)
                    {
                        running?.TrySetResult(completed.Succeeded);
                    }
                }
            }
        }

        lock (gate)
        {
            HasExited = true;
            running?.TrySetResult(null);
            foreach (TaskCompletionSource<JsonElement> request in requests.Values)
            {
                request.TrySetException(new RequestException("The worker process has ended."));
            }
        }

        gone.TrySetResult();
    }

    private void Reply(ReplyMessage reply)
    {
        TaskCompletionSource<JsonElement>? request;
        lock (gate)
        {
            request = requests.GetValueOrDefault(reply.Id);
        }

        if (reply.Result is { } result)
        {
            request?.TrySetResult(result);
        }
        else
        {
            request?.TrySetException(new RequestException(reply.Error ?? "The request failed."));
        }
    }

    private async Task<CellError> DescribeDeathAsync(CellSubmission submission, bool killed, CancellationToken cancellationToken)
    {
        HasExited = true;
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(10)); // the runtime may still be writing its report
        try
        {
            await process.WaitForExitAsync(patience.Token);
            await reading.WaitAsync(TimeSpan.FromSeconds(1), CancellationToken.None);
        }
        catch (Exception exception) when (exception is OperationCanceledException or TimeoutException)
        {
            Kill(process);
            await process.WaitForExitAsync(CancellationToken.None);
        }

        return killed
            ? WorkerDeath.DescribeKilled(Interruption.Describe(submission, null, cancellationToken))
            : WorkerDeath.Describe(process.ExitCode, standardError.Report);
    }
}
