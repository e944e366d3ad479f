using System.Runtime;

namespace ArKernel.Notebooks.Engine;

/// <summary>
/// Runs user code on a thread of its own that can be stopped. When the token fires, the code has a moment to observe it. Then its outputs
/// begin to throw and the thread is woken from any wait (<see cref="Thread.Interrupt"/>); last, its managed loops are aborted
/// (<see cref="ControlledExecution"/>). Code inside a native call can be stopped by none of these: only the end of the process helps there,
/// which is the front's business.
/// </summary>
internal static class InterruptibleThread
{
    // Deep recursion of user code should meet a roomy stack; the memory is only reserved.
    private const int StackBytes = 16 << 20;

    // So long after outputs begin to throw, no thread is inside their locks any more.
    private static readonly TimeSpan AbortAfterStop = TimeSpan.FromMilliseconds(100);

    /// <summary>Starts the code, and ends when its task does or when it was stopped.</summary>
    /// <exception cref="OperationCanceledException">The code was stopped.</exception>
    public static async Task<T> RunAsync<T>(Func<Task<T>> code, CellContext context, TimeSpan abortDelay)
    {
        TaskCompletionSource<Task<T>> started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenSource abort = new();
        bool ended = false;
        Thread thread = new(() => Run(code, started, abort.Token), StackBytes) { IsBackground = true, Name = "cell" };
        using CancellationTokenRegistration registration = context.CancellationToken.Register(() => _ = StopAsync());
        thread.Start();
        try
        {
            // What was awaited after the first wait runs on pool threads, which nobody may abort: such a task is left to itself.
            Task<T> task = await started.Task;
            return await task.WaitAsync(abort.Token);
        }
        finally
        {
            ended = true;
        }

        async Task StopAsync()
        {
            await Task.Delay(abortDelay, CancellationToken.None);
            if (ended)
            {
                return; // in good order
            }

            try
            {
                context.IsStopping = true;
                thread.Interrupt();
                await Task.Delay(AbortAfterStop, CancellationToken.None);
                await abort.CancelAsync();
            }
            catch (Exception exception) when (exception is ObjectDisposedException or ThreadStateException)
            {
                // The code ended meanwhile.
            }
        }
    }

    private static void Run<T>(Func<Task<T>> code, TaskCompletionSource<Task<T>> started, CancellationToken abort)
    {
        Task<T>? task = null;
        try
        {
#pragma warning disable SYSLIB0046 // Aborting is what is asked for; a corrupted state is at worst the user's own.
            ControlledExecution.Run(() => task = code(), abort);
#pragma warning restore SYSLIB0046
            started.TrySetResult(task!);
        }
        catch (Exception exception)
        {
            _ = task?.Exception;
            started.TrySetException(exception);
        }
    }
}
