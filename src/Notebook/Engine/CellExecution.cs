using System.Text.Json.Serialization;

namespace ArKernel.Notebooks.Engine;

/// <summary>Source text to run, in one language.</summary>
/// <param name="Language">The language a cell without a <c>#!language</c> line is in: <c>csharp</c>, <c>markdown</c>, <c>html</c>, …</param>
/// <param name="Source">The text of the cell.</param>
/// <param name="Name">What stack frames and messages call the cell, such as <c>cell 3</c>.</param>
public sealed record CellSubmission(string Language, string Source, string Name)
{
    /// <summary>How long the cell may run before it is interrupted and fails with a <c>TimeoutException</c>; null for as long as it likes.</summary>
    public TimeSpan? Timeout { get; init; }
}

/// <summary>Something a running cell puts out.</summary>
[JsonDerivedType(typeof(StreamText), "stream")]
[JsonDerivedType(typeof(DisplayData), "display")]
[JsonDerivedType(typeof(ResultData), "result")]
[JsonDerivedType(typeof(ClearOutput), "clear")]
[JsonDerivedType(typeof(CellError), "error")]
public abstract record CellEvent;

/// <summary>Text written to a stream.</summary>
/// <param name="Stream"><c>stdout</c> or <c>stderr</c>.</param>
/// <param name="Text">The text, coalesced from many writes.</param>
public sealed record StreamText(string Stream, string Text) : CellEvent;

/// <summary>A value to show, or a new state of one already shown.</summary>
/// <param name="DisplayId">Identifies the display for updates.</param>
/// <param name="Data">The value by mime type.</param>
/// <param name="IsUpdate">Whether the display of this id is replaced where it stands.</param>
public sealed record DisplayData(string DisplayId, IReadOnlyDictionary<string, string> Data, bool IsUpdate) : CellEvent;

/// <summary>The value of the cell's last expression.</summary>
/// <param name="Data">The value by mime type.</param>
public sealed record ResultData(IReadOnlyDictionary<string, string> Data) : CellEvent;

/// <summary>The outputs so far are to be removed.</summary>
/// <param name="Wait">Whether to wait for the next output before removing them.</param>
public sealed record ClearOutput(bool Wait) : CellEvent;

/// <summary>The cell failed.</summary>
/// <param name="Name">The exception's type, <c>CompilationError</c>, <c>Interrupted</c>, <c>WorkerDied</c>, …</param>
/// <param name="Message">What was wrong.</param>
/// <param name="Traceback">Lines to show: the user's frames, or diagnostics with their source line.</param>
/// <param name="Line">The line of the cell, from 1, where known.</param>
public sealed record CellError(string Name, string Message, IReadOnlyList<string> Traceback, int? Line) : CellEvent;

/// <summary>
/// Runs cells one after the other against one state. Two things are one: the engine inside a process, and the front's handle on a
/// worker process that holds the engine, so that a hang or crash of user code never takes the front with it.
/// </summary>
public interface ICellExecutor : IAsyncDisposable
{
    /// <summary>Runs a cell to its end.</summary>
    /// <param name="submission">The cell.</param>
    /// <param name="onEvent">
    /// Receives the outputs in order, on one thread at a time; also after the cell's end, those of work which the cell left running.
    /// </param>
    /// <param name="cancellationToken">Interrupts the cell.</param>
    /// <returns>True when the cell succeeded; a failed cell has put out a <see cref="CellError"/>.</returns>
    Task<bool> ExecuteAsync(CellSubmission submission, Action<CellEvent> onEvent, CancellationToken cancellationToken);
}
