using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using static ArKernel.Notebooks.Documents.FileBasedApp;

namespace ArKernel.Notebooks.Documents;

/// <summary>Reads a C# file with <c>// %%</c> cell markers, or any file-based app as one cell; see <see cref="FileBasedApp"/>.</summary>
internal sealed partial class FileBasedAppReader
{
    private readonly List<(string Mark, List<string> Lines)> sections = [];
    private readonly Dictionary<string, string[]> types = new(StringComparer.Ordinal);
    private readonly HashSet<string> accounted = new(StringComparer.Ordinal) { GeneratedProperty, GeneratedUsings, GeneratedDisplay };

    public static NotebookDocument Read(string text, string file)
    {
        ArgumentNullException.ThrowIfNull(file);
        return new FileBasedAppReader().Read(text.ReplaceLineEndings("\n").Split('\n'));
    }

    private NotebookDocument Read(string[] lines)
    {
        int first = Array.FindIndex(lines, IsCellMark);
        if (first < 0)
        {
            // A program without markers is one cell below its directives.
            first = 1 + Array.FindLastIndex(lines, line => line.StartsWith("#:", StringComparison.Ordinal) || line.StartsWith("#!", StringComparison.Ordinal));
            sections.Add((CellMark, []));
        }

        foreach (string line in lines[first..].Where(line => !accounted.Contains(line)))
        {
            if (IsCellMark(line))
            {
                sections.Add((line, []));
            }
            else
            {
                sections[^1].Lines.Add(line);
            }
        }

        if (!Array.Exists(lines, IsCellMark) && sections[0].Lines.TrueForAll(string.IsNullOrWhiteSpace))
        {
            sections.Clear();
        }

        string typesMark = $"{CellMark} [{TypesSection}]", displayMark = $"{CellMark} [{DisplaySection}]";
        List<string> loose = [.. sections.Where(section => section.Mark.StartsWith(typesMark, StringComparison.Ordinal)).SelectMany(section => ReadTypes(section.Lines))];
        var document = new NotebookDocument();
        foreach ((string mark, List<string> content) in sections)
        {
            if (!mark.StartsWith(typesMark, StringComparison.Ordinal) && !mark.StartsWith(displayMark, StringComparison.Ordinal))
            {
                ReadCell(document, mark, content);
            }
        }

        // Types whose place was deleted, or that were added here, are cells of their own.
        foreach (string source in types.Values.Select(Dib.Trim).Append(Dib.Trim(loose)).Where(source => source.Length > 0))
        {
            document.Add(CellKind.Code, source);
        }

        string top = Dib.Trim([.. lines[..first].Where(line => !accounted.Contains(line.Trim()) && !line.StartsWith("#!", StringComparison.Ordinal)).Select(NotebookLine)]);
        if (top.Length > 0)
        {
            document.Insert(0, CellKind.Code, top);
        }

        return document;
    }

    /// <summary>Files the types by name and returns the lines that belong to none.</summary>
    private List<string> ReadTypes(List<string> lines)
    {
        var loose = new List<string>();
        for (int i = 0; i < lines.Count; i++)
        {
            if (!lines[i].StartsWith(TypeMark, StringComparison.Ordinal))
            {
                loose.Add(lines[i]);
                continue;
            }

            int end = lines.FindIndex(i + 1, line => line.StartsWith(TypeMark, StringComparison.Ordinal));
            end = end < 0 ? lines.Count : end;
            types[lines[i][TypeMark.Length..].Trim()] = Dib.Trim([.. lines[(i + 1)..end].Select(line => On(line, out _))]).Split('\n');
            i = end - 1;
        }

        return loose;
    }

    private void ReadCell(NotebookDocument document, string mark, List<string> lines)
    {
        Match parts = Mark().Match(mark);
        JsonObject metadata = ReadMetadata(parts.Groups["rest"].Value);
        CellKind kind = parts.Groups["kind"].Value switch { "markdown" or "md" => CellKind.Markdown, "raw" => CellKind.Raw, _ => CellKind.Code };
        string? language = metadata.Text("language");
        metadata.Remove("language");
        var source = new List<string>();
        foreach (string line in lines)
        {
            if (kind != CellKind.Code)
            {
                source.Add(line.StartsWith(OffMark, StringComparison.Ordinal) ? On(line, out _)
                    : line.StartsWith("// ", StringComparison.Ordinal) ? line[3..]
                    : line.StartsWith("//", StringComparison.Ordinal) ? line[2..]
                    : line);
            }
            else if (line.StartsWith(TypeMark, StringComparison.Ordinal) && types.Remove(line[TypeMark.Length..].Trim(), out string[]? type))
            {
                source.AddRange(type);
            }
            else
            {
                string text = On(line, out bool wasOff);
                source.Add(text);
                if (wasOff && HeaderLine(text) is { } hoisted)
                {
                    accounted.Add(hoisted);
                }
            }
        }

        NotebookCell cell = document.Add(kind, Dib.Trim(source), kind == CellKind.Code ? language : null);
        foreach ((string key, JsonNode? value) in metadata)
        {
            cell.Metadata[key] = value?.DeepClone();
        }
    }

    /// <summary>The line as the notebook had it.</summary>
    private static string On(string line, out bool wasOff)
    {
        wasOff = line.StartsWith(OffMark, StringComparison.Ordinal);
        return wasOff
            ? line.StartsWith(OffMark + " ", StringComparison.Ordinal) ? line[(OffMark.Length + 1)..] : line[OffMark.Length..]
            : Modifier().Replace(ValueEnd().Replace(ValueStart().Replace(line, ""), ""), "$1");
    }

    /// <summary>Reads <c>key=json</c> pairs; what is no pair is a title, which nbformat has no place for.</summary>
    private static JsonObject ReadMetadata(string text)
    {
        var metadata = new JsonObject();
        while (Key().Match(text) is { Success: true } key)
        {
            byte[] rest = Encoding.UTF8.GetBytes(text[(key.Index + key.Length)..]);
            try
            {
                var reader = new Utf8JsonReader(rest, isFinalBlock: true, new JsonReaderState(new JsonReaderOptions { AllowMultipleValues = true }));
                reader.Read();
                reader.Skip();
                int end = (int)reader.BytesConsumed;
                metadata[key.Groups["key"].Value] = NotebookJson.Parse(rest.AsSpan(0, end), "metadata");
                text = Encoding.UTF8.GetString(rest.AsSpan(end));
            }
            catch (Exception error) when (error is JsonException or DocumentException)
            {
                break;
            }
        }

        return metadata;
    }

    private static bool IsCellMark(string line) => Mark().IsMatch(line);

    [GeneratedRegex(@"^// %%(\s+\[(?<kind>\w+)\])?(?<rest>(\s.*)?)$", RegexOptions.ExplicitCapture)]
    private static partial Regex Mark();

    [GeneratedRegex(@"(?<=^|\s)(?<key>[\w.-]+)=", RegexOptions.ExplicitCapture)]
    private static partial Regex Key();

    [GeneratedRegex(@"(?:await )?display\((?:async )?(?:\(\) => )?/\*=\*/")]
    private static partial Regex ValueStart();

    [GeneratedRegex(@"/\*=\*/\);")]
    private static partial Regex ValueEnd();

    [GeneratedRegex(@"/\*:(\w+)\*/")]
    private static partial Regex Modifier();
}
