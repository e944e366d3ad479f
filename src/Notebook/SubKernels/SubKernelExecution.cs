using System.Text.Json.Nodes;
using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Jupyter;

namespace ArKernel.Notebooks.SubKernels;

/// <summary>One <c>execute_request</c>: makes the kernel's outputs those of the cell, and passes its questions on.</summary>
internal sealed class SubKernelExecution(SubKernelClient client, CellContext context)
{
    private readonly TaskCompletionSource<CellError?> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CellError? error;
    private bool isIdle;
    private bool isAnswered;

    /// <summary>Ends with what went wrong, or null, when the reply is here and all outputs are.</summary>
    public Task<CellError?> Ended => ended.Task;

    public void Start(string code, bool silent) => client.Send(
        Channel.Shell,
        "execute_request",
        new JsonObject
        {
            ["code"] = code, ["silent"] = silent, ["store_history"] = !silent, ["user_expressions"] = new JsonObject(),
            ["allow_stdin"] = context.Cell.AllowsInput && !silent, ["stop_on_error"] = true,
        },
        OnMessage);

    private void OnMessage(Channel channel, JupyterMessage message)
    {
        if (channel == Channel.Input)
        {
            _ = AnswerAsync(message);
        }
        else if (channel == Channel.Output)
        {
            OnOutput(message);
        }
        else if (channel == Channel.Shell)
        {
            isAnswered = true;
            string status = JupyterMessage.Text(message.Content, "status");
            if (status != "ok" && error is null)
            {
                error = status == "error" ? Error(message.Content) : new CellError("Aborted", "The kernel did not run the code.", [], null);
            }
        }

        if (isIdle && isAnswered)
        {
            ended.TrySetResult(error);
        }
    }

    private void OnOutput(JupyterMessage message)
    {
        JsonObject content = message.Content;
        switch (message.Type)
        {
            case "stream":
                context.Write(JupyterMessage.Text(content, "name"), JupyterMessage.Text(content, "text"));
                break;
            case "display_data" or "update_display_data":
                string id = content["transient"] is JsonObject transient ? JupyterMessage.Text(transient, "display_id") : "";
                context.Output.Add(new DisplayData(id.Length > 0 ? id : Guid.NewGuid().ToString("N"), Data(content), message.Type == "update_display_data"));
                break;
            case "execute_result":
                context.Output.Add(new ResultData(Data(content)));
                break;
            case "clear_output":
                context.Output.Add(new ClearOutput(JupyterMessage.Flag(content, "wait", false)));
                break;
            case "error":
                error = Error(content);
                break;
            case "status" when JupyterMessage.Text(content, "execution_state") == "idle":
                isIdle = true;
                break;
        }
    }

    private async Task AnswerAsync(JupyterMessage question)
    {
        string text;
        try
        {
            text = await context.Engine.Input.AskAsync(JupyterMessage.Text(question.Content, "prompt"), JupyterMessage.Flag(question.Content, "password", false), context);
        }
        catch (Exception exception) when (exception is InputNotPossibleException or OperationCanceledException)
        {
            return; // the interrupt that took the question away ends the kernel's wait for it, too
        }

        client.Answer(question, text);
    }

    private static CellError Error(JsonObject content) => new(
        JupyterMessage.Text(content, "ename"),
        JupyterMessage.Text(content, "evalue"),
        [.. (content["traceback"] as JsonArray ?? []).Select(l => l?.GetValue<string>() ?? "")],
        null);

    private static Dictionary<string, string> Data(JsonObject content)
    {
        Dictionary<string, string> data = new(StringComparer.Ordinal);
        foreach ((string type, JsonNode? value) in content["data"] as JsonObject ?? [])
        {
            data[type] = value is JsonValue text && text.TryGetValue(out string? plain) ? plain : value?.ToJsonString(JupyterJson.Options) ?? "null";
        }

        return data;
    }
}
