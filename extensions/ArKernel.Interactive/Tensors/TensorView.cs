using System.Text;
using static TorchSharp.torch;

namespace ArKernel.Interactive;

/// <summary>Shows a tensor: its kind, its statistics, and its values or a picture of them.</summary>
internal static class TensorView
{
    public static void Register() => Views.Register<Tensor>(ToHtml, ToText);

    /// <summary>The summary, and the values when they are few.</summary>
    public static string ToText(Tensor tensor)
    {
        TensorSummary summary = TensorSummary.Of(tensor);
        return IsSmall(tensor, summary) ? $"{summary}\n{TensorText.Of(tensor)}" : summary.ToString();
    }

    public static string ToHtml(Tensor tensor)
    {
        TensorSummary summary = TensorSummary.Of(tensor);
        StringBuilder html = new();
        html.Append($"<div style=\"{Html.Card}\"><div><b>{(summary.IsDisposed ? "" : "tensor")}</b> {Html.Escape(summary.Kind)}</div>");
        if (summary.Statistics.Count > 0)
        {
            html.Append($"<div style=\"display:flex;flex-wrap:wrap;gap:2px 18px;{Html.Digits}\">");
            foreach ((string name, string value) in summary.Statistics)
            {
                html.Append($"<span><span style=\"{Html.Faint}\">{name}</span> {Html.Escape(value)}</span>");
            }

            html.Append("</div>");
        }

        if (IsSmall(tensor, summary))
        {
            html.Append($"<pre style=\"margin:4px 0 0\">{Html.Escape(TensorText.Of(tensor))}</pre>");
        }
        else if (summary.HasValues)
        {
            html.Append($"<div style=\"margin-top:6px\">{Picture(tensor, summary)}</div>");
        }

        return html.Append("</div>").ToString();
    }

    private static bool IsSmall(Tensor tensor, TensorSummary summary) =>
        summary.HasValues && tensor.numel() <= TensorText.MostElements && !TensorPicture.IsImages(tensor, summary);

    private static string Picture(Tensor tensor, TensorSummary summary)
    {
        if (TensorPicture.IsImages(tensor, summary))
        {
            return TensorPicture.Images(tensor);
        }

        using IDisposable scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        if (tensor.dim() == 1)
        {
            return Curve(tensor.detach());
        }

        Tensor matrix = tensor.detach();
        int leading = (int)matrix.dim() - 2;
        for (int axis = 0; axis < leading; axis++)
        {
            matrix = matrix.select(0, 0);
        }

        string which = leading == 0 ? "" : $"<div style=\"{Html.Faint}\">[{string.Concat(Enumerable.Repeat("0, ", leading))}:, :]</div>";
        return which + TensorPicture.HeatMap(matrix, $"heat map of {matrix.shape[0]} by {matrix.shape[1]} numbers");
    }

    /// <summary>A long vector as a curve of at most 512 block means.</summary>
    private static string Curve(Tensor vector)
    {
        long every = (vector.shape[0] + (1 << 20) - 1) >> 20;
        Tensor values = every > 1 ? vector.slice(0, 0, vector.shape[0], every) : vector;
        values = (values.is_complex() ? values.abs() : values).to(ScalarType.Float32);
        if (values.shape[0] > 512)
        {
            values = nn.functional.adaptive_avg_pool1d(values.unsqueeze(0).unsqueeze(0), 512).flatten();
        }

        double[] y = [.. values.cpu().contiguous().data<float>().Select(value => (double)value)];
        double[] x = [.. Enumerable.Range(0, y.Length).Select(i => (double)i * vector.shape[0] / y.Length)];
        return SvgChart.Draw(new Plot("", new PlotAxis(), new PlotAxis(), [new Series(SeriesKind.Points, "", x, y)], HasLegend: false, Stacked: false), 560, 160);
    }
}
