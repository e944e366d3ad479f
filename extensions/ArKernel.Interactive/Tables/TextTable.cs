using System.Text;

namespace ArKernel.Interactive;

/// <summary>Rows as text in aligned columns and as HTML.</summary>
internal static class TextTable
{
    /// <summary>Aligned text; numbers stand to the right.</summary>
    public static string ToText(IReadOnlyList<string> header, IReadOnlyList<bool> isNumber, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        int[] widths = [.. header.Select((name, column) => Math.Max(name.Length, rows.Select(row => OneLine(row[column]).Length).DefaultIfEmpty(0).Max()))];
        StringBuilder text = new();
        Write(header);
        text.Append('\n').AppendJoin("  ", widths.Select(width => new string('─', width)));
        foreach (IReadOnlyList<string> row in rows)
        {
            text.Append('\n');
            Write(row);
        }

        return text.ToString();

        void Write(IReadOnlyList<string> row) => text.Append(string.Join("  ", row.Select((cell, column) =>
            isNumber[column] ? OneLine(cell).PadLeft(widths[column]) : OneLine(cell).PadRight(widths[column]))).TrimEnd());
    }

    /// <summary>A table; the header cells are HTML already.</summary>
    public static string ToHtml(IReadOnlyList<string> headerHtml, IReadOnlyList<bool> isNumber, IEnumerable<IReadOnlyList<string>> rows)
    {
        StringBuilder html = new($"<table style=\"border-collapse:collapse;{Html.Digits}\">");
        if (headerHtml.Count > 0)
        {
            html.Append("<thead><tr>");
            for (int column = 0; column < headerHtml.Count; column++)
            {
                html.Append($"<th style=\"padding:3px 12px;border-bottom:2px solid {Html.Rule};text-align:{Side(column)};vertical-align:bottom\">{headerHtml[column]}</th>");
            }

            html.Append("</tr></thead>");
        }

        html.Append("<tbody>");
        foreach (IReadOnlyList<string> row in rows)
        {
            html.Append("<tr>");
            for (int column = 0; column < row.Count; column++)
            {
                html.Append($"<td style=\"padding:2px 12px;border-bottom:1px solid {Html.Rule};text-align:{Side(column)}\">{Html.Escape(row[column])}</td>");
            }

            html.Append("</tr>");
        }

        return html.Append("</tbody></table>").ToString();

        string Side(int column) => isNumber[column] ? "right" : "left";
    }

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");
}
