using System.Text;
using System.Text.Json.Nodes;

namespace ArKernel.Interactive;

/// <summary>Describes a figure in words, for terminals and logs.</summary>
internal static class PlotText
{
    private const int MostTraces = 30;

    public static string Describe(Figure figure)
    {
        StringBuilder text = new();
        string title = PlotReader.Title(figure.Layout["title"]);
        text.Append(title.Length > 0 ? title : "Chart");
        IReadOnlyList<Plot> plots = PlotReader.Read(figure);
        if (plots.Count == 0)
        {
            string kinds = string.Join(", ", figure.Data.OfType<JsonObject>().Select(trace => PlotReader.Text(trace["type"], "scatter")).Distinct(StringComparer.Ordinal).Take(MostTraces));
            return text.Append($": {figure.Data.Count} traces{(kinds.Length > 0 ? $" ({kinds}), drawn by front ends that know Plotly" : "")}").ToString();
        }

        foreach (Plot plot in plots)
        {
            text.Append(Axis("x", plot.X)).Append(Axis("y", plot.Y));
            foreach (Series series in plot.Series.Take(MostTraces))
            {
                string kind = series switch
                {
                    { Kind: SeriesKind.HeatMap } => "heat map",
                    { Kind: SeriesKind.Bars } => "bars",
                    { Band: true } => "band",
                    { Line: true } => "line",
                    _ => "points",
                };
                string count = series.Cells is { } cells ? $"{cells.Length}×{series.X.Length} cells" : $"{series.X.Length} points";
                text.Append($"\n  {(series.Name.Length > 0 ? series.Name + ": " : "")}{kind}, {count}{Range("x", series.X, plot.X)}{Range("y", series.Y, plot.Y)}");
                if (series.Cells is { } values)
                {
                    text.Append(Range("values", [.. values.SelectMany(row => row)], new PlotAxis()));
                }
            }

            if (plot.Series.Count > MostTraces)
            {
                text.Append($"\n  … and {plot.Series.Count - MostTraces} more");
            }
        }

        return text.ToString();
    }

    private static string Axis(string name, PlotAxis axis) =>
        axis.Label.Length == 0 && !axis.IsLogarithmic ? "" : $"\n  {name} axis: {axis.Label}{(axis.IsLogarithmic ? " (logarithmic)" : "")}";

    private static string Range(string name, double[] values, PlotAxis axis)
    {
        if (axis.Categories.Count > 0)
        {
            return $", {name}: {string.Join(", ", axis.Categories.Take(8))}{(axis.Categories.Count > 8 ? ", …" : "")}";
        }

        double[] finite = [.. values.Where(double.IsFinite)];
        return finite.Length == 0 ? "" : $", {name} {Html.Number(finite.Min())} … {Html.Number(finite.Max())}";
    }
}
