using System.Text.Json.Nodes;
using ArKernel.Notebooks.Jupyter;
using ArKernel.Notebooks.Tests.Jupyter;
using Channel = ArKernel.Notebooks.Jupyter.Channel;

namespace ArKernel.Notebooks.Tests.Debugging;

/// <summary>The messages that front ends send, with the arguments they send, over the wire to a kernel whose cells run in a process of their own.</summary>
public sealed class DebugTranscriptTests
{
    private const string Code = """
        int Depth(int n)
        {
            if (n == 0)
                return 0;
            return 1 + Depth(n - 1);
        }
        var numbers = Enumerable.Range(0, 1000).ToArray();
        var before = numbers.Length;
        var depth = Depth(before / 200);
        Console.WriteLine(depth);
        """;

    private int sequence;

    [Fact]
    public async Task What_JupyterLab_sends_is_answered()
    {
        await using TestKernel kernel = await TestKernel.StartWithWorkerAsync();
        TestKernelClient client = kernel.Client;
        JsonObject information = (await client.RequestAsync("kernel_info_request")).Reply;
        Assert.Contains("debugger", information["supported_features"]!.AsArray().Select(f => (string?)f));

        // The debugger's switch is turned on.
        JsonObject state = await AskAsync(client, "debugInfo");
        Assert.False((bool)state["isStarted"]!);
        Assert.Equal(("Murmur2", 3339675911u), ((string?)state["hashMethod"], (uint)state["hashSeed"]!));
        foreach (string field in (string[])["tmpFilePrefix", "tmpFileSuffix", "breakpoints", "stoppedThreads", "richRendering", "exceptionPaths", "copyToGlobals"])
        {
            Assert.True(state.ContainsKey(field), field);
        }

        JsonObject capabilities = await AskAsync(client, "initialize", """
            {"clientID": "jupyterlab", "clientName": "JupyterLab", "adapterID": "csharp", "pathFormat": "path", "linesStartAt1": true, "columnsStartAt1": true,
             "supportsVariableType": true, "supportsVariablePaging": true, "supportsRunInTerminalRequest": true, "locale": "en"}
            """);
        Assert.True((bool)capabilities["supportsConfigurationDoneRequest"]!);
        await EventAsync(client, "initialized", 1);
        await AskAsync(client, "attach");
        Assert.True((bool)(await AskAsync(client, "debugInfo"))["isStarted"]!);

        // A click beside line 5; then the cell is run.
        string path = (string)(await AskAsync(client, "dumpCell", new JsonObject { ["code"] = Code }.ToJsonString()))["sourcePath"]!;
        Assert.StartsWith((string)state["tmpFilePrefix"]!, path, StringComparison.Ordinal);
        Assert.EndsWith((string)state["tmpFileSuffix"]!, path, StringComparison.Ordinal);
        JsonObject set = await AskAsync(client, "setBreakpoints", Arguments(("breakpoints", new JsonArray(new JsonObject { ["line"] = 4 })), ("source", Source(path)), ("sourceModified", false)));
        Assert.Equal((true, 4), ((bool)set["breakpoints"]![0]!["verified"]!, (int)set["breakpoints"]![0]!["line"]!));
        await AskAsync(client, "configurationDone");
        JsonNode kept = (await AskAsync(client, "debugInfo"))["breakpoints"]![0]!;
        Assert.Equal((path, 4), ((string?)kept["source"], (int)kept["breakpoints"]![0]!["line"]!));
        JupyterMessage running = client.SendExecute(Code);
        JsonObject stopped = await EventAsync(client, "stopped", 1);
        Assert.Equal(("breakpoint", 1), ((string?)stopped["body"]!["reason"], (int)stopped["body"]!["threadId"]!));
        Assert.Equal([1], (await AskAsync(client, "debugInfo"))["stoppedThreads"]!.AsArray().Select(t => (int)t!));

        // The side bar fills: frames, the scopes of the first, their variables, the source.
        JsonArray frames = (await AskAsync(client, "stackTrace", "{\"threadId\": 1}"))["stackFrames"]!.AsArray();
        Assert.Equal(7, frames.Count); // six calls and the cell
        Assert.Equal((4, path), ((int)frames[0]!["line"]!, (string?)frames[0]!["source"]!["path"]));
        JsonArray scopes = (await AskAsync(client, "scopes", Arguments(("frameId", (int)frames[0]!["id"]!))))["scopes"]!.AsArray();
        Assert.Equal(["Locals", "Globals"], scopes.Select(s => (string?)s!["name"]));
        JsonArray locals = (await AskAsync(client, "variables", Arguments(("variablesReference", (int)scopes[0]!["variablesReference"]!))))["variables"]!.AsArray();
        Assert.Equal("0", (string?)locals.Single(v => (string?)v!["name"] == "n")!["value"]);
        Assert.Equal(Code, (string?)(await AskAsync(client, "source", Arguments(("source", Source(path)), ("sourceReference", 0))))["content"]);
        Assert.Equal("5", (string?)(await AskAsync(client, "evaluate", Arguments(("expression", "n + 5"), ("frameId", (int)frames[0]!["id"]!), ("context", "repl"))))["result"]);
        JsonObject rich = await AskAsync(client, "richInspectVariables", Arguments(("variableName", "n"), ("frameId", (int)frames[0]!["id"]!)));
        Assert.Equal("0", (string?)rich["data"]!["text/plain"]);

        // The buttons of its tool bar.
        await AskAsync(client, "stepOut", "{\"threadId\": 1}");
        await EventAsync(client, "continued", 1);
        await EventAsync(client, "stopped", 2);
        Assert.Equal(10, await LineAsync(client)); // no statement of the calls is left
        await AskAsync(client, "next", "{\"threadId\": 1}");
        Exchange ended = await client.EndOf(running);
        Assert.Equal(("ok", "5\n"), (ended.Status, ended.Printed));
        await AskAsync(client, "inspectVariables");
        await AskAsync(client, "disconnect", "{\"restart\": false, \"terminateDebuggee\": false}");
        Assert.False((bool)(await AskAsync(client, "debugInfo"))["isStarted"]!);
        Assert.Equal("ok", (await client.ExecuteAsync(Code)).Status); // and stops nowhere
    }

