using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using NetMQ;
using NetMQ.Sockets;

namespace ArKernel.Notebooks.Jupyter;

/// <summary>The channels of a kernel.</summary>
internal enum Channel
{
    Shell,
    Control,
    Input,
    Output,
}

/// <summary>
/// The sockets of a kernel. One thread owns them (ZeroMQ's sockets belong to one thread) and does nothing but move messages; another one
/// answers heartbeats, so that a client never takes a busy kernel for a dead one.
/// </summary>
internal sealed class KernelSockets : IDisposable
{
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(1);

    // A message a little too large is refused in one line, and its client kept; one that announces more than this costs its client the
    // connection, before any memory is taken for it.
    private const long LargestFrame = 2 * MessageFormat.LargestMessage;

    private readonly MessageFormat format;
    private readonly Action<Channel, JupyterMessage> onMessage;
    private readonly Action<string> log;
    private readonly string session;
    private readonly Dictionary<Channel, NetMQSocket> sockets = [];
    private readonly ResponseSocket heartbeat = new();
    private readonly NetMQQueue<(Channel Channel, IReadOnlyList<byte[]> Frames)> outgoing = new();
    private readonly NetMQPoller poller = [];
    private readonly NetMQPoller heartbeatPoller = [];
    private readonly TaskCompletionSource firstSubscriber = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool disposed;

    /// <summary>Binds the sockets.</summary>
    /// <param name="connection">Where.</param>
    /// <param name="session">The kernel's session.</param>
    /// <param name="onMessage">Receives each good message, on the sockets' thread: it must not wait.</param>
    /// <param name="log">Receives a line for each bad one.</param>
    /// <exception cref="JupyterException">A port cannot be had.</exception>
    public KernelSockets(ConnectionInformation connection, string session, Action<Channel, JupyterMessage> onMessage, Action<string> log)
    {
        format = new MessageFormat(connection.Key);
        this.session = session;
        this.onMessage = onMessage;
        this.log = log;
        sockets[Channel.Shell] = new RouterSocket();
        sockets[Channel.Control] = new RouterSocket();
        sockets[Channel.Input] = new RouterSocket();
        sockets[Channel.Output] = new XPublisherSocket();
        sockets[Channel.Output].Options.XPubVerbose = true; // every subscriber is welcomed, not the first of a topic only
        try
        {
            Bind(sockets[Channel.Shell], connection, connection.ShellPort, "shell_port");
            Bind(sockets[Channel.Control], connection, connection.ControlPort, "control_port");
            Bind(sockets[Channel.Input], connection, connection.InputPort, "stdin_port");
            Bind(sockets[Channel.Output], connection, connection.OutputPort, "iopub_port");
            Bind(heartbeat, connection, connection.HeartbeatPort, "hb_port");
        }
        catch
        {
            Dispose();
            throw;
        }

        foreach (Channel channel in (Channel[])[Channel.Shell, Channel.Control, Channel.Input])
        {
            sockets[channel].ReceiveReady += (_, e) => Receive(channel, e.Socket);
            poller.Add(sockets[channel]);
        }

        sockets[Channel.Output].ReceiveReady += (_, e) => Welcome(e.Socket);
        poller.Add(sockets[Channel.Output]);
        outgoing.ReceiveReady += (_, _) => SendPending();
        poller.Add(outgoing);
        heartbeat.ReceiveReady += (_, e) => e.Socket.SendMultipartMessage(e.Socket.ReceiveMultipartMessage());
        heartbeatPoller.Add(heartbeat);
    }

    /// <summary>Ends when somebody listens to the outputs.</summary>
    public Task FirstSubscriber => firstSubscriber.Task;

    /// <summary>Starts to move messages.</summary>
    public void Start()
    {
        poller.RunAsync("jupyter");
        heartbeatPoller.RunAsync("jupyter-heartbeat");
    }

