using Microsoft.CodeAnalysis;

namespace ArKernel.Notebooks.Debugging;

/// <summary>A local variable that code at a statement can read.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type as code at that place would write it; <c>dynamic</c> for one without a name.</param>
internal sealed record DebugVariable(string Name, string Type);

/// <summary>A place where the debugger can stop: before a statement.</summary>
/// <param name="Line">Its line, from 1.</param>
/// <param name="Column">Its column, from 1.</param>
/// <param name="EndLine">Its last line.</param>
/// <param name="EndColumn">The column behind its end.</param>
/// <param name="IsFirstOnLine">Whether a breakpoint of the line stops here; otherwise one line would stop several times.</param>
/// <param name="Variables">What its probe passes, in order.</param>
internal sealed record DebugStatement(int Line, int Column, int EndLine, int EndColumn, bool IsFirstOnLine, IReadOnlyList<DebugVariable> Variables);

/// <summary>A cell compiled with probes.</summary>
/// <param name="session">The debugger.</param>
/// <param name="id">What its probes call it.</param>
/// <param name="name">What the user calls it.</param>
/// <param name="path">The name under which front ends know its source.</param>
internal sealed class DebugCell(DebugSession session, int id, string name, string path)
{
    private readonly List<DebugStatement> statements = [];
    private readonly List<string> functions = [];

    public DebugSession Session => session;

    public int Id => id;

    public string Name => name;

    public string Path => path;

    public IReadOnlyList<DebugStatement> Statements => statements;

    public IReadOnlyList<string> Functions => functions;

    /// <summary>Adds a place to stop.</summary>
    /// <returns>Its index.</returns>
    public int Add(FileLinePositionSpan span, IReadOnlyList<DebugVariable> variables)
    {
        int line = span.StartLinePosition.Line + 1, column = span.StartLinePosition.Character + 1;
        bool first = !statements.Exists(s => s.Line == line && s.Column < column); // the same statement again (types may be compiled twice) is as first as before
        statements.Add(new DebugStatement(line, column, span.EndLinePosition.Line + 1, span.EndLinePosition.Character + 1, first, variables));
        return statements.Count - 1;
    }

    /// <summary>Adds a function with a frame of its own.</summary>
    /// <returns>Its index.</returns>
    public int AddFunction(string function)
    {
        functions.Add(function);
        return functions.Count - 1;
    }
}
