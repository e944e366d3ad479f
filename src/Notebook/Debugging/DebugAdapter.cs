using System.Text.Json;
using System.Text.Json.Nodes;
using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Engine.Sharing;

namespace ArKernel.Notebooks.Debugging;

/// <summary>
/// Answers the requests of the debug adapter protocol with Jupyter's additions (Jupyter messaging 5.5 and JEP 93). The answer to the engine's
/// request <c>debug</c> is <c>{"response": …, "events": […]}</c>; events of running code go out as <see cref="DebugEvent"/>.
/// </summary>
internal sealed class DebugAdapter(DebugSession session, NotebookEngine engine)
{
    private readonly DebugValues globals = new();
    private int sequence;

    /// <summary>Answers one request.</summary>
    public async Task<JsonElement> HandleAsync(JsonElement request, CancellationToken cancellationToken)
    {
        string command = request.TryGetProperty("command", out JsonElement name) ? name.GetString() ?? "" : "";
        JsonElement arguments = request.TryGetProperty("arguments", out JsonElement given) ? given : default;
        JsonArray events = [];
        JsonObject response = new()
        {
            ["type"] = "response",
            ["seq"] = Interlocked.Increment(ref sequence),
            ["request_seq"] = request.TryGetProperty("seq", out JsonElement number) && number.TryGetInt32(out int value) ? value : 0,
            ["command"] = command,
        };
        try
        {
            response["body"] = await AnswerAsync(command, arguments, events, cancellationToken);
            response["success"] = true;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            response["success"] = false;
            response["message"] = exception.Message;
        }

        return JsonSerializer.SerializeToElement(new JsonObject { ["response"] = response, ["events"] = events });
    }

    private async Task<JsonObject> AnswerAsync(string command, JsonElement arguments, JsonArray events, CancellationToken cancellationToken)
    {
        switch (command)
        {
            case "initialize":
                events.Add(new JsonObject { ["type"] = "event", ["event"] = "initialized", ["seq"] = Interlocked.Increment(ref sequence) });
                return new JsonObject
                {
                    ["supportsConfigurationDoneRequest"] = true, ["supportsConditionalBreakpoints"] = true, ["supportsEvaluateForHovers"] = true,
                    ["supportsHitConditionalBreakpoints"] = true, ["supportsLogPoints"] = true, ["supportsDelayedStackTraceLoading"] = true,
                    ["supportsTerminateRequest"] = true, ["exceptionBreakpointFilters"] = new JsonArray(),
                };
            case "attach" or "launch":
                session.Attach();
                return [];
            case "configurationDone" or "setExceptionBreakpoints":
                return [];
            case "disconnect" or "terminate":
                session.Detach();
                return [];
            case "debugInfo":
                return Information();
            case "dumpCell":
                return new JsonObject { ["sourcePath"] = session.Sources.Write(Text(arguments, "code")) };
            case "setBreakpoints":
                return SetBreakpoints(arguments);
            case "source":
                return new JsonObject { ["content"] = session.Sources.Read(PathOf(arguments)) ?? throw new DebugException($"There is no cell '{PathOf(arguments)}'.") };
            case "threads":
                return new JsonObject { ["threads"] = new JsonArray(new JsonObject { ["id"] = 1, ["name"] = "cell" }) };
            case "continue":
                session.Resume(null);
                return new JsonObject { ["allThreadsContinued"] = true };
            case "next":
                session.Resume(DebugStepKind.Over);
                return [];
            case "stepIn":
                session.Resume(DebugStepKind.In);
                return [];
            case "stepOut":
                session.Resume(DebugStepKind.Out);
                return [];
            case "pause":
                session.Pause();
                return [];
            case "stackTrace":
                return StackTrace(arguments);
            case "scopes":
                return Scopes(arguments);
            case "variables":
                return new JsonObject { ["variables"] = Values.Children(
                    Number(arguments, "variablesReference"), OptionalText(arguments, "filter"), OptionalNumber(arguments, "start") ?? 0, OptionalNumber(arguments, "count") ?? 0) };
            case "evaluate":
                return Evaluate(arguments);
            case "inspectVariables":
                return new JsonObject { ["variables"] = new JsonArray([.. Globals().Select(v => (JsonNode)Values.Describe(v.Name, v.Type, v.Value))]) };
            case "richInspectVariables":
                return RichInspect(arguments);
            case "copyToGlobals":
                await CopyToGlobalsAsync(arguments);
                return [];
            case "modules":
                return Modules();
            default:
                throw new DebugException($"The debugger does not know the request '{command}'.");
        }
    }