    /// <summary>Sends a message; from any thread.</summary>
    public void Send(Channel channel, JupyterMessage message)
    {
        IReadOnlyList<byte[]> frames = format.Encode(message);
        try
        {
            outgoing.Enqueue((channel, frames));
        }
        catch (ObjectDisposedException)
        {
            // The kernel has ended; work that a cell left behind still talks.
        }
    }

    /// <summary>Sends what is waiting, then closes.</summary>
    public async Task CloseAsync()
    {
        outgoing.Enqueue((Channel.Output, []));
        await Task.WhenAny(drained.Task, Task.Delay(Linger));
        Dispose();
    }

    public void Dispose()
    {
        if (disposed)
        {
            return;
        }

        disposed = true;
        poller.Dispose();
        heartbeatPoller.Dispose();
        outgoing.Dispose();
        foreach (NetMQSocket socket in sockets.Values)
        {
            socket.Dispose();
        }

        heartbeat.Dispose();
    }

    private static void Bind(NetMQSocket socket, ConnectionInformation connection, int port, string name)
    {
        socket.Options.Linger = Linger;
        socket.Options.SendHighWatermark = 0; // a slow reader waits, it does not lose outputs
        socket.Options.ReceiveHighWatermark = 0;
        socket.Options.MaxMsgSize = LargestFrame;
        if (connection is { CurvePublicKey: { } publicKey, CurveSecretKey: { } secretKey })
        {
            socket.Options.CurveServer = true;
            socket.Options.CurveCertificate = new NetMQCertificate(secretKey, publicKey);
        }

        string endpoint = connection.Endpoint(port);
        try
        {
            socket.Bind(endpoint);
        }
        catch (Exception exception) when (exception is NetMQException or System.Net.Sockets.SocketException or ArgumentException)
        {
            throw new JupyterException(string.Create(CultureInfo.InvariantCulture, $"The kernel cannot listen on {endpoint} ({name} of the connection file): {(exception is AddressAlreadyInUseException ? "the port is taken." : exception.Message)} Is another kernel using the same connection file?"));
        }
    }

    private void Receive(Channel channel, NetMQSocket socket)
    {
        NetMQMessage? raw = null;
        while (socket.TryReceiveMultipartMessage(ref raw))
        {
            try
            {
                onMessage(channel, format.Decode([.. raw!.Select(f => f.ToByteArray())]));
            }
            catch (MessageFormatException exception)
            {
                log($"a message on {channel.ToString().ToLowerInvariant()} was ignored: {exception.Message}");
            }
            catch (Exception exception)
            {
                log($"a message on {channel.ToString().ToLowerInvariant()} failed: {exception.Message}"); // whatever a client sends, the others are served
            }
        }
    }

    /// <summary>Tells a new subscriber that it is one (JEP 65): what is published from now on will reach it.</summary>
    private void Welcome(NetMQSocket socket)
    {
        byte[] subscription = socket.ReceiveFrameBytes();
        if (subscription is not [1, ..])
        {
            return;
        }

        byte[] topic = subscription[1..];
        JupyterMessage welcome = JupyterMessage.Create("iopub_welcome", new JsonObject { ["subscription"] = Encoding.UTF8.GetString(topic) }, session) with { Identities = [topic] };
        SendFrames(socket, format.Encode(welcome));
        firstSubscriber.TrySetResult();
    }

    private void SendPending()
    {
        while (outgoing.TryDequeue(out (Channel Channel, IReadOnlyList<byte[]> Frames) item, TimeSpan.Zero))
        {
            if (item.Frames.Count == 0)
            {
                drained.TrySetResult();
                return;
            }

            SendFrames(sockets[item.Channel], item.Frames);
        }
    }

    private void SendFrames(NetMQSocket socket, IReadOnlyList<byte[]> frames)
    {
        NetMQMessage message = new();
        foreach (byte[] frame in frames)
        {
            message.Append(frame);
        }

        try
        {
            socket.TrySendMultipartMessage(TimeSpan.Zero, message); // to a client that is gone: dropped
        }
        catch (NetMQException exception)
        {
            log($"a message could not be sent: {exception.Message}");
        }
    }
}
