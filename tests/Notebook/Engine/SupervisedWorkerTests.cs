using System.Diagnostics;
using System.Text.Json;
using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Engine.Worker;

namespace ArKernel.Notebooks.Tests.Engine;

public class SupervisedWorkerTests
{
    private static readonly CancellationToken Cancellation = CancellationToken.None;

    [Theory]
    [InlineData("Environment.Exit(3);", "exit code 3")]
    [InlineData("int Endless(int n) => Endless(n + 1) + 1;\nEndless(0)", "overflowed the stack")]
    [InlineData("System.Diagnostics.Process.GetCurrentProcess().Kill(); await Task.Delay(-1);", "SIGKILL")]
    public async Task The_next_cell_runs_on_a_new_worker_and_the_user_is_told_what_was_lost(string deadly, string cause)
    {
        int losses = 0;
        await using SupervisedWorker worker = new(cancellation => WorkerProcess.StartAsync(WorkerTests.Start, cancellation), () => losses++);
        CellRun run = new(worker);
        await run.RunAsync("int x = 1;");
        await run.RunAsync("x++;");
        CellOutcome outcome = await run.RunAsync(deadly);
        Assert.Equal("WorkerDied", outcome.Error.Name);
        Assert.Contains(cause, outcome.Error.Message, StringComparison.Ordinal);
        Assert.Contains("2 cells", outcome.Error.Message, StringComparison.Ordinal);
        Assert.Contains("cell 1 to cell 2", outcome.Error.Message, StringComparison.Ordinal);
        Assert.Equal(1, losses);
        Assert.Equal("CompilationError", (await run.RunAsync("x")).Error.Name);
        Assert.Equal("2", (await run.RunAsync("1 + 1")).Result);
    }

    [Fact]
    public async Task A_native_call_is_ended_with_the_worker_and_the_next_cell_runs()
    {
        await using SupervisedWorker worker = new(cancellation => WorkerProcess.StartAsync(WorkerTests.Start, cancellation), () => { });
        CellRun run = new(worker);
        await run.RunAsync(WorkerTests.NativeDeadlock);
        CellOutcome outcome = await run.InterruptAsync("Deadlock();");
        Assert.Equal("Interrupted", outcome.Error.Name);
        Assert.Contains("cell 1", outcome.Error.Message, StringComparison.Ordinal);
        Assert.Equal("2", (await run.RunAsync("1 + 1")).Result);
    }

    [Fact]
    public async Task A_worker_that_dies_between_cells_is_replaced_and_the_next_cell_says_so()
    {
        int current = 0;
        TaskCompletionSource lost = new();
        await using SupervisedWorker worker = new(
            async cancellation =>
            {
                WorkerProcess process = await WorkerProcess.StartAsync(WorkerTests.Start, cancellation);
                current = process.ProcessId;
                return process;
            },
            () => lost.TrySetResult());
        CellRun run = new(worker);
        await run.RunAsync("1");
        using (Process process = Process.GetProcessById(current))
        {
            process.Kill();
        }

        await lost.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        CellOutcome outcome = await run.RunAsync("1 + 1");
        Assert.Equal("2", outcome.Result);
        Assert.Contains("ended since the last cell", outcome.StandardError, StringComparison.Ordinal);
        Assert.Equal("", (await run.RunAsync("1 + 1")).StandardError);
    }

    [Fact]
    public async Task A_worker_that_does_not_start_fails_the_cell_and_is_tried_again()
    {
        int attempts = 0;
        await using SupervisedWorker worker = new(
            cancellation => WorkerProcess.StartAsync(++attempts == 1 ? new WorkerStart("no-such-program", []) : WorkerTests.Start, cancellation), () => { });
        CellRun run = new(worker);
        Assert.Equal("WorkerNotStarted", (await run.RunAsync("1")).Error.Name);
        Assert.Equal("2", (await run.RunAsync("1 + 1")).Result);
    }

    [Fact]
    public async Task A_request_that_the_worker_does_not_live_to_answer_fails()
    {
        await using SupervisedWorker worker = new(cancellation => WorkerProcess.StartAsync(WorkerTests.Start, cancellation), () => { });
        await Assert.ThrowsAsync<RequestException>(() => worker.RequestAsync("no such request", JsonSerializer.SerializeToElement(1), Cancellation));
        CellRun run = new(worker);
        await run.RunAsync("Environment.Exit(1);");
        await Assert.ThrowsAsync<RequestException>(() => worker.RequestAsync("no such request", JsonSerializer.SerializeToElement(1), Cancellation));
    }
}
