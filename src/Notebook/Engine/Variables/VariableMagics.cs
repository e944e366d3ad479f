using System.Globalization;
using System.Net;
using System.Text;

namespace ArKernel.Notebooks.Engine.Variables;

/// <summary><c>#!who</c> and <c>#!whos</c>.</summary>
internal static class VariableMagics
{
    private static readonly string[] Headings = ["name", "type", "shape", "dtype", "device", "bytes", "cell"];

    public static IEnumerable<Magic> Create(VariableTable table) =>
    [
        new("who", "Lists the variables with type, shape, memory, and the cell that defined them.", (_, context) => ShowAsync(table, context, withValues: false)),
        new("whos", "Lists the variables as #!who does, and their values.", (_, context) => ShowAsync(table, context, withValues: true)),
    ];

    private static Task<Action?> ShowAsync(VariableTable table, CellContext context, bool withValues)
    {
        List<string[]> lines = [withValues ? [.. Headings, "value"] : Headings];
        long bytes = 0;
        foreach (VariableRow row in table.Rows)
        {
            ValueDescription? of = row.Description;
            bytes += of?.Bytes ?? 0;
            string[] cells = [row.Variable.Name, row.Type, of?.Shape ?? "", of?.ElementType ?? "", of?.Device ?? "", Number(of?.Bytes), row.Variable.Cell ?? ""];
            lines.Add(withValues ? [.. cells, row.Value] : cells);
        }

        string[] notes =
        [
            .. bytes > 0 ? (string[])[$"{Number(bytes)} bytes in all."] : [],
            .. table.Left.Select(l => string.Create(
                CultureInfo.InvariantCulture, $"{l.Cell} left {l.Count} {(l.Count == 1 ? "tensor" : "tensors")} alive that no variable reaches: dispose of them, or use a DisposeScope.")),
        ];
        context.DisplayRendered(new Dictionary<string, string>(StringComparer.Ordinal) { ["text/html"] = Html(lines, notes), ["text/plain"] = Text(lines, notes) });
        return Task.FromResult<Action?>(null);
    }

    private static string Number(long? number) => number is { } n ? n.ToString("N0", CultureInfo.InvariantCulture) : "";

    private static string Html(List<string[]> lines, string[] notes)
    {
        StringBuilder html = new("<table><thead><tr>");
        html.AppendJoin("", lines[0].Select(c => $"<th>{c}</th>")).Append("</tr></thead><tbody>");
        foreach (string[] line in lines.Skip(1))
        {
            html.Append("<tr>").AppendJoin("", line.Select(c => $"<td>{WebUtility.HtmlEncode(c)}</td>")).Append("</tr>");
        }

        return html.Append("</tbody></table>").AppendJoin("", notes.Select(n => $"<div>{WebUtility.HtmlEncode(n)}</div>")).ToString();
    }

    private static string Text(List<string[]> lines, string[] notes)
    {
        int[] widths = [.. Enumerable.Range(0, lines[0].Length).Select(i => lines.Max(l => l[i].Length))];
        IEnumerable<string> table = lines.Select(line => string.Join("  ", line.Select((cell, i) => cell.PadRight(widths[i]))).TrimEnd());
        return string.Join('\n', table.Concat(notes));
    }
}
