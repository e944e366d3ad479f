using System.Collections.Concurrent;
using System.Text.Json;
using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Engine.Worker;

namespace ArKernel.Notebooks.Tests.Engine;

/// <summary>What a front end tells a cell while it runs: answers to its questions, and messages of comms. Through a worker.</summary>
public sealed class InputAndCommTests : IAsyncLifetime
{
    private WorkerProcess worker = null!;

    public async ValueTask InitializeAsync() => worker = await WorkerProcess.StartAsync(WorkerTests.Start with { GracePeriod = TimeSpan.FromSeconds(30) });

    public ValueTask DisposeAsync() => worker.DisposeAsync();

    [Theory]
    [InlineData("Console.ReadLine()", "", false)]
    [InlineData("input(\"name?\")", "name?", false)]
    [InlineData("password(\"secret?\")", "secret?", true)]
    [InlineData("await GetInputAsync(\"name?\")", "name?", false)]
    [InlineData("await GetPasswordAsync(\"secret?\")", "secret?", true)]
    public async Task A_cell_waits_for_the_line_it_asks_for(string code, string prompt, bool isPassword)
    {
        (bool succeeded, List<CellEvent> events) = await AskAsync(code, "Ada\t€");
        Assert.True(succeeded);
        Assert.Equal(new InputRequest(prompt, isPassword), Assert.Single(events.OfType<InputRequest>()));
        Assert.Contains("Ada\t€", events.OfType<ResultData>().Single().Data["text/plain"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_question_that_is_refused_fails_the_cell()
    {
        (bool succeeded, List<CellEvent> events) = await AskAsync("input(\"name?\")", null);
        Assert.False(succeeded);
        Assert.Equal("InputNotPossibleException", events.OfType<CellError>().Single().Name);
    }

    [Theory]
    [InlineData("Console.ReadLine()")]
    [InlineData("Console.Read()")]
    [InlineData("Console.In.ReadToEnd()")]
    [InlineData("input(\"name?\")")]
    public async Task Where_nobody_can_answer_asking_fails_at_once(string code)
    {
        CellOutcome outcome = await new CellRun(worker).RunAsync(code);
        Assert.Equal("InputNotPossibleException", outcome.Error.Name);
    }

    [Fact]
    public async Task Waiting_for_input_can_be_interrupted_and_the_state_is_kept()
    {
        CellRun run = new(worker);
        await run.RunAsync("int kept = 7;");
        using CancellationTokenSource interruption = new();
        List<CellEvent> events = [];
        bool succeeded = await worker.ExecuteAsync(
            new CellSubmission("csharp", "Console.ReadLine()", "cell") { AllowsInput = true },
            output =>
            {
                events.Add(output);
                if (output is InputRequest)
                {
                    interruption.CancelAfter(50);
                }
            },
            interruption.Token);
        Assert.False(succeeded);
        Assert.Equal("Interrupted", events.OfType<CellError>().Single().Name);
        Assert.Equal("7", (await run.RunAsync("kept")).Result);
    }

    [Fact]
    public async Task A_comm_talks_both_ways_also_while_a_cell_runs()
    {
        CellRun run = new(worker);
        ConcurrentQueue<CellEvent> events = new();
        TaskCompletionSource opened = new();
        Task<CellOutcome> cell = run.RunAsync(
            "var heard = new TaskCompletionSource<string>();\nvar comm = Comm.Connect(\"widget\", new { value = 1 });\n"
            + "comm.Received += message => { comm.Send(new { echo = message.Data.GetProperty(\"value\").GetInt32() + 1 }); heard.SetResult(message.Data.ToString()); };\nConsole.WriteLine(\"open\");\nawait heard.Task;",
            onEvent: output =>
            {
                events.Enqueue(output);
                if (output is StreamText)
                {
                    opened.TrySetResult();
                }
            });
        await Task.WhenAny(opened.Task, cell);
        CommMessage open = events.OfType<CommMessage>().Single();
        Assert.Equal(("comm_open", "widget"), (open.Kind, open.TargetName));
        await SendAsync(new CommMessage("comm_msg", open.CommId, null, JsonSerializer.SerializeToElement(new { value = 41 }), []));
        Assert.True((await cell).Succeeded);
        CommMessage echo = events.OfType<CommMessage>().Last();
        Assert.Equal(("comm_msg", open.CommId, 42), (echo.Kind, echo.CommId, echo.Data.GetProperty("echo").GetInt32()));
    }

    [Fact]
    public async Task A_comm_that_the_front_end_opens_reaches_its_target_and_unknown_ones_are_harmless()
    {
        CellRun run = new(worker);
        await run.RunAsync("string said = \"\"; Comm.RegisterTarget(\"mine\", (comm, message) => { said += message.Data.GetProperty(\"a\").GetString(); comm.Closed += _ => said += \"closed\"; });");
        await SendAsync(new CommMessage("comm_open", "id1", "mine", JsonSerializer.SerializeToElement(new { a = "hello " }), []));
        await SendAsync(new CommMessage("comm_msg", "no such comm", null, JsonSerializer.SerializeToElement(1), []));
        await SendAsync(new CommMessage("comm_close", "no such comm", null, JsonSerializer.SerializeToElement(1), []));
        await SendAsync(new CommMessage("comm_close", "id1", null, JsonSerializer.SerializeToElement(new { }), []));
        Assert.Equal("hello closed", (await run.RunAsync("said")).Result);
    }

    private Task<JsonElement> SendAsync(CommMessage message) => worker.RequestAsync("comm", JsonSerializer.SerializeToElement(message), CancellationToken.None);

    private async Task<(bool Succeeded, List<CellEvent> Events)> AskAsync(string code, string? answer)
    {
        List<CellEvent> events = [];
        bool succeeded = await worker.ExecuteAsync(
            new CellSubmission("csharp", code, "cell") { AllowsInput = true },
            output =>
            {
                events.Add(output);
                if (output is InputRequest)
                {
                    _ = worker.RequestAsync("input", JsonSerializer.SerializeToElement(new { text = answer }), CancellationToken.None);
                }
            },
            CancellationToken.None);
        return (succeeded, events);
    }
}
