using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.LanguageServices;

namespace ArKernel.Notebooks.Jupyter;

/// <summary>
/// A Jupyter kernel: protocol 5.5 on one side, an <see cref="ICellExecutor"/> on the other. Only <c>execute_request</c>s queue; everything
/// else is answered beside them, so that completion, information and comms work while a cell runs.
/// </summary>
public sealed class KernelServer : IAsyncDisposable
{
    // A client that has connected but not yet subscribed would wait for ever for a status it missed.
    private static readonly TimeSpan SubscriptionPatience = TimeSpan.FromSeconds(1);

    private readonly ICellExecutor executor;
    private readonly Action<string> log;
    private readonly string session = Guid.NewGuid().ToString("N");
    private readonly KernelSockets sockets;
    private readonly Shell main;
    private readonly ConcurrentDictionary<string, Shell> subshells = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> comms = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource<bool> shutdown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource ending = new();
    private readonly Lazy<Task> patience;
    private Task lastComm = Task.CompletedTask;
    private Task<bool>? serving;
    private int executionCount;

    /// <summary>Binds the kernel's ports; <see cref="RunAsync"/> serves them.</summary>
    /// <param name="connection">Where it listens.</param>
    /// <param name="language">The language of cells that name none: <c>csharp</c> or <c>fsharp</c>.</param>
    /// <param name="executor">Runs the cells.</param>
    /// <param name="languages">Answers the editor.</param>
    /// <param name="historyFolder">Where the history is kept; null keeps it in memory.</param>
    /// <param name="log">Receives a line for each thing that went wrong beside the cells.</param>
    /// <exception cref="JupyterException">A port cannot be had.</exception>
    public KernelServer(ConnectionInformation connection, string language, ICellExecutor executor, NotebookLanguageServices languages, string? historyFolder, Action<string> log)
    {
        ArgumentNullException.ThrowIfNull(connection);
        this.executor = executor;
        this.log = line => log(OneLine(line));
        patience = new Lazy<Task>(() => Task.WhenAny(sockets!.FirstSubscriber, Task.Delay(SubscriptionPatience))); // once, not for each request of a client that never listens
        Language = language;
        Languages = languages;
        History = new History(historyFolder, language, this.log);
        sockets = new KernelSockets(connection, session, OnMessage, this.log);
        main = new Shell(this, executor);
    }

    internal string Language { get; }

    internal NotebookLanguageServices Languages { get; }

    internal History History { get; }

    /// <summary>The number of the cell run last.</summary>
    internal int ExecutionCount => Volatile.Read(ref executionCount);

    /// <summary>Serves requests until a client asks for the end.</summary>
    /// <returns>Whether a restart is to follow.</returns>
    public Task<bool> RunAsync() => serving = ServeUntilShutdownAsync();

    /// <summary>Asks <see cref="RunAsync"/> to end.</summary>
    public void Stop() => shutdown.TrySetResult(false);

