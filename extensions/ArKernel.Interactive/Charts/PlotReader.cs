using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace ArKernel.Interactive;

/// <summary>Reads from a Plotly figure what can be drawn flat: lines, points, bars, histograms and heat maps.</summary>
internal static partial class PlotReader
{
    /// <summary>The plots of a figure, one for each pair of axes; none when it holds only traces of other kinds.</summary>
    public static IReadOnlyList<Plot> Read(Figure figure)
    {
        List<Plot> plots = [];
        JsonObject[] traces = [.. figure.Data.OfType<JsonObject>().Where(trace => !IsHidden(trace))];
        foreach (var group in traces.GroupBy(trace => (X: Text(trace["xaxis"], "x"), Y: Text(trace["yaxis"], "y"))))
        {
            PlotAxis x = ReadAxis(figure.Layout, 'x', group.Key.X);
            PlotAxis y = ReadAxis(figure.Layout, 'y', group.Key.Y);
            List<Series> series = [.. group.Select(trace => ReadTrace(trace, x, y)).OfType<Series>()];
            if (series.Count > 0)
            {
                string title = plots.Count == 0 ? Title(figure.Layout["title"]) : "";
                bool legend = figure.Layout["showlegend"] is JsonValue shown && shown.TryGetValue(out bool show) ? show : series.Count(one => one.InLegend) > 1;
                plots.Add(new Plot(title, x, y, series, legend, Text(figure.Layout["barmode"], "") is "stack" or "relative"));
            }
        }

        return plots;
    }

    /// <summary>A title, which Plotly writes as text or as an object with text.</summary>
    public static string Title(JsonNode? node) => Plain(node is JsonObject title ? Text(title["text"], "") : Text(node, ""));

    /// <summary>A string, or the default where there is none.</summary>
    public static string Text(JsonNode? node, string missing) =>
        node is JsonValue value && value.TryGetValue(out string? text) && text is not null ? text : missing;

    private static bool IsHidden(JsonObject trace) =>
        IsFalse(trace["visible"]) || Text(trace["visible"], "") == "legendonly";

    private static bool IsFalse(JsonNode? node) => node is JsonValue value && value.TryGetValue(out bool truth) && !truth;

    private static Series? ReadTrace(JsonObject trace, PlotAxis x, PlotAxis y)
    {
        string name = Plain(Text(trace["name"], ""));
        string? color = SafeColor(trace["line"]) ?? SafeColor(trace["marker"]);
        switch (Text(trace["type"], "scatter"))
        {
            case "scatter" or "scattergl":
                {
                    double[] values = Numbers(trace["y"], y);
                    double[] positions = trace["x"] is null ? Indices(values.Length) : Numbers(trace["x"], x);
                    int count = Math.Min(values.Length, positions.Length);
                    string mode = Text(trace["mode"], count <= 20 ? "lines+markers" : "lines");
                    return new Series(SeriesKind.Points, name, positions[..count], values[..count])
                    {
                        Color = color,
                        Line = mode.Contains("lines", StringComparison.Ordinal),
                        Markers = mode.Contains("markers", StringComparison.Ordinal),
                        Dashed = Text((trace["line"] as JsonObject)?["dash"], "solid") != "solid",
                        Filled = Text(trace["fill"], "none") is "tozeroy",
                        Band = Text(trace["fill"], "none") is "toself",
                        InLegend = !IsFalse(trace["showlegend"]),
                    };
                }

            case "bar":
                {
                    bool horizontal = Text(trace["orientation"], "v") == "h";
                    double[] first = trace["x"] is null ? [] : Numbers(trace["x"], x);
                    double[] second = trace["y"] is null ? [] : Numbers(trace["y"], y);
                    first = first.Length == 0 ? Indices(second.Length) : first;
                    second = second.Length == 0 ? Indices(first.Length) : second;
                    int count = Math.Min(first.Length, second.Length);
                    return new Series(SeriesKind.Bars, name, first[..count], second[..count]) { Color = color, Horizontal = horizontal };
                }

            case "histogram":
                {
                    bool horizontal = trace["x"] is null;
                    double[] values = Numbers(horizontal ? trace["y"] : trace["x"], horizontal ? y : x);
                    (double[] centres, double[] counts) = Histogram(values, (int)(Number(trace["nbinsx"]) ?? Number(trace["nbinsy"]) ?? 0), (horizontal ? y : x).Categories.Count);
                    return horizontal
                        ? new Series(SeriesKind.Bars, name, counts, centres) { Color = color, Horizontal = true }
                        : new Series(SeriesKind.Bars, name, centres, counts) { Color = color };
                }

            case "heatmap" or "heatmapgl" when trace["z"] is JsonArray { Count: > 0 } rows:
                {
                    double[][] cells = [.. rows.Select(row => Numbers(row, new PlotAxis()))];
                    int width = cells.Max(row => row.Length);
                    double[] columns = trace["x"] is JsonArray { Count: > 0 } ? Numbers(trace["x"], x) : Indices(width);
                    double[] lines = trace["y"] is JsonArray { Count: > 0 } ? Numbers(trace["y"], y) : Indices(cells.Length);
                    return columns.Length < width || lines.Length < cells.Length || width == 0 ? null : HeatMap(name, columns[..width], lines[..cells.Length], cells);
                }

            default:
                return null;
        }
    }

