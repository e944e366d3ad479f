using System.Text.Json.Nodes;

namespace ArKernel.Notebooks.Documents;

/// <summary>
/// One output of a cell: a view of the nbformat JSON object, so that keys this library does not know survive. Multi-line text, which
/// a file holds as a list of lines, is one string here.
/// </summary>
public sealed class CellOutput
{
    internal CellOutput(JsonObject json) => Json = json;

    /// <summary><c>stream</c>, <c>display_data</c>, <c>execute_result</c> or <c>error</c>.</summary>
    public string Type => Json.Text("output_type") ?? "";

    /// <summary>The stream's name, <c>stdout</c> or <c>stderr</c>; null when this is no stream.</summary>
    public string? StreamName => Type == "stream" ? Json.Text("name") : null;

    /// <summary>The text of a stream; null when this is no stream.</summary>
    public string? Text
    {
        get => Type == "stream" ? Json.Text("text") : null;
        internal set => Json["text"] = value;
    }

    /// <summary>The values by mime type of a display or result (strings, or JSON for JSON types); null for other outputs.</summary>
    public JsonObject? Data => Json["data"] as JsonObject;

    /// <summary>The type of an error; null when this is no error.</summary>
    public string? ErrorName => Type == "error" ? Json.Text("ename") ?? "" : null;

    /// <summary>The message of an error; null when this is no error.</summary>
    public string? ErrorMessage => Type == "error" ? Json.Text("evalue") ?? "" : null;

    /// <summary>The lines of an error's traceback; empty when this is no error.</summary>
    public IReadOnlyList<string> Traceback => Json["traceback"] is JsonArray lines ? [.. lines.Select(line => (string?)line ?? "")] : [];

    /// <summary>What later updates of this display name; held in memory only, as nbformat has no place for it.</summary>
    public string? DisplayId { get; internal init; }

    internal JsonObject Json { get; }

    internal static CellOutput Stream(string name, string text) =>
        new(new JsonObject { ["name"] = name, ["output_type"] = "stream", ["text"] = text });

    internal static CellOutput Display(IReadOnlyDictionary<string, string> data, string displayId) =>
        new(new JsonObject { ["data"] = Bundle(data), ["metadata"] = new JsonObject(), ["output_type"] = "display_data" }) { DisplayId = displayId };

    internal static CellOutput Result(IReadOnlyDictionary<string, string> data, int executionCount) =>
        new(new JsonObject
        {
            ["data"] = Bundle(data), ["execution_count"] = executionCount, ["metadata"] = new JsonObject(), ["output_type"] = "execute_result",
        });

    internal static CellOutput Error(string name, string message, IEnumerable<string> traceback) =>
        new(new JsonObject
        {
            ["ename"] = name, ["evalue"] = message, ["output_type"] = "error",
            ["traceback"] = new JsonArray([.. traceback.Select(line => (JsonNode)line)]),
        });

    internal void Replace(IReadOnlyDictionary<string, string> data) => Json["data"] = Bundle(data);

    private static JsonObject Bundle(IReadOnlyDictionary<string, string> data)
    {
        var bundle = new JsonObject();
        foreach ((string mime, string value) in data.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            bundle[mime] = MimeType.IsJson(mime) ? NotebookJson.ParseOrText(value) : value;
        }

        return bundle;
    }
}
