using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.Data.Analysis;

namespace ArKernel.Interactive;

/// <summary>Shows a data frame as a table: types under the names, and pages that open one by one.</summary>
internal static class DataFrameView
{
    private const int PageRows = 20;
    private const int MostPages = 10;
    private const int MostColumns = 40;
    private const int LongestCell = 80;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Register() => Views.Register<DataFrame>(ToHtml, ToText);

    private static string ToText(DataFrame frame)
    {
        DataFrameColumn[] columns = [.. frame.Columns.Take(MostColumns)];
        string table = columns.Length == 0 ? "" : TextTable.ToText([.. columns.Select(column => column.Name)], Numbers(columns), Rows(columns, 0, PageRows));
        string more = frame.Rows.Count > PageRows ? $"\n… {frame.Rows.Count - PageRows:N0} more rows" : "";
        return $"{Size(frame)}\n{table}{more}";
    }

    private static string ToHtml(DataFrame frame)
    {
        DataFrameColumn[] columns = [.. frame.Columns.Take(MostColumns)];
        string[] header = [.. columns.Select(column => $"{Html.Escape(column.Name)}<div style=\"font-weight:normal;{Html.Faint}\">{TypeName(column)}{(column.NullCount > 0 ? $", {column.NullCount:N0} null" : "")}</div>")];
        bool[] numbers = Numbers(columns);
        StringBuilder html = new($"<div style=\"{Html.Card};max-width:100%;overflow-x:auto\"><div style=\"{Html.Faint}\">{Size(frame)}</div>");
        for (int page = 0; page < MostPages && (page == 0 || page * PageRows < frame.Rows.Count); page++)
        {
            long begin = page * PageRows;
            string table = TextTable.ToHtml(header, numbers, Rows(columns, begin, PageRows));
            html.Append(page == 0
                ? table
                : $"<details><summary style=\"cursor:pointer\">rows {begin:N0} to {Math.Min(begin + PageRows, frame.Rows.Count) - 1:N0}</summary>{table}</details>");
        }

        long left = frame.Rows.Count - PageRows * MostPages;
        html.Append(left > 0 ? $"<div style=\"{Html.Faint}\">and {left:N0} more rows: frame.Tail(20) or a filter shows others</div>" : "");
        return html.Append("</div>").ToString();
    }

    private static string Size(DataFrame frame) =>
        $"{frame.Rows.Count:N0} rows, {frame.Columns.Count} columns{(frame.Columns.Count > MostColumns ? $", the first {MostColumns} shown" : "")}";

    private static bool[] Numbers(DataFrameColumn[] columns) => [.. columns.Select(column => column.IsNumericColumn())];

    private static List<IReadOnlyList<string>> Rows(DataFrameColumn[] columns, long begin, int count)
    {
        List<IReadOnlyList<string>> rows = [];
        for (long row = begin; columns.Length > 0 && row < Math.Min(begin + count, columns[0].Length); row++)
        {
            rows.Add([.. columns.Select(column => Cell(column[row]))]);
        }

        return rows;
    }

    private static string Cell(object? value)
    {
        string text = value switch
        {
            null => "null",
            double number => Html.Number(number),
            float number => Html.Number(number),
            IFormattable other => other.ToString(null, System.Globalization.CultureInfo.InvariantCulture),
            _ => value.ToString() ?? "",
        };
        return text.Length > LongestCell ? text[..(LongestCell - 1)] + "…" : text;
    }

    private static string TypeName(DataFrameColumn column) => Html.Escape(column.DataType.Name switch
    {
        "Single" => "float",
        "Int32" => "int",
        "Int64" => "long",
        string name => name.ToLowerInvariant(),
    });
}
