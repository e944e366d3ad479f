using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace ArKernel.Notebooks.Documents;

/// <summary>A notebook in memory: what an <c>.ipynb</c> file holds. Keys this library does not know are kept, in their order.</summary>
public sealed class NotebookDocument
{
    private readonly List<NotebookCell> cells = [];

    /// <summary>Creates an empty notebook.</summary>
    /// <param name="language">The language of its code cells.</param>
    public NotebookDocument(string language = "csharp")
        : this(new JsonObject { ["cells"] = null, ["metadata"] = new JsonObject(), ["nbformat"] = 4, ["nbformat_minor"] = 5 })
    {
        Language = LanguageNames.Normalise(language);
        string display = Language switch { "csharp" => "C#", "fsharp" => "F#", _ => Language };
        Metadata["kernelspec"] = new JsonObject
        {
            ["display_name"] = $"{display} (ArKernel)", ["language"] = display, ["name"] = $"arkernel-{Language}",
        };
        Metadata["language_info"] = new JsonObject { ["name"] = display };
    }

    internal NotebookDocument(JsonObject json)
    {
        Json = json;
        Language = LanguageNames.OfNotebook(Metadata);
    }

    /// <summary>The cells in order.</summary>
    public IReadOnlyList<NotebookCell> Cells => cells;

    /// <summary>The notebook's metadata.</summary>
    public JsonObject Metadata => (JsonObject)Json["metadata"]!;

    /// <summary>The language of code cells that do not name one, such as <c>csharp</c>.</summary>
    public string Language { get; }

    /// <summary>The root object; the place of <c>cells</c> in it is kept, its value is in <see cref="Cells"/>.</summary>
    internal JsonObject Json { get; }

    /// <summary>Adds a new cell at the end.</summary>
    /// <param name="kind">Code, Markdown or raw.</param>
    /// <param name="source">The text.</param>
    /// <param name="language">The language of a code cell; null for the notebook's own.</param>
    /// <returns>The cell.</returns>
    public NotebookCell Add(CellKind kind, string source, string? language = null) => Insert(cells.Count, kind, source, language);

    /// <summary>Inserts a new cell.</summary>
    /// <param name="index">The place, from 0.</param>
    /// <param name="kind">Code, Markdown or raw.</param>
    /// <param name="source">The text.</param>
    /// <param name="language">The language of a code cell; null for the notebook's own.</param>
    /// <returns>The cell.</returns>
    public NotebookCell Insert(int index, CellKind kind, string source, string? language = null)
    {
        var metadata = new JsonObject();
        language = kind switch
        {
            CellKind.Code => language is null ? Language : LanguageNames.Normalise(language),
            CellKind.Markdown => "markdown",
            _ => "raw",
        };
        if (kind == CellKind.Code && language != Language)
        {
            metadata["dotnet_interactive"] = new JsonObject { ["language"] = language };
            metadata["polyglot_notebook"] = new JsonObject { ["kernelName"] = language };
        }

        var json = new JsonObject { ["cell_type"] = kind switch { CellKind.Code => "code", CellKind.Markdown => "markdown", _ => "raw" } };
        if (kind == CellKind.Code)
        {
            json["execution_count"] = null;
        }

        json["id"] = NewId(index, source);
        json["metadata"] = metadata;
        if (kind == CellKind.Code)
        {
            json["outputs"] = null;
        }

        json["source"] = source;
        var cell = new NotebookCell(json, kind, language);
        cells.Insert(index, cell);
        return cell;
    }

    internal void Add(NotebookCell cell) => cells.Add(cell);

    /// <summary>An identifier that depends on the place and text alone, so that converting a file twice gives the same file.</summary>
    internal string NewId(int index, string source)
    {
        for (int attempt = 0; ; attempt++)
        {
            byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(FormattableString.Invariant($"{index} {attempt} {source}")));
            string id = Convert.ToHexStringLower(hash.AsSpan(0, 4));
            if (!cells.Exists(cell => cell.Id == id))
            {
                return id;
            }
        }
    }
}
