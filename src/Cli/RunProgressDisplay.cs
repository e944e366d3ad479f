using System.Diagnostics;
using System.Globalization;
using ArKernel.Notebooks.Documents;
using Spectre.Console;

namespace ArKernel.Cli;

/// <summary>Shows a run on the standard error stream: a live line on a terminal, plain lines elsewhere.</summary>
internal abstract class RunProgressDisplay : IAsyncDisposable
{
    public static RunProgressDisplay Create(bool quiet) =>
        quiet ? new Silent() : Console.IsErrorRedirected ? new Plain() : Live.Start();

    public abstract void Show(RunProgress progress);

    public abstract ValueTask DisposeAsync();

    public static string Seconds(TimeSpan time) => time.TotalSeconds < 60
        ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s")
        : string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalMinutes} min {time.Seconds} s");

    private sealed class Silent : RunProgressDisplay
    {
        public override void Show(RunProgress progress)
        {
        }

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    /// <summary>A line at each cell's start and end, and every five seconds what the cell says of itself.</summary>
    private sealed class Plain : RunProgressDisplay
    {
        private readonly Lock gate = new();
        private long cellStart;
        private long lastLine;

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

        public override void Show(RunProgress progress)
        {
            lock (gate)
            {
                string place = string.Create(CultureInfo.InvariantCulture, $"cell {progress.CodeCellNumber} of {progress.CodeCellCount}");
                if (progress.Ended is { } succeeded)
                {
                    Console.Error.WriteLine($"{place} {(succeeded ? "done" : "failed")} after {Seconds(Stopwatch.GetElapsedTime(cellStart))}");
                }
                else if (progress.Line is null)
                {
                    cellStart = lastLine = Stopwatch.GetTimestamp();
                    Console.Error.WriteLine(place);
                }
                else if (Stopwatch.GetElapsedTime(lastLine) >= TimeSpan.FromSeconds(5))
                {
                    lastLine = Stopwatch.GetTimestamp();
                    Console.Error.WriteLine($"{place}, {Seconds(Stopwatch.GetElapsedTime(cellStart))}: {Clean(progress.Line)}");
                }
            }
        }
    }

    /// <summary>A bar over the cells with the elapsed time and the cell's own line, redrawn in place.</summary>
    private sealed class Live : RunProgressDisplay
    {
        private readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Task drawing = Task.CompletedTask;
        private ProgressTask? bar;

        public static Live Start()
        {
            var live = new Live();
            IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
            var ready = new TaskCompletionSource();
            live.drawing = console.Progress().AutoClear(true).HideCompleted(false)
                .Columns(new SpinnerColumn(), new ProgressBarColumn { Width = 16 }, new ElapsedTimeColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
                .StartAsync(async context =>
                {
                    live.bar = context.AddTask("starting", maxValue: 1);
                    ready.SetResult();
                    await live.done.Task;
                });
            Task.WaitAny(ready.Task, live.drawing);
            return live;
        }

        public override void Show(RunProgress progress)
        {
            if (bar is null)
            {
                return;
            }

            bar.MaxValue = progress.CodeCellCount;
            bar.Value = progress.CodeCellNumber - (progress.Ended is null ? 1 : 0);
            string place = string.Create(CultureInfo.InvariantCulture, $"cell {progress.CodeCellNumber} of {progress.CodeCellCount}");
            int width = Math.Max(20, Console.BufferWidth - 46);
            string line = progress.Line is null ? "" : Clean(progress.Line);
            bar.Description = Markup.Escape(line.Length == 0 ? place : $"{place}: {(line.Length > width ? line[..(width - 1)] + "…" : line)}");
        }

        public override async ValueTask DisposeAsync()
        {
            done.TrySetResult();
            await drawing;
        }
    }

    /// <summary>Without control characters: a cell's text must not move the user's cursor.</summary>
    private static string Clean(string line) => new([.. line.Where(c => !char.IsControl(c)).Take(200)]);
}
