using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using ArKernel.Notebooks.Jupyter;
using NetMQ;
using NetMQ.Sockets;
using Channel = ArKernel.Notebooks.Jupyter.Channel;

namespace ArKernel.Notebooks.Tests.Jupyter;

/// <summary>A front end that keeps everything it receives, in order. One thread owns its sockets.</summary>
internal sealed class TestKernelClient : IDisposable
{
    private readonly MessageFormat format;
    private readonly string session = Guid.NewGuid().ToString("N");
    private readonly Dictionary<Channel, NetMQSocket> sockets = [];
    private readonly NetMQQueue<(Channel Channel, IReadOnlyList<byte[]> Frames)> outgoing = new();
    private readonly NetMQPoller poller = [];
    private readonly List<(Channel Channel, JupyterMessage Message)> received = [];
    private readonly ConcurrentDictionary<TaskCompletionSource, byte> waiting = new();

    public TestKernelClient(ConnectionInformation connection, string? serverKey = null, bool subscribe = true)
    {
        format = new MessageFormat(connection.Key);
        byte[] identity = Encoding.ASCII.GetBytes(session);
        Connect(Channel.Shell, new DealerSocket(), connection.ShellPort);
        Connect(Channel.Control, new DealerSocket(), connection.ControlPort);
        Connect(Channel.Input, new DealerSocket(), connection.InputPort);
        if (subscribe)
        {
            SubscriberSocket outputs = new();
            outputs.SubscribeToAnyTopic();
            Connect(Channel.Output, outputs, connection.OutputPort);
        }

        outgoing.ReceiveReady += (_, _) =>
        {
            while (outgoing.TryDequeue(out (Channel Channel, IReadOnlyList<byte[]> Frames) item, TimeSpan.Zero))
            {
                sockets[item.Channel].SendMultipartBytes(item.Frames);
            }
        };
        poller.Add(outgoing);
        poller.RunAsync("test-client");

        void Connect(Channel channel, NetMQSocket socket, int port)
        {
            socket.Options.Linger = TimeSpan.Zero;
            socket.Options.ReceiveHighWatermark = 0;
            if (channel != Channel.Output)
            {
                socket.Options.Identity = identity; // the kernel asks for input where the request came from
            }

            if (serverKey is not null)
            {
                socket.Options.CurveServerKey = NetMQCertificate.FromPublicKey(serverKey).PublicKey;
                socket.Options.CurveCertificate = new NetMQCertificate();
            }

            socket.Connect(connection.Endpoint(port));
            sockets[channel] = socket;
            socket.ReceiveReady += (_, e) => Receive(channel, e.Socket);
            poller.Add(socket);
        }
    }

    /// <summary>All messages so far, in the order of their arrival on each channel.</summary>
    public IReadOnlyList<(Channel Channel, JupyterMessage Message)> Received
    {
        get
        {
            lock (received)
            {
                return [.. received];
            }
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

    public JupyterMessage Make(string type, JsonObject? content = null, string? subshell = null)
    {
        JupyterMessage message = JupyterMessage.Create(type, content ?? [], session);
        if (subshell is not null)
        {
            message.Header["subshell_id"] = subshell;
        }

        return message;
    }

    public IReadOnlyList<byte[]> Encode(JupyterMessage message) => format.Encode(message);

    public void SendRaw(Channel channel, IReadOnlyList<byte[]> frames) => outgoing.Enqueue((channel, frames));

    public JupyterMessage Send(Channel channel, string type, JsonObject? content = null, string? subshell = null, params IReadOnlyList<byte[]> buffers)
    {
        JupyterMessage message = Make(type, content, subshell) with { Buffers = buffers };
        SendRaw(channel, Encode(message));
        return message;
    }

    /// <summary>Sends a request and waits for its reply and its idle.</summary>
    public Task<Exchange> RequestAsync(string type, JsonObject? content = null, Channel channel = Channel.Shell, string? subshell = null) =>
        EndOf(Send(channel, type, content, subshell));

    public JupyterMessage SendExecute(string code, Action<JsonObject>? with = null, string? subshell = null)
    {
        JsonObject content = new() { ["code"] = code, ["silent"] = false, ["store_history"] = true, ["allow_stdin"] = false, ["stop_on_error"] = true };
        with?.Invoke(content);
        return Send(Channel.Shell, "execute_request", content, subshell);
    }

    public Task<Exchange> ExecuteAsync(string code, Action<JsonObject>? with = null, string? subshell = null) => EndOf(SendExecute(code, with, subshell));

    /// <summary>Waits for the reply to and the idle of a request.</summary>
    public async Task<Exchange> EndOf(JupyterMessage request, bool replies = true)
    {
        await Until(() => Of(request) is var exchange && exchange.Outputs.Any(IsIdle) && (!replies || exchange.Replies.Count > 0), request.Type);
        return Of(request);
    }

    public Exchange Of(JupyterMessage request)
    {
        List<(Channel Channel, JupyterMessage Message)> own = [.. Received.Where(m => JupyterMessage.Text(m.Message.ParentHeader, "msg_id") == request.Id)];
        return new Exchange([.. own.Where(m => m.Channel is Channel.Shell or Channel.Control).Select(m => m.Message)], [.. own.Where(m => m.Channel == Channel.Output).Select(m => m.Message)]);
    }

    public async Task<JupyterMessage> Next(Func<JupyterMessage, bool> wanted, string what)
    {
        await Until(() => Received.Any(m => wanted(m.Message)), what);
        return Received.First(m => wanted(m.Message)).Message;
    }

    public async Task Until(Func<bool> condition, string what)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromMinutes(1));
        while (true)
        {
            TaskCompletionSource arrival = new(TaskCreationOptions.RunContinuationsAsynchronously);
            waiting[arrival] = 0;
            if (condition())
            {
                return;
            }

            try
            {
                await arrival.Task.WaitAsync(patience.Token);
            }
            catch (OperationCanceledException exception)
            {
                throw new TimeoutException($"No end of '{what}'. Received: {string.Join(", ", Received.Select(m => $"{m.Channel}:{m.Message.Type}"))}", exception);
            }
        }
    }

    private static bool IsIdle(JupyterMessage message) => message.Type == "status" && JupyterMessage.Text(message.Content, "execution_state") == "idle";

    private void Receive(Channel channel, NetMQSocket socket)
    {
        NetMQMessage? raw = null;
        while (socket.TryReceiveMultipartMessage(ref raw))
        {
            JupyterMessage message = format.Decode([.. raw!.Select(f => f.ToByteArray())]);
            lock (received)
            {
                received.Add((channel, message));
            }

            foreach (TaskCompletionSource arrival in waiting.Keys)
            {
                waiting.TryRemove(arrival, out _);
                arrival.TrySetResult();
            }
        }
    }
}

/// <summary>What came back for one request.</summary>
internal sealed record Exchange(IReadOnlyList<JupyterMessage> Replies, IReadOnlyList<JupyterMessage> Outputs)
{
    public JsonObject Reply => Assert.Single(Replies).Content;

    public string Status => JupyterMessage.Text(Reply, "status");

    public IEnumerable<string> States => Outputs.Where(o => o.Type == "status").Select(o => JupyterMessage.Text(o.Content, "execution_state"));

    public string? Result => (string?)Of("execute_result").SingleOrDefault()?["data"]?["text/plain"];

    public string Printed => string.Concat(Of("stream").Select(s => JupyterMessage.Text(s, "text")));

    public IEnumerable<JsonObject> Of(string type) => Outputs.Where(o => o.Type == type).Select(o => o.Content);
}
