namespace ArKernel.Notebooks.Engine;

/// <summary>
/// The threads that run the code of one cell, and the ladder by which they are stopped. As the cell's synchronization context they also
/// run what follows an <c>await</c>, which on the pool's threads nobody could stop. There is always one more thread, so code that blocks on
/// a task (<c>.Result</c>) waits for no thread that waits for it, as it would where there is only one.
/// </summary>
/// <remarks>
/// When the cell's token fires, the code has a moment to observe it. Then its outputs begin to throw, what it awaits does not go on, and
/// threads still in its code are woken or aborted. The ladder has a thread of its own: the code may have exhausted the pool.
/// </remarks>
internal sealed class CellThreads(CellContext context, EngineOptions options) : SynchronizationContext
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(5);

    private readonly Lock gate = new();
    private readonly HashSet<InterruptibleThread> busy = [];
    private readonly TaskCompletionSource stoppedAll = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource ended = new();
    private bool isStopping;

    /// <summary>Runs the cell's code.</summary>
    public async Task<T> RunAsync<T>(Func<Task<T>> code)
    {
        TaskCompletionSource<Task<T>> started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration interruption = context.CancellationToken.UnsafeRegister(
            _ => new Thread(Stop) { IsBackground = true, Name = "interrupt" }.UnsafeStart(), null);
        InterruptibleThread.Start(new CellWork(this, () => started.TrySetResult(code()), ExecutionContext.Capture(), exception => started.TrySetException(exception)));
        try
        {
            Task<T> task = await started.Task;
            await Task.WhenAny(task, stoppedAll.Task);
            return task.IsCompleted ? await task : throw new OperationCanceledException("The cell was interrupted.", context.CancellationToken);
        }
        finally
        {
            ended.SetResult();
        }
    }

    public override void Post(SendOrPostCallback d, object? state) =>
        InterruptibleThread.Start(new CellWork(this, () => d(state), ExecutionContext.Capture(), null));

    public override void Send(SendOrPostCallback d, object? state) => d(state); // one thread is as good as another

    public override SynchronizationContext CreateCopy() => this;

    /// <summary>A thread is about to run code of the cell; false when the cell is being stopped.</summary>
    public bool Enter(InterruptibleThread thread)
    {
        lock (gate)
        {
            return !isStopping && busy.Add(thread);
        }
    }

    /// <summary>A thread runs no code of the cell any more.</summary>
    public void Leave(InterruptibleThread thread)
    {
        while (true)
        {
            try
            {
                lock (gate)
                {
                    busy.Remove(thread);
                    return;
                }
            }
            catch (ThreadInterruptedException)
            {
                // It was to wake the code, which was just ending.
            }
        }
    }

    private void Stop()
    {
        if (ended.Task.Wait(options.AbortDelay) || (context.HasAskedForToken && ended.Task.Wait(options.CooperationDelay)))
        {
            return; // in good order
        }

        context.IsStopping = true;
        lock (gate)
        {
            isStopping = true;
        }

        while (!ended.Task.Wait(Tick))
        {
            lock (gate)
            {
                foreach (InterruptibleThread thread in busy)
                {
                    thread.Stop(context, options.AbortsThreads);
                }

                // Where there is a front that ends this process in the end, a cell has not stopped before what it runs in the pool has.
                if (busy.Count == 0 && !(options.AbortsThreads && context.WorksInPool))
                {
                    stoppedAll.TrySetResult();
                }
            }
        }
    }
}
