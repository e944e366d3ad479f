using System.Text.Json.Nodes;
using System.Xml.Linq;
using ArKernel.Theory;

namespace ArKernel.Interactive.Tests;

public sealed class TheoryViewTests
{
    internal sealed record Example : TheoryResult
    {
        private static readonly double[] Sizes = [1e3, 1e4, 1e5, 1e6];

        public override string Title => "Power law of <loss>";

        public override IReadOnlyList<Quantity> Quantities =>
        [
            new("exponent", 0.0761, "", Interval.Confidence(0.0744, 0.0779, 0.95)),
            new("rate", 1.25, "bits", Interval.Certificate(1.2499, 1.2501)),
            new("offset", 0.01, "nats", Interval.Confidence(0, double.PositiveInfinity, 0.95)) { Note = "not identified" },
        ];

        public override IReadOnlyList<Parameter> Parameters => [new("weights", "equal"), new("tolerance", 1e-9)];

        public override int? Seed => 7;

        public override IReadOnlyList<Chart> Charts =>
        [
            new CurveChart("Loss", "parameters", "nats", new Curve("measured", Sizes, [5.1, 4.0, 3.1, 2.5], CurveStyle.Points),
                new Curve("fit", Sizes, [5, 4, 3.2, 2.5]).WithBand([4.7, 3.8, 3, double.NegativeInfinity], [5.3, 4.2, 3.4, 2.8]), Curve.Level("limit", 2, 1e3, 1e6)) { LogX = true, LogY = true },
            new HeatMapChart("Weights", "column", "row", new[,] { { 1, 0.5 }, { 0, 1 } }),
        ];
    }

    [Fact]
    public void A_result_is_a_table_with_its_charts()
    {
        XElement root = XElement.Parse(Notebook.HtmlOf(new Example()));
        string[] cells = [.. root.Descendants("td").Select(cell => cell.Value)];
        Assert.Equal(["exponent", "0.0761", "", "[0.0744, 0.0779] 95 % confidence", ""], cells[..5]);
        Assert.Contains("[0, ∞] 95 % confidence", cells);
        Assert.Contains("not identified", cells);
        Assert.Contains("weights = equal, tolerance = 1E-09, seed = 7", root.Value, StringComparison.Ordinal);
        Assert.Equal(2, root.Descendants("svg").Count());
        Assert.Equal(new Example().ToString(), Notebook.TextOf(new Example()));
    }

    [Fact]
    public void A_band_is_an_area_behind_its_curve_and_not_in_the_legend()
    {
        Chart chart = new Example().Charts[0];
        XElement svg = XElement.Parse(Notebook.HtmlOf(chart)).Descendants("svg").Single();
        XElement[] paths = [.. svg.Elements("path")];
        Assert.Equal(3, paths.Length); // band, fit, limit
        Assert.EndsWith("Z", paths[0].Attribute("d")!.Value, StringComparison.Ordinal);
        Assert.Equal(paths[1].Attribute("stroke")!.Value, paths[0].Attribute("fill")!.Value);
        Assert.NotNull(paths[2].Attribute("stroke-dasharray"));
        Assert.Equal(4, svg.Descendants("circle").Count());
        Assert.DoesNotContain(svg.Elements("text"), text => text.Value.Contains("band", StringComparison.Ordinal));
        Figure figure = chart.ToFigure();
        Assert.Equal("log", figure.Layout["yaxis"]!["type"]!.GetValue<string>());
        JsonArray edge = figure.Data[0]!["y"]!.AsArray();
        Assert.Equal(2.5, edge[4]!.GetValue<double>()); // the unbounded edge
    }
}
