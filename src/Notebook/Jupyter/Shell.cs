using System.Globalization;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using ArKernel.Notebooks.Engine;

namespace ArKernel.Notebooks.Jupyter;

/// <summary>The main shell or a subshell: its <c>execute_request</c>s run one after the other.</summary>
internal sealed class Shell
{
    private readonly KernelServer server;
    private readonly ICellExecutor executor;
    private readonly Channel<(long Number, JupyterMessage Request)> queue = System.Threading.Channels.Channel.CreateUnbounded<(long, JupyterMessage)>();
    private readonly Lock gate = new();
    private CancellationTokenSource? running;
    private long received;
    private long abortedUpTo;

    public Shell(KernelServer server, ICellExecutor executor)
    {
        this.server = server;
        this.executor = executor;
        Completion = Task.Run(RunAsync);
    }

    /// <summary>Ends when the shell is closed and its cells have ended.</summary>
    public Task Completion { get; }

    /// <summary>Adds a request; it waits for those before it.</summary>
    public void Enqueue(JupyterMessage request) => queue.Writer.TryWrite((Interlocked.Increment(ref received), request));

    /// <summary>Interrupts the cell that runs, if one does.</summary>
    public void Interrupt()
    {
        lock (gate)
        {
            running?.Cancel();
        }
    }

    /// <summary>Takes no more requests and aborts those waiting.</summary>
    public void Close()
    {
        Interlocked.Exchange(ref abortedUpTo, long.MaxValue);
        queue.Writer.TryComplete();
    }

    private async Task RunAsync()
    {
        await foreach ((long number, JupyterMessage request) in queue.Reader.ReadAllAsync())
        {
            await server.ServeAsync(request, Jupyter.Channel.Shell, () => number <= Interlocked.Read(ref abortedUpTo)
                ? Task.FromResult<JsonObject?>(new JsonObject { ["status"] = "aborted", ["execution_count"] = server.ExecutionCount })
                : ExecuteAsync(request));
        }
    }

    private async Task<JsonObject?> ExecuteAsync(JupyterMessage request)
    {
        JsonObject content = request.Content;
        string code = JupyterMessage.Text(content, "code");
        bool silent = JupyterMessage.Flag(content, "silent", false);
        bool counted = !silent && JupyterMessage.Flag(content, "store_history", true);
        int count = counted ? server.CountExecution() : server.ExecutionCount;
        if (!silent)
        {
            server.Publish("execute_input", new JsonObject { ["code"] = code, ["execution_count"] = count }, request);
        }

        OutputPublisher publisher = new(server, request, count, silent);
        CellSubmission submission = new(server.Language, code, string.Create(CultureInfo.InvariantCulture, $"cell {count}"))
        {
            AllowsInput = JupyterMessage.Flag(content, "allow_stdin", true),
            Id = CellId(request),
        };
        bool succeeded = code.Trim().Length == 0 || await RunAsync(submission, publisher.Publish);
        if (counted)
        {
            server.History.Add(count, code, publisher.ResultText);
        }

        JsonObject reply;
        if (succeeded)
        {
            reply = new JsonObject { ["status"] = "ok", ["user_expressions"] = await EvaluateAsync(content["user_expressions"] as JsonObject), ["payload"] = new JsonArray() };
        }
        else
        {
            // Requests that wait now were sent before anybody could know of the failure.
            if (JupyterMessage.Flag(content, "stop_on_error", true))
            {
                Interlocked.Exchange(ref abortedUpTo, Math.Max(Interlocked.Read(ref abortedUpTo), Interlocked.Read(ref received)));
            }

            reply = OutputPublisher.ErrorContent(publisher.Error ?? new CellError("Error", "The cell failed.", [], null));
            reply["status"] = "error";
        }

        reply["execution_count"] = count;
        return reply;
    }

    private async Task<bool> RunAsync(CellSubmission submission, Action<CellEvent> onEvent)
    {
        using CancellationTokenSource interruption = new();
        lock (gate)
        {
            running = interruption;
        }

        try
        {
            return await executor.ExecuteAsync(submission, onEvent, interruption.Token);
        }
        finally
        {
            lock (gate)
            {
                running = null;
            }
        }
    }

    private async Task<JsonObject> EvaluateAsync(JsonObject? expressions)
    {
        JsonObject values = [];
        foreach ((string name, JsonNode? expression) in expressions ?? [])
        {
            ResultData? result = null;
            CellError? error = null;
            string text = expression is JsonValue value && value.TryGetValue(out string? code) ? code : "";
            await RunAsync(new CellSubmission(server.Language, text, name), output =>
            {
                result = output as ResultData ?? result;
                error = output as CellError ?? error;
            });
            JsonObject entry = error is not null ? OutputPublisher.ErrorContent(error) : new JsonObject { ["data"] = MimeBundle.Of(result?.Data ?? new Dictionary<string, string>(StringComparer.Ordinal)), ["metadata"] = new JsonObject() };
            entry["status"] = error is not null ? "error" : "ok";
            values[name] = entry;
        }

        return values;
    }

    private static string? CellId(JupyterMessage request) =>
        JupyterMessage.Text(request.Metadata, "cellId") is { Length: > 0 } id ? id : JupyterMessage.Text(request.Metadata, "cell_id") is { Length: > 0 } other ? other : null;
}
