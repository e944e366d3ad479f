using System.Text;

namespace ArKernel.Interactive;

/// <summary>Draws a plot as inline SVG: frame, axes, legend and title; <see cref="SvgSeries"/> draws what stands between the axes.</summary>
internal static class SvgChart
{
    private const double CharacterWidth = 6.1; // of the 11-pixel font, on average
    private const int LongestLabel = 26;

    /// <summary>A plot of 640 by 340 pixels, taller when it has many named rows.</summary>
    public static string Draw(Plot plot) => Draw(plot, 640, 340);

    /// <summary>A plot of the given size.</summary>
    public static string Draw(Plot plot, double width, double height)
    {
        bool heat = plot.Series.Any(series => series.Kind == SeriesKind.HeatMap);
        bool bars = plot.Series.Any(series => series.Kind == SeriesKind.Bars);
        bool lying = plot.Series.Any(series => series.Horizontal);
        height = Math.Max(height, Math.Min(plot.Y.Categories.Count, 40) * 16 + 90);
        List<(string Name, string Color, bool Dashed)[]> legend = LegendRows(plot, width - 80);

        double top = (plot.Title.Length > 0 ? 28 : 8) + legend.Count * 17 + (legend.Count > 0 ? 4 : 0);
        // The left margin needs the marks, the marks need the range, the range needs no pixels.
        PlotScale y = Scale(0, 0);
        IReadOnlyList<(double Value, string Label)> marksY = Marks(plot.Y, y, Math.Max(3, (int)(height / 60)));
        double longest = marksY.Count == 0 ? 0 : marksY.Max(mark => mark.Label.Length) * CharacterWidth;
        double left = Math.Max(30, longest + 14 + (plot.Y.Label.Length > 0 ? 18 : 0));
        double right = width - (heat ? 74 : 14);
        PlotScale x = new(plot.X, ValuesX(plot), withZero: lying, tight: heat || bars || IsCurve(plot), left, right);
        IReadOnlyList<(double Value, string Label)> marksX = Marks(plot.X, x, (int)((right - left) / 80));
        bool slanted = plot.X.Categories.Count > 0 && marksX.Sum(mark => mark.Label.Length * CharacterWidth + 12) > right - left;
        if (slanted)
        {
            marksX = Thin(marksX, (int)((right - left) / 15));
        }

        double below = slanted ? Math.Min(marksX.Max(mark => mark.Label.Length) * CharacterWidth * 0.6 + 18, 120) : 20;
        double bottom = height - below - (plot.X.Label.Length > 0 ? 18 : 2);
        y = Scale(bottom, top);

        StringBuilder svg = new();
        svg.Append($"<svg viewBox=\"0 0 {Html.Pixel(width)} {Html.Pixel(height)}\" width=\"{Html.Pixel(width)}\" style=\"max-width:100%;height:auto\" role=\"img\" aria-label=\"{Html.Escape(plot.Title)}\" ")
            .Append("font-family=\"system-ui,sans-serif\" font-size=\"11\" fill=\"currentColor\">");
        if (plot.Title.Length > 0)
        {
            Text(svg, width / 2, 17, plot.Title, "middle", " font-size=\"14\" font-weight=\"600\"");
        }

        DrawLegend(svg, legend, width / 2, (plot.Title.Length > 0 ? 28 : 8) + 9);
        svg.Append($"<g stroke=\"{Html.Rule}\" stroke-width=\"1\">");
        foreach ((double value, _) in heat || (lying && plot.Y.Categories.Count > 0) ? [] : marksY)
        {
            Line(svg, left, y[value], right, y[value]);
        }

        foreach ((double value, _) in heat || plot.X.Categories.Count > 0 || (bars && !lying) ? [] : marksX)
        {
            Line(svg, x[value], top, x[value], bottom);
        }

        svg.Append("</g>");
        SvgSeries.Draw(svg, plot, x, y, (left, top, right, bottom));
        svg.Append("<g stroke=\"currentColor\" stroke-opacity=\".6\">");
        Line(svg, left, bottom, right, bottom);
        Line(svg, left, top, left, bottom);
        svg.Append("</g>");

        foreach ((double value, string label) in marksY)
        {
            Text(svg, left - 6, y[value] + 4, label, "end");
        }

        foreach ((double value, string label) in marksX)
        {
            if (slanted)
            {
                Text(svg, x[value] + 3, bottom + 13, label, "end", $" transform=\"rotate(-35 {Html.Pixel(x[value] + 3)} {Html.Pixel(bottom + 13)})\"");
            }
            else
            {
                Text(svg, x[value], bottom + 15, label, "middle");
            }
        }

        if (plot.X.Label.Length > 0)
        {
            Text(svg, (left + right) / 2, height - 5, plot.X.Label, "middle");
        }

        if (plot.Y.Label.Length > 0)
        {
            Text(svg, 12, (top + bottom) / 2, plot.Y.Label, "middle", $" transform=\"rotate(-90 12 {Html.Pixel((top + bottom) / 2)})\"");
        }

        return svg.Append("</svg>").ToString();

        PlotScale Scale(double from, double to) => new(plot.Y, ValuesY(plot), withZero: bars && !lying, tight: heat || lying, from, to);
    }

