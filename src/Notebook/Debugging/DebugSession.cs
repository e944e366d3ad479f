using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Nodes;
using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Engine.Variables;

namespace ArKernel.Notebooks.Debugging;

/// <summary>Evaluates an expression against the notebook's state and some locals.</summary>
/// <param name="expression">The expression.</param>
/// <param name="variables">The locals.</param>
/// <param name="values">Their values.</param>
/// <exception cref="DebugException">It does not compile or throws.</exception>
internal delegate object? DebugEvaluator(string expression, IReadOnlyList<DebugVariable> variables, IReadOnlyList<object?> values);

/// <summary>
/// The debugger of an engine: while one is attached, C# cells are compiled with a probe before each statement, and a probe asks here whether
/// to stop. There is no native debugger behind it, so only code of cells can be stepped through. <see cref="DebugAdapter"/> speaks for it.
/// </summary>
internal sealed class DebugSession : IDisposable
{
    private const int MainThread = 1;

    private readonly ConcurrentDictionary<string, IReadOnlyDictionary<int, DebugBreakpoint>> breakpoints = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim oneAtATime = new(1, 1);
    private readonly AsyncLocal<bool> evaluating = new();
    private static int lastCell;
    private volatile DebugStep? step;
    private volatile DebugStop? stop;
    private volatile bool pausing;

    /// <summary>Whether somebody debugs: cells that start now get probes.</summary>
    public bool IsAttached { get; private set; }

    /// <summary>The names of cells.</summary>
    public DebugSources Sources { get; } = new();

    /// <summary>Evaluates watches and conditions; set by the language.</summary>
    public DebugEvaluator? Evaluator { get; set; }

    /// <summary>The stop the code stands at, or null while it runs.</summary>
    public DebugStop? Stop => stop;

    public IReadOnlyDictionary<string, IReadOnlyDictionary<int, DebugBreakpoint>> Breakpoints => breakpoints;

    public void Attach() => IsAttached = true;

    /// <summary>Lets everything run on.</summary>
    public void Detach()
    {
        IsAttached = false;
        breakpoints.Clear();
        Resume(null);
    }

    /// <summary>A cell that is about to be compiled with probes.</summary>
    public DebugCell Begin(string name, string source)
    {
        step = null;
        string path = Sources.PathOf(source);
        foreach (DebugBreakpoint breakpoint in breakpoints.GetValueOrDefault(path)?.Values ?? [])
        {
            breakpoint.Reset();
        }

        return new DebugCell(this, Interlocked.Increment(ref lastCell), name, path);
    }

    public void SetBreakpoints(string path, IEnumerable<DebugBreakpoint> wanted) =>
        breakpoints[path] = wanted.GroupBy(b => b.Line).ToDictionary(g => g.Key, g => g.Last());

    /// <summary>Stops at the next statement.</summary>
    public void Pause() => pausing = true;

    /// <summary>Lets the code go on, for a step or until something stops it.</summary>
    public void Resume(DebugStepKind? kind)
    {
        DebugStop? current = stop;
        step = kind is { } steps ? new DebugStep(steps, current?.Frames[0]) : null;
        current?.Resume();
    }

    /// <summary>The value of an expression in a frame, or in the notebook when the frame is null.</summary>
    /// <exception cref="DebugException">It does not compile or throws.</exception>
    public object? Evaluate(string expression, DebugFrame? frame)
    {
        evaluating.Value = true; // code of cells that the expression calls does not stop
        try
        {
            return Evaluator is null
                ? throw new DebugException("No language evaluates expressions here.")
                : Evaluator(expression, frame?.Statement?.Variables ?? [], frame?.Values ?? []);
        }
        finally
        {
            evaluating.Value = false;
        }
    }

    /// <summary>A probe: stops here if that is wanted.</summary>
    /// <exception cref="OperationCanceledException">The cell was interrupted while it stood.</exception>
    public void OnStatement(DebugFrame frame)
    {
        if (!IsAttached || evaluating.Value || ReasonToStop(frame) is not { } reason)
        {
            return;
        }

        CellContext? context = CellContext.Current;
        CancellationToken cancellation = context?.CancellationToken ?? CancellationToken.None;
        oneAtATime.Wait(cancellation); // threads stop one after the other: front ends know one
        try
        {
            using DebugStop here = new(frame, reason);
            step = null;
            pausing = false;
            stop = here;
            Announce(context, "stopped", new JsonObject { ["reason"] = reason, ["threadId"] = MainThread, ["allThreadsStopped"] = true });
            try
            {
                here.Wait(cancellation);
            }
            finally
            {
                stop = null;
                Announce(context, "continued", new JsonObject { ["threadId"] = MainThread, ["allThreadsContinued"] = true });
            }
        }
        finally
        {
            oneAtATime.Release();
        }
    }

    public void Dispose()
    {
        Detach();
        Sources.Dispose();
        oneAtATime.Dispose();
    }

    private string? ReasonToStop(DebugFrame frame)
    {
        DebugStatement statement = frame.Statement!;
        if (statement.IsFirstOnLine && breakpoints.TryGetValue(frame.Cell.Path, out IReadOnlyDictionary<int, DebugBreakpoint>? ofCell)
            && ofCell.TryGetValue(statement.Line, out DebugBreakpoint? breakpoint) && Holds(breakpoint, frame) && breakpoint.Hit())
        {
            if (breakpoint.LogMessage.Length == 0)
            {
                return "breakpoint";
            }

            CellContext.Current?.Write("stdout", breakpoint.Format(expression => Show(expression, frame)) + "\n");
        }

        return pausing ? "pause" : step?.EndsIn(frame) == true ? "step" : null;
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "A condition that fails stops, so that its author sees it.")]
    private bool Holds(DebugBreakpoint breakpoint, DebugFrame frame)
    {
        if (string.IsNullOrWhiteSpace(breakpoint.Condition))
        {
            return true;
        }

        try
        {
            return Evaluate(breakpoint.Condition, frame) is not false;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            CellContext.Current?.Write("stderr", $"The condition of the breakpoint in line {breakpoint.Line} failed: {exception.Message}\n");
            return true;
        }
    }

    /// <summary>What an expression of a log message comes to; an error is its text, as nobody waits for it.</summary>
    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "The message says what was wrong.")]
    private string Show(string expression, DebugFrame frame)
    {
        try
        {
            object? value = Evaluate(expression, frame);
            return value as string ?? VariableRow.Summarize(value);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return $"{{{expression}: {exception.Message}}}";
        }
    }

    private static void Announce(CellContext? context, string name, JsonObject body)
    {
        JsonObject content = new() { ["type"] = "event", ["event"] = name, ["body"] = body };
        context?.Output.Add(new DebugEvent(JsonSerializer.SerializeToElement(content)));
    }
}
