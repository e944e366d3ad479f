using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ArKernel.Notebooks.Documents;

/// <summary>JSON as Jupyter writes it: indent 1, non-ASCII characters as they are, numbers as they were.</summary>
internal static class NotebookJson
{
    /// <summary>Real notebooks nest some ten levels; the bound keeps a hostile file from overflowing the stack.</summary>
    private const int MaxDepth = 200;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

    /// <summary>Parses a file's bytes; an error names the file and the line.</summary>
    public static JsonNode? Parse(ReadOnlySpan<byte> utf8, string file)
    {
        if (utf8.StartsWith(Encoding.UTF8.Preamble))
        {
            utf8 = utf8[Encoding.UTF8.Preamble.Length..];
        }

        if (!System.Text.Unicode.Utf8.IsValid(utf8))
        {
            int at = 0;
            while (Rune.DecodeFromUtf8(utf8[at..], out _, out int length) == System.Buffers.OperationStatus.Done)
            {
                at += length;
            }

            throw new DocumentException($"{file}: line {1 + utf8[..at].Count((byte)'\n')}: the file is not UTF-8, which JSON must be. Save it again in UTF-8.");
        }

        try
        {
            CheckStrings(utf8, file);
            return JsonNode.Parse(utf8, documentOptions: Options);
        }
        catch (JsonException error)
        {
            string place = error.LineNumber is { } line ? FormattableString.Invariant($"line {line + 1}, column {error.BytePositionInLine + 1}: ") : "";
            string reason = error.Message;
            int path = reason.IndexOf(" Path: ", StringComparison.Ordinal);
            path = path < 0 ? reason.IndexOf(" LineNumber: ", StringComparison.Ordinal) : path;
            throw new DocumentException($"{file}: {place}not valid JSON: {(path < 0 ? reason : reason[..path])} Restore the file, or save it again from its editor.", error);
        }
    }

    public static JsonNode? ParseOrText(string text)
    {
        try
        {
            return JsonNode.Parse(text, documentOptions: new JsonDocumentOptions { MaxDepth = MaxDepth - 8, AllowDuplicateProperties = false });
        }
        catch (JsonException)
        {
            return text;
        }
    }

    /// <summary>The string under a key, or null when there is none or it is no string.</summary>
    public static string? Text(this JsonNode? node, string key) =>
        node is JsonObject json && json[key] is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    /// <summary>Writes a node after <paramref name="depth"/> levels of indentation, starting on the current line.</summary>
    public static void Write(TextWriter writer, JsonNode? node, int depth)
    {
        switch (node)
        {
            case JsonObject json:
                WriteMembers(writer, json.Select(pair => (pair.Key, (Action)(() => Write(writer, pair.Value, depth + 1)))), depth);
                break;
            case JsonArray array:
                WriteItems(writer, array, item => Write(writer, item, depth + 1), depth);
                break;
            case JsonValue value when value.TryGetValue(out JsonElement element):
                if (element.ValueKind == JsonValueKind.String)
                {
                    WriteString(writer, element.GetString()!);
                }
                else
                {
                    writer.Write(element.GetRawText());
                }

                break;
            case JsonValue value when value.TryGetValue(out string? text):
                WriteString(writer, text);
                break;
            case null:
                writer.Write("null");
                break;
            default:
                writer.Write(node.ToJsonString());
                break;
        }
    }

    public static void WriteMembers(TextWriter writer, IEnumerable<(string Key, Action WriteValue)> members, int depth)
    {
        bool any = false;
        writer.Write('{');
        foreach ((string key, Action writeValue) in members)
        {
            NextLine(writer, any, depth + 1);
            any = true;
            WriteString(writer, key);
            writer.Write(": ");
            writeValue();
        }

        End(writer, '}', any, depth);
    }

    public static void WriteItems<T>(TextWriter writer, IEnumerable<T> items, Action<T> writeItem, int depth)
    {
        bool any = false;
        writer.Write('[');
        foreach (T item in items)
        {
            NextLine(writer, any, depth + 1);
            any = true;
            writeItem(item);
        }

        End(writer, ']', any, depth);
    }

    public static void WriteString(TextWriter writer, string text)
    {
        writer.Write('"');
        foreach (char c in text)
        {
            switch (c)
            {
                case '"': writer.Write("\\\""); break;
                case '\\': writer.Write("\\\\"); break;
                case '\n': writer.Write("\\n"); break;
                case '\r': writer.Write("\\r"); break;
                case '\t': writer.Write("\\t"); break;
                case '\b': writer.Write("\\b"); break;
                case '\f': writer.Write("\\f"); break;
                case < ' ': writer.Write($"\\u{(int)c:x4}"); break;
                default: writer.Write(c); break;
            }
        }

        writer.Write('"');
    }

    private static void NextLine(TextWriter writer, bool any, int depth)
    {
        writer.Write(any ? ",\n" : "\n");
        for (int i = 0; i < depth; i++)
        {
            writer.Write(' ');
        }
    }

    private static void End(TextWriter writer, char bracket, bool any, int depth)
    {
        if (any)
        {
            writer.Write('\n');
            for (int i = 0; i < depth; i++)
            {
                writer.Write(' ');
            }
        }

        writer.Write(bracket);
    }

    /// <summary>Half a surrogate pair (<c>"\ud800"</c>) is JSON but no text: it would fail later, at the first look at the string.</summary>
    private static void CheckStrings(ReadOnlySpan<byte> utf8, string file)
    {
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = MaxDepth });
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped)
            {
                try
                {
                    _ = reader.GetString();
                }
                catch (InvalidOperationException error)
                {
                    int line = 1 + utf8[..(int)reader.TokenStartIndex].Count((byte)'\n');
                    throw new DocumentException($"{file}: line {line}: a string holds half a surrogate pair, which is no text. Restore the file, or save it again from its editor.", error);
                }
            }
        }
    }
}
