using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ArKernel.Notebooks.Documents;

/// <summary>
/// The format of Polyglot Notebooks: a line <c>#!language</c> starts each cell, a <c>#!meta</c> block at the top holds the notebook's
/// metadata as JSON. It has no outputs, cell metadata, attachments or identifiers, and blank lines at the ends of a cell do not
/// survive.
/// </summary>
internal static class Dib
{
    public static NotebookDocument Read(string text, string file)
    {
        string[] lines = text.ReplaceLineEndings("\n").Split('\n');
        JsonObject? metadata = null;
        string? language = null;
        var known = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var found = new List<(string? Language, string Source)>();
        var source = new List<string>();
        bool inMeta = false;
        for (int i = 0; i <= lines.Length; i++)
        {
            bool atMeta = i < lines.Length && found.Count == 0 && lines[i].TrimEnd() == "#!meta" && source.TrueForAll(string.IsNullOrWhiteSpace);
            string? selected = i < lines.Length && !atMeta ? LanguageNames.Selected(lines[i], known) : null;
            if (i < lines.Length && !atMeta && selected is null)
            {
                source.Add(lines[i]);
                continue;
            }

            string body = Trim(source);
            source.Clear();
            if (!inMeta && (language is not null || body.Length > 0))
            {
                found.Add((language, body));
            }

            inMeta = atMeta;
            language = selected;
            if (inMeta)
            {
                // At once, not when the block ends: languages that only the block names are known to the rest of the scan.
                int end = Array.FindIndex(lines, i + 1, line => line.StartsWith("#!", StringComparison.Ordinal));
                metadata = ReadMeta(Trim(lines[(i + 1)..(end < 0 ? lines.Length : end)]), file, i + 1, known);
            }
        }

        NotebookDocument document = Create(metadata);
        foreach ((string? name, string body) in found)
        {
            CellKind kind = name switch { "markdown" => CellKind.Markdown, "raw" => CellKind.Raw, _ => CellKind.Code };
            document.Add(kind, body, name);
        }

        return document;
    }

    public static void Write(NotebookDocument document, TextWriter writer, string file)
    {
        var meta = (JsonObject)document.Metadata.DeepClone();
        JsonNode? kernels = LanguageNames.Below(meta["polyglot_notebook"], "kernelInfo")?.DeepClone();
        meta.Remove("polyglot_notebook");
        var known = new HashSet<string>(KernelNames(kernels), StringComparer.OrdinalIgnoreCase);
        string[] unknown = [.. document.Cells.Where(cell => cell.Kind == CellKind.Code).Select(cell => cell.Language).Append(document.Language)
            .Distinct(StringComparer.Ordinal).Where(name => LanguageNames.Selected("#!" + name, known) is null)];
        kernels ??= new JsonObject { ["defaultKernelName"] = document.Language, ["items"] = new JsonArray() };
        if (kernels is JsonObject info)
        {
            if (info["items"] is not JsonArray items)
            {
                info["items"] = items = [];
            }

            foreach (string name in unknown.Concat(known.Count == 0 && unknown.Length == 0 ? [document.Language] : []))
            {
                items.Add(new JsonObject { ["aliases"] = new JsonArray(), ["name"] = name });
                known.Add(name);
            }
        }

        meta.Insert(0, "kernelInfo", kernels);
        writer.Write($"#!meta\n\n{meta.ToJsonString(Relaxed)}\n");
        for (int i = 0; i < document.Cells.Count; i++)
        {
            NotebookCell cell = document.Cells[i];
            string[] lines = cell.Source.ReplaceLineEndings("\n").Split('\n');
            int selector = Array.FindIndex(lines, line => LanguageNames.Selected(line, known) is not null);
            if (selector >= 0 && cell.Kind != CellKind.Code)
            {
                throw new DocumentException($"{file}: cell {i + 1}, line {selector + 1}: the line '{lines[selector].TrimEnd()}' would start a new cell in a .dib file. Indent it by a space, or keep the notebook as .ipynb.");
            }

            writer.Write($"\n#!{cell.Language}\n\n{Trim(lines)}\n");
        }
    }

    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static NotebookDocument Create(JsonObject? metadata)
    {
        JsonObject meta = metadata is null ? [] : (JsonObject)metadata.DeepClone();
        JsonNode? kernels = meta["kernelInfo"];
        meta.Remove("kernelInfo");
        string name = kernels.Text("defaultKernelName") ?? LanguageNames.OfNotebook(meta);
        var document = new NotebookDocument(name);
        foreach ((string key, JsonNode? value) in meta)
        {
            document.Metadata[key] = value?.DeepClone();
        }

        if (kernels is not null)
        {
            document.Metadata["polyglot_notebook"] = new JsonObject { ["kernelInfo"] = kernels.DeepClone() };
        }

        return document;
    }

    private static JsonObject ReadMeta(string json, string file, int line, HashSet<string> known)
    {
        JsonNode? meta;
        try
        {
            meta = NotebookJson.Parse(Encoding.UTF8.GetBytes(json), file);
        }
        catch (DocumentException error)
        {
            throw new DocumentException($"{file}: line {line}: the '#!meta' block is not valid JSON. Correct the block, or remove it.", error);
        }

        if (meta is not JsonObject result)
        {
            throw new DocumentException($"{file}: line {line}: the '#!meta' block must be a JSON object. Correct the block, or remove it.");
        }

        known.UnionWith(KernelNames(result["kernelInfo"]));
        return result;
    }

    private static IEnumerable<string> KernelNames(JsonNode? kernelInfo)
    {
        if (LanguageNames.Below(kernelInfo, "items") is not JsonArray items)
        {
            yield break;
        }

        foreach (JsonNode? item in items)
        {
            if (item.Text("name") is { Length: > 0 } name)
            {
                yield return name;
            }

            if (LanguageNames.Below(item, "aliases") is JsonArray aliases)
            {
                foreach (JsonNode? alias in aliases)
                {
                    if (alias is JsonValue value && value.TryGetValue(out string? text) && text.Length > 0)
                    {
                        yield return text;
                    }
                }
            }
        }
    }

    /// <summary>The lines without blank ones at either end.</summary>
    internal static string Trim(IReadOnlyList<string> lines)
    {
        int start = 0, end = lines.Count;
        while (start < end && string.IsNullOrWhiteSpace(lines[start]))
        {
            start++;
        }

        while (end > start && string.IsNullOrWhiteSpace(lines[end - 1]))
        {
            end--;
        }

        return string.Join('\n', lines.Skip(start).Take(end - start));
    }
}
