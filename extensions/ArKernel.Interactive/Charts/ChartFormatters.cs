using System.Text.Json.Nodes;
using System.Runtime.CompilerServices;
using Microsoft.DotNet.Interactive.Formatting;
using Plotly.NET;

namespace ArKernel.Interactive;

/// <summary>Shows charts, ours and Plotly.NET's, in three forms: a drawing, the data for interactive front ends, and words.</summary>
internal static class ChartFormatters
{
    private const string PlotlyType = "application/vnd.plotly.v1+json";

    public static void Register() => Register<Figure>(figure => figure);

    /// <summary>Called once Plotly.NET is in the process: naming its types any earlier would load it and F#.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void RegisterPlotly() => Register<GenericChart>(Read);

    /// <summary>Shows a type as the figure it stands for.</summary>
    public static void Register<T>(Func<T, Figure> read)
        where T : class
    {
        Formatter.Register<T>((value, writer) => writer.Write(read(value).ToHtml()), HtmlFormatter.MimeType);
        Formatter.Register<T>((value, writer) => writer.Write(read(value).ToJson()), PlotlyType);
        Formatter.Register<T>((value, writer) => writer.Write(read(value).ToString()), PlainTextFormatter.MimeType);
        Formatter.SetPreferredMimeTypesFor(typeof(T), HtmlFormatter.MimeType, PlotlyType, PlainTextFormatter.MimeType);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Figure Read(GenericChart chart)
    {
        Figure figure = Figure.Parse(GenericChart.toFigureJson(chart));
        // Plotly.NET's own defaults, a white page of 600 by 600 pixels in 7 kB of settings, give way to those of the front end.
        if ((figure.Layout["template"] as JsonObject)?["layout"]?["plot_bgcolor"] is JsonValue background && background.ToString() == "rgba(229, 236, 246, 1.0)")
        {
            figure.Layout.Remove("template");
        }

        if (figure.Layout["width"]?.ToString() == "600" && figure.Layout["height"]?.ToString() == "600")
        {
            figure.Layout.Remove("width");
            figure.Layout.Remove("height");
        }

        return figure;
    }
}
