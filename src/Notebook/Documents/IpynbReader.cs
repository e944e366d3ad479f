using System.Text.Json;
using System.Text.Json.Nodes;

namespace ArKernel.Notebooks.Documents;

/// <summary>
/// Checks the types of everything the library looks at, and joins lists of lines to strings; the rest of the JSON is kept unread.
/// </summary>
internal sealed class IpynbReader(string file)
{
    public NotebookDocument Read(JsonObject root)
    {
        int major = Integer(root, "nbformat", "nbformat") ?? throw Error("nbformat", "is missing; this JSON file is no notebook");
        if (major != 4)
        {
            throw Error("nbformat", $"is {major}; ArKernel reads format 4. Convert the file with 'jupyter nbconvert --to notebook --nbformat 4 {Path.GetFileName(file)}'");
        }

        int minor = Integer(root, "nbformat_minor", "nbformat_minor") ?? 0;
        if (minor < 0)
        {
            throw Error("nbformat_minor", $"is {minor}; it cannot be negative");
        }

        Object(root, "metadata", "metadata");
        if (root["cells"] is not JsonArray cells)
        {
            throw Error("cells", "must be a list of cells");
        }

        root["nbformat_minor"] = Math.Max(minor, 5);
        root["cells"] = null; // detaches the list; its place among the keys stays
        var document = new NotebookDocument(root);
        for (int i = 0; i < cells.Count; i++)
        {
            string place = $"cells[{i}]";
            JsonObject cell = cells[i] as JsonObject ?? throw Error(place, "must be an object");
            document.Add(ReadCell(document, cell, place));
        }

        // Only now, so that no generated identifier takes one that a later cell has.
        for (int i = 0; i < document.Cells.Count; i++)
        {
            JsonObject cell = document.Cells[i].Json;
            if (cell["id"] is null)
            {
                cell.Remove("id");
                int before = cell.IndexOf("metadata");
                cell.Insert(before, "id", document.NewId(i, document.Cells[i].Source));
            }
        }

        return document;
    }

    private NotebookCell ReadCell(NotebookDocument document, JsonObject json, string place)
    {
        CellKind kind = json.Text("cell_type") switch
        {
            "code" => CellKind.Code,
            "markdown" => CellKind.Markdown,
            "raw" => CellKind.Raw,
            _ => throw Error($"{place}.cell_type", "must be \"code\", \"markdown\" or \"raw\""),
        };
        JsonObject metadata = Object(json, "metadata", $"{place}.metadata");
        Join(json, "source", $"{place}.source", required: true);
        if (json["id"] is { } id && id.GetValueKind() != JsonValueKind.String)
        {
            throw Error($"{place}.id", "must be a string");
        }

        if (json["attachments"] is { } attachments)
        {
            foreach ((string name, JsonNode? bundle) in attachments as JsonObject ?? throw Error($"{place}.attachments", "must be an object"))
            {
                JoinBundle(bundle, $"{place}.attachments['{name}']");
            }
        }

        if (kind != CellKind.Code)
        {
            return new NotebookCell(json, kind, kind == CellKind.Markdown ? "markdown" : "raw");
        }

        Integer(json, "execution_count", $"{place}.execution_count");
        if (!json.ContainsKey("execution_count"))
        {
            json["execution_count"] = null;
        }

        JsonNode? outputs = json["outputs"];
        json["outputs"] = null;
        var cell = new NotebookCell(json, kind, LanguageNames.OfCell(metadata) ?? document.Language);
        if (outputs is null)
        {
            return cell;
        }

        JsonArray list = outputs as JsonArray ?? throw Error($"{place}.outputs", "must be a list");
        for (int i = 0; i < list.Count; i++)
        {
            JsonObject output = list[i] as JsonObject ?? throw Error($"{place}.outputs[{i}]", "must be an object");
            CheckOutput(output, $"{place}.outputs[{i}]");
            cell.Outputs.Add(new CellOutput(output));
        }

        return cell;
    }

    private void CheckOutput(JsonObject json, string place)
    {
        switch (json.Text("output_type"))
        {
            case "stream":
                if (json.Text("name") is null)
                {
                    throw Error($"{place}.name", "must be \"stdout\" or \"stderr\"");
                }

                Join(json, "text", $"{place}.text", required: true);
                break;
            case "display_data" or "execute_result":
                Integer(json, "execution_count", $"{place}.execution_count");
                JoinBundle(json["data"], $"{place}.data");
                if (json["metadata"] is not (null or JsonObject))
                {
                    throw Error($"{place}.metadata", "must be an object");
                }

                break;
            case "error":
                foreach (string key in (string[])["ename", "evalue"])
                {
                    if (json.ContainsKey(key) && json.Text(key) is null)
                    {
                        throw Error($"{place}.{key}", "must be a string");
                    }
                }

                if (json["traceback"] is { } traceback && (traceback is not JsonArray lines || !lines.All(IsString)))
                {
                    throw Error($"{place}.traceback", "must be a list of strings");
                }

                break;
            case null:
                throw Error($"{place}.output_type", "must be a string such as \"stream\" or \"display_data\"");
        }
    }

    private void JoinBundle(JsonNode? node, string place)
    {
        JsonObject bundle = node as JsonObject ?? throw Error(place, "must be an object from mime types to values");
        foreach (string mime in bundle.Select(pair => pair.Key).ToArray())
        {
            if (!MimeType.IsJson(mime))
            {
                Join(bundle, mime, $"{place}['{mime}']", required: false);
            }
        }
    }

    private void Join(JsonObject json, string key, string place, bool required)
    {
        switch (json[key])
        {
            case JsonArray lines when lines.All(IsString):
                json[key] = string.Concat(lines.Select(line => (string?)line));
                break;
            case JsonNode node when IsString(node):
                break;
            case null when !required:
                break;
            default:
                throw Error(place, "must be a string or a list of strings");
        }
    }

    private JsonObject Object(JsonObject json, string key, string place)
    {
        if (json[key] is null)
        {
            json[key] = new JsonObject();
        }

        return json[key] as JsonObject ?? throw Error(place, "must be an object");
    }

    private int? Integer(JsonObject json, string key, string place) => json[key] switch
    {
        null => null,
        JsonValue value when value.TryGetValue(out int number) => number,
        _ => throw Error(place, "must be a whole number"),
    };

    private static bool IsString(JsonNode? node) => node?.GetValueKind() == JsonValueKind.String;

    private DocumentException Error(string place, string problem) => new($"{file}: {place} {problem}.");
}
