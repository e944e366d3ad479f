using System.Text;
using static TorchSharp.torch;

namespace ArKernel.Interactive;

/// <summary>What each head of a layer attends to: a small map a head, a row for each token that looks and a column for each looked at.</summary>
public sealed class AttentionView
{
    private const int MostLabels = 24;

    private readonly string[]? tokens;
    private readonly int layer;
    private readonly int length;
    private readonly (string Map, double Bits)[] heads;

    /// <summary>Takes the maps of a layer's first sequence; the tensors may be disposed afterwards.</summary>
    /// <param name="weights">A tensor a layer: [batch, heads, time, time], each row a distribution.</param>
    /// <param name="tokens">The text of each token, or null.</param>
    /// <param name="layer">The layer, from 0.</param>
    /// <exception cref="ArgumentException">There is no such layer, its tensor has another shape, or the tokens are not as many as its rows.</exception>
    public AttentionView(IReadOnlyList<Tensor> weights, string[]? tokens = null, int layer = 0)
    {
        if (layer < 0 || layer >= weights.Count)
        {
            throw new ArgumentException($"There are attention weights of {weights.Count} layers, numbered from 0; layer {layer} is not among them.", nameof(layer));
        }

        Tensor of = weights[layer];
        if (of.IsInvalid || of.dim() != 4 || of.shape[2] != of.shape[3] || of.numel() == 0)
        {
            throw new ArgumentException($"Attention weights have the shape [batch, heads, time, time]; those of layer {layer} are a {TensorSummary.Of(of).Kind}.", nameof(weights));
        }

        length = (int)of.shape[2];
        if (tokens is not null && tokens.Length != length)
        {
            throw new ArgumentException($"There are {tokens.Length} tokens for attention weights over {length} positions; they must be as many.", nameof(tokens));
        }

        (this.tokens, this.layer) = (tokens, layer);
        heads = [.. Enumerable.Range(0, (int)of.shape[1]).Select(head => Read(of, head))];
    }

    /// <summary>The maps as HTML.</summary>
    public string ToHtml()
    {
        StringBuilder html = new($"<div style=\"{Html.Card};max-width:960px\"><div><b>attention</b> layer {layer}, {heads.Length} heads, {length} positions <span style=\"{Html.Faint}\">rows attend to columns</span></div>");
        html.Append("<div style=\"display:flex;flex-wrap:wrap;gap:10px;margin-top:4px\">");
        for (int head = 0; head < heads.Length; head++)
        {
            html.Append($"<div>{heads[head].Map}<div style=\"text-align:center;{Html.Digits}\">head {head} <span style=\"{Html.Faint}\">{FormattableString.Invariant($"{heads[head].Bits:0.00}")} bits</span></div></div>");
        }

        return html.Append("</div></div>").ToString();
    }

    /// <summary>The heads and the mean entropy of their rows.</summary>
    public override string ToString() =>
        $"attention of layer {layer}, {length} positions; mean entropy a head in bits: {string.Join(", ", heads.Select(head => FormattableString.Invariant($"{head.Bits:0.00}")))}";

    private (string Map, double Bits) Read(Tensor weights, int head)
    {
        using IDisposable scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        Tensor map = weights.detach()[0, head].to(ScalarType.Float32).cpu().contiguous();
        double bits = Math.Max(0, -(map * map.clamp_min(1e-30).log()).sum(-1).mean().item<float>() / Math.Log(2));
        return (tokens is { Length: <= MostLabels } ? Labelled([.. map.data<float>()]) : TensorPicture.HeatMap(map, $"attention of head {head}", 180), bits);
    }

    private string Labelled(float[] values)
    {
        double[] places = [.. Enumerable.Range(0, length).Select(i => (double)i)];
        PlotAxis across = new();
        PlotAxis down = new() { IsReversed = true };
        across.Categories.AddRange(tokens!);
        down.Categories.AddRange(tokens!);
        double[][] cells = [.. values.Chunk(length).Select(row => row.Select(value => (double)value).ToArray())];
        return SvgChart.Draw(new Plot("", across, down, [new Series(SeriesKind.HeatMap, "", places, places) { Cells = cells }], HasLegend: false, Stacked: false), 300, 240);
    }
}
