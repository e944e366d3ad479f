using System.Text.Json.Nodes;
using ArKernel.Notebooks.Engine;

namespace ArKernel.Notebooks.Jupyter;

/// <summary>Sends what one cell puts out, under the request that started it; also what its background work puts out later.</summary>
/// <param name="server">The kernel.</param>
/// <param name="request">The request.</param>
/// <param name="executionCount">The cell's number.</param>
/// <param name="silent">Whether results are not to be shown.</param>
internal sealed class OutputPublisher(KernelServer server, JupyterMessage request, int executionCount, bool silent)
{
    /// <summary>The error the cell failed with, if it did.</summary>
    public CellError? Error { get; private set; }

    /// <summary>The result's plain text, for the history.</summary>
    public string? ResultText { get; private set; }

    /// <summary>Sends one event.</summary>
    public void Publish(CellEvent output)
    {
        switch (output)
        {
            case StreamText text:
                Send("stream", new JsonObject { ["name"] = text.Stream, ["text"] = text.Text });
                break;
            case DisplayData display:
                Send(display.IsUpdate ? "update_display_data" : "display_data", new JsonObject
                {
                    ["data"] = MimeBundle.Of(display.Data), ["metadata"] = new JsonObject(), ["transient"] = new JsonObject { ["display_id"] = display.DisplayId },
                });
                break;
            case ResultData result:
                ResultText = result.Data.GetValueOrDefault("text/plain");
                if (!silent)
                {
                    Send("execute_result", new JsonObject { ["execution_count"] = executionCount, ["data"] = MimeBundle.Of(result.Data), ["metadata"] = new JsonObject() });
                }

                break;
            case ClearOutput clear:
                Send("clear_output", new JsonObject { ["wait"] = clear.Wait });
                break;
            case CellError error:
                Error = error;
                Send("error", ErrorContent(error));
                break;
            case InputRequest input:
                server.Ask(request, input);
                break;
            case CommMessage comm:
                server.SendComm(request, comm);
                break;
            case DebugEvent debug:
                Send("debug_event", (JsonObject)JsonNode.Parse(debug.Content.GetRawText())!);
                break;
            case CodeAccepted or ReferencesAdded:
                server.Languages.OnEvent(output);
                break;
        }
    }

    /// <summary>An error as replies and outputs have it: the name stands out in front ends that know colours.</summary>
    public static JsonObject ErrorContent(CellError error)
    {
        JsonArray traceback = [$"\u001b[31m{error.Name}\u001b[39m: {error.Message}", .. error.Traceback.Select(l => (JsonNode)l)];
        return new JsonObject { ["ename"] = error.Name, ["evalue"] = error.Message, ["traceback"] = traceback };
    }

    private void Send(string type, JsonObject content) => server.Publish(type, content, request);
}