    private DebugValues Values => session.Stop?.Values ?? globals;

    private JsonObject Information() => new()
    {
        ["isStarted"] = session.IsAttached,
        ["hashMethod"] = DebugSources.HashMethod,
        ["hashSeed"] = DebugSources.HashSeed,
        ["tmpFilePrefix"] = session.Sources.Prefix,
        ["tmpFileSuffix"] = DebugSources.Suffix,
        ["breakpoints"] = new JsonArray([.. session.Breakpoints.Select(b => (JsonNode)new JsonObject
        {
            ["source"] = b.Key,
            ["breakpoints"] = new JsonArray([.. b.Value.Values.Select(p => (JsonNode)new JsonObject
            {
                ["line"] = p.Line, ["condition"] = p.Condition, ["hitCondition"] = p.HitCondition, ["logMessage"] = p.LogMessage,
            })]),
        })]),
        ["stoppedThreads"] = session.Stop is null ? [] : new JsonArray(1),
        ["richRendering"] = true,
        ["exceptionPaths"] = new JsonArray(),
        ["copyToGlobals"] = true,
    };

    private JsonObject SetBreakpoints(JsonElement arguments)
    {
        string path = PathOf(arguments);
        IReadOnlyList<int> lines = session.Sources.Read(path) is { } code ? DebugInstrumentation.StatementLines(code) : [];
        List<DebugBreakpoint> set = [];
        JsonArray answer = [];
        IEnumerable<JsonElement> wanted = arguments.TryGetProperty("breakpoints", out JsonElement list) ? list.EnumerateArray() : [];
        foreach (JsonElement item in wanted)
        {
            int asked = Number(item, "line");
            int line = lines.FirstOrDefault(l => l >= asked, lines.Count == 0 ? asked : 0); // an empty line's breakpoint moves on
            string? problem = line > 0 ? null : "No statement follows.";
            try
            {
                DebugBreakpoint breakpoint = new(line, OptionalText(item, "condition"), OptionalText(item, "hitCondition"), OptionalText(item, "logMessage"));
                if (problem is null)
                {
                    set.Add(breakpoint);
                }
            }
            catch (DebugException exception)
            {
                problem = exception.Message;
            }

            JsonObject described = new()
            {
                ["id"] = answer.Count + 1, ["verified"] = problem is null, ["line"] = line > 0 ? line : asked, ["source"] = new JsonObject { ["path"] = path },
            };
            if (problem is not null)
            {
                described["message"] = problem;
            }

            answer.Add(described);
        }

        session.SetBreakpoints(path, set);
        return new JsonObject { ["breakpoints"] = answer };
    }

    private DebugStop Stopped() => session.Stop ?? throw new DebugException("The code is running: it has to stand at a breakpoint for that.");

    private JsonObject StackTrace(JsonElement arguments)
    {
        DebugStop stop = Stopped();
        int levels = OptionalNumber(arguments, "levels") is { } asked and > 0 ? asked : int.MaxValue;
        JsonArray frames = [.. stop.Frames.Select((f, i) => (JsonNode)new JsonObject
        {
            ["id"] = i + 1,
            ["name"] = f.Function,
            ["source"] = new JsonObject { ["name"] = f.Cell.Name, ["path"] = f.Cell.Path },
            ["line"] = f.Statement!.Line, ["column"] = f.Statement.Column, ["endLine"] = f.Statement.EndLine, ["endColumn"] = f.Statement.EndColumn,
        }).Skip(OptionalNumber(arguments, "startFrame") ?? 0).Take(levels)];
        return new JsonObject { ["stackFrames"] = frames, ["totalFrames"] = stop.Frames.Count };
    }

    private JsonObject Scopes(JsonElement arguments)
    {
        DebugStop stop = Stopped();
        DebugFrame frame = stop.Frame(Number(arguments, "frameId"));
        int locals = stop.Values.Add(() => Locals(frame)), all = stop.Values.Add(Globals);
        return new JsonObject
        {
            ["scopes"] = new JsonArray(
                new JsonObject { ["name"] = "Locals", ["presentationHint"] = "locals", ["variablesReference"] = locals, ["expensive"] = false },
                new JsonObject { ["name"] = "Globals", ["variablesReference"] = all, ["expensive"] = false }),
        };
    }

