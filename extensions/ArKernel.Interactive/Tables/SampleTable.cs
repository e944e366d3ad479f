using System.Globalization;
using ArKernel.Metrics;

namespace ArKernel.Interactive;

/// <summary>Systems side by side: what their images cost and how good they are.</summary>
/// <param name="evaluator">What judged the images; its floor and ceiling give the distances their scale.</param>
public sealed class SampleTable(SampleEvaluator evaluator)
{
    private static readonly string[] Header = ["system", "parameters", "model calls", "ms an image", "images/s", "Fréchet distance", "of the class asked", "precision", "recall"];
    private static readonly bool[] Numbers = [false, true, true, true, true, true, true, true, true];

    private readonly List<string[]> rows = [];

    /// <summary>Adds a system.</summary>
    /// <param name="system">Its name.</param>
    /// <param name="model">The model.</param>
    /// <param name="sampled">What it drew.</param>
    public SampleTable Add(string system, AutoregressiveModel model, SampledImages sampled)
    {
        SampleQuality quality = sampled.Quality;
        rows.Add([
            system, Html.Count(model.parameters().Where(parameter => parameter.requires_grad).Sum(parameter => parameter.numel())), Html.Number(sampled.ModelCalls),
            Html.Number(Math.Round(sampled.SecondsAlone * 1000, 1)), Html.Number(sampled.ImagesPerSecond), Html.Number(quality.FrechetDistance), quality.ClassAccuracy is { } accuracy ? accuracy.ToString("P0", CultureInfo.InvariantCulture) : "",
            quality.Precision.ToString("P0", CultureInfo.InvariantCulture), quality.Recall.ToString("P0", CultureInfo.InvariantCulture)]);
        return this;
    }

    /// <summary>The table as HTML.</summary>
    public string ToHtml() => $"<div style=\"{Html.Card};max-width:100%\">{TextTable.ToHtml(Header, Numbers, rows)}<div style=\"{Html.Faint}\">{Html.Escape(Scale())}</div></div>";

    /// <summary>The table as text.</summary>
    public override string ToString() => $"{TextTable.ToText(Header, Numbers, rows)}\n{Scale()}";

    private string Scale() => $"{evaluator.Count} images each; Fréchet distance of real images from real ones {Html.Number(evaluator.Floor)}, of noise {Html.Number(evaluator.Ceiling)}";
}
