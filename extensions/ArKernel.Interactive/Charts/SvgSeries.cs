using System.Text;

namespace ArKernel.Interactive;

/// <summary>Draws lines, points, bars and heat maps between axes. What is drawn is bounded by pixels, not by the number of points.</summary>
internal static class SvgSeries
{
    private const int MostMarkers = 2000;
    private const int MostCells = 64; // a side of a heat map
    private const int Shades = 32;

    public static void Draw(StringBuilder svg, Plot plot, PlotScale x, PlotScale y, (double Left, double Top, double Right, double Bottom) frame)
    {
        Series[] bars = [.. plot.Series.Where(series => series.Kind == SeriesKind.Bars)];
        for (int i = 0; i < plot.Series.Count; i++)
        {
            Series series = plot.Series[i];
            string color = series.Color ?? ColorScale.OfSeries(i);
            switch (series.Kind)
            {
                case SeriesKind.HeatMap:
                    DrawCells(svg, series, x, y, frame);
                    break;
                case SeriesKind.Bars:
                    DrawBars(svg, plot, bars, Array.IndexOf(bars, series), color, x, y);
                    break;
                default:
                    DrawPoints(svg, series, color, x, y, frame);
                    break;
            }
        }
    }

    /// <summary>The smallest distance of two different positions, or 1.</summary>
    public static double Spacing(double[] positions)
    {
        double[] sorted = [.. positions.Where(double.IsFinite).Distinct().Order()];
        return sorted.Length < 2 ? 1 : sorted.Zip(sorted.Skip(1), (a, b) => b - a).Min();
    }

    /// <summary>The heights that stacked bars reach.</summary>
    public static IEnumerable<double> StackedEnds(Plot plot, bool horizontal) => plot.Series
        .Where(series => series.Kind == SeriesKind.Bars)
        .SelectMany(series => horizontal ? series.Y.Zip(series.X) : series.X.Zip(series.Y))
        .GroupBy(bar => (bar.First, bar.Second > 0), (_, group) => group.Sum(bar => bar.Second));

    private static void DrawPoints(StringBuilder svg, Series series, string color, PlotScale x, PlotScale y, (double Left, double Top, double Right, double Bottom) frame)
    {
        List<(double X, double Y)> pixels = [.. series.X.Zip(series.Y, (a, b) => (x[a], Math.Clamp(y[b], frame.Top - 2000, frame.Bottom + 2000)))];
        if (series.Band)
        {
            svg.Append($"<path d=\"{Path(pixels)}Z\" fill=\"{color}\" fill-opacity=\".18\"/>");
            return;
        }

        if (series.Line)
        {
            string path = Path(Decimate(pixels));
            if (series.Filled && pixels.Count > 0 && pixels.TrueForAll(p => double.IsFinite(p.X + p.Y)))
            {
                double zero = Math.Clamp(y[Math.Max(y.From, 0)], frame.Top, frame.Bottom);
                svg.Append($"<path d=\"{path}L{Html.Pixel(pixels[^1].X)} {Html.Pixel(zero)}L{Html.Pixel(pixels[0].X)} {Html.Pixel(zero)}Z\" fill=\"{color}\" fill-opacity=\".25\"/>");
            }

            svg.Append($"<path d=\"{path}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"1.7\" stroke-linejoin=\"round\"{(series.Dashed ? " stroke-dasharray=\"6 4\"" : "")}/>");
        }

