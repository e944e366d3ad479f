using ArKernel.Notebooks.Engine.Worker;

namespace ArKernel.Notebooks.Tests.Engine;

/// <summary>One worker for all: code that cannot be stopped in one test would show in the next.</summary>
public sealed class InterruptTests(InterruptTests.Worker shared) : IClassFixture<InterruptTests.Worker>
{
    private readonly CellRun run = new(shared.Process);

    [Theory]
    [InlineData("while (true) { }")]
    [InlineData("System.Threading.Thread.Sleep(-1);")]
    [InlineData("await Task.Yield(); while (true) { }")]
    [InlineData("await Task.Delay(1); System.Threading.Thread.Sleep(-1);")]
    [InlineData("while (true) { await Task.Yield(); }")]
    [InlineData("while (true) { await Task.Delay(1); Console.WriteLine(\".\"); }")]
    [InlineData("while (true) { Console.WriteLine(\".\"); }")]
    [InlineData("await Task.WhenAll(Enumerable.Range(0, 3).Select(async i => { await Task.Yield(); while (true) { } }));")]
    [InlineData("new TaskCompletionSource<int>().Task.Result.ToString()")]
    [InlineData("await Task.Run(() => System.Threading.Thread.Sleep(1000));")]
    [InlineData("await Task.Delay(1).ConfigureAwait(false); System.Threading.Thread.Sleep(1000);")]
    [InlineData("while (!Notebook.CancellationToken.IsCancellationRequested) { } while (true) { }")]
    [InlineData("Notebook.CancellationToken.Register(() => throw new InvalidOperationException(\"in the callback\")); while (true) { }")]
    [InlineData("for (int i = 0; i < 10; i++) { _ = Task.Run(() => System.Threading.Thread.Sleep(2000)); } while (true) { }")]
    [InlineData("class EndlessResult { } Microsoft.DotNet.Interactive.Formatting.Formatter.Register<EndlessResult>((_, w) => { while (true) { } }, \"text/html\"); new EndlessResult()")]
    [InlineData("class EndlessDisplay { } Microsoft.DotNet.Interactive.Formatting.Formatter.Register<EndlessDisplay>((_, w) => { while (true) { } }, \"text/plain\"); display(new EndlessDisplay());")]
    [InlineData("class SleepyResult { } Microsoft.DotNet.Interactive.Formatting.Formatter.Register<SleepyResult>((_, w) => System.Threading.Thread.Sleep(-1), \"text/html\"); new SleepyResult()")]
    public async Task Code_is_interrupted_and_the_state_is_kept(string code)
    {
        await run.RunAsync("int kept = 7;");
        CellOutcome outcome = await run.InterruptAsync(code);
        Assert.Equal("Interrupted", outcome.Error.Name);
        Assert.DoesNotContain("worker process", outcome.Error.Message, StringComparison.Ordinal);
        Assert.Equal("7", (await run.RunAsync("kept")).Result);
    }

    [Fact]
    public async Task A_formatter_of_FSharp_cells_is_interrupted_too()
    {
        CellOutcome outcome = await run.InterruptAsync(
            "#!fsharp\ntype Endless() = class end\nMicrosoft.DotNet.Interactive.Formatting.Formatter.Register<Endless>((fun (_: Endless) (w: System.IO.TextWriter) -> while true do ()), \"text/html\")\nEndless()");
        Assert.Equal("Interrupted", outcome.Error.Name);
        Assert.Equal("3", (await run.RunAsync("1 + 2")).Result);
    }

    [Fact]
    public async Task Ten_interrupts_in_a_row_leave_the_state_alive()
    {
        await run.RunAsync("int count = 0;");
        for (int i = 1; i <= 10; i++)
        {
            Assert.Equal("Interrupted", (await run.InterruptAsync("count++; while (true) { }")).Error.Name);
            Assert.Equal($"{i}", (await run.RunAsync("count")).Result);
        }
    }

    [Fact]
    public async Task Code_that_awaits_does_not_go_on_after_the_interrupt_and_leaves_its_finally_blocks_when_it_runs()
    {
        await run.RunAsync("long rounds = 0; bool left = false;");
        await run.InterruptAsync("while (true) { await Task.Delay(1); rounds++; }");
        await run.InterruptAsync("try { await Task.Yield(); while (true) { rounds++; } } finally { left = true; }");
        Assert.Equal("True", (await run.RunAsync("long seen = rounds; await Task.Delay(100); seen == rounds")).Result);
        Assert.Equal("True", (await run.RunAsync("left")).Result);
    }

    [Fact]
    public async Task Code_that_observes_the_token_ends_in_good_order()
    {
        CellOutcome outcome = await run.InterruptAsync(
            "while (!Notebook.CancellationToken.IsCancellationRequested) { await Task.Delay(5); }\nSystem.Threading.Thread.Sleep(150);\nConsole.Write(\"tidied up\");");
        Assert.True(outcome.Succeeded);
        Assert.Equal("started\ntidied up", outcome.StandardOutput);
    }

    [Fact]
    public async Task Code_that_blocks_on_its_own_asynchronous_code_does_not_wait_for_ever()
    {
        await run.RunAsync("async Task<int> Later(int n) { await Task.Yield(); return n == 0 ? 1 : 1 + Later(n - 1).Result; }");
        Assert.Equal("20", (await run.RunAsync("Later(19).Result")).Result);
        Assert.Equal("20", (await run.RunAsync("await Task.Yield(); Later(19).GetAwaiter().GetResult()")).Result);
    }

    [Fact]
    public async Task Asynchronous_code_of_a_cell_runs_side_by_side()
    {
        CellOutcome outcome = await run.RunAsync(
            "var together = new System.Threading.Barrier(3);\n"
            + "bool[] met = await Task.WhenAll(Enumerable.Range(0, 3).Select(async i => { await Task.Yield(); return together.SignalAndWait(20_000); }));\n"
            + "met.All(m => m)");
        Assert.Equal("True", outcome.Result);
    }

    [Fact]
    public async Task Work_left_running_by_a_cell_goes_on_and_prints_after_the_cell()
    {
        await run.RunAsync("int steps = 0; async Task Work() { for (int i = 0; i < 20; i++) { await Task.Delay(1); steps++; } }\nvar work = Work();");
        Assert.Equal("20", (await run.RunAsync("await work; steps")).Result);
    }

    [Fact]
    public async Task Cells_run_on_one_thread_so_that_what_libraries_keep_for_a_thread_holds()
    {
        await run.RunAsync("class PerThread { [ThreadStatic] public static int Value; }");
        await run.RunAsync("PerThread.Value = 5;");
        await run.RunAsync("await Task.Delay(5);");
        Assert.Equal("5", (await run.RunAsync("PerThread.Value")).Result);
    }

    public sealed class Worker : IAsyncLifetime
    {
        internal WorkerProcess Process { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Process = await WorkerProcess.StartAsync(WorkerTests.Start with { GracePeriod = TimeSpan.FromSeconds(30) });
            await new CellRun(Process).RunAsync("1"); // warm: an interrupt is to meet the code, not its compilation
        }

        public ValueTask DisposeAsync() => Process.DisposeAsync();
    }
}