    [Fact]
    public async Task What_VS_Code_sends_is_answered_page_by_page()
    {
        await using TestKernel kernel = await TestKernel.StartWithWorkerAsync();
        TestKernelClient client = kernel.Client;
        JsonObject capabilities = await AskAsync(client, "initialize", """
            {"clientID": "vscode", "clientName": "Visual Studio Code", "adapterID": "Jupyter", "pathFormat": "path", "linesStartAt1": true, "columnsStartAt1": true,
             "supportsVariableType": true, "supportsVariablePaging": true, "supportsRunInTerminalRequest": true, "locale": "en-gb", "supportsProgressReporting": true,
             "supportsInvalidatedEvent": true, "supportsMemoryReferences": true}
            """);
        foreach (string ability in (string[])["supportsConditionalBreakpoints", "supportsHitConditionalBreakpoints", "supportsLogPoints", "supportsEvaluateForHovers", "supportsDelayedStackTraceLoading"])
        {
            Assert.True((bool)capabilities[ability]!, ability);
        }

        await AskAsync(client, "attach", "{\"type\": \"Jupyter\", \"request\": \"attach\", \"name\": \"n.ipynb\", \"justMyCode\": true, \"__notebookUri\": \"file:///n.ipynb\"}");
        string path = (string)(await AskAsync(client, "dumpCell", new JsonObject { ["code"] = Code }.ToJsonString()))["sourcePath"]!;
        JsonArray wanted = new(
            new JsonObject { ["line"] = 5, ["hitCondition"] = "3" },
            new JsonObject { ["line"] = 9, ["logMessage"] = "before is {before}, {numbers.Count(n => new[] { n }.Length == 1)} in all" },
            new JsonObject { ["line"] = 10, ["hitCondition"] = "often" });
        JsonObject set = await AskAsync(client, "setBreakpoints", Arguments(
            ("source", new JsonObject { ["name"] = "n.ipynb", ["path"] = path }), ("lines", new JsonArray(5, 9, 10)), ("breakpoints", wanted), ("sourceModified", false)));
        Assert.Equal([true, true, false], set["breakpoints"]!.AsArray().Select(b => (bool)b!["verified"]!));
        Assert.Contains("'often'", (string?)set["breakpoints"]![2]!["message"], StringComparison.Ordinal);
        await AskAsync(client, "setExceptionBreakpoints", "{\"filters\": []}");
        await AskAsync(client, "configurationDone");
        JupyterMessage running = client.SendExecute(Code);
        await EventAsync(client, "stopped", 1);
        Assert.Equal([(1, "cell")], (await AskAsync(client, "threads"))["threads"]!.AsArray().Select(t => ((int)t!["id"]!, (string)t["name"]!)));

        // The first frame alone, then the rest, twenty at a time.
        JsonObject first = await AskAsync(client, "stackTrace", "{\"threadId\": 1, \"startFrame\": 0, \"levels\": 1}");
        Assert.Equal(4, (int)first["totalFrames"]!); // the third call, and the cell
        JsonNode top = Assert.Single(first["stackFrames"]!.AsArray())!;
        Assert.Equal((5, 5), ((int)top["line"]!, (int)top["column"]!));
        JsonArray rest = (await AskAsync(client, "stackTrace", "{\"threadId\": 1, \"startFrame\": 1, \"levels\": 20}"))["stackFrames"]!.AsArray();
        Assert.Equal(["Depth", "Depth", null], rest.Select(f => (string?)f!["name"] is "Depth" ? "Depth" : null));
        Assert.Equal(4, rest.Select(f => (int)f!["id"]!).Append((int)top["id"]!).Distinct().Count());
        Assert.Equal("3", await EvaluateAsync("n", (int)top["id"]!, "hover"));
        Assert.Equal("5", await EvaluateAsync("n", (int)rest[1]!["id"]!, "watch"));

        // An array of a thousand is shown in hundreds.
        JsonArray scopes = (await AskAsync(client, "scopes", Arguments(("frameId", (int)top["id"]!))))["scopes"]!.AsArray();
        JsonNode numbers = (await AskAsync(client, "variables", Arguments(("variablesReference", (int)scopes[1]!["variablesReference"]!))))["variables"]!.AsArray().Single(v => (string?)v!["name"] == "numbers")!;
        Assert.Equal(1000, (int)numbers["indexedVariables"]!);
        int reference = (int)numbers["variablesReference"]!;
        JsonArray page = await PageAsync(("variablesReference", reference), ("filter", "indexed"), ("start", 300), ("count", 100));
        Assert.Equal(("[300]", "300", "[399]", 100), ((string?)page[0]!["name"], (string?)page[0]!["value"], (string?)page[^1]!["name"], page.Count));
        Assert.Empty(await PageAsync(("variablesReference", reference), ("filter", "named")));
        JsonArray all = await PageAsync(("variablesReference", reference)); // a front end that does not page
        Assert.Equal(("[99]", "900 more"), ((string?)all[^2]!["name"], (string?)all[^1]!["value"]));

        await AskAsync(client, "stepIn", "{\"threadId\": 1}");
        await EventAsync(client, "stopped", 2);
        Assert.Equal((3, 5), (await LineAsync(client), (int)(await AskAsync(client, "stackTrace", "{\"threadId\": 1}"))["totalFrames"]!));
        await AskAsync(client, "continue", "{\"threadId\": 1}");
        Exchange ended = await client.EndOf(running); // the fourth and the fifth time do not count
        Assert.Equal("before is 1000, 1000 in all\n5\n", ended.Printed);

        // Run anew, it counts anew.
        running = client.SendExecute(Code);
        await EventAsync(client, "stopped", 3);
        Assert.Equal("3", await EvaluateAsync("n", 1, "hover"));
        await AskAsync(client, "disconnect", "{\"restart\": false, \"terminateDebuggee\": true}");
        Assert.Equal("ok", (await client.EndOf(running)).Status);

        async Task<string?> EvaluateAsync(string expression, int frame, string context) =>
            (string?)(await AskAsync(client, "evaluate", Arguments(("expression", expression), ("frameId", frame), ("context", context))))["result"];

        async Task<JsonArray> PageAsync(params (string, JsonNode?)[] arguments) => (await AskAsync(client, "variables", Arguments(arguments)))["variables"]!.AsArray();
    }