        if (series.Markers)
        {
            int every = Math.Max(1, (pixels.Count + MostMarkers - 1) / MostMarkers);
            string radius = pixels.Count > 300 ? "1.6" : "3";
            svg.Append($"<g fill=\"{color}\" fill-opacity=\"{(series.Line ? "1" : ".75")}\">");
            foreach ((double px, double py) in pixels.Where((p, i) => i % every == 0 && double.IsFinite(p.X + p.Y)))
            {
                svg.Append($"<circle cx=\"{Html.Pixel(px)}\" cy=\"{Html.Pixel(py)}\" r=\"{radius}\"/>");
            }

            svg.Append("</g>");
        }
    }

    /// <summary>Of the points that fall on one pixel column, in a long line, the first, lowest, highest and last: the drawing is the same.</summary>
    private static List<(double X, double Y)> Decimate(List<(double X, double Y)> points)
    {
        if (points.Count <= 1500)
        {
            return points;
        }

        List<(double X, double Y)> kept = [];
        for (int begin = 0; begin < points.Count;)
        {
            int end = begin + 1;
            double column = Math.Floor(points[begin].X);
            while (end < points.Count && Math.Floor(points[end].X) == column && double.IsFinite(points[end].Y))
            {
                end++;
            }

            int low = begin;
            int high = begin;
            for (int i = begin + 1; i < end; i++)
            {
                low = points[i].Y < points[low].Y ? i : low;
                high = points[i].Y > points[high].Y ? i : high;
            }

            foreach (int i in new SortedSet<int> { begin, low, high, end - 1 })
            {
                kept.Add(points[i]);
            }

            begin = end;
        }

        // Points that jump to and fro have a column each: then a sample of them must do.
        int every = (kept.Count + 5999) / 6000;
        return every == 1 ? kept : [.. kept.Where((_, i) => i % every == 0)];
    }

    private static string Path(List<(double X, double Y)> points)
    {
        StringBuilder path = new();
        bool down = false;
        foreach ((double px, double py) in points)
        {
            bool finite = double.IsFinite(px + py);
            if (finite)
            {
                path.Append(down ? 'L' : 'M').Append(Html.Pixel(px)).Append(' ').Append(Html.Pixel(py));
            }

            down = finite;
        }

        return path.Length == 0 ? "M0 0" : path.ToString();
    }

    private static void DrawBars(StringBuilder svg, Plot plot, Series[] all, int index, string color, PlotScale x, PlotScale y)
    {
        Series series = all[index];
        bool lying = series.Horizontal;
        double[] positions = lying ? series.Y : series.X;
        double[] values = lying ? series.X : series.Y;
        (PlotScale along, PlotScale across) = lying ? (y, x) : (x, y);
        double spacing = all.Min(other => Spacing(other.Horizontal ? other.Y : other.X));
        bool touching = plot.X.Categories.Count == 0 && plot.Y.Categories.Count == 0 && all.Length == 1 && positions.Length > 1;
        double group = spacing * (touching ? 0.97 : 0.8);
        double width = plot.Stacked ? group : group / all.Length;
        svg.Append($"<g fill=\"{color}\" fill-opacity=\".85\">");
        double zero = across.From > 0 ? across.From : 0;
        for (int i = 0; i < Math.Min(positions.Length, MostMarkers); i++)
        {
            if (!double.IsFinite(values[i]))
            {
                continue;
            }

            double start = plot.Stacked ? StackBelow(all, index, positions[i], values[i] > 0) : zero;
            double begin = positions[i] - group / 2 + (plot.Stacked ? 0 : index * width);
            (double a1, double a2) = (along[begin], along[begin + width]);
            (double c1, double c2) = (across[Math.Max(start, zero == 0 ? double.MinValue : zero)], across[plot.Stacked ? start + values[i] : values[i]]);
            if (double.IsFinite(a1 + a2 + c1 + c2))
            {
                (double left, double top) = lying ? (Math.Min(c1, c2), Math.Min(a1, a2)) : (Math.Min(a1, a2), Math.Min(c1, c2));
                (double w, double h) = lying ? (Math.Abs(c1 - c2), Math.Abs(a1 - a2)) : (Math.Abs(a1 - a2), Math.Abs(c1 - c2));
                svg.Append($"<rect x=\"{Html.Pixel(left)}\" y=\"{Html.Pixel(top)}\" width=\"{Html.Pixel(w)}\" height=\"{Html.Pixel(h)}\"><title>{Html.Number(values[i])}</title></rect>");
            }
        }

        svg.Append("</g>");
        if (positions.Length <= 12 && all.Length == 1 && !touching)
        {
            for (int i = 0; i < positions.Length; i++)
            {
                (double a, double c) = (along[positions[i]], across[values[i]]);
                SvgChart.Text(svg, lying ? c + (values[i] < 0 ? -4 : 4) : a, lying ? a + 4 : c + (values[i] < 0 ? 12 : -4), Html.Number(values[i]), lying ? values[i] < 0 ? "end" : "start" : "middle");
            }
        }
    }

    private static double StackBelow(Series[] all, int index, double position, bool positive) => all.Take(index)
        .SelectMany(series => series.Horizontal ? series.Y.Zip(series.X) : series.X.Zip(series.Y))
        .Where(bar => bar.First == position && bar.Second > 0 == positive)
        .Sum(bar => bar.Second);

    /// <summary>The boundaries of the cells around ascending centres: one more than there are centres.</summary>
    public static double[] Edges(double[] centres)
    {
        if (centres.Length < 2)
        {
            return centres.Length == 0 ? [] : [centres[0] - 0.5, centres[0] + 0.5];
        }

        double first = centres[0] - (centres[1] - centres[0]) / 2;
        double last = centres[^1] + (centres[^1] - centres[^2]) / 2;
        return [first, .. centres.Zip(centres.Skip(1), (a, b) => (a + b) / 2), last];
    }

    private static void DrawCells(StringBuilder svg, Series series, PlotScale x, PlotScale y, (double Left, double Top, double Right, double Bottom) frame)
    {
        double[][] cells = series.Cells!;
        (int rows, int columns) = (Math.Min(cells.Length, MostCells), Math.Min(series.X.Length, MostCells));
        double[] finite = [.. cells.SelectMany(row => row).Where(double.IsFinite)];
        (double low, double high) = finite.Length == 0 ? (0, 1) : (finite.Min(), finite.Max());
        bool diverging = low < 0 && high > 0;
        if (diverging)
        {
            high = Math.Max(high, -low);
            low = -high;
        }

        double[] edgesX = Edges(series.X);
        double[] edgesY = Edges(series.Y);
        // One path for each shade, a run of equal cells at a time, keeps 4096 cells to some tens of kilobytes.
        StringBuilder[] paths = [.. Enumerable.Range(0, Shades).Select(_ => new StringBuilder())];
        for (int row = 0; row < rows; row++)
        {
            double top = y[edgesY[(row + 1) * cells.Length / rows]];
            double bottom = y[edgesY[row * cells.Length / rows]];
            for (int column = 0; column < columns;)
            {
                int shade = Shade(row, column);
                int begin = column;
                while (++column < columns && Shade(row, column) == shade)
                {
                }

                if (shade >= 0)
                {
                    double left = x[edgesX[begin * series.X.Length / columns]];
                    double right = x[edgesX[column * series.X.Length / columns]];
                    paths[shade].Append($"M{Html.Pixel(left)} {Html.Pixel(top)}H{Html.Pixel(right)}V{Html.Pixel(bottom)}H{Html.Pixel(left)}Z");
                }
            }
        }

        svg.Append("<g shape-rendering=\"crispEdges\">");
        for (int shade = 0; shade < Shades; shade++)
        {
            string color = ColorScale.Css(diverging ? ColorScale.Diverging((shade + 0.5) / Shades) : ColorScale.Sequential((shade + 0.5) / Shades));
            if (paths[shade].Length > 0)
            {
                svg.Append($"<path fill=\"{color}\" d=\"{paths[shade]}\"/>");
            }

            double step = (frame.Bottom - frame.Top) / Shades;
            svg.Append($"<rect x=\"{Html.Pixel(frame.Right + 12)}\" y=\"{Html.Pixel(frame.Bottom - (shade + 1) * step)}\" width=\"10\" height=\"{Html.Pixel(step + 0.3)}\" fill=\"{color}\"/>");
        }

        svg.Append("</g>");
        foreach ((double part, double value) in new[] { (0, low), (0.5, (low + high) / 2), (1, high) })
        {
            SvgChart.Text(svg, frame.Right + 26, frame.Bottom - part * (frame.Bottom - frame.Top - 8), Html.Number(value), "start");
        }

        int Shade(int row, int column)
        {
            double mean = Blocks.Mean(cells, row * cells.Length / rows, (row + 1) * cells.Length / rows, column * series.X.Length / columns, (column + 1) * series.X.Length / columns);
            return double.IsNaN(mean) ? -1 : high > low ? Math.Clamp((int)((mean - low) / (high - low) * Shades), 0, Shades - 1) : Shades / 2;
        }
    }
}