    private JsonObject Evaluate(JsonElement arguments)
    {
        DebugFrame? frame = session.Stop is { } stop ? stop.Frame(OptionalNumber(arguments, "frameId") ?? 1) : null;
        object? value = session.Evaluate(Text(arguments, "expression"), frame);
        JsonObject described = Values.Describe("", value?.GetType() ?? typeof(object), value);
        described["result"] = described["value"]!.DeepClone();
        described.Remove("name");
        described.Remove("value");
        described.Remove("evaluateName");
        return described;
    }

    private JsonObject RichInspect(JsonElement arguments)
    {
        string name = Text(arguments, "variableName");
        (_, _, object? value) = Find(name, OptionalNumber(arguments, "frameId"));
        JsonObject data = [];
        foreach ((string type, string text) in Rendering.Render(value))
        {
            data[type] = text;
        }

        return new JsonObject { ["data"] = data, ["metadata"] = new JsonObject() };
    }

    private async Task CopyToGlobalsAsync(JsonElement arguments)
    {
        (_, Type type, object? value) = Find(Text(arguments, "srcVariableName"), OptionalNumber(arguments, "srcFrameId"));
        CellContext context = CellContext.Current ?? throw new DebugException("No cell has run yet.");
        ISharesValues language = engine.Languages.OfType<ISharesValues>().FirstOrDefault() ?? throw new DebugException("No language takes variables.");
        await language.SetAsync(new NotebookVariable(Text(arguments, "dstVariableName"), value?.GetType() ?? type, value), context);
    }

    private (string Name, Type Type, object? Value) Find(string name, int? frame)
    {
        IEnumerable<(string Name, Type Type, object? Value)> known =
            frame is { } id ? Locals(Stopped().Frame(id)).Concat(Globals()) : Globals();
        return known.FirstOrDefault(v => string.Equals(v.Name, name, StringComparison.Ordinal)) is { Name: not null } found
            ? found
            : throw new DebugException($"There is no variable '{name}' here.");
    }

    private IEnumerable<(string Name, Type Type, object? Value)> Globals() => engine.Languages.SelectMany(l => l.Variables).Select(v => (v.Name, v.Type, v.Value));

    private static IEnumerable<(string Name, Type Type, object? Value)> Locals(DebugFrame frame) =>
        (frame.Statement?.Variables ?? []).Zip(frame.Values, (variable, value) => (variable.Name, value?.GetType() ?? typeof(object), value));

    private static JsonObject Modules()
    {
        JsonArray modules = [.. AppDomain.CurrentDomain.GetAssemblies().Where(a => !a.IsDynamic).Select((a, i) => (JsonNode)new JsonObject
        {
            ["id"] = i, ["name"] = a.GetName().Name, ["path"] = a.Location, ["version"] = a.GetName().Version?.ToString(),
        })];
        return new JsonObject { ["modules"] = modules, ["totalModules"] = modules.Count };
    }

    private static string PathOf(JsonElement arguments) => arguments.TryGetProperty("source", out JsonElement source) ? Text(source, "path") : throw new DebugException("The request lacks 'source'.");

    private static string Text(JsonElement arguments, string name) =>
        arguments.ValueKind == JsonValueKind.Object && arguments.TryGetProperty(name, out JsonElement text) && text.ValueKind == JsonValueKind.String
            ? text.GetString()!
            : throw new DebugException($"The request lacks the text '{name}'.");

    private static string OptionalText(JsonElement arguments, string name) =>
        arguments.ValueKind == JsonValueKind.Object && arguments.TryGetProperty(name, out JsonElement text) && text.ValueKind == JsonValueKind.String ? text.GetString()! : "";

    private static int Number(JsonElement arguments, string name) => OptionalNumber(arguments, name) ?? throw new DebugException($"The request lacks the number '{name}'.");

    private static int? OptionalNumber(JsonElement arguments, string name) =>
        arguments.ValueKind == JsonValueKind.Object && arguments.TryGetProperty(name, out JsonElement number) && number.ValueKind == JsonValueKind.Number && number.TryGetInt32(out int value) ? value : null;
}
