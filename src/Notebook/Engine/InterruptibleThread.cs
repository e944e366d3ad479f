using System.Diagnostics.CodeAnalysis;
using System.Runtime;

namespace ArKernel.Notebooks.Engine;

/// <summary>
/// A thread for user code that can be stopped: woken when it waits (<see cref="Thread.Interrupt"/>), aborted when it spins
/// (<see cref="ControlledExecution"/>). A native call can be stopped by neither: only the end of the process helps there, which is the
/// front's business.
/// </summary>
/// <remarks>
/// Threads are used again, the last one first: mostly it is one and the same thread that runs all cells, so that what libraries keep for
/// each thread (a culture, torch's gradient mode, OpenMP's team) holds from cell to cell. A thread that was stopped is not used again.
/// </remarks>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "They live as long as the thread, and have no handles.")]
internal sealed class InterruptibleThread
{
    // Deep recursion of user code should meet a roomy stack; the memory is only reserved.
    private const int StackBytes = 16 << 20;

    private const int MostIdle = 4;

    // How long an exception may be on its way: an abort that strikes meanwhile can crash the runtime (measured on .NET 10.0.12).
    private const int UnwindTime = 1000;

    private static readonly Lock IdleGate = new();
    private static readonly Stack<InterruptibleThread> Idle = [];

    private readonly Thread thread;
    private readonly SemaphoreSlim given = new(0);
    private readonly CancellationTokenSource abort = new();
    private CellWork work;
    private volatile bool isStopping;
    private bool wasPushed;
    private bool isAborting;
    private long nextStep; // in milliseconds of the system's uptime

    private InterruptibleThread(CellWork work)
    {
        this.work = work;
        thread = new Thread(Loop, StackBytes) { IsBackground = true, Name = "cell" };
    }

    /// <summary>Starts code on a thread that can be stopped when the cell is, and ends when its task does or when it was stopped.</summary>
    /// <exception cref="OperationCanceledException">The code was stopped.</exception>
    public static Task<T> RunAsync<T>(Func<Task<T>> code, CellContext context, EngineOptions options) =>
        new CellThreads(context, options).RunAsync(code);

    /// <summary>Runs work on a thread that idles, or on a new one.</summary>
    public static void Start(CellWork work)
    {
        InterruptibleThread? idle;
        lock (IdleGate)
        {
            Idle.TryPop(out idle);
        }

        InterruptibleThread next = idle ?? new InterruptibleThread(work);
        if (!work.Owner.Enter(next))
        {
            // The cell was stopped: what it awaited does not go on.
            if (idle?.GoIdle() == false)
            {
                idle.given.Release(); // without work it ends
            }

            return;
        }

        if (idle is null)
        {
            next.thread.UnsafeStart();
        }
        else
        {
            idle.work = work;
            idle.given.Release();
        }
    }

    /// <summary>Takes the next step, if it is time for one, towards the end of the code that the thread runs.</summary>
    /// <param name="context">The cell that is being stopped.</param>
    /// <param name="mayAbort">Whether a thread that spins may be aborted.</param>
    public void Stop(CellContext context, bool mayAbort)
    {
        isStopping = true;
        if (Environment.TickCount64 < nextStep || isAborting || context.IsPuttingOut)
        {
            return;
        }

        bool waits = thread.ThreadState.HasFlag(ThreadState.WaitSleepJoin);
        if (!wasPushed && (waits || context.LeavingThread == thread.ManagedThreadId))
        {
            wasPushed = true;
            nextStep = Environment.TickCount64 + UnwindTime;
            if (waits)
            {
                thread.Interrupt();
            }
        }
        else if (mayAbort)
        {
            isAborting = true;
            new Thread(abort.Cancel) { IsBackground = true }.UnsafeStart(); // returns only when a native call does
        }
    }

    private void Loop()
    {
        do
        {
            Run(work);
        }
        while (!isStopping && GoIdle() && WaitForWork());
    }

    private void Run(CellWork item)
    {
        SynchronizationContext.SetSynchronizationContext(item.Owner);
        try
        {
#pragma warning disable SYSLIB0046 // Aborting is what is asked for; a corrupted state is at worst the user's own.
            ControlledExecution.Run(item.Invoke, abort.Token);
#pragma warning restore SYSLIB0046
        }
        catch (Exception exception) when (item.OnFailure is not null || isStopping)
        {
            item.OnFailure?.Invoke(exception);
        }
        finally
        {
            work = default;
            item.Owner.Leave(this);
        }
    }

    /// <summary>Offers the thread for other work; false when there are idle threads enough.</summary>
    private bool GoIdle()
    {
        lock (IdleGate)
        {
            if (Idle.Count >= MostIdle)
            {
                return false;
            }

            Idle.Push(this);
            return true;
        }
    }

    private bool WaitForWork()
    {
        given.Wait();
        return work.Owner is not null;
    }
}

/// <summary>A piece of a cell's code.</summary>
/// <param name="Owner">The cell's threads.</param>
/// <param name="Code">The code.</param>
/// <param name="Flow">The execution context it runs in.</param>
/// <param name="OnFailure">Receives what it throws; null where nobody does, as with <c>async void</c>.</param>
internal readonly record struct CellWork(CellThreads Owner, Action Code, ExecutionContext? Flow, Action<Exception>? OnFailure)
{
    /// <summary>Runs the code.</summary>
    public void Invoke()
    {
        if (Flow is null)
        {
            Code();
        }
        else
        {
            ExecutionContext.Run(Flow, code => ((Action)code!)(), Code);
        }
    }
}
