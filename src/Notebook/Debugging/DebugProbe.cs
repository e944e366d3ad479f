using System.Collections.Concurrent;
using System.ComponentModel;

namespace ArKernel.Notebooks.Debugging;

/// <summary>What cells compiled for the debugger call before each statement. Not for use by hand.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class DebugProbe
{
    private static readonly ConcurrentDictionary<int, DebugFrame> Roots = new();
    private static readonly AsyncLocal<DebugFrame?> Current = new();

    /// <summary>The values of the locals in scope while an expression is evaluated in a stopped frame.</summary>
    public static IReadOnlyList<object?> Evaluated => EvaluatedValues.Value ?? [];

    internal static AsyncLocal<IReadOnlyList<object?>?> EvaluatedValues { get; } = new();

    /// <summary>The frame of a cell's top-level code.</summary>
    /// <param name="cell">The cell.</param>
    /// <returns>The frame.</returns>
    public static DebugFrame Root(int cell) => Roots[cell];

    /// <summary>A function of a cell begins.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="function">The function.</param>
    /// <returns>The call's frame.</returns>
    public static DebugFrame Enter(int cell, int function)
    {
        DebugFrame root = Roots[cell];
        DebugFrame frame = new(root.Cell, root.Cell.Functions[function], Current.Value ?? root);
        Current.Value = frame;
        return frame;
    }

    /// <summary>A function of a cell ends.</summary>
    /// <param name="frame">The call's frame.</param>
    public static void Exit(DebugFrame frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        Current.Value = frame.Caller;
    }

    /// <summary>A statement is about to run; returns when it may.</summary>
    /// <param name="frame">The call it belongs to.</param>
    /// <param name="statement">Which statement of the cell.</param>
    /// <param name="values">The values of its <see cref="DebugStatement.Variables"/>.</param>
    public static void Hit(DebugFrame frame, int statement, object?[] values)
    {
        ArgumentNullException.ThrowIfNull(frame);
        Current.Value = frame; // an iterator that yielded has left its own frame here
        frame.MoveTo(statement, values);
        frame.Cell.Session.OnStatement(frame);
    }

    /// <summary>Makes a cell known whose code is about to run.</summary>
    internal static void Register(DebugCell cell) => Roots[cell.Id] = new DebugFrame(cell, cell.Name, caller: null);
}

/// <summary>One call of a function of a cell, or the top-level code of one.</summary>
public sealed class DebugFrame
{
    internal DebugFrame(DebugCell cell, string function, DebugFrame? caller)
    {
        Cell = cell;
        Function = function;
        Caller = caller;
        Depth = caller is null ? 0 : caller.Depth + 1;
    }

    internal DebugCell Cell { get; }

    internal string Function { get; }

    internal DebugFrame? Caller { get; }

    internal int Depth { get; }

    /// <summary>The statement that runs, or null before the first.</summary>
    internal DebugStatement? Statement { get; private set; }

    /// <summary>The values of the statement's variables when it began.</summary>
    internal IReadOnlyList<object?> Values { get; private set; } = [];

    internal void MoveTo(int statement, object?[] values)
    {
        Statement = Cell.Statements[statement];
        Values = values;
    }
}
