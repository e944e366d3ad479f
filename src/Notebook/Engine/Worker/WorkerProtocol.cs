using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ArKernel.Notebooks.Engine.Worker;

/// <summary>What the front and the worker tell each other: one line of JSON a message.</summary>
[JsonDerivedType(typeof(ExecuteMessage), "execute")]
[JsonDerivedType(typeof(InterruptMessage), "interrupt")]
[JsonDerivedType(typeof(ReadyMessage), "ready")]
[JsonDerivedType(typeof(EventMessage), "event")]
[JsonDerivedType(typeof(CompletedMessage), "completed")]
[JsonDerivedType(typeof(RequestMessage), "request")]
[JsonDerivedType(typeof(ReplyMessage), "reply")]
internal abstract record WorkerMessage;

/// <summary>To the worker: run this cell, whose messages are to carry this number.</summary>
internal sealed record ExecuteMessage(long Id, CellSubmission Cell) : WorkerMessage;

/// <summary>To the worker: interrupt that cell.</summary>
internal sealed record InterruptMessage(long Id) : WorkerMessage;

/// <summary>From the worker: it listens.</summary>
internal sealed record ReadyMessage : WorkerMessage;

/// <summary>From the worker: an output of that cell.</summary>
internal sealed record EventMessage(long Id, CellEvent Event) : WorkerMessage;

/// <summary>From the worker: that cell has ended.</summary>
internal sealed record CompletedMessage(long Id, bool Succeeded) : WorkerMessage;

/// <summary>To the worker: answer this beside the cells.</summary>
internal sealed record RequestMessage(long Id, string Name, JsonElement Arguments) : WorkerMessage;

/// <summary>From the worker: the answer, or why there is none.</summary>
internal sealed record ReplyMessage(long Id, JsonElement? Result, string? Error) : WorkerMessage;

[JsonSerializable(typeof(WorkerMessage))]
internal sealed partial class WorkerJson : JsonSerializerContext
{
    /// <summary>Characters of other scripts as they are: half the bytes, and nobody parses these lines as HTML.</summary>
    public static WorkerJson Compact { get; } = new(new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}

/// <summary>One end of the line between front and worker.</summary>
internal sealed class WorkerConnection(Stream stream) : IAsyncDisposable
{
    private readonly Lock gate = new();
    private readonly StreamReader reader = new(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), false, 1 << 16);

    /// <summary>Sends a message; false when the other end is gone.</summary>
    public bool Send(WorkerMessage message)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(message, WorkerJson.Compact.WorkerMessage);
        byte[] line = new byte[json.Length + 1];
        json.CopyTo(line, 0);
        line[^1] = (byte)'\n';
        try
        {
            lock (gate)
            {
                stream.Write(line);
            }

            return true;
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>The next message, or null when the other end is gone.</summary>
    public async Task<WorkerMessage?> ReceiveAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return Parse(await reader.ReadLineAsync(cancellationToken));
        }
        catch (Exception exception) when (IsEnd(exception))
        {
            return null;
        }
    }

    /// <summary>The same, for a thread that waits.</summary>
    public WorkerMessage? Receive()
    {
        try
        {
            return Parse(reader.ReadLine());
        }
        catch (Exception exception) when (IsEnd(exception))
        {
            return null;
        }
    }

    private static WorkerMessage? Parse(string? line) => line is null ? null : JsonSerializer.Deserialize(line, WorkerJson.Compact.WorkerMessage);

    /// <summary>A line cut short by the other end's death is no message.</summary>
    private static bool IsEnd(Exception exception) => exception is IOException or ObjectDisposedException or JsonException or InvalidOperationException;

    public ValueTask DisposeAsync() => stream.DisposeAsync();
}

/// <summary>
/// What the worker writes to its real <c>stdout</c> and <c>stderr</c> at the end of a cell. When the front has read it there, it has read
/// all that native code printed during the cell.
/// </summary>
internal static class EndMark
{
    public const string Prefix = "\0\u0001";
    public const char Suffix = '\u0002';

    public static string Of(long id) => FormattableString.Invariant($"{Prefix}{id}{Suffix}");
}
