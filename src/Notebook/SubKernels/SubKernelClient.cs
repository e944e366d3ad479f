using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using ArKernel.Notebooks.Jupyter;
using NetMQ;
using NetMQ.Sockets;
using Channel = ArKernel.Notebooks.Jupyter.Channel;

namespace ArKernel.Notebooks.SubKernels;

/// <summary>
/// The client's end of a kernel's sockets. One thread owns them; requests come from any thread, and each is told of the messages that belong
/// to it.
/// </summary>
internal sealed class SubKernelClient : IDisposable
{
    private const int MostRemembered = 64;

    private static readonly TimeSpan RepeatAfter = TimeSpan.FromSeconds(0.5);

    private readonly MessageFormat format;
    private readonly string session = Guid.NewGuid().ToString("N");
    private readonly byte[] identity = [1, .. Guid.NewGuid().ToByteArray()]; // identities that begin with 0 are ZeroMQ's own
    private readonly Dictionary<Channel, NetMQSocket> sockets = [];
    private readonly NetMQQueue<(Channel Channel, NetMQMessage Message)> outgoing = new();
    private readonly NetMQPoller poller = [];
    private readonly ConcurrentDictionary<string, Action<Channel, JupyterMessage>> requests = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> remembered = new();

    public SubKernelClient(ConnectionInformation connection)
    {
        format = new MessageFormat(connection.Key);
        Connect(Channel.Shell, new DealerSocket(), connection.Endpoint(connection.ShellPort));
        Connect(Channel.Control, new DealerSocket(), connection.Endpoint(connection.ControlPort));
        Connect(Channel.Input, new DealerSocket(), connection.Endpoint(connection.InputPort));
        SubscriberSocket outputs = new();
        outputs.SubscribeToAnyTopic();
        Connect(Channel.Output, outputs, connection.Endpoint(connection.OutputPort));
        outgoing.ReceiveReady += (_, _) => SendPending();
        poller.Add(outgoing);
        poller.RunAsync("sub-kernel");
    }

    /// <summary>Sends a request.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="type">Its kind.</param>
    /// <param name="content">Its content.</param>
    /// <param name="onMessage">Receives its outputs and its reply, on the sockets' thread: it must not wait. Late outputs come too.</param>
    public void Send(Channel channel, string type, JsonObject content, Action<Channel, JupyterMessage> onMessage)
    {
        JupyterMessage request = JupyterMessage.Create(type, content, session);
        requests[request.Id] = onMessage;
        remembered.Enqueue(request.Id);
        if (remembered.Count > MostRemembered && remembered.TryDequeue(out string? oldest))
        {
            requests.TryRemove(oldest, out _);
        }

        Send(channel, request);
    }

    /// <summary>Sends the answer to a question of the kernel.</summary>
    public void Answer(JupyterMessage question, string text)
    {
        JupyterMessage reply = JupyterMessage.Create("input_reply", new JsonObject { ["status"] = "ok", ["value"] = text }, session, question);
        Send(Channel.Input, reply);
    }

    /// <summary>Waits until requests are answered and outputs arrive: a subscription takes effect some time after it is made.</summary>
    /// <returns>What the kernel says of itself.</returns>
    public async Task<JsonObject> WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        TaskCompletionSource<JsonObject> answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource heard = new(TaskCreationOptions.RunContinuationsAsynchronously);
        while (true)
        {
            Send(Channel.Shell, "kernel_info_request", [], (channel, message) =>
            {
                if (channel == Channel.Output)
                {
                    heard.TrySetResult();
                }
                else
                {
                    answered.TrySetResult(message.Content);
                }
            });
            Task both = Task.WhenAll(answered.Task, heard.Task);
            if (await Task.WhenAny(both, Task.Delay(RepeatAfter, cancellationToken)) == both)
            {
                return await answered.Task;
            }

            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    public void Dispose()
    {
        poller.Dispose();
        outgoing.Dispose();
        foreach (NetMQSocket socket in sockets.Values)
        {
            socket.Dispose();
        }
    }

    private void Connect(Channel channel, NetMQSocket socket, string endpoint)
    {
        socket.Options.Identity = identity; // one for all: a kernel sends its questions to the identity whose request it runs
        socket.Options.Linger = TimeSpan.Zero;
        socket.Options.SendHighWatermark = 0;
        socket.Options.ReceiveHighWatermark = 0;
        socket.Connect(endpoint);
        sockets[channel] = socket;
        socket.ReceiveReady += (_, e) => Receive(channel, e.Socket);
        poller.Add(socket);
    }

    private void Send(Channel channel, JupyterMessage message)
    {
        NetMQMessage frames = new();
        foreach (byte[] frame in format.Encode(message))
        {
            frames.Append(frame);
        }

        try
        {
            outgoing.Enqueue((channel, frames));
        }
        catch (ObjectDisposedException)
        {
            // The kernel was ended meanwhile; who waits for a reply is told by that.
        }
    }

    private void SendPending()
    {
        while (outgoing.TryDequeue(out (Channel Channel, NetMQMessage Message) item, TimeSpan.Zero))
        {
            sockets[item.Channel].SendMultipartMessage(item.Message);
        }
    }

    private void Receive(Channel channel, NetMQSocket socket)
    {
        NetMQMessage? raw = null;
        while (socket.TryReceiveMultipartMessage(ref raw))
        {
            JupyterMessage message;
            try
            {
                message = format.Decode([.. raw!.Select(f => f.ToByteArray())]);
            }
            catch (MessageFormatException)
            {
                continue; // not from the kernel
            }

            if (requests.TryGetValue(JupyterMessage.Text(message.ParentHeader, "msg_id"), out Action<Channel, JupyterMessage>? onMessage))
            {
                onMessage(channel, message);
            }
        }
    }
}