    /// <summary>Interrupts all cells that run.</summary>
    public void Interrupt()
    {
        main.Interrupt();
        foreach (Shell subshell in subshells.Values)
        {
            subshell.Interrupt();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Stop();
        await ending.CancelAsync();
        await (serving ?? Task.CompletedTask); // two threads must not close the same sockets
        sockets.Dispose();
        ending.Dispose();
    }

    internal int CountExecution() => Interlocked.Increment(ref executionCount);

    /// <summary>Sends an output.</summary>
    internal void Publish(string type, JsonObject content, JupyterMessage? parent, IReadOnlyList<byte[]>? buffers = null) =>
        sockets.Send(Channel.Output, JupyterMessage.Create(type, content, session, parent) with
        {
            Identities = [System.Text.Encoding.UTF8.GetBytes($"kernel.{session}.{type}")], Buffers = buffers ?? [],
        });

    /// <summary>Sends a comm message of the notebook's.</summary>
    internal void SendComm(JupyterMessage parent, CommMessage comm)
    {
        JsonObject content = new() { ["comm_id"] = comm.CommId, ["data"] = JsonNode.Parse(comm.Data.GetRawText()) };
        if (comm.Kind is "comm_open")
        {
            content["target_name"] = comm.TargetName;
            comms[comm.CommId] = comm.TargetName ?? "";
        }
        else if (comm.Kind is "comm_close")
        {
            comms.TryRemove(comm.CommId, out _);
        }

        Publish(comm.Kind, content, parent, comm.Buffers);
    }

    /// <summary>Asks the client that sent the request for a line of text.</summary>
    internal void Ask(JupyterMessage request, InputRequest input) =>
        sockets.Send(Channel.Input, JupyterMessage.Create("input_request", new JsonObject { ["prompt"] = input.Prompt, ["password"] = input.IsPassword }, session, request) with { Identities = request.Identities });

    /// <summary>Serves one request: busy, the reply, idle.</summary>
    /// <param name="request">The request.</param>
    /// <param name="channel">Where it came from.</param>
    /// <param name="answer">Makes the reply's content; null for a message that has no reply.</param>
    internal async Task ServeAsync(JupyterMessage request, Channel channel, Func<Task<JsonObject?>> answer)
    {
        await patience.Value;
        PublishStatus("busy", request);
        try
        {
            JsonObject? reply;
            try
            {
                reply = await answer();
            }
            catch (Exception exception)
            {
                log($"{request.Type} failed: {exception.Message}");
                reply = Failure(exception.Message);
            }

            if (reply is not null)
            {
                string type = request.Type.EndsWith("_request", StringComparison.Ordinal) ? request.Type[..^"_request".Length] + "_reply" : request.Type + "_reply";
                sockets.Send(channel, JupyterMessage.Create(type, reply, session, request) with { Identities = request.Identities });
            }
        }
        finally
        {
            PublishStatus("idle", request);
        }
    }

    private async Task<bool> ServeUntilShutdownAsync()
    {
        sockets.Start();
        bool restart = await shutdown.Task;
        main.Close();
        main.Interrupt();
        await sockets.CloseAsync();
        return restart;
    }

    private static JsonObject Failure(string message) => new()
    {
        ["status"] = "error", ["ename"] = "RequestFailed", ["evalue"] = message, ["traceback"] = new JsonArray(message),
    };

    // A client's words are in some lines: they must not make two of one, or colour a terminal.
    private static string OneLine(string line) => string.Create(line.Length, line, static (characters, from) =>
    {
        for (int i = 0; i < characters.Length; i++)
        {
            characters[i] = char.IsControl(from[i]) ? ' ' : from[i];
        }
    });

    private void PublishStatus(string state, JupyterMessage parent) => Publish("status", new JsonObject { ["execution_state"] = state }, parent);

    private void OnMessage(Channel channel, JupyterMessage message)
    {
        if (channel == Channel.Input)
        {
            if (message.Type is "input_reply")
            {
                _ = AnswerInputAsync(message);
            }

            return;
        }

        if (message.Type is "execute_request" && channel == Channel.Shell)
        {
            Enqueue(message);
            return;
        }

        if (message.Type is "comm_open" or "comm_msg" or "comm_close")
        {
            Task before = lastComm;
            lastComm = Task.Run(async () =>
            {
                await before; // messages of a comm mean something in their order only
                await ServeAsync(message, channel, () => AnswerAsync(message));
            });
            return;
        }

        _ = message.Type is "shutdown_request" ? ShutDownAsync(message, channel) : Task.Run(() => ServeAsync(message, channel, () => AnswerAsync(message)));
    }

    private async Task ShutDownAsync(JupyterMessage message, Channel channel)
    {
        bool restart = JupyterMessage.Flag(message.Content, "restart", false);
        await ServeAsync(message, channel, () =>
        {
            Publish("shutdown_reply", Reply(), message); // the other clients are to know, too
            return Task.FromResult<JsonObject?>(Reply());
        });
        shutdown.TrySetResult(restart); // not before the reply is on its way

        JsonObject Reply() => new() { ["status"] = "ok", ["restart"] = restart };
    }

    private void Enqueue(JupyterMessage message)
    {
        Shell? shell = message.SubshellId is { Length: > 0 } id ? subshells.GetValueOrDefault(id) : main;
        if (shell is not null)
        {
            shell.Enqueue(message);
            return;
        }

        _ = ServeAsync(message, Channel.Shell, () => Task.FromResult<JsonObject?>(Failure($"There is no subshell '{message.SubshellId}'.")));
    }

    private async Task AnswerInputAsync(JupyterMessage message)
    {
        try
        {
            string? text = JupyterMessage.Text(message.Content, "status") is "error" ? null : JupyterMessage.Text(message.Content, "value");
            await executor.RequestAsync("input", JsonSerializer.SerializeToElement(new { text }), ending.Token);
        }
        catch (Exception exception) when (exception is RequestException or OperationCanceledException or ObjectDisposedException)
        {
            log($"an input could not be delivered: {exception.Message}");
        }
    }

    private async Task<JsonObject?> AnswerAsync(JupyterMessage message)
    {
        JsonObject content = message.Content;
        switch (message.Type)
        {
            case "kernel_info_request":
                return KernelInformation.Of(Language);
            case "complete_request":
                return await CompleteAsync(content);
            case "inspect_request":
                return await InspectAsync(content);
            case "is_complete_request":
                return IsComplete(content);
            case "history_request":
                return new JsonObject { ["status"] = "ok", ["history"] = History.Find(content) };
            case "comm_info_request":
                return CommInformation(JupyterMessage.Text(content, "target_name"));
            case "comm_open" or "comm_msg" or "comm_close":
                await DeliverCommAsync(message);
                return null;
            case "interrupt_request":
                Interrupt();
                return new JsonObject { ["status"] = "ok" };
            case "debug_request":
                return await DebugAsync(message);
            case "create_subshell_request":
                string id = Guid.NewGuid().ToString("N");
                subshells[id] = new Shell(this, executor);
                return new JsonObject { ["status"] = "ok", ["subshell_id"] = id };
            case "list_subshell_request":
                return new JsonObject { ["status"] = "ok", ["subshell_id"] = new JsonArray([.. subshells.Keys.Select(k => (JsonNode)k)]) };
            case "delete_subshell_request":
                string deleted = JupyterMessage.Text(content, "subshell_id");
                if (!subshells.TryRemove(deleted, out Shell? gone))
                {
                    return Failure($"There is no subshell '{deleted}'.");
                }

                gone.Close();
                return new JsonObject { ["status"] = "ok" };
            default:
                return Failure($"The request '{message.Type}' is not known.");
        }
    }

    private async Task<JsonObject> CompleteAsync(JsonObject content)
    {
        string code = JupyterMessage.Text(content, "code");
        int position = CodePoints.ToUtf16(code, JupyterMessage.Number(content, "cursor_pos", code.Length));
        CompletionList found = await Languages.CompleteAsync(code, position, ending.Token);
        int start = CodePoints.FromUtf16(code, found.Start), end = CodePoints.FromUtf16(code, found.End);
        return new JsonObject
        {
            ["status"] = "ok",
            ["matches"] = new JsonArray([.. found.Items.Select(i => (JsonNode)i.Text)]),
            ["cursor_start"] = start,
            ["cursor_end"] = end,
            ["metadata"] = new JsonObject
            {
                ["_jupyter_types_experimental"] = new JsonArray([.. found.Items.Select(i => (JsonNode)new JsonObject
                {
                    ["start"] = start, ["end"] = end, ["text"] = i.Text, ["type"] = i.Kind, ["signature"] = i.Signature ?? "",
                })]),
            },
        };
    }

    private async Task<JsonObject> InspectAsync(JsonObject content)
    {
        string code = JupyterMessage.Text(content, "code");
        int position = CodePoints.ToUtf16(code, JupyterMessage.Number(content, "cursor_pos", code.Length));
        Description? found = await Languages.DescribeAsync(code, position, JupyterMessage.Number(content, "detail_level", 0) > 0, ending.Token);
        return new JsonObject
        {
            ["status"] = "ok",
            ["found"] = found is not null,
            ["data"] = found is null ? [] : new JsonObject { ["text/plain"] = found.PlainText, ["text/markdown"] = found.Markdown },
            ["metadata"] = new JsonObject(),
        };
    }

    private JsonObject IsComplete(JsonObject content)
    {
        CodeStatus status = Languages.GetStatus(JupyterMessage.Text(content, "code"));
        JsonObject reply = new() { ["status"] = status.Completeness.ToString().ToLowerInvariant() };
        if (status.Completeness == Completeness.Incomplete)
        {
            reply["indent"] = status.Indent;
        }

        return reply;
    }

    private JsonObject CommInformation(string target)
    {
        JsonObject open = [];
        foreach ((string id, string name) in comms.Where(c => target.Length == 0 || c.Value.Equals(target, StringComparison.Ordinal)))
        {
            open[id] = new JsonObject { ["target_name"] = name };
        }

        return new JsonObject { ["status"] = "ok", ["comms"] = open };
    }

    private async Task DeliverCommAsync(JupyterMessage message)
    {
        string id = JupyterMessage.Text(message.Content, "comm_id"), target = JupyterMessage.Text(message.Content, "target_name");
        if (message.Type is "comm_open")
        {
            comms[id] = target;
        }
        else if (message.Type is "comm_close")
        {
            comms.TryRemove(id, out _);
        }

        CommMessage comm = new(message.Type, id, target.Length == 0 ? null : target, JsonSerializer.SerializeToElement(message.Content["data"]), message.Buffers);
        await executor.RequestAsync("comm", JsonSerializer.SerializeToElement(comm), ending.Token);
    }

    private async Task<JsonObject> DebugAsync(JupyterMessage message)
    {
        JsonElement answer = await executor.RequestAsync("debug", JsonSerializer.SerializeToElement(message.Content), ending.Token);
        foreach (JsonElement item in answer.GetProperty("events").EnumerateArray())
        {
            Publish("debug_event", (JsonObject)JsonNode.Parse(item.GetRawText())!, message);
        }

        return (JsonObject)JsonNode.Parse(answer.GetProperty("response").GetRawText())!;
    }
}
