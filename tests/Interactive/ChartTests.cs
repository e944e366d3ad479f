using System.Text.Json;
using System.Xml.Linq;
using CsCheck;
using Microsoft.DotNet.Interactive.Formatting;
using Plotly.NET;

namespace ArKernel.Interactive.Tests;

public sealed class ChartTests
{
    [Fact]
    public void A_chart_comes_as_drawing_data_and_words()
    {
        Figure figure = Charts.Lines("Loss <of> \"A&B\"", "step", "bits", ("a", [1, 2, 3], [3, double.NaN, 1]), ("b", [1, 2, 3], [2, 2, 2]));
        Assert.Equal(["text/html", "application/vnd.plotly.v1+json", "text/plain"], Formatter.GetPreferredMimeTypesFor(typeof(Figure)));
        XElement svg = Svg(figure);
        Assert.Contains(svg.Elements("text"), text => text.Value == "Loss <of> \"A&B\"");
        Assert.Contains(svg.Elements("text"), text => text.Value == "bits");
        using JsonDocument json = JsonDocument.Parse(figure.ToDisplayString("application/vnd.plotly.v1+json"));
        Assert.Equal(JsonValueKind.Null, json.RootElement.GetProperty("data")[0].GetProperty("y")[1].ValueKind);
        Assert.Contains("a: line, 3 points, x 1 … 3, y 1 … 3", Notebook.TextOf(figure), StringComparison.Ordinal);
    }

    [Fact]
    public void Charts_of_Plotly_NET_are_drawn_without_a_script()
    {
        GenericChart chart = Plotly.NET.CSharp.Chart.Line<double, double, string>([1.0, 2, 3], [2.0, 5, 3], Name: "curve");
        Assert.Contains("curve: line, 3 points, x 1 … 3, y 2 … 5", Notebook.TextOf(chart), StringComparison.Ordinal);
        Assert.Single(XElement.Parse(Notebook.HtmlOf(chart)).Descendants("path"));
        string json = chart.ToDisplayString("application/vnd.plotly.v1+json");
        Assert.DoesNotContain("template", json, StringComparison.Ordinal);
        Assert.Equal("scatter", JsonDocument.Parse(json).RootElement.GetProperty("data")[0].GetProperty("type").GetString());
    }

    [Fact]
    public void A_line_passes_through_its_points()
    {
        XElement svg = Svg(Charts.Lines("", "", "", ("", [0, 1, 2], [0, 1, 0])));
        string path = svg.Elements("path").Single().Attribute("d")!.Value;
        double[][] points = [.. path[1..].Split('L').Select(point => point.Split(' ').Select(double.Parse).ToArray())];
        Assert.Equal(3, points.Length);
        Assert.Equal(points[0][1], points[2][1]);
        Assert.True(points[1][1] < points[0][1]); // up the page
        Assert.Equal(points[2][0] - points[1][0], points[1][0] - points[0][0], 0.2);
    }

    [Fact]
    public void A_logarithmic_axis_spaces_decades_evenly()
    {
        XElement svg = Svg(Charts.Lines("", "", "", ("", [1, 2, 3, 4], [1, 10, 100, 0])).Logarithmic());
        string path = svg.Elements("path").Single().Attribute("d")!.Value;
        double[] heights = [.. path[1..].Split('L').Select(point => double.Parse(point.Split(' ')[1]))];
        Assert.Equal(3, heights.Length); // zero has no logarithm
        Assert.Equal(heights[0] - heights[1], heights[1] - heights[2], 0.2);
    }

    [Fact]
    public void Bars_are_as_high_as_their_values()
    {
        XElement svg = Svg(Charts.Bars("", "", ("a", 1), ("b", 2), ("c", -1)));
        double[] heights = [.. svg.Descendants("rect").Select(bar => double.Parse(bar.Attribute("height")!.Value))];
        Assert.Equal(2 * heights[0], heights[1], 0.3);
        Assert.Equal(heights[0], heights[2], 0.3);
        Assert.Contains(svg.Elements("text"), text => text.Value == "b");
    }

    [Fact]
    public void A_bar_may_be_named_by_a_number() =>
        Assert.Contains(Svg(Charts.Bars("", "", ("1000", 1), ("7", 2))).Elements("text"), text => text.Value == "1000");

    [Fact]
    public void Several_axes_are_several_drawings()
    {
        Figure figure = Figure.Parse("""{"data":[{"y":[1,2]},{"type":"bar","y":[3,4],"xaxis":"x2","yaxis":"y2"},{"type":"bar","orientation":"h","y":["a","b"],"x":[3,4],"xaxis":"x3","yaxis":"y3"}],"layout":{"barmode":"stack"}}""");
        Assert.Equal(3, XElement.Parse(Notebook.HtmlOf(figure)).Descendants("svg").Count());
    }

    [Fact]
    public void Stacked_bars_stand_on_one_another()
    {
        Figure figure = Figure.Parse("""{"data":[{"type":"bar","x":["a"],"y":[2]},{"type":"bar","x":["a"],"y":[3]}],"layout":{"barmode":"stack"}}""");
        XElement[] bars = [.. Svg(figure).Descendants("rect")];
        double Read(int bar, string name) => double.Parse(bars[bar].Attribute(name)!.Value);
        Assert.Equal(Read(0, "y"), Read(1, "y") + Read(1, "height"), 0.3);
        Assert.Equal(1.5, Read(1, "height") / Read(0, "height"), 0.02);
    }

