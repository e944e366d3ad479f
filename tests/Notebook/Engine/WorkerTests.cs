using System.Diagnostics;
using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Engine.Worker;

namespace ArKernel.Notebooks.Tests.Engine;

public class WorkerTests
{
    private static readonly CancellationToken Cancellation = CancellationToken.None;

    internal static WorkerStart Start { get; } =
        new(Path.Combine(AppContext.BaseDirectory, "ArKernel.WorkerFixture" + (OperatingSystem.IsWindows() ? ".exe" : "")), []) { GracePeriod = TimeSpan.FromSeconds(1) };

    // Unlike a native sleep, which the signals of an abort cut short, waiting for a mutex ends with the process alone.
    internal const string NativeDeadlock =
        "[System.Runtime.InteropServices.DllImport(\"libc\")] static extern int pthread_mutex_lock(nint mutex);\n"
        + "unsafe void Deadlock() { nint mutex = (nint)System.Runtime.InteropServices.NativeMemory.AllocZeroed(256); pthread_mutex_lock(mutex); pthread_mutex_lock(mutex); }";

    [Fact]
    public async Task A_worker_keeps_state_between_cells_and_streams_in_order()
    {
        await using WorkerProcess worker = await WorkerProcess.StartAsync(Start, Cancellation);
        CellRun run = new(worker);
        Assert.True((await run.RunAsync("var x = 20;")).Succeeded);
        CellOutcome outcome = await run.RunAsync("Console.Write(\"a\"); Console.Error.Write(\"b\"); display(\"shown\"); Console.Write(\"c\"); x * 2 + 2");
        Assert.Equal("42", outcome.Result);
        Assert.Equal(
            ["stdout:a", "stderr:b", "shown", "stdout:c", "42"],
            outcome.Events.Select(e => e switch
            {
                StreamText s => $"{s.Stream}:{s.Text}",
                DisplayData d => d.Data["text/plain"],
                ResultData r => r.Data["text/plain"],
                _ => e.ToString(),
            }));
    }

    [Fact]
    public async Task Environment_Exit_ends_the_cell_with_an_error_that_names_the_exit_code()
    {
        CellOutcome outcome = await DieAsync("Console.WriteLine(\"before\"); await Task.Delay(100); Environment.Exit(3);");
        Assert.Contains("exit code 3", outcome.Error.Message, StringComparison.Ordinal);
        Assert.Equal("before\n", outcome.StandardOutput);
    }

    [Fact]
    public async Task A_stack_overflow_ends_the_cell_with_an_error_that_names_the_function()
    {
        CellOutcome outcome = await DieAsync("int Endless(int n) => Endless(n + 1) + 1;\nEndless(0)");
        Assert.Contains("overflowed the stack", outcome.Error.Message, StringComparison.Ordinal);
        Assert.Contains(outcome.Error.Traceback, l => l.Contains("Endless", StringComparison.Ordinal));
        Assert.True(outcome.Error.Traceback.Count < 20);
        Assert.Equal("", outcome.StandardError);
    }

    [Theory]
    [InlineData("await Task.Run(() => { while (true) { } });")]
    [InlineData("await Task.Delay(1).ConfigureAwait(false); while (true) { }")]
    [InlineData(NativeDeadlock + "await Task.Run(Deadlock);")]
    public async Task Code_in_the_pool_that_goes_on_after_an_interrupt_is_ended_with_the_worker(string code)
    {
        await using WorkerProcess worker = await WorkerProcess.StartAsync(Start, Cancellation);
        CellOutcome outcome = await new CellRun(worker).InterruptAsync(code);
        Assert.Equal("Interrupted", outcome.Error.Name);
        Assert.Contains("Task.Run cannot be stopped), so the worker process was ended", outcome.Error.Message, StringComparison.Ordinal);
        Assert.True(worker.HasExited);
    }

    [Fact]
    public async Task A_native_crash_ends_the_cell_with_an_error()
    {
        CellOutcome outcome = await DieAsync(
            "[System.Runtime.InteropServices.DllImport(\"libc\")] static extern void abort();\nabort();");
        Assert.Contains("SIGABRT", outcome.Error.Message, StringComparison.Ordinal);
        outcome = await DieAsync(
            "[System.Runtime.InteropServices.DllImport(\"libc\")] static extern nint strlen(nint text);\nstrlen(1)");
        Assert.Equal("WorkerDied", outcome.Error.Name);
    }

    [Fact]
    public async Task A_killed_worker_ends_the_cell_with_an_error_and_later_cells_say_it_is_gone()
    {
        await using WorkerProcess worker = await WorkerProcess.StartAsync(Start, Cancellation);
        CellRun run = new(worker);
        Task<CellOutcome> cell = run.RunAsync("await Task.Delay(-1);");
        await Task.Delay(300, Cancellation);
        Process.GetProcessById(worker.ProcessId).Kill();
        CellOutcome outcome = await cell;
        Assert.Contains("SIGKILL", outcome.Error.Message, StringComparison.Ordinal);
        Assert.True(worker.HasExited);
        Assert.False((await run.RunAsync("1")).Succeeded);
    }

