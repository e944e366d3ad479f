using System.Text.Json.Nodes;

namespace ArKernel.Notebooks.Documents;

/// <summary>What a cell is.</summary>
public enum CellKind
{
    /// <summary>Code that is run.</summary>
    Code,

    /// <summary>Prose in Markdown.</summary>
    Markdown,

    /// <summary>Text for another tool, neither run nor shown.</summary>
    Raw,
}

/// <summary>One cell of a notebook: a view of the nbformat JSON object, so that keys this library does not know survive.</summary>
public sealed class NotebookCell
{
    internal NotebookCell(JsonObject json, CellKind kind, string language)
    {
        Json = json;
        Kind = kind;
        Language = language;
    }

    /// <summary>The cell's identifier, unique in its notebook.</summary>
    public string Id => Json.Text("id")!;

    /// <summary>Code, Markdown or raw.</summary>
    public CellKind Kind { get; }

    /// <summary>The language of a code cell, such as <c>csharp</c>; <c>markdown</c> and <c>raw</c> for the other kinds.</summary>
    public string Language { get; }

    /// <summary>The text.</summary>
    public string Source
    {
        get => Json.Text("source")!;
        set => Json["source"] = value;
    }

    /// <summary>The number of the cell's last run; null when it has not run.</summary>
    public int? ExecutionCount
    {
        get => Json["execution_count"] is JsonValue value && value.TryGetValue(out int count) ? count : null;
        set => Json["execution_count"] = value;
    }

    /// <summary>The outputs of the last run, in order; empty for cells that are no code.</summary>
    public List<CellOutput> Outputs { get; } = [];

    /// <summary>The cell's metadata.</summary>
    public JsonObject Metadata => (JsonObject)Json["metadata"]!;

    /// <summary>Files embedded in a Markdown or raw cell, by name and mime type; null when there are none.</summary>
    public JsonObject? Attachments => Json["attachments"] as JsonObject;

    internal JsonObject Json { get; }

    /// <summary>Whether the metadata carries a tag.</summary>
    /// <param name="tag">Such as <c>parameters</c>.</param>
    public bool HasTag(string tag) =>
        Metadata["tags"] is JsonArray tags && tags.Any(item => item is JsonValue value && value.TryGetValue(out string? text) && text == tag);

    /// <summary>Forgets outputs and execution count.</summary>
    public void ClearOutputs()
    {
        Outputs.Clear();
        if (Kind == CellKind.Code)
        {
            ExecutionCount = null;
            Metadata.Remove("execution"); // JupyterLab's times of a run whose outputs are gone
        }
    }
}
