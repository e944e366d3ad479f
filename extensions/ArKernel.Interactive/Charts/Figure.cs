using System.Text.Json.Nodes;

namespace ArKernel.Interactive;

/// <summary>
/// A chart as Plotly describes it: traces and a layout. A notebook shows it as an inline drawing that needs no script, and interactively
/// where the front end understands <c>application/vnd.plotly.v1+json</c>. <see cref="Charts"/> makes the common ones; every Plotly.NET chart
/// is shown the same way.
/// </summary>
public sealed class Figure
{
    internal Figure(JsonArray data, JsonObject layout) => (Data, Layout) = (data, layout);

    /// <summary>The traces.</summary>
    public JsonArray Data { get; }

    /// <summary>Title, axes and sizes.</summary>
    public JsonObject Layout { get; }

    /// <summary>Reads a figure from its JSON form, <c>{"data":[…],"layout":{…}}</c>.</summary>
    /// <param name="json">The figure.</param>
    /// <exception cref="FormatException">The text is not a figure.</exception>
    public static Figure Parse(string json)
    {
        try
        {
            if (JsonNode.Parse(json) is JsonObject figure && figure["data"] is JsonArray data)
            {
                JsonObject layout = figure["layout"] as JsonObject ?? [];
                figure.Clear(); // gives the parts free
                return new Figure(data, layout);
            }
        }
        catch (System.Text.Json.JsonException exception)
        {
            throw new FormatException($"A figure must be JSON of the form {{\"data\":[…],\"layout\":{{…}}}}: {exception.Message}", exception);
        }

        throw new FormatException("A figure must be JSON of the form {\"data\":[…],\"layout\":{…}}; there is no 'data' list.");
    }

    /// <summary>The figure as JSON, <c>{"data":[…],"layout":{…}}</c>.</summary>
    public string ToJson() => $"{{\"data\":{Data.ToJsonString()},\"layout\":{Layout.ToJsonString()}}}";

    /// <summary>The figure as HTML: a drawing for each of its pairs of axes.</summary>
    public string ToHtml()
    {
        IReadOnlyList<Plot> plots = PlotReader.Read(this);
        return plots.Count == 0
            ? $"<pre>{Html.Escape(ToString())}</pre>"
            : $"<div style=\"display:flex;flex-wrap:wrap;gap:8px\">{string.Concat(plots.Select(SvgChart.Draw))}</div>";
    }

    /// <summary>The title, and of each trace its name, number of points and range.</summary>
    public override string ToString() => PlotText.Describe(this);
}
