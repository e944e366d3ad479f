using System.Globalization;

namespace ArKernel.Training;

/// <summary>Shows a run as text: one line that updates in place on a terminal, a plain line now and then elsewhere.</summary>
public sealed class ProgressLine : IDisposable
{
    private readonly TrainingRun run;
    private readonly TextWriter writer;
    private readonly UpdatingLine line;
    private double? evaluationLoss;

    /// <summary>Starts to show a run.</summary>
    /// <param name="run">The run.</param>
    /// <param name="writer">Where to.</param>
    /// <param name="isTerminal">Whether the writer understands a carriage return as going back to the line's start.</param>
    /// <param name="interval">The least time between two lines; null means 0.1 s on a terminal and 10 s elsewhere.</param>
    public ProgressLine(TrainingRun run, TextWriter writer, bool isTerminal, TimeSpan? interval = null)
    {
        (this.run, this.writer, line) = (run, writer, new UpdatingLine(writer, isTerminal, interval));
        run.StepCompleted += OnStep;
        run.SampleTaken += OnSample;
        run.Ended += OnEnded;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        run.StepCompleted -= OnStep;
        run.SampleTaken -= OnSample;
        run.Ended -= OnEnded;
        line.End();
    }

    private void OnStep(TrainingStep step)
    {
        evaluationLoss = step.EvaluationLoss ?? evaluationLoss;
        if (!line.IsDue())
        {
            return;
        }

        string evaluation = evaluationLoss is double loss ? $"  evaluation {loss.ToString("0.0000", CultureInfo.InvariantCulture)}" : "";
        string left = run.TimeLeft is TimeSpan time ? $"  {(int)time.TotalMinutes}:{time.Seconds:00} left" : "";
        line.Write(FormattableString.Invariant(
            $"step {run.StepsDone}/{run.Options.Steps}  loss {step.Loss:0.0000}{evaluation}  {step.TokensPerSecond:0} tokens/s{left}"));
    }

    private void OnSample(object sample)
    {
        if (sample is string text)
        {
            line.End();
            writer.WriteLine(text);
        }
    }

    private void OnEnded(TrainingResult result)
    {
        line.Write(result.Message);
        line.End();
    }
}
