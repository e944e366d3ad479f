using System.Diagnostics;
using System.Globalization;
using System.Text;
using ArKernel.Training;

namespace ArKernel.Interactive;

/// <summary>Keeps a sweep's card up to date in the notebook, at most four times a second; its last state stays.</summary>
internal sealed class ScalingLiveView : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(0.25);

    private readonly ScalingSweep sweep;
    private readonly ScalingCard card;
    private readonly Action<object> update;
    private long lastShown;

    public ScalingLiveView(ScalingSweep sweep, Func<object, Action<object>> display)
    {
        this.sweep = sweep;
        card = new ScalingCard(sweep);
        update = display(card);
        lastShown = Stopwatch.GetTimestamp();
        sweep.Progressed += OnProgress;
    }

    public void Dispose()
    {
        sweep.Progressed -= OnProgress;
        update(sweep.Rows.Count < sweep.RowCount ? new ScalingCard(sweep) { HasFailed = true } : card);
    }

    private void OnProgress()
    {
        if (Stopwatch.GetElapsedTime(lastShown) >= Interval)
        {
            update(card);
            lastShown = Stopwatch.GetTimestamp();
        }
    }
}

/// <summary>A sweep as it stands: progress, the run under way, and the losses so far by size and budget.</summary>
internal sealed class ScalingCard(ScalingSweep sweep)
{
    /// <summary>Whether an exception or an interrupt ended the sweep.</summary>
    public bool HasFailed { get; init; }

    private bool IsDone => sweep.Rows.Count == sweep.RowCount;

    /// <summary>One line, which a terminal can show while the cell runs.</summary>
    public override string ToString()
    {
        string left = HasFailed ? "  ended early" : IsDone ? "" : sweep.TimeLeft is TimeSpan time ? $"  ETA {Html.Duration(time)}" : "";
        return FormattableString.Invariant($"{sweep.Name}: {sweep.Rows.Count} of {sweep.RowCount} runs, {100 * sweep.Done:0} % of the tokens{left}");
    }

    /// <summary>The card.</summary>
    public string ToHtml()
    {
        string color = HasFailed ? "#d0505f" : IsDone ? "#3fa066" : "#3b82c4", state = HasFailed ? "ended early" : IsDone ? "completed" : "training";
        StringBuilder html = new();
        html.Append($"<div style=\"{Html.Card};border:1px solid {Html.Rule};border-radius:6px;padding:10px 14px\">")
            .Append("<div style=\"display:flex;justify-content:space-between;gap:12px\">")
            .Append($"<b>{Html.Escape(sweep.Name)}</b><span style=\"color:{color}\">{state}</span>")
            .Append($"<span style=\"{Html.Digits}\">run {Math.Min(sweep.Rows.Count + 1, sweep.RowCount)} of {sweep.RowCount}</span></div>")
            .Append("<div style=\"height:6px;border-radius:3px;background:rgba(128,128,128,.25);margin:6px 0 8px\">")
            .Append($"<div style=\"height:6px;border-radius:3px;width:{Html.Pixel(100 * sweep.Done)}%;background:{color}\"></div></div>");
        if (sweep.Current is TrainingRun run && !HasFailed)
        {
            string left = sweep.TimeLeft is TimeSpan time ? $", {Html.Duration(time)} left" : "";
            html.Append($"<div style=\"{Html.Faint}\">step {run.StepsDone} of {run.Options.Steps}{left}</div>");
        }

        string[] header = ["channels", "parameters N", .. sweep.Budgets.Select(budget => $"{Html.Count(budget)} tokens")];
        html.Append(TextTable.ToHtml(header, [.. header.Select(_ => true)], Losses()))
            .Append($"<div style=\"{Html.Faint};margin-top:4px\">held-out loss in nats a token</div>");
        return html.Append("</div>").ToString();
    }

    private IEnumerable<string[]> Losses() => sweep.Rows.Chunk(sweep.Budgets.Count).Select(size => (string[])
    [
        size[0].Channels.ToString(CultureInfo.InvariantCulture),
        Html.Count(size[0].Parameters),
        .. size.Select(row => row.Loss.ToString("0.000", CultureInfo.InvariantCulture)),
        .. Enumerable.Repeat("", sweep.Budgets.Count - size.Length),
    ]);
}