    /// <summary>Writes text, if its place is a number.</summary>
    public static void Text(StringBuilder svg, double x, double y, string text, string anchor, string more = "")
    {
        if (double.IsFinite(x) && double.IsFinite(y))
        {
            svg.Append($"<text x=\"{Html.Pixel(x)}\" y=\"{Html.Pixel(y)}\" text-anchor=\"{anchor}\"{more}>{Html.Escape(text)}</text>");
        }
    }

    private static void Line(StringBuilder svg, double x1, double y1, double x2, double y2) =>
        svg.Append($"<line x1=\"{Html.Pixel(x1)}\" y1=\"{Html.Pixel(y1)}\" x2=\"{Html.Pixel(x2)}\" y2=\"{Html.Pixel(y2)}\"/>");

    /// <summary>Curves over steps or time use the width fully; clouds of points get some room.</summary>
    private static bool IsCurve(Plot plot) => plot.Series.All(series => series.Line);

    private static IEnumerable<double> ValuesX(Plot plot) => plot.Series.SelectMany(series => series switch
    {
        { Kind: SeriesKind.HeatMap } => SvgSeries.Edges(series.X),
        { Kind: SeriesKind.Bars, Horizontal: false } => Edges(series.X),
        { Kind: SeriesKind.Bars } when plot.Stacked => SvgSeries.StackedEnds(plot, horizontal: true),
        _ => series.X,
    });

    private static IEnumerable<double> ValuesY(Plot plot) => plot.Series.SelectMany(series => series switch
    {
        { Kind: SeriesKind.HeatMap } => SvgSeries.Edges(series.Y),
        { Kind: SeriesKind.Bars, Horizontal: true } => Edges(series.Y),
        { Kind: SeriesKind.Bars } when plot.Stacked => SvgSeries.StackedEnds(plot, horizontal: false),
        _ => series.Y,
    });

    /// <summary>Where bars around the given positions begin and end.</summary>
    private static double[] Edges(double[] centres)
    {
        if (centres.Length == 0)
        {
            return [];
        }

        double half = SvgSeries.Spacing(centres) / 2;
        return [centres.Min() - half, centres.Max() + half];
    }

    private static IReadOnlyList<(double Value, string Label)> Marks(PlotAxis axis, PlotScale scale, int count) => axis.Categories.Count == 0
        ? scale.Marks(count)
        : Thin([.. axis.Categories.Select((name, i) => ((double)i, name.Length > LongestLabel ? name[..(LongestLabel - 1)] + "…" : name))], 60);

    private static IReadOnlyList<(double Value, string Label)> Thin(IReadOnlyList<(double Value, string Label)> marks, int most)
    {
        int every = Math.Max(1, (marks.Count + most - 1) / Math.Max(1, most));
        return [.. marks.Where((_, i) => i % every == 0)];
    }

    private static List<(string Name, string Color, bool Dashed)[]> LegendRows(Plot plot, double width)
    {
        if (!plot.HasLegend)
        {
            return [];
        }

        List<(string, string, bool)[]> rows = [];
        List<(string Name, string Color, bool Dashed)> row = [];
        double used = 0;
        foreach ((Series series, int i) in plot.Series.Select((series, i) => (series, i)).Where(entry => entry.series.InLegend).Take(24))
        {
            string name = series.Name.Length == 0 ? $"trace {i}" : series.Name.Length > 48 ? series.Name[..47] + "…" : series.Name;
            double need = LegendWidth(name);
            if (used + need > width && row.Count > 0)
            {
                rows.Add([.. row]);
                (row, used) = ([], 0);
            }

            row.Add((name, series.Color ?? ColorScale.OfSeries(i), series.Dashed));
            used += need;
        }

        rows.Add([.. row]);
        return rows;
    }

    private static double LegendWidth(string name) => name.Length * CharacterWidth + 42;

    private static void DrawLegend(StringBuilder svg, List<(string Name, string Color, bool Dashed)[]> rows, double middle, double y)
    {
        foreach ((string Name, string Color, bool Dashed)[] row in rows)
        {
            double x = middle - row.Sum(entry => LegendWidth(entry.Name)) / 2;
            foreach ((string name, string color, bool dashed) in row)
            {
                svg.Append($"<line x1=\"{Html.Pixel(x)}\" y1=\"{Html.Pixel(y)}\" x2=\"{Html.Pixel(x + 20)}\" y2=\"{Html.Pixel(y)}\" stroke=\"{color}\" stroke-width=\"3\"{(dashed ? " stroke-dasharray=\"5 3\"" : "")}/>");
                Text(svg, x + 26, y + 4, name, "start");
                x += LegendWidth(name);
            }

            y += 17;
        }
    }
}
