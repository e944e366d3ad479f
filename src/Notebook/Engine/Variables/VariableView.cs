using System.Globalization;
using System.Net;
using System.Text;

namespace ArKernel.Notebooks.Engine.Variables;

/// <summary>Draws the table of variables. Styles stand in the elements: front ends drop style sheets of notebooks that they do not trust.</summary>
internal static class VariableView
{
    private static readonly string[] Headings = ["name", "type", "shape", "dtype", "device", "bytes", "cell"];
    private static readonly int Bytes = Array.IndexOf(Headings, "bytes");

    /// <summary>A table in the order of the rows.</summary>
    /// <param name="rows">The variables.</param>
    /// <param name="left">What cells left behind.</param>
    /// <param name="withValues">Whether the values are shown, too.</param>
    /// <param name="title">What stands above; null for nothing.</param>
    /// <param name="changed">The names that stand out.</param>
    /// <returns>The table by mime type.</returns>
    public static IReadOnlyDictionary<string, string> Render(
        IReadOnlyList<VariableRow> rows, IReadOnlyList<LeftTensors> left, bool withValues, string? title = null, IReadOnlySet<string>? changed = null)
    {
        List<string[]> lines = [withValues ? [.. Headings, "value"] : Headings];
        lines.AddRange(rows.Select(row => Cells(row, withValues)));
        long bytes = rows.Sum(r => r.Description?.Bytes ?? 0);
        string[] notes =
        [
            .. bytes > 0 ? (string[])[$"{Number(bytes)} bytes in all."] : [],
            .. left.Select(l => string.Create(
                CultureInfo.InvariantCulture, $"{l.Cell} left {l.Count} {(l.Count == 1 ? "tensor" : "tensors")} alive that no variable reaches: dispose of them, or use a DisposeScope.")),
        ];
        return new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["text/html"] = Html(lines, notes, title, rows, changed),
            ["text/plain"] = (title is null ? "" : title + "\n") + Text(lines, notes),
        };
    }

    private static string[] Cells(VariableRow row, bool withValues)
    {
        ValueDescription? of = row.Description;
        string[] cells = [row.Variable.Name, row.Type, of?.Shape ?? "", of?.ElementType ?? "", of?.Device ?? "", Number(of?.Bytes), row.Variable.Cell ?? ""];
        return withValues ? [.. cells, row.Value] : cells;
    }

    private static string Number(long? number) => number is { } n ? n.ToString("N0", CultureInfo.InvariantCulture) : "";

    private static string Html(List<string[]> lines, string[] notes, string? title, IReadOnlyList<VariableRow> rows, IReadOnlySet<string>? changed)
    {
        long most = rows.Select(r => r.Description?.Bytes ?? 0).DefaultIfEmpty().Max();
        StringBuilder html = new(title is null ? "" : $"<div><b>{WebUtility.HtmlEncode(title)}</b></div>");
        html.Append("<table><thead><tr>").AppendJoin("", lines[0].Select(c => $"<th>{c}</th>")).Append("</tr></thead><tbody>");
        for (int i = 0; i < rows.Count; i++)
        {
            bool stands = changed?.Contains(rows[i].Variable.Name) == true;
            html.Append("<tr>");
            for (int column = 0; column < lines[i + 1].Length; column++)
            {
                string text = WebUtility.HtmlEncode(lines[i + 1][column]);
                html.Append(column == Bytes ? $"<td style=\"{Bar(rows[i].Description?.Bytes ?? 0, most)}\">" : "<td>").Append(stands && column == 0 ? $"<b>{text}</b>" : text).Append("</td>");
            }

            html.Append("</tr>");
        }

        return html.Append("</tbody></table>").AppendJoin("", notes.Select(n => $"<div>{WebUtility.HtmlEncode(n)}</div>")).ToString();
    }

    /// <summary>The number over a bar as long as the variable's share of the largest one.</summary>
    private static string Bar(long bytes, long most)
    {
        string part = (most == 0 ? 0 : 100.0 * bytes / most).ToString("0.#", CultureInfo.InvariantCulture);
        return $"text-align:right;background:linear-gradient(to left,rgba(66,133,244,.3) {part}%,transparent {part}%)";
    }

    private static string Text(List<string[]> lines, string[] notes)
    {
        int[] widths = [.. Enumerable.Range(0, lines[0].Length).Select(i => lines.Max(l => l[i].Length))];
        IEnumerable<string> table = lines.Select(line => string.Join("  ", line.Select((cell, i) => cell.PadRight(widths[i]))).TrimEnd());
        return string.Join('\n', table.Concat(notes));
    }
}
