using System.Collections.Concurrent;
using System.Diagnostics;
using System.IO.Pipes;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Text;
using ArKernel.Notebooks.Languages.CSharp;

namespace ArKernel.Notebooks.Engine.Worker;

/// <summary>The worker's side: serves one front over a named pipe until the front is gone.</summary>
public static partial class WorkerHost
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(1);

    /// <summary>Runs cells for the front; the process is to end when this does.</summary>
    /// <param name="pipeName">The pipe the front listens on: the last argument that <see cref="WorkerProcess"/> puts on the command line.</param>
    /// <param name="configure">Makes the engine's options; called while the compiler warms up on another thread.</param>
    /// <returns>A task that ends when the front has closed the pipe or died.</returns>
    public static async Task RunAsync(string pipeName, Func<EngineOptions>? configure = null)
    {
        // Ctrl-C in a terminal reaches the worker too; it is for the front to say what is to be interrupted.
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => signal.Cancel = true);
        using CancellationTokenSource hurry = new();
        Task rehearsal = Task.Run(() => new CSharpLanguage(new EngineOptions()).WarmUp(hurry.Token));
        NamedPipeClientStream pipe = new(".", pipeName, PipeDirection.InOut, PipeOptions.Asynchronous | PipeOptions.CurrentUserOnly);
        await pipe.ConnectAsync(ConnectTimeout, CancellationToken.None);
        await using WorkerConnection front = new(pipe);
        front.Send(new ReadyMessage());
        ExceptionHandling.SetUnhandledExceptionHandler(ReportUnhandled);

        Task<NotebookEngine> engine = Task.Run(async () =>
        {
            EngineOptions options = configure?.Invoke() ?? new EngineOptions();
            options.AbortsThreads = true;
            NotebookEngine made = new(options);
            await rehearsal;
            made.StartWarmUp(hurry.Token);
            return made;
        });
        // On a thread of its own: cells may have exhausted the pool, and are to be interrupted all the same.
        await Task.Factory.StartNew(() => Serve(front, engine, hurry), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    private static void Serve(WorkerConnection front, Task<NotebookEngine> engine, CancellationTokenSource hurry)
    {
        ConcurrentDictionary<long, CancellationTokenSource> running = new();
        while (front.Receive() is { } message)
        {
            if (message is ExecuteMessage execute)
            {
                hurry.Cancel();
                CancellationTokenSource interruption = running.GetOrAdd(execute.Id, _ => new CancellationTokenSource());
                _ = Task.Run(() => ExecuteAsync(front, engine, execute, running, interruption.Token));
            }
            else if (message is InterruptMessage stop && running.TryGetValue(stop.Id, out CancellationTokenSource? source))
            {
                StartThread(() => Cancel(source));
            }
            else if (message is RequestMessage request)
            {
                _ = Task.Run(() => AnswerAsync(front, engine, request));
            }
        }

        StartThread(EndForCertain);
    }

    private static void Cancel(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (Exception exception) when (exception is ObjectDisposedException or AggregateException)
        {
            // The cell has just ended, or a callback of the user's threw.
        }
    }

    /// <summary>Without a front nobody could end a worker that user code (a foreground thread, an exit handler, a native call) keeps alive.</summary>
    private static void EndForCertain()
    {
        Thread.Sleep(EndTimeout);
        using Process self = Process.GetCurrentProcess();
        self.Kill();
    }

    private static void StartThread(ThreadStart action) => new Thread(action) { IsBackground = true }.UnsafeStart();

    private static async Task ExecuteAsync(
        WorkerConnection front,
        Task<NotebookEngine> engine,
        ExecuteMessage execute,
        ConcurrentDictionary<long, CancellationTokenSource> running,
        CancellationToken interruption)
    {
        bool succeeded = false;
        try
        {
            succeeded = await (await engine).ExecuteAsync(execute.Cell, Send, interruption);
        }
        catch (Exception exception)
        {
            Send(ExceptionReport.Describe(exception, execute.Cell.Name)); // the host's configuration failed
        }

        FlushNativeStreams(execute.Id);
        front.Send(new CompletedMessage(execute.Id, succeeded));
        if (running.TryRemove(execute.Id, out CancellationTokenSource? source))
        {
            source.Dispose();
        }

        void Send(CellEvent output) => front.Send(new EventMessage(execute.Id, output));
    }

    private static async Task AnswerAsync(WorkerConnection front, Task<NotebookEngine> engine, RequestMessage request)
    {
        try
        {
            front.Send(new ReplyMessage(request.Id, await (await engine).RequestAsync(request.Name, request.Arguments, CancellationToken.None), null));
        }
        catch (Exception exception)
        {
            front.Send(new ReplyMessage(request.Id, null, exception.Message));
        }
    }

    /// <summary>An exception on a thread that a cell started would end the process, and with it the user's state.</summary>
    private static bool ReportUnhandled(Exception exception)
    {
        if (CellContext.Current is not { } cell)
        {
            return false;
        }

        CellError error = ExceptionReport.Describe(exception, cell.Cell.Name);
        cell.Write("stderr", $"Unhandled on a thread that the cell started:\n{string.Join('\n', error.Report)}\n");
        return true;
    }

    private static void FlushNativeStreams(long id)
    {
        try
        {
            _ = OperatingSystem.IsWindows() ? FlushUcrt(0) : FlushLibc(0);
        }
        catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException)
        {
            // Native prints then appear when the C library sees fit.
        }

        byte[] mark = Encoding.UTF8.GetBytes(EndMark.Of(id));
        foreach (Stream stream in (Stream[])[Console.OpenStandardOutput(), Console.OpenStandardError()])
        {
            stream.Write(mark);
            stream.Flush();
        }
    }

    [LibraryImport("libc", EntryPoint = "fflush")]
    private static partial int FlushLibc(nint file);

    [LibraryImport("ucrtbase", EntryPoint = "fflush")]
    private static partial int FlushUcrt(nint file);
}
