using System.Text.Json.Nodes;
using ArKernel.Theory;

namespace ArKernel.Interactive;

/// <summary>Turns the charts of theory results, which are plain data, into figures.</summary>
public static class TheoryCharts
{
    /// <summary>The chart as a figure, to be changed or combined with others.</summary>
    /// <param name="chart">A chart of a theory result.</param>
    public static Figure ToFigure(this Chart chart) => chart switch
    {
        CurveChart curves => ToFigure(curves),
        HeatMapChart map => Charts.HeatMap(map.Title, map.XLabel, map.YLabel, map.Values),
        _ => throw new ArgumentException($"There is no drawing for a {chart.GetType().Name}.", nameof(chart)),
    };

    private static Figure ToFigure(CurveChart chart)
    {
        // Bands stand behind all curves. Colours are set here, as a band has the colour of its curve.
        (Curve Curve, string Color)[] curves = [.. chart.Curves.Select((curve, i) => (curve, ColorScale.OfSeries(i)))];
        JsonArray data = [.. curves.Where(entry => entry.Curve.Band is not null).Select(entry => Band(entry.Curve, entry.Color, chart.LogY)), .. curves.Select(entry => Line(entry.Curve, entry.Color))];
        return new Figure(data, Charts.Layout(chart.Title, chart.XLabel, chart.YLabel)).Logarithmic(chart.LogX, chart.LogY);
    }

    private static JsonObject Line(Curve curve, string color)
    {
        JsonObject trace = Charts.Scatter(curve.Name, curve.X, curve.Y, curve.Style == CurveStyle.Points ? "markers" : "lines");
        trace["line"] = new JsonObject { ["color"] = color, ["dash"] = curve.Style == CurveStyle.Dashed ? "dash" : "solid" };
        trace["marker"] = new JsonObject { ["color"] = color };
        return trace;
    }

    private static JsonObject Band(Curve curve, string color, bool logarithmic)
    {
        (double[] lower, double[] upper) = curve.Band!.Value;
        // An edge that is unbounded, or not positive on a logarithmic axis, has no place in the drawing; the curve's own height stands for it.
        double Edge(double edge, int i) => double.IsFinite(edge) && (edge > 0 || !logarithmic) ? edge : curve.Y[i];
        int[] forth = [.. Enumerable.Range(0, curve.X.Length).Where(i => double.IsFinite(curve.X[i]) && double.IsFinite(curve.Y[i]))];
        int[] back = [.. forth.Reverse()];
        JsonObject trace = Charts.Scatter(
            curve.Name + " (band)",
            [.. forth.Select(i => curve.X[i]), .. back.Select(i => curve.X[i])],
            [.. forth.Select(i => Edge(upper[i], i)), .. back.Select(i => Edge(lower[i], i))],
            "lines");
        trace["fill"] = "toself";
        trace["showlegend"] = false;
        trace["hoverinfo"] = "skip";
        trace["line"] = new JsonObject { ["color"] = color, ["width"] = 0 };
        return trace;
    }
}
