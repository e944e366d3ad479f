using System.Text;
using ArKernel.Codecs;
using ArKernel.Data;
using ArKernel.Metrics;
using ArKernel.Orders;
using Microsoft.Data.Analysis;
using static TorchSharp.torch;

namespace ArKernel.Interactive.Tests;

/// <summary>All views on one page. With the environment variable ARKERNEL_GALLERY set to a file's path the page is written there, to be looked at.</summary>
public sealed class GalleryTests
{
    [Fact]
    public void All_views_stand_together_on_one_page()
    {
        StringBuilder page = new();
        foreach ((string title, object value) in Views())
        {
            page.Append($"<h4>{title}</h4>{Notebook.HtmlOf(value)}<pre style=\"font-size:10px;opacity:.7\">{Html.Escape(Notebook.TextOf(value))}</pre>\n");
        }

        Assert.True(page.Length < 2_000_000);
        if (Environment.GetEnvironmentVariable("ARKERNEL_GALLERY") is { Length: > 0 } path)
        {
            string body = page.ToString();
            File.WriteAllText(path, "<!DOCTYPE html><html><head><meta charset=\"utf-8\"/></head><body style=\"margin:0;display:flex;font-family:sans-serif\">"
                + $"<div style=\"width:50%;padding:12px;background:#fff;color:#222\">{body}</div><div style=\"width:50%;padding:12px;background:#1e1e1e;color:#ddd\">{body}</div></body></html>");
        }
    }

    private static IEnumerable<(string Title, object Value)> Views()
    {
        Training.TrainingRun run = Examples.Run(120, sample: () => "the cat sat on the mat; a dog");
        Notebook.Record(() => run.Run());
        yield return ("Training run", run);
        yield return ("Training result", run.Result!);
        yield return ("Loss", Charts.Loss(run, Math.Log(2), "bits per token", ("unigram", 4.1), ("bigram", 2.7)));
        double[] x = [.. Enumerable.Range(0, 200).Select(i => i * 0.05)];
        yield return ("Lines", Charts.Lines("Damped oscillation", "time (s)", "amplitude", ("sine", x, [.. x.Select(v => Math.Sin(3 * v) * Math.Exp(-v / 4))]), ("envelope", x, [.. x.Select(v => Math.Exp(-v / 4))])));
        double[] n = [1e3, 1e4, 1e5, 1e6, 1e7];
        yield return ("Log-log", Charts.Points("Scaling", "parameters", "loss (nats)", ("measured", n, [4.1, 3.3, 2.6, 2.2, 1.8])).Logarithmic(x: true));
        yield return ("Bars", Charts.Bars("Bits per pixel", "bits", ("uniform", 8), ("histogram", 4.2), ("2-gram", 3.1), ("our model", 2.4)));
        yield return ("Many bars", Charts.Bars("Counts", "count", [.. Enumerable.Range(0, 26).Select(i => ($"class number {(char)('a' + i)}", Math.Abs(Math.Sin(i)) * 1200))]));
        var random = new Random(1);
        yield return ("Histogram", Charts.Histogram("Normal", "value", [.. Enumerable.Range(0, 1000).Select(_ => Enumerable.Range(0, 12).Sum(_ => random.NextDouble()) - 6)]));
        double[,] map = new double[24, 30];
        for (int i = 0; i < 24; i++)
        {
            for (int j = 0; j < 30; j++)
            {
                map[i, j] = Math.Sin(i / 4.0) * Math.Cos(j / 5.0);
            }
        }

        yield return ("Heat map", Charts.HeatMap("Waves", "column", "row", map));
        yield return ("Plotly.NET", Plotly.NET.CSharp.Chart.Combine(new Plotly.NET.GenericChart[]
        {
            Plotly.NET.CSharp.Chart.Line<double, double, string>([1.0, 2, 3], [2.0, 5, 3], Name: "line"),
            Plotly.NET.CSharp.Chart.Column<double, string, string>([1.0, 3, 2], Keys: (string[])["1", "2", "3"], Name: "columns"),
        }));
        manual_seed(1);
        yield return ("Small tensor", randn(4, 5));
        yield return ("Three axes", arange(24, dtype: ScalarType.Int64).reshape(2, 3, 4));
        yield return ("Matrix", randn(200, 400).cumsum(0));
        yield return ("Vector", randn(4000).cumsum(0));
        yield return ("Images", rand(20, 1, 14, 14));
        yield return ("Colour images", linspace(0, 1, 6 * 3 * 16 * 16).reshape(6, 3, 16, 16));
        yield return ("Image grid", ImageGrid.Of(rand(12, 1, 14, 14), ["original", "reconstruction"], 6));
        yield return ("Captioned", ImageGrid.Of(rand(5, 3, 14, 14), ["shirt", "shoe", "bag", "coat", "dress"], 5));
        yield return ("Model", run.Model);
        var codec = new ByteCodec();
        yield return ("Tokens", codec.Show(codec.Encode("Attention is all\nyou need, naïvely.")));
        Tensor weights = softmax(randn(1, 4, 40, 40) * 2 + full(40, 40, float.NegativeInfinity).triu(1), -1);
        yield return ("Attention", new AttentionView([weights]));
        Tensor small = softmax(randn(1, 2, 8, 8) * 2 + full(8, 8, float.NegativeInfinity).triu(1), -1);
        yield return ("Attention with tokens", new AttentionView([small], ["The", " cat", " sat", " on", " the", " mat", ".", " It"]));
        yield return ("Data frame", new DataFrame(
            new PrimitiveDataFrameColumn<int>("step", Enumerable.Range(0, 70)),
            new PrimitiveDataFrameColumn<double>("loss", Enumerable.Range(0, 70).Select(i => 3.0 / (i + 1))),
            new StringDataFrameColumn("name", Enumerable.Range(0, 70).Select(i => $"run {i}"))));
        yield return ("Theory result", new TheoryViewTests.Example());
        yield return ("Order by scales", GenerationOrder.Scales([1, 2, 3, 4, 6, 8]));
        yield return ("Order by diagonals", GenerationOrder.Diagonals(8, 8));
        yield return ("Order of a video", GenerationOrder.Diagonals(4, 7, 7));
        yield return ("Order drawn", GenerationOrder.RandomSets(64, 8));
        yield return ("Order of a row", GenerationOrder.Raster(130));
        yield return ("Samples", Samples((AutoregressiveModel)run.Model));
        yield return ("Comparison", new Comparison().Near("Accuracy on the test set", 0.9, 0.91, 0.02).AtMost("Bits per token below the bigram's", 2.7, 2.41).Row("Sign of the slope", "negative", "positive", false));
    }

    private static SampleTable Samples(AutoregressiveModel model)
    {
        using ImageSet images = new(rand(40, 1, 8, 8) * 2 - 1);
        using FeatureNetwork network = new(10);
        using SampleEvaluator evaluator = new(network, images, count: 40);
        SampleQuality quality = evaluator.Evaluate(images.ToTensor(), arange(40) % 10);
        return new SampleTable(evaluator).Add("raster", model, new SampledImages(quality, images.ToTensor(), 64, 12.34, 0.1234)).Add("at once", model, new SampledImages(quality with { ClassAccuracy = null }, images.ToTensor(), 1, 1234.5, 0.01));
    }
}
