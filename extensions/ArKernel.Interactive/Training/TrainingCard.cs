using System.Globalization;
using System.Text;
using ArKernel.Training;
using Microsoft.DotNet.Interactive.Formatting;

namespace ArKernel.Interactive;

/// <summary>A training run as it stands: progress, loss curve, pace and newest sample.</summary>
internal sealed class TrainingCard(TrainingRun run)
{
    private const int LongestSample = 4000;

    private object? sample;
    private string sampleHtml = "";

    /// <summary>Whether an exception ended the run.</summary>
    public bool HasFailed { get; init; }

    /// <summary>One line, which a terminal can show while the cell runs.</summary>
    public override string ToString()
    {
        if (run.Result is TrainingResult result)
        {
            return result.Message;
        }

        if (run.StepsDone == 0)
        {
            return $"step 0/{run.Options.Steps}{(HasFailed ? "  failed" : "")}";
        }

        string evaluation = LatestEvaluation() is double held ? FormattableString.Invariant($"  evaluation {held:0.00}") : "";
        string left = HasFailed ? "  failed" : run.TimeLeft is TimeSpan time ? $"  ETA {Html.Duration(time)}" : "";
        double loss = run.History[^1].Loss;
        return FormattableString.Invariant($"step {run.StepsDone}/{run.Options.Steps}  loss {Loss(loss, "0.00", run.LossUnit)}{evaluation}  {Html.Count(Pace())} tokens/s{left}");
    }

    /// <summary>The card.</summary>
    public string ToHtml()
    {
        double done = Math.Clamp(run.StepsDone / (double)run.Options.Steps, 0, 1);
        string state = run.Result?.End switch
        {
            null when HasFailed => "failed",
            null => run.StepsDone == 0 ? "starting" : "training",
            TrainingEnd.Completed => "completed",
            TrainingEnd.EarlyStopped => "stopped early",
            TrainingEnd.Cancelled => "cancelled",
            _ => "stopped: not a number",
        };
        string color = HasFailed || run.Result?.End == TrainingEnd.NotANumber ? "#d0505f" : run.Result is null ? "#3b82c4" : "#3fa066";
        StringBuilder html = new();
        html.Append($"<div style=\"{Html.Card};border:1px solid {Html.Rule};border-radius:6px;padding:10px 14px\">")
            .Append("<div style=\"display:flex;justify-content:space-between;gap:12px\">")
            .Append($"<b>{Html.Escape(run.Model.GetName())}</b><span style=\"color:{color}\">{state}</span>")
            .Append($"<span style=\"{Html.Digits}\">step {run.StepsDone} / {run.Options.Steps}</span></div>")
            .Append("<div style=\"height:6px;border-radius:3px;background:rgba(128,128,128,.25);margin:6px 0 8px\">")
            .Append($"<div style=\"height:6px;border-radius:3px;width:{Html.Pixel(done * 100)}%;background:{color}\"></div></div>");
        WriteFigures(html);
        if (run.History.Count > 1)
        {
            html.Append(SvgChart.Draw(Curves(), 640, 230));
        }

        if (run.Result is TrainingResult result)
        {
            html.Append($"<div style=\"{Html.Faint}\">{Html.Escape(result.Message)}</div>");
        }

        html.Append(SampleHtml());
        return html.Append("</div>").ToString();
    }

    /// <summary>The short card of a result.</summary>
    public static string ToHtml(TrainingResult result)
    {
        string color = result.End == TrainingEnd.NotANumber ? "#d0505f" : "#3fa066";
        StringBuilder html = new();
        html.Append($"<div style=\"{Html.Card};border-left:3px solid {color};padding:2px 12px\">{Html.Escape(result.Message)}<div style=\"display:flex;flex-wrap:wrap;gap:2px 22px;{Html.Digits}\">");
        Write(html, "loss", $"{Html.Number(result.FinalLoss)} {ShortUnit(result.LossUnit)}");
        if (result.BestEvaluationLoss is double best)
        {
            string bits = IsNats(result.LossUnit) ? FormattableString.Invariant($" ({result.BestBitsPerToken:0.00} bits)") : "";
            Write(html, "best evaluation", $"{Html.Number(best)} {ShortUnit(result.LossUnit)}{bits} after step {result.BestStep}");
        }

        Write(html, "pace", $"{Html.Count(result.TokensPerSecond)} tokens/s");
        return html.Append("</div></div>").ToString();
    }

