using ArKernel.Notebooks.Engine.Staleness;

namespace ArKernel.Notebooks.Engine;

/// <summary>The cell that the current code belongs to: where its outputs go, and how it learns that it was interrupted.</summary>
/// <remarks>It flows with the execution context, so that a background task's text goes to the cell that started the task.</remarks>
public sealed class CellContext
{
    private static readonly AsyncLocal<CellContext?> Flowing = new(OnFlow);
    private static volatile CellContext? latest;

    private readonly HashSet<Thread> poolThreads = [];
    private volatile bool isStopping;
    private int outputs;

    internal CellContext(NotebookEngine engine, CellSubmission cell, CellOutput output, CancellationToken cancellationToken, CellRecord? record = null)
    {
        Record = record ?? new CellRecord(cell);
        Engine = engine;
        Cell = cell;
        Output = output;
        CancellationToken = cancellationToken;
    }

    /// <summary>The cell whose code is running; for code without a flow of its own (native callbacks), the cell started last.</summary>
    public static CellContext? Current => Flowing.Value ?? latest;

    /// <summary>The engine that runs the cell.</summary>
    public NotebookEngine Engine { get; }

    /// <summary>The cell.</summary>
    public CellSubmission Cell { get; }

    /// <summary>Signalled when the cell is interrupted.</summary>
    public CancellationToken CancellationToken { get; }

    /// <summary>The language at work in the part of the cell that runs now; null before the first.</summary>
    public ICellLanguage? Language { get; internal set; }

    internal CellOutput Output { get; }

    /// <summary>Whether the cell's code has the token and so may end by itself.</summary>
    internal bool HasAskedForToken { get; set; }

    /// <summary>What the history keeps of the cell; code that the cell imports belongs to the cell.</summary>
    internal CellRecord Record { get; }

    /// <summary>Set when the cell's code did not end by itself after an interruption.</summary>
    internal bool IsStopping { get => isStopping; set => isStopping = value; }

    /// <summary>Whether code of the cell is inside an output, where it must be neither woken nor aborted: locks and lines would be left half done.</summary>
    internal bool IsPuttingOut => Volatile.Read(ref outputs) > 0;

    /// <summary>The thread on which an output has thrown since, if any: its code is on its way out and needs no further push.</summary>
    internal int? LeavingThread { get; private set; }

    /// <summary>
    /// Whether code that the cell gave to the pool, as with <c>Task.Run</c>, is at work there: nobody can stop it. Code that sleeps or waits is
    /// not at work: it does no harm.
    /// </summary>
    internal bool WorksInPool
    {
        get
        {
            lock (poolThreads)
            {
                return poolThreads.Any(t => !t.ThreadState.HasFlag(ThreadState.WaitSleepJoin));
            }
        }
    }

    /// <summary>Marks the calling code as putting something out, until what is returned is disposed of.</summary>
    /// <exception cref="OperationCanceledException">The calling code belongs to a cell that is being stopped.</exception>
    internal static OutputScope BeginOutput()
    {
        OutputScope scope = new(Flowing.Value);
        if (Flowing.Value is { IsStopping: true } cell)
        {
            scope.Dispose();
            cell.LeavingThread = Environment.CurrentManagedThreadId;
            throw new OperationCanceledException("The cell was interrupted.", cell.CancellationToken);
        }

        return scope;
    }

    /// <summary>Writes text to <c>stdout</c> or <c>stderr</c>.</summary>
    /// <param name="stream">The stream's name.</param>
    /// <param name="text">The text, with its line ends.</param>
    public void Write(string stream, ReadOnlySpan<char> text) => Output.Write(stream, text);

    /// <summary>Puts out a value in the mime types preferred for its type, or in those given.</summary>
    /// <param name="value">The value.</param>
    /// <param name="mimeTypes">The mime types; empty for the preferred ones.</param>
    /// <returns>A handle that updates the display in place.</returns>
    public DisplayedValue Display(object? value, params string[] mimeTypes) => DisplayRendered(Rendering.Render(value, mimeTypes));

    /// <summary>Puts out data already rendered.</summary>
    /// <param name="data">The data by mime type.</param>
    /// <returns>A handle that updates the display in place.</returns>
    public DisplayedValue DisplayRendered(IReadOnlyDictionary<string, string> data)
    {
        string id = Guid.NewGuid().ToString("N");
        Output.Add(new DisplayData(id, data, IsUpdate: false));
        return new DisplayedValue(this, id);
    }

    /// <summary>Puts out the value of the cell's last expression.</summary>
    /// <param name="value">The value.</param>
    public void Result(object? value) => Output.Add(new ResultData(Rendering.Render(value)));

    /// <summary>Tells the front of code that compiled and is a part of the notebook's state from now on, before it runs.</summary>
    /// <param name="language">The language's proper name.</param>
    /// <param name="code">The code.</param>
    public void Accept(string language, string code) => Output.Add(new CodeAccepted(language, code));

    /// <summary>Tells what the code just accepted has to do with the notebook's names.</summary>
    /// <param name="language">The language's proper name.</param>
    /// <param name="symbols">Finds out; called only if somebody asks which cells are stale.</param>
    internal void Track(string language, Func<CellSymbols> symbols) => Engine.History.Add(Record, language, symbols);

    internal void MakeCurrent()
    {
        Flowing.Value = this;
        latest = this;
    }

    /// <summary>A thread of the pool takes up a cell's code, or leaves it.</summary>
    private static void OnFlow(AsyncLocalValueChangedArgs<CellContext?> change)
    {
        if (!change.ThreadContextChanged || !Thread.CurrentThread.IsThreadPoolThread)
        {
            return;
        }

        if (change.PreviousValue is { } left)
        {
            lock (left.poolThreads)
            {
                left.poolThreads.Remove(Thread.CurrentThread);
            }
        }

        if (change.CurrentValue is { } entered)
        {
            lock (entered.poolThreads)
            {
                entered.poolThreads.Add(Thread.CurrentThread);
            }
        }
    }

    /// <summary>An output in the making.</summary>
    internal readonly struct OutputScope : IDisposable
    {
        private readonly CellContext? cell;

        public OutputScope(CellContext? cell)
        {
            this.cell = cell;
            if (cell is not null)
            {
                Interlocked.Increment(ref cell.outputs);
            }
        }

        public void Dispose()
        {
            if (cell is not null)
            {
                Interlocked.Decrement(ref cell.outputs);
            }
        }
    }
}
