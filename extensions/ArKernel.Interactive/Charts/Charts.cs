using System.Text.Json.Nodes;
using ArKernel.Training;

namespace ArKernel.Interactive;

/// <summary>The charts a study needs, in one line each.</summary>
public static class Charts
{
    /// <summary>Curves.</summary>
    /// <param name="title">Above the chart.</param>
    /// <param name="xLabel">What runs across, with its unit.</param>
    /// <param name="yLabel">What runs up, with its unit.</param>
    /// <param name="lines">Each curve's name and points; a gap is NaN.</param>
    /// <exception cref="ArgumentException">A curve has not as many values as positions.</exception>
    public static Figure Lines(string title, string xLabel, string yLabel, params (string Name, double[] X, double[] Y)[] lines) =>
        new([.. lines.Select(line => Scatter(line.Name, line.X, line.Y, "lines"))], Layout(title, xLabel, yLabel));

    /// <summary>Points.</summary>
    /// <param name="title">Above the chart.</param>
    /// <param name="xLabel">What runs across, with its unit.</param>
    /// <param name="yLabel">What runs up, with its unit.</param>
    /// <param name="clouds">Each cloud's name and points.</param>
    /// <exception cref="ArgumentException">A cloud has not as many values as positions.</exception>
    public static Figure Points(string title, string xLabel, string yLabel, params (string Name, double[] X, double[] Y)[] clouds) =>
        new([.. clouds.Select(cloud => Scatter(cloud.Name, cloud.X, cloud.Y, "markers"))], Layout(title, xLabel, yLabel));

    /// <summary>Named bars.</summary>
    /// <param name="title">Above the chart.</param>
    /// <param name="yLabel">What the bars measure, with its unit.</param>
    /// <param name="bars">Each bar's name and height.</param>
    public static Figure Bars(string title, string yLabel, params (string Label, double Value)[] bars)
    {
        JsonObject layout = Layout(title, "", yLabel);
        layout["xaxis"]!["type"] = "category"; // a name may look like a number
        JsonArray labels = [.. bars.Select(bar => (JsonNode)bar.Label)];
        return new Figure([new JsonObject { ["type"] = "bar", ["x"] = labels, ["y"] = Numbers(bars.Select(bar => bar.Value)) }], layout);
    }

    /// <summary>How often values occur.</summary>
    /// <param name="title">Above the chart.</param>
    /// <param name="xLabel">What the values are, with their unit.</param>
    /// <param name="values">The values.</param>
    public static Figure Histogram(string title, string xLabel, params double[] values) =>
        new([new JsonObject { ["type"] = "histogram", ["x"] = Numbers(values) }], Layout(title, xLabel, "count"));

    /// <summary>A matrix as colours, its first row on top.</summary>
    /// <param name="title">Above the chart.</param>
    /// <param name="xLabel">What the columns are.</param>
    /// <param name="yLabel">What the rows are.</param>
    /// <param name="values">[rows, columns]; a gap is NaN.</param>
    public static Figure HeatMap(string title, string xLabel, string yLabel, double[,] values)
    {
        JsonArray rows = [.. Enumerable.Range(0, values.GetLength(0)).Select(row => Numbers(Enumerable.Range(0, values.GetLength(1)).Select(column => values[row, column])))];
        JsonObject layout = Layout(title, xLabel, yLabel);
        layout["yaxis"]!["autorange"] = "reversed";
        return new Figure([new JsonObject { ["type"] = "heatmap", ["z"] = rows, ["colorscale"] = "Viridis" }], layout);
    }

    /// <summary>The training and evaluation losses of a run, and what they are to be compared with.</summary>
    /// <param name="run">The run.</param>
    /// <param name="unit">Nats of one unit: 1 shows nats, ln 2 shows bits.</param>
    /// <param name="unitName">What the unit is called, such as <c>bits per token</c>.</param>
    /// <param name="baselines">Values in that unit, drawn as dashed horizontal lines.</param>
    /// <exception cref="ArgumentException">The unit is not positive.</exception>
    public static Figure Loss(TrainingRun run, double unit, string unitName, params (string Name, double Value)[] baselines)
    {
        if (!(unit > 0) || !double.IsFinite(unit))
        {
            throw new ArgumentException($"The unit is {unit} nats; it must be positive: 1 for nats, Math.Log(2) for bits.", nameof(unit));
        }

        TrainingStep[] steps = [.. run.History];
        TrainingStep[] evaluated = [.. steps.Where(step => step.EvaluationLoss is not null)];
        JsonArray data = [Scatter("training", [.. steps.Select(step => step.Step + 1.0)], [.. steps.Select(step => step.Loss / unit)], "lines")];
        if (evaluated.Length > 0)
        {
            data.Add(Scatter("evaluation", [.. evaluated.Select(step => step.Step + 1.0)], [.. evaluated.Select(step => step.EvaluationLoss!.Value / unit)], "lines+markers"));
        }

        double[] ends = steps.Length > 0 ? [steps[0].Step + 1, steps[^1].Step + 1] : [1, run.Options.Steps];
        foreach ((string name, double value) in baselines)
        {
            JsonObject line = Scatter($"{name} ({Html.Number(value)})", ends, [value, value], "lines");
            line["line"] = new JsonObject { ["dash"] = "dash" };
            data.Add(line);
        }

        return new Figure(data, Layout($"Loss of {run.Model.GetName()}", "step", unitName));
    }

    /// <summary>The same chart with a logarithmic axis, or two.</summary>
    /// <param name="figure">A chart.</param>
    /// <param name="x">Whether the horizontal axis is logarithmic.</param>
    /// <param name="y">Whether the vertical axis is logarithmic.</param>
    public static Figure Logarithmic(this Figure figure, bool x = false, bool y = true)
    {
        var layout = (JsonObject)figure.Layout.DeepClone();
        foreach ((string name, bool wanted) in new[] { ("xaxis", x), ("yaxis", y) })
        {
            if (wanted)
            {
                JsonObject axis = layout[name] as JsonObject ?? [];
                axis["type"] = "log";
                layout[name] ??= axis;
            }
        }

        return new Figure((JsonArray)figure.Data.DeepClone(), layout);
    }

    internal static JsonObject Scatter(string name, double[] x, double[] y, string mode)
    {
        if (x.Length != y.Length)
        {
            throw new ArgumentException($"'{name}' has {x.Length} positions and {y.Length} values; they must be as many.");
        }

        return new JsonObject { ["type"] = "scatter", ["mode"] = mode, ["name"] = name, ["x"] = Numbers(x), ["y"] = Numbers(y) };
    }

    /// <summary>JSON has no NaN: a gap is null. Seven digits are more than a screen shows.</summary>
    private static JsonArray Numbers(IEnumerable<double> values) =>
        [.. values.Select(value => double.IsFinite(value) ? JsonValue.Create(double.Parse(value.ToString("G7"))) : null)];

    internal static JsonObject Layout(string title, string xLabel, string yLabel) => new()
    {
        ["title"] = new JsonObject { ["text"] = title },
        ["xaxis"] = new JsonObject { ["title"] = new JsonObject { ["text"] = xLabel } },
        ["yaxis"] = new JsonObject { ["title"] = new JsonObject { ["text"] = yLabel } },
        ["margin"] = new JsonObject { ["t"] = 48, ["r"] = 16, ["b"] = 48, ["l"] = 64 },
    };

}
