using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using ArKernel.Notebooks.Engine;

namespace ArKernel.Notebooks.Tests.Debugging;

/// <summary>A debugging front end: sends requests of the protocol to an engine, and waits for its events.</summary>
internal sealed class DebugClient(ICellExecutor engine)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Channel<JsonElement> events = Channel.CreateUnbounded<JsonElement>();
    private int sequence;

    public List<CellEvent> Outputs { get; } = [];

    public async Task<JsonElement> TryAsync(string command, object? arguments = null)
    {
        JsonElement request = JsonSerializer.SerializeToElement(new { type = "request", seq = ++sequence, command, arguments = arguments ?? new JsonObject() });
        JsonElement answer = await engine.RequestAsync("debug", request, TestContext.Current.CancellationToken);
        JsonElement response = answer.GetProperty("response");
        Assert.Equal(sequence, response.GetProperty("request_seq").GetInt32());
        return response;
    }

    public async Task<JsonElement> AskAsync(string command, object? arguments = null)
    {
        JsonElement response = await TryAsync(command, arguments);
        Assert.True(response.GetProperty("success").GetBoolean(), response.ToString());
        return response.GetProperty("body");
    }

    public async Task AttachAsync()
    {
        await AskAsync("initialize");
        await AskAsync("attach");
        await AskAsync("configurationDone");
    }

    public async Task<JsonElement> BreakAsync(string code, int line, string? condition = null)
    {
        string path = (await AskAsync("dumpCell", new { code })).GetProperty("sourcePath").GetString()!;
        return (await AskAsync("setBreakpoints", new { source = new { path }, breakpoints = new[] { new { line, condition } } })).GetProperty("breakpoints")[0];
    }

    public Task<bool> RunAsync(string code, CancellationToken cancellation = default) =>
        engine.ExecuteAsync(new CellSubmission("csharp", code, "cell"), OnEvent, cancellation);

    /// <summary>Waits until the code stands still.</summary>
    /// <returns>The line it stands at.</returns>
    public async Task<int> StoppedAsync()
    {
        JsonElement stopped;
        do
        {
            stopped = await events.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience);
        }
        while (stopped.GetProperty("event").GetString() != "stopped");

        return (await FramesAsync())[0].GetProperty("line").GetInt32();
    }

    public async Task<IReadOnlyList<JsonElement>> FramesAsync() => [.. (await AskAsync("stackTrace", new { threadId = 1 })).GetProperty("stackFrames").EnumerateArray()];

    public async Task<IReadOnlyDictionary<string, string>> LocalsAsync(int frameId = 1)
    {
        JsonElement scopes = (await AskAsync("scopes", new { frameId })).GetProperty("scopes");
        JsonElement variables = (await AskAsync("variables", new { variablesReference = scopes[0].GetProperty("variablesReference").GetInt32() })).GetProperty("variables");
        return variables.EnumerateArray().ToDictionary(v => v.GetProperty("name").GetString()!, v => v.GetProperty("value").GetString()!, StringComparer.Ordinal);
    }

    public async Task<string> EvaluateAsync(string expression, int frameId = 1) =>
        (await AskAsync("evaluate", new { expression, frameId })).GetProperty("result").GetString()!;

    private void OnEvent(CellEvent output)
    {
        if (output is DebugEvent debug)
        {
            events.Writer.TryWrite(debug.Content);
            return;
        }

        lock (Outputs)
        {
            Outputs.Add(output);
        }
    }
}
