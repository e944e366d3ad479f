using System.Text.Json;
using System.Text.Json.Serialization;

namespace ArKernel.Notebooks.Engine;

/// <summary>Source text to run, in one language.</summary>
/// <param name="Language">The language a cell without a <c>#!language</c> line is in: <c>csharp</c>, <c>markdown</c>, <c>html</c>, …</param>
/// <param name="Source">The text of the cell.</param>
/// <param name="Name">What stack frames and messages call the cell, such as <c>cell 3</c>.</param>
public sealed record CellSubmission(string Language, string Source, string Name)
{
    /// <summary>What identifies the cell in its notebook, whatever its text is; null where the front does not know.</summary>
    public string? Id { get; init; }

    /// <summary>How long the cell may run before it is interrupted and fails with a <c>TimeoutException</c>; null for as long as it likes.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Whether somebody can answer an <see cref="InputRequest"/>; otherwise code that asks for input fails at once.</summary>
    public bool AllowsInput { get; init; }
}

/// <summary>Something a running cell puts out.</summary>
[JsonDerivedType(typeof(StreamText), "stream")]
[JsonDerivedType(typeof(DisplayData), "display")]
[JsonDerivedType(typeof(ResultData), "result")]
[JsonDerivedType(typeof(ClearOutput), "clear")]
[JsonDerivedType(typeof(CellError), "error")]
[JsonDerivedType(typeof(InputRequest), "input")]
[JsonDerivedType(typeof(CommMessage), "comm")]
[JsonDerivedType(typeof(CodeAccepted), "code")]
[JsonDerivedType(typeof(ReferencesAdded), "references")]
[JsonDerivedType(typeof(DebugEvent), "debug")]
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
/// <param name="Traceback">What stands below name and message, without repeating them: the user's frames, or diagnostics with their source line.</param>
/// <param name="Line">The line of the cell, from 1, where known.</param>
public sealed record CellError(string Name, string Message, IReadOnlyList<string> Traceback, int? Line) : CellEvent
{
    /// <summary>The whole error, line by line: name and message first.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Report => [$"{Name}: {Message}", .. Traceback];
}

/// <summary>The cell waits for a line of input; the front sends it with the request <c>input</c>.</summary>
/// <param name="Prompt">What to ask.</param>
/// <param name="IsPassword">Whether what is typed is to be hidden.</param>
public sealed record InputRequest(string Prompt, bool IsPassword) : CellEvent;

/// <summary>A message of a comm, the channel between an object here and its other half in a front end.</summary>
/// <param name="Kind"><c>comm_open</c>, <c>comm_msg</c> or <c>comm_close</c>.</param>
/// <param name="CommId">The channel.</param>
/// <param name="TargetName">For <c>comm_open</c>: who is to receive it.</param>
/// <param name="Data">The content.</param>
/// <param name="Buffers">Bytes that come with the content, such as the pixels of a picture.</param>
public sealed record CommMessage(string Kind, string CommId, string? TargetName, JsonElement Data, IReadOnlyList<byte[]> Buffers) : CellEvent;

/// <summary>Code that compiled and from now on is a part of the notebook's state, so that a front can complete what it declares.</summary>
/// <param name="Language">The language's proper name.</param>
/// <param name="Code">The code.</param>
public sealed record CodeAccepted(string Language, string Code) : CellEvent;

/// <summary>Assembly files that code may refer to from now on.</summary>
/// <param name="Paths">Their paths.</param>
public sealed record ReferencesAdded(IReadOnlyList<string> Paths) : CellEvent
{
    /// <summary>The only language whose code may; null for all.</summary>
    public string? Language { get; init; }
}

/// <summary>An event of the debug adapter protocol, such as <c>stopped</c>.</summary>
/// <param name="Content">The event.</param>
public sealed record DebugEvent(JsonElement Content) : CellEvent;

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

    /// <summary>Asks the state something, or tells it something, beside the cells: served also while one runs.</summary>
    /// <param name="name">The request, one of <see cref="EngineOptions.Requests"/> or built in.</param>
    /// <param name="arguments">What the request takes.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="RequestException">The request is unknown or failed, or the worker is gone.</exception>
    Task<JsonElement> RequestAsync(string name, JsonElement arguments, CancellationToken cancellationToken);
}

/// <summary>A request to the notebook's state could not be answered.</summary>
/// <param name="message">Why.</param>
public sealed class RequestException(string message) : Exception(message);
