using System.Text.Json.Nodes;

namespace ArKernel.Notebooks.Documents;

/// <summary>Reads Jupyter's format 4.0 to 4.x and writes 4.5, formatted as Jupyter does.</summary>
internal static class Ipynb
{
    public static NotebookDocument Read(ReadOnlySpan<byte> utf8, string file)
    {
        if (utf8.IsEmpty)
        {
            throw new DocumentException($"{file}: the file is empty; a notebook holds at least {{\"cells\": [], \"metadata\": {{}}, \"nbformat\": 4, \"nbformat_minor\": 5}}.");
        }

        if (NotebookJson.Parse(utf8, file) is not JsonObject root)
        {
            throw new DocumentException($"{file}: a notebook is a JSON object with 'cells', 'metadata' and 'nbformat'; this file holds another JSON value.");
        }

        var reader = new IpynbReader(file);
        return reader.Read(root);
    }

    public static void Write(NotebookDocument document, TextWriter writer)
    {
        NotebookJson.WriteMembers(
            writer,
            document.Json.Select(pair => (pair.Key, pair.Key == "cells"
                ? (Action)(() => NotebookJson.WriteItems(writer, document.Cells, cell => WriteCell(writer, cell), 1))
                : () => NotebookJson.Write(writer, pair.Value, 1))),
            0);
        writer.Write('\n');
    }

    private static void WriteCell(TextWriter writer, NotebookCell cell) =>
        NotebookJson.WriteMembers(
            writer,
            cell.Json.Select(pair => (pair.Key, pair.Key switch
            {
                "source" => () => WriteLines(writer, cell.Source, 3),
                "outputs" when cell.Kind == CellKind.Code => () => NotebookJson.WriteItems(writer, cell.Outputs, output => WriteOutput(writer, output), 3),
                "attachments" when cell.Attachments is { } files => () => NotebookJson.WriteMembers(
                    writer,
                    files.Select(item => (item.Key, (Action)(() => WriteBundle(writer, item.Value, 4)))),
                    3),
                _ => (Action)(() => NotebookJson.Write(writer, pair.Value, 3)),
            })),
            2);

    private static void WriteOutput(TextWriter writer, CellOutput output) =>
        NotebookJson.WriteMembers(
            writer,
            output.Json.Select(pair => (pair.Key, pair.Key switch
            {
                "text" when output.Text is { } text => () => WriteLines(writer, text, 5),
                "data" => () => WriteBundle(writer, pair.Value, 5),
                _ => (Action)(() => NotebookJson.Write(writer, pair.Value, 5)),
            })),
            4);

    private static void WriteBundle(TextWriter writer, JsonNode? bundle, int depth)
    {
        if (bundle is not JsonObject data)
        {
            NotebookJson.Write(writer, bundle, depth);
            return;
        }

        NotebookJson.WriteMembers(
            writer,
            data.Select(pair => (pair.Key, MimeType.IsLines(pair.Key) && data.Text(pair.Key) is { } text
                ? () => WriteLines(writer, text, depth + 1)
                : (Action)(() => NotebookJson.Write(writer, pair.Value, depth + 1)))),
            depth);
    }

    private static void WriteLines(TextWriter writer, string text, int depth) =>
        NotebookJson.WriteItems(writer, Lines(text), line => NotebookJson.WriteString(writer, line), depth);

    /// <summary>The lines with their ends, at the line ends Python's <c>splitlines</c> knows, so that Jupyter would write the same list.</summary>
    private static IEnumerable<string> Lines(string text)
    {
        int start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c is '\n' or '\v' or '\f' or '\x1c' or '\x1d' or '\x1e' or '\x85' or '\u2028' or '\u2029' ||
                (c == '\r' && (i + 1 == text.Length || text[i + 1] != '\n')))
            {
                yield return text[start..(i + 1)];
                start = i + 1;
            }
        }

        if (start < text.Length)
        {
            yield return text[start..];
        }
    }
}