    [Fact]
    public void A_histogram_counts_every_value() => Gen.Double[-1e3, 1e3].Array[1, 200].Sample(values =>
    {
        XElement svg = Svg(Charts.Histogram("", "", values));
        Assert.Equal(values.Length, svg.Descendants("title").Sum(title => double.Parse(title.Value)));
    }, iter: 50);

    [Fact]
    public void A_large_heat_map_is_drawn_as_block_means()
    {
        double[,] values = new double[200, 300];
        for (int i = 0; i < 200; i++)
        {
            for (int j = 0; j < 300; j++)
            {
                values[i, j] = Math.Sin(i * 0.05) * Math.Cos(j * 0.03);
            }
        }

        Figure figure = Charts.HeatMap("h", "x", "y", values);
        Assert.InRange(Notebook.HtmlOf(figure).Length, 5000, 200_000);
        Assert.Contains("heat map, 200×300 cells", Notebook.TextOf(figure), StringComparison.Ordinal);
    }

    [Fact]
    public void A_hundred_thousand_points_are_some_thousand_in_the_drawing()
    {
        double[] x = [.. Enumerable.Range(0, 100_000).Select(i => (double)i)];
        Figure figure = Charts.Lines("", "", "", ("", x, [.. x.Select(value => Math.Sin(value * 0.7))]));
        Assert.InRange(Notebook.HtmlOf(figure).Length, 1000, 60_000);
    }

    [Fact]
    public void Any_numbers_can_be_drawn() =>
        Gen.Select(Gen.OneOf(Gen.Double, Gen.Const(double.NaN), Gen.Const(0.0), Gen.Const(1e300), Gen.Const(-1e-300)).Array[0, 12], Gen.Bool, Gen.Int[0, 3]).Sample((values, logarithmic, kind) =>
        {
            double[] x = [.. values.Select((_, i) => (double)i)];
            Figure figure = kind switch
            {
                0 => Charts.Lines("t", "x", "y", ("a", x, values), ("b", values, x)),
                1 => Charts.Points("t", "x", "y", ("a", values, values)),
                2 => Charts.Bars("t", "y", [.. values.Select((value, i) => ($"bar {i}", value))]),
                _ => Charts.Histogram("t", "x", values),
            };
            figure = logarithmic ? figure.Logarithmic(true) : figure;
            Notebook.HtmlOf(figure);
            Notebook.TextOf(figure);
        }, iter: 300);

    [Fact]
    public void The_loss_of_a_run_stands_beside_its_baselines_in_the_unit_asked_for()
    {
        Training.TrainingRun run = Examples.Run(12);
        Notebook.Record(() => run.Run());
        Figure figure = Charts.Loss(run, Math.Log(2), "bits per token", ("unigram", 4.1));
        Assert.Equal(run.History[0].Loss / Math.Log(2), figure.Data[0]!["y"]![0]!.GetValue<double>(), 1e-5);
        Assert.Contains("unigram (4.1)", Notebook.HtmlOf(figure), StringComparison.Ordinal);
        Assert.Contains("stroke-dasharray", Notebook.HtmlOf(figure), StringComparison.Ordinal);
        Assert.Contains("positive", Assert.Throws<ArgumentException>(() => Charts.Loss(run, 0, "")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_drawn_flat_is_described()
    {
        Figure figure = Figure.Parse("""{"data":[{"type":"scatter3d","x":[1]}],"layout":{"title":{"text":"Space"}}}""");
        Assert.Equal("Space: 1 traces (scatter3d), drawn by front ends that know Plotly", Notebook.TextOf(figure));
        Assert.Contains("<pre>", Notebook.HtmlOf(figure), StringComparison.Ordinal);
        Assert.Throws<FormatException>(() => Figure.Parse("{}"));
        Assert.Throws<FormatException>(() => Figure.Parse("{"));
    }

    [Fact]
    public void A_colour_or_title_in_the_data_cannot_leave_its_place()
    {
        Figure figure = Figure.Parse("""{"data":[{"type":"bar","name":"<script>","x":["<i onload=x>","b"],"y":[1,2],"marker":{"color":"red\" onload=\"alert(1)"}}],"layout":{"title":"<img src=x onerror=y>","showlegend":true}}""");
        string html = Notebook.HtmlOf(figure);
        Assert.DoesNotContain("alert", html, StringComparison.Ordinal);
        Assert.Contains("&lt;i onload=x&gt;", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Curves_of_unequal_lengths_are_refused() =>
        Assert.Contains("'a' has 2 positions and 1 values", Assert.Throws<ArgumentException>(() => Charts.Lines("", "", "", ("a", [1, 2], [1]))).Message, StringComparison.Ordinal);

    private static XElement Svg(Figure figure) => XElement.Parse(Notebook.HtmlOf(figure)).Descendants("svg").Single();
}