    private static JsonObject Source(string path) => new() { ["path"] = path };

    private static string Arguments(params IEnumerable<(string Name, JsonNode? Value)> arguments) => new JsonObject(arguments.Select(a => KeyValuePair.Create(a.Name, a.Value))).ToJsonString();

    private async Task<int> LineAsync(TestKernelClient client) => (int)(await AskAsync(client, "stackTrace", "{\"threadId\": 1}"))["stackFrames"]![0]!["line"]!;

    private async Task<JsonObject> AskAsync(TestKernelClient client, string command, string arguments = "{}")
    {
        JsonObject request = new() { ["type"] = "request", ["seq"] = ++sequence, ["command"] = command, ["arguments"] = JsonNode.Parse(arguments) };
        JsonObject response = (await client.RequestAsync("debug_request", request, Channel.Control)).Reply;
        Assert.Equal(("response", sequence, command), ((string?)response["type"], (int)response["request_seq"]!, (string?)response["command"]));
        Assert.True((bool)response["success"]!, response.ToJsonString());
        return response["body"]!.AsObject();
    }

    /// <summary>Waits for an event of the debugger, the first or a later one of its kind.</summary>
    private static async Task<JsonObject> EventAsync(TestKernelClient client, string name, int count)
    {
        IEnumerable<JsonObject> Found() => client.Received.Where(m => m.Channel == Channel.Output && m.Message.Type == "debug_event" && (string?)m.Message.Content["event"] == name).Select(m => m.Message.Content);
        await client.Until(() => Found().Count() >= count, $"event {name}");
        return Found().ElementAt(count - 1);
    }
}