    private void WriteFigures(StringBuilder html)
    {
        html.Append($"<div style=\"display:flex;flex-wrap:wrap;gap:2px 22px;{Html.Digits};margin-bottom:6px\">");
        if (run.History.Count > 0)
        {
            TrainingStep last = run.History[^1];
            Write(html, "loss", Loss(last.Loss, "0.000", run.LossUnit));
            if (LatestEvaluation() is double held)
            {
                Write(html, "evaluation", Loss(held, "0.000", run.LossUnit));
            }

            foreach ((string name, double value) in last.Measures ?? new Dictionary<string, double>(StringComparer.Ordinal))
            {
                Write(html, name, Html.Number(value));
            }

            Write(html, "learning rate", Html.Number(last.LearningRate));
            Write(html, "pace", $"{Html.Count(Pace())} tokens/s");
        }

        Write(html, "time", Html.Duration(run.Elapsed));
        if (run.Result is null && !HasFailed && run.TimeLeft is TimeSpan left)
        {
            Write(html, "ETA", Html.Duration(left));
        }

        html.Append("</div>");
    }

    private static void Write(StringBuilder html, string name, string value) =>
        html.Append($"<span><span style=\"{Html.Faint}\">{name}</span> {Html.Escape(value)}</span>");

    private Plot Curves()
    {
        TrainingStep[] steps = [.. run.History];
        TrainingStep[] evaluated = [.. steps.Where(step => step.EvaluationLoss is not null)];
        List<Series> series = [new(SeriesKind.Points, "training", [.. steps.Select(step => step.Step + 1.0)], [.. steps.Select(step => step.Loss)])];
        if (evaluated.Length > 0)
        {
            series.Add(new Series(SeriesKind.Points, "evaluation", [.. evaluated.Select(step => step.Step + 1.0)], [.. evaluated.Select(step => step.EvaluationLoss!.Value)])
            {
                Markers = evaluated.Length <= 40,
            });
        }

        // The whole run is the width from the start, so that the curve grows and does not rescale.
        PlotAxis axis = new() { Label = "step", Range = (0, Math.Max(run.Options.Steps, run.StepsDone)) };
        return new Plot("", axis, new PlotAxis { Label = $"loss ({run.LossUnit})" }, series, HasLegend: series.Count > 1, Stacked: false);
    }

    private static bool IsNats(string unit) => unit.StartsWith("nats", StringComparison.Ordinal);

    private static string ShortUnit(string unit) => IsNats(unit) ? "nats" : unit;

    private static string Loss(double loss, string format, string unit)
    {
        string bits = IsNats(unit) ? FormattableString.Invariant($" ({loss / Math.Log(2):0.00} bits)") : "";
        return $"{loss.ToString(format, CultureInfo.InvariantCulture)} {ShortUnit(unit)}{bits}";
    }

    private double? LatestEvaluation()
    {
        for (int i = run.History.Count - 1; i >= 0; i--)
        {
            if (run.History[i].EvaluationLoss is double loss)
            {
                return loss;
            }
        }

        return null;
    }

    /// <summary>Tokens a second over the newest steps: the harmonic mean, as equal steps of unequal times add up.</summary>
    private double Pace()
    {
        TrainingStep[] newest = [.. run.History.Skip(Math.Max(0, run.History.Count - 20)).Where(step => step.TokensPerSecond > 0)];
        return newest.Length == 0 ? 0 : newest.Length / newest.Sum(step => 1 / step.TokensPerSecond);
    }

    private string SampleHtml()
    {
        if (!ReferenceEquals(sample, run.LatestSample))
        {
            // A sample may be dear to show, an image grid for one: once is enough for all the updates that follow it.
            (sample, sampleHtml) = (run.LatestSample, Render(run.LatestSample!));
        }

        return sampleHtml;
    }

    private static string Render(object sample)
    {
        string content;
        try
        {
            content = sample is string text
                ? $"<pre style=\"white-space:pre-wrap;margin:4px 0 0;max-height:240px;overflow-y:auto\">{Html.Escape(text.Length > LongestSample ? text[..LongestSample] + "…" : text)}</pre>"
                : sample.ToDisplayString(HtmlFormatter.MimeType);
        }
        catch (Exception exception)
        {
            // Training goes on when its sample cannot be shown.
            content = $"<pre>The sample could not be shown: {Html.Escape(exception.Message)}</pre>";
        }

        return $"<div style=\"border-top:1px solid {Html.Rule};margin-top:6px;padding-top:4px\"><span style=\"{Html.Faint}\">sample</span>{content}</div>";
    }
}