    private static Series HeatMap(string name, double[] columns, double[] rows, double[][] cells)
    {
        // Rows and columns in the order of their positions, as the drawing needs them; a short row has gaps at its end.
        int[] byColumn = [.. Enumerable.Range(0, columns.Length).OrderBy(i => columns[i])];
        int[] byRow = [.. Enumerable.Range(0, rows.Length).OrderBy(i => rows[i])];
        return new Series(SeriesKind.HeatMap, name, [.. byColumn.Select(i => columns[i])], [.. byRow.Select(i => rows[i])])
        {
            Cells = [.. byRow.Select(row => byColumn.Select(column => column < cells[row].Length ? cells[row][column] : double.NaN).ToArray())],
        };
    }

    private static PlotAxis ReadAxis(JsonObject layout, char letter, string id)
    {
        JsonObject? axis = layout[$"{letter}axis{id[1..]}"] as JsonObject;
        bool logarithmic = Text(axis?["type"], "") == "log";
        (double, double)? range = null;
        if (axis?["range"] is JsonArray { Count: 2 } ends && Number(ends[0]) is double from && Number(ends[1]) is double to && from != to)
        {
            range = logarithmic ? (Math.Pow(10, from), Math.Pow(10, to)) : (from, to);
        }

        return new PlotAxis
        {
            Label = Title(axis?["title"]),
            IsLogarithmic = logarithmic,
            IsNamed = Text(axis?["type"], "") == "category",
            IsReversed = Text(axis?["autorange"], "") == "reversed" || (range is var (a, b) && a > b),
            Range = range is var (low, high) ? (Math.Min(low, high), Math.Max(low, high)) : null,
        };
    }

    /// <summary>The numbers of a list; where it holds names, their places among the axis' categories.</summary>
    private static double[] Numbers(JsonNode? node, PlotAxis axis)
    {
        if (node is not JsonArray list)
        {
            return [];
        }

        double?[] numbers = [.. list.Select(Number)];
        bool named = axis.IsNamed || axis.Categories.Count > 0 || list.Zip(numbers).Any(pair => pair.Second is null && pair.First is not null);
        return named
            ? [.. list.Select(item => (double)CategoryOf(item?.ToString() ?? "", axis))]
            : [.. numbers.Select(number => number ?? double.NaN)];
    }

    private static int CategoryOf(string name, PlotAxis axis)
    {
        int known = axis.Categories.IndexOf(name);
        if (known < 0)
        {
            known = axis.Categories.Count;
            axis.Categories.Add(name);
        }

        return known;
    }

    private static double? Number(JsonNode? node) => node?.GetValueKind() switch
    {
        JsonValueKind.Number => node.GetValue<double>(),
        JsonValueKind.True => 1,
        JsonValueKind.False => 0,
        // Plotly.NET writes what JSON has no number for as text.
        JsonValueKind.String when double.TryParse(node.GetValue<string>(), NumberStyles.Float, CultureInfo.InvariantCulture, out double number) => number,
        _ => null,
    };

    private static double[] Indices(int count) => [.. Enumerable.Range(0, count).Select(i => (double)i)];

    private static (double[] Centres, double[] Counts) Histogram(double[] values, int bins, int categories)
    {
        values = [.. values.Where(value => Math.Abs(value) < 1e290)];
        if (values.Length == 0)
        {
            return ([], []);
        }

        if (categories > 0)
        {
            return (Indices(categories), [.. Enumerable.Range(0, categories).Select(i => (double)values.Count(value => value == i))]);
        }

        (double low, double high) = (values.Min(), values.Max());
        // The square root of the count is the usual number of bins; a round width is worth more than exactly that many.
        int wanted = bins > 0 ? bins : Math.Clamp((int)Math.Ceiling(Math.Sqrt(values.Length)), 1, 50);
        double width = high - low > Math.Max(Math.Abs(low) * 1e-9, 1e-290) ? Ticks.NiceStep((high - low) / wanted) : Math.Abs(low) < 1e-280 ? 1 : Math.Abs(low) * 0.1;
        double start = Math.Min(Math.Floor(low / width) * width, low);
        double[] counts = new double[Math.Clamp((int)((high - start) / width) + 1, 1, 1000)];
        foreach (double value in values)
        {
            counts[Math.Clamp((int)Math.Floor((value - start) / width), 0, counts.Length - 1)]++;
        }

        return ([.. counts.Select((_, i) => start + (i + 0.5) * width)], counts);
    }

    private static string? SafeColor(JsonNode? parent)
    {
        string color = Text((parent as JsonObject)?["color"], "");
        return ColorPattern().IsMatch(color) ? color : null;
    }

    /// <summary>Plotly's titles may hold a few tags.</summary>
    private static string Plain(string text) => TagPattern().Replace(text.Replace("<br>", " ", StringComparison.OrdinalIgnoreCase), "");

    [GeneratedRegex("^(#[0-9a-f]{3,8}|[a-z]{3,30}|(rgb|hsl)a?\\([0-9., %]{3,60}\\))$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ColorPattern();

    [GeneratedRegex("</?(b|i|em|sub|sup|span|br)( [^<>]*)?/?>", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex TagPattern();
}
