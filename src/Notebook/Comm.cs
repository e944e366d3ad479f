using System.Collections.Concurrent;
using System.Text.Json;
using ArKernel.Notebooks.Engine;

namespace ArKernel.Notebooks;

/// <summary>
/// A comm: a channel of messages, JSON and bytes, between a notebook and code in its front end, such as the two halves of a widget. Messages arrive also
/// while a cell runs.
/// </summary>
public sealed class Comm
{
    private static readonly ConcurrentDictionary<string, Comm> Open = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<string, Action<Comm, CommMessage>> Targets = new(StringComparer.Ordinal);
    private readonly CellContext cell;

    private Comm(string id, string targetName, CellContext cell)
    {
        Id = id;
        TargetName = targetName;
        this.cell = cell;
    }

    /// <summary>A message of the front end has arrived; called on a pool thread.</summary>
    public event Action<CommMessage>? Received;

    /// <summary>The front end has closed the channel.</summary>
    public event Action<CommMessage>? Closed;

    /// <summary>Identifies the channel.</summary>
    public string Id { get; }

    /// <summary>Who receives it in the front end.</summary>
    public string TargetName { get; }

    /// <summary>Opens a channel to the front end.</summary>
    /// <param name="targetName">The name that code in the front end has registered.</param>
    /// <param name="data">The first message; any value that can be written as JSON.</param>
    /// <param name="buffers">Bytes that go with it as they are.</param>
    /// <returns>The channel.</returns>
    /// <exception cref="InvalidOperationException">No cell is running.</exception>
    public static Comm Connect(string targetName, object? data = null, params IReadOnlyList<byte[]> buffers)
    {
        CellContext running = CellContext.Current ?? throw new InvalidOperationException("No cell is running: a comm needs a notebook's front end.");
        Comm comm = new(Guid.NewGuid().ToString("N"), targetName, running);
        Open[comm.Id] = comm;
        comm.Put("comm_open", data, buffers);
        return comm;
    }

    /// <summary>Takes channels that the front end opens.</summary>
    /// <param name="targetName">The name it opens them for.</param>
    /// <param name="onOpen">Receives each channel and its first message; called on a pool thread.</param>
    public static void RegisterTarget(string targetName, Action<Comm, CommMessage> onOpen) => Targets[targetName] = onOpen;

    /// <summary>Sends a message to the front end.</summary>
    /// <param name="data">Any value that can be written as JSON.</param>
    /// <param name="buffers">Bytes that go with it as they are.</param>
    public void Send(object? data, params IReadOnlyList<byte[]> buffers) => Put("comm_msg", data, buffers);

    /// <summary>Closes the channel.</summary>
    /// <param name="data">A last message.</param>
    public void Close(object? data = null)
    {
        if (Open.TryRemove(Id, out _))
        {
            Put("comm_close", data, []);
        }
    }

    /// <summary>A message of the front end. One for an unknown channel is dropped: the channel may just have been closed here.</summary>
    internal static Task<JsonElement> DeliverAsync(JsonElement arguments, CancellationToken cancellationToken)
    {
        CommMessage message = arguments.Deserialize<CommMessage>() ?? throw new RequestException("comm: the message is empty.");
        if (message.Kind is "comm_open")
        {
            Accept(message);
        }
        else if (Open.TryGetValue(message.CommId, out Comm? comm))
        {
            comm.cell.MakeCurrent(); // what handlers print belongs to the cell that opened the channel
            if (message.Kind is "comm_close")
            {
                Open.TryRemove(message.CommId, out _);
                comm.Closed?.Invoke(message);
            }
            else
            {
                comm.Received?.Invoke(message);
            }
        }

        return Task.FromResult(JsonSerializer.SerializeToElement(true));
    }

    private static void Accept(CommMessage message)
    {
        if (CellContext.Current is not { } running)
        {
            throw new RequestException($"comm: no cell has run yet that could take '{message.TargetName}'.");
        }

        Comm comm = new(message.CommId, message.TargetName ?? "", running);
        if (Targets.TryGetValue(comm.TargetName, out Action<Comm, CommMessage>? onOpen))
        {
            Open[comm.Id] = comm;
            running.MakeCurrent();
            onOpen(comm, message);
        }
        else
        {
            comm.Put("comm_close", null, []); // as the protocol asks for a target that nobody has
        }
    }

    private void Put(string kind, object? data, IReadOnlyList<byte[]> buffers)
    {
        cell.Output.Add(new CommMessage(kind, Id, TargetName, data as JsonElement? ?? JsonSerializer.SerializeToElement(data ?? new object()), buffers));
        cell.Output.Flush();
    }
}
