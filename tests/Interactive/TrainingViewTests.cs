using System.Text.RegularExpressions;
using ArKernel.Objectives;
using ArKernel.Training;
using TorchSharp;

namespace ArKernel.Interactive.Tests;

public sealed partial class TrainingViewTests
{
    [Fact]
    public void A_run_shows_itself_from_start_to_end()
    {
        TrainingRun run = Examples.Run(sample: () => "<b>&\u0001 a sample");
        List<(string Html, string Text)> shown = Notebook.Record(() => run.Run());
        Assert.True(shown.Count >= 2);
        Assert.Equal("step 0/30", shown[0].Text);
        Assert.Equal(run.Result!.Message, shown[^1].Text);
        Assert.Contains("completed", shown[^1].Html, StringComparison.Ordinal);
        Assert.Contains("&lt;b&gt;&amp;\u2401 a sample", shown[^1].Html, StringComparison.Ordinal);
        Assert.Contains("evaluation", shown[^1].Html, StringComparison.Ordinal);
        Assert.Contains("width:100%", shown[^1].Html, StringComparison.Ordinal);
    }

    [Fact]
    public void The_text_of_an_update_is_one_line_of_progress()
    {
        TrainingRun run = Examples.Run();
        string line = "";
        run.StepCompleted += step => line = step.Step == 14 ? Notebook.TextOf(run) : line;
        Notebook.Record(() => run.Run());
        Assert.Matches(ProgressPattern(), line);
    }

    [Fact]
    public void Updates_come_at_most_four_times_a_second()
    {
        TrainingRun run = Examples.Run(60);
        List<(string Html, string Text)> shown = Notebook.Record(() => run.Run());
        Assert.InRange(shown.Count, 2, 3 + (int)(run.Elapsed.TotalSeconds * 4));
    }

    [Fact]
    public void A_run_that_throws_is_shown_as_failed()
    {
        TrainingRun run = Examples.Run(sample: () => throw new InvalidOperationException("broken sample"));
        List<(string Html, string Text)> shown = Notebook.Record(() => Assert.Throws<InvalidOperationException>(() => run.Run()));
        Assert.Contains("failed", shown[^1].Html, StringComparison.Ordinal);
        Assert.EndsWith("failed", shown[^1].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sample_that_cannot_be_shown_does_not_end_the_training()
    {
        TrainingRun run = Examples.Run(sample: () => new Unshowable());
        List<(string Html, string Text)> shown = Notebook.Record(() => run.Run());
        Assert.Equal(TrainingEnd.Completed, run.Result!.End);
        Assert.Contains("The sample could not be shown: no way", shown[^1].Html, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tokenizer_in_training_shows_its_own_unit_and_what_its_codebook_does()
    {
        TrainingRun likelihood = Examples.Run(5);
        var model = (AutoregressiveModel)likelihood.Model;
        TrainingRun run = new(model, batch => new Likelihood().Loss(model, batch), likelihood.Batches, likelihood.Options)
        {
            LossUnit = "squared error", Measure = () => new Dictionary<string, double> { ["perplexity"] = 12.5, ["dead codes"] = 3 },
        };
        List<(string Html, string Text)> shown = Notebook.Record(() => run.Run());
        Assert.Contains("perplexity</span> 12.5", shown[^1].Html, StringComparison.Ordinal);
        Assert.Contains("dead codes</span> 3", shown[^1].Html, StringComparison.Ordinal);
        Assert.Contains("loss (squared error)", shown[^1].Html, StringComparison.Ordinal);
        Assert.DoesNotContain("nats", shown[^1].Html + Notebook.HtmlOf(run.Result!), StringComparison.Ordinal);
    }

    [Fact]
    public void A_sample_may_be_a_tensor()
    {
        TrainingRun run = Examples.Run(sample: () => torch.rand(4, 1, 8, 8));
        List<(string Html, string Text)> shown = Notebook.Record(() => run.Run());
        Assert.Equal(1, TestPng.FirstOf(shown[^1].Html).Channels);
    }

    [Fact]
    public void A_run_before_its_start_and_a_result_have_cards()
    {
        TrainingRun run = Examples.Run(5);
        Assert.Contains("starting", Notebook.HtmlOf(run), StringComparison.Ordinal);
        Notebook.Record(() => run.Run());
        Assert.Contains(run.Result!.Message, Notebook.HtmlOf(run.Result), StringComparison.Ordinal);
        Assert.Equal(run.Result.Message, Notebook.TextOf(run.Result));
    }

    [Fact]
    public void The_notebook_interrupt_ends_a_run_and_its_view_says_so()
    {
        using CancellationTokenSource interrupt = new();
        TrainingRun run = Examples.Run(1000);
        run.StepCompleted += step =>
        {
            if (step.Step == 3)
            {
                interrupt.Cancel();
            }
        };
        Func<CancellationToken> before = TrainingRun.DefaultCancellation;
        try
        {
            TrainingRun.DefaultCancellation = () => interrupt.Token;
            List<(string Html, string Text)> shown = Notebook.Record(() => run.Run());
            Assert.Equal(4, run.StepsDone);
            Assert.Contains("cancelled", shown[^1].Html, StringComparison.Ordinal);
        }
        finally
        {
            TrainingRun.DefaultCancellation = before;
        }
    }

    [GeneratedRegex(@"^step 15/30  loss \d\.\d\d nats \(\d\.\d\d bits\)  evaluation \d\.\d\d  [\d.]+k? tokens/s  ETA \d+:\d\d$", RegexOptions.None, 1000)]
    private static partial Regex ProgressPattern();

    private sealed class Unshowable
    {
        public Unshowable() => Microsoft.DotNet.Interactive.Formatting.Formatter.Register<Unshowable>((_, _) => throw new NotSupportedException("no way"), "text/html");
    }
}