    [Theory]
    [InlineData("while (true) { }")]
    [InlineData("System.Threading.Thread.Sleep(-1);")]
    [InlineData("await Task.Delay(-1);")]
    [InlineData("Task.Delay(-1).Wait();")]
    [InlineData("await Task.Delay(-1, Notebook.CancellationToken);")]
    public async Task An_interrupted_cell_ends_and_the_state_is_kept(string code)
    {
        await using WorkerProcess worker = await WorkerProcess.StartAsync(Start with { GracePeriod = TimeSpan.FromSeconds(20) }, Cancellation);
        CellRun run = new(worker);
        await run.RunAsync("var kept = 7;");
        using CancellationTokenSource interruption = new(TimeSpan.FromMilliseconds(200));
        CellOutcome outcome = await run.RunAsync(code, cancellation: interruption.Token);
        Assert.Equal("Interrupted", outcome.Error.Name);
        Assert.Equal("7", (await run.RunAsync("kept")).Result);
    }

    [Fact]
    public async Task A_native_call_that_never_returns_costs_the_worker_after_the_grace_period()
    {
        await using WorkerProcess worker = await WorkerProcess.StartAsync(Start, Cancellation);
        CellRun run = new(worker);
        await run.RunAsync(NativeDeadlock);
        CellOutcome outcome = await run.InterruptAsync("Deadlock();");
        Assert.Equal("Interrupted", outcome.Error.Name);
        Assert.Contains("variables are lost", outcome.Error.Message, StringComparison.Ordinal);
        Assert.Equal("started\n", outcome.StandardOutput);
        Assert.True(worker.HasExited);
    }

    [Fact]
    public async Task A_timeout_is_told_apart_from_an_interruption()
    {
        await using WorkerProcess worker = await WorkerProcess.StartAsync(Start, Cancellation);
        CellOutcome outcome = await new CellRun(worker).RunAsync("while (true) { }", timeout: TimeSpan.FromSeconds(0.5));
        Assert.Equal("TimeoutException", outcome.Error.Name);
        Assert.Contains("0.5 s", outcome.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_native_code_prints_belongs_to_the_cell()
    {
        await using WorkerProcess worker = await WorkerProcess.StartAsync(Start, Cancellation);
        CellRun run = new(worker);
        await run.RunAsync("[System.Runtime.InteropServices.DllImport(\"libc\")] static extern int puts(string text);");
        Assert.Equal("from native code\n", (await run.RunAsync("puts(\"from native code\");")).StandardOutput);
        Assert.Equal("", (await run.RunAsync("1;;")).StandardOutput);
    }

    [Fact]
    public async Task An_exception_on_a_thread_of_the_user_leaves_the_worker_alive()
    {
        await using WorkerProcess worker = await WorkerProcess.StartAsync(Start, Cancellation);
        CellRun run = new(worker);
        CellOutcome outcome = await run.RunAsync(
            "var t = new System.Threading.Thread(() => throw new InvalidOperationException(\"on a thread\")); t.Start(); t.Join(500); await Task.Delay(300);");
        Assert.Contains("on a thread", outcome.StandardError, StringComparison.Ordinal);
        Assert.Equal("2", (await run.RunAsync("1+1")).Result);
    }

    [Fact]
    public async Task The_worker_ends_when_its_front_hangs_up()
    {
        WorkerProcess worker = await WorkerProcess.StartAsync(Start, Cancellation);
        using Process process = Process.GetProcessById(worker.ProcessId);
        _ = new CellRun(worker).RunAsync("while (true) { }");
        await Task.Delay(500, Cancellation);
        await worker.DisposeAsync();
        Assert.True(process.WaitForExit(5000));
    }

    [Fact]
    public async Task A_program_that_does_not_connect_is_reported_with_what_it_wrote()
    {
        string shell = OperatingSystem.IsWindows() ? "cmd" : "/bin/sh";
        InvalidOperationException error = await Assert.ThrowsAsync<InvalidOperationException>(
            () => WorkerProcess.StartAsync(new WorkerStart(shell, [OperatingSystem.IsWindows() ? "/c" : "-c", "echo broken >&2; exit 4"]), Cancellation));
        Assert.Contains("exit code 4", error.Message, StringComparison.Ordinal);
        Assert.Contains("broken", error.Message, StringComparison.Ordinal);
    }

    private static async Task<CellOutcome> DieAsync(string code)
    {
        await using WorkerProcess worker = await WorkerProcess.StartAsync(Start, Cancellation);
        CellOutcome outcome = await new CellRun(worker).RunAsync(code);
        Assert.False(outcome.Succeeded);
        Assert.Equal("WorkerDied", outcome.Error.Name);
        Assert.True(worker.HasExited);
        return outcome;
    }
}
