using System.Runtime.CompilerServices;
using ArKernel.Theory;

namespace ArKernel.Interactive;

/// <summary>Shows the results of the theory tools: a table of the numbers, what they were computed with, and the charts.</summary>
internal static class TheoryFormatters
{
    private static readonly string[] Header = ["quantity", "value", "unit", "interval", ""];
    private static readonly bool[] IsNumber = [false, true, false, false, false];

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Register()
    {
        Views.Register<TheoryResult>(ToHtml, result => result.ToString());
        ChartFormatters.Register<Chart>(chart => chart.ToFigure());
    }

    private static string ToHtml(TheoryResult result)
    {
        IEnumerable<Parameter> settings = result.Seed is { } seed ? result.Parameters.Append(new Parameter("seed", seed)) : result.Parameters;
        string small = string.Join(", ", settings.Select(parameter => parameter.ToString()));
        return $"<div style=\"{Html.Card};max-width:100%\"><div style=\"font-weight:600\">{Html.Escape(result.Title)}</div>"
            + TextTable.ToHtml(Header, IsNumber, result.Quantities.Select(Row))
            + (small.Length > 0 ? $"<div style=\"{Html.Faint};margin-top:4px\">{Html.Escape(small)}</div>" : "")
            + string.Concat(result.Charts.Select(chart => chart.ToFigure().ToHtml())) + "</div>";
    }

    private static string[] Row(Quantity quantity) =>
        [quantity.Name, quantity.ValueText, quantity.Unit, quantity.Interval?.ToString() ?? "", quantity.Note];
}
