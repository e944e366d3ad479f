using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Tests.Engine;

namespace ArKernel.Notebooks.Tests.Languages;

/// <summary>One engine for all tests of F#: a session of the compiler service takes seconds to start.</summary>
public sealed class FSharpEngine : IAsyncLifetime
{
    internal CellRun Cells { get; private set; } = null!;

    internal NotebookEngine Engine { get; } = new(new EngineOptions { AbortsThreads = true });

    public ValueTask InitializeAsync()
    {
        Cells = new CellRun(Engine);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => Engine.DisposeAsync();
}

public sealed class FSharpTests(FSharpEngine engine) : IClassFixture<FSharpEngine>
{
    private readonly CellRun cells = engine.Cells;

    [Fact]
    public async Task Values_functions_and_types_live_on_and_can_be_redefined()
    {
        Assert.Null((await F("let number = 20\nlet twice x = 2 * x\ntype Point = { X: int; Y: int }")).Result);
        Assert.Equal("41", (await F("twice number + 1")).Result);
        await F("let number = \"text\"");
        Assert.Equal("text", (await F("number")).Result);
        Assert.Contains("X", (await F("{ X = 1; Y = 2 }")).Result);
        Assert.Null((await F("()")).Result);
    }

    [Fact]
    public async Task Values_are_written_as_F_sharp_writes_them()
    {
        Assert.Equal("Some 3", (await F("Some 3")).Result);
        Assert.Equal("[1; 2]", (await F("[ 1; 2 ]")).Result);
        Assert.Equal("map [(1, \"a\")]", (await F("Map [ 1, \"a\" ]")).Result);
        Assert.Equal("seq [1; 2; 3]", (await F("seq { 1 .. 3 }")).Result);
        CellOutcome shapes = await F("type Shape =\n    | Circle of float\n    | Dot\n[ Circle 1.5; Dot ]");
        Assert.Equal("[Circle 1.5; Dot]", shapes.Result);
        Assert.DoesNotContain("HeadOrDefault", shapes.Events.OfType<ResultData>().Single().Data["text/html"]);
    }

    [Fact]
    public async Task Output_is_in_order_with_displays()
    {
        CellOutcome outcome = await F("printfn \"one\"\ndisplay 2 |> ignore\nprintfn \"three\"");
        Assert.True(outcome.Succeeded, string.Join('\n', outcome.Events.OfType<CellError>().SelectMany(e => e.Traceback)));
        Assert.Equal(["one\n", "2", "three\n"], outcome.Events.Select(e => e is StreamText text ? text.Text : ((DisplayData)e).Data["text/plain"]));
    }

    [Fact]
    public async Task Compile_errors_have_the_cells_line_and_the_state_lives_on()
    {
        await F("let kept = 1");
        CellOutcome outcome = await F("let a = 1\nlet b : int = \"no\"");
        Assert.False(outcome.Succeeded);
        Assert.Equal("CompilationError", outcome.Error.Name);
        Assert.Equal(2, outcome.Error.Line);
        Assert.Contains(outcome.Error.Traceback, l => l.Contains('~', StringComparison.Ordinal));
        Assert.Equal("1", (await F("kept")).Result);
    }

    [Fact]
    public async Task Exceptions_have_the_cells_line()
    {
        CellOutcome outcome = await F("let fail x =\n    if x > 0 then\n        invalidOp \"on purpose\"\nfail 1");
        Assert.Equal("InvalidOperationException", outcome.Error.Name);
        Assert.Equal("on purpose", outcome.Error.Message);
        Assert.Equal(3, outcome.Error.Line);
    }

    [Fact]
    public async Task An_endless_loop_is_interrupted_and_the_state_lives_on()
    {
        await F("let before = 5");
        using CancellationTokenSource interrupt = new();
        Task<CellOutcome> running = cells.RunAsync("printfn \"go\"\nwhile true do ()", "fsharp", cancellation: interrupt.Token);
        interrupt.CancelAfter(500);
        CellOutcome outcome = await running.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal("Interrupted", outcome.Error.Name);
        Assert.Equal("5", (await F("before")).Result);
    }

    [Fact]
    public async Task Values_are_shared_by_reference_both_ways()
    {
        await cells.RunAsync("var numbers = new List<int> { 1 };");
        CellOutcome shared = await cells.RunAsync("#!fsharp\n#!share numbers --from csharp\nnumbers.Add(2)");
        Assert.True(shared.Succeeded, string.Join('\n', shared.Events.OfType<CellError>().SelectMany(e => e.Traceback.Prepend(e.Message))));
        Assert.Equal("[ 1, 2 ]", (await cells.RunAsync("numbers")).Result);

        await F("let values = [| 1.5; 2.5 |]");
        CellOutcome outcome = await cells.RunAsync("#!share values --from fsharp --as taken\ntaken[0] = 9;\ntaken.GetType().Name");
        Assert.Equal("Double[]", outcome.Result);
        Assert.Equal("9.0", (await F("sprintf \"%A\" values.[0]")).Result);
    }

    [Fact]
    public async Task An_F_sharp_record_is_a_type_in_C_sharp()
    {
        await F("type Particle = { Mass: float; Name: string }\nlet particle = { Mass = 2.0; Name = \"p\" }");
        CellOutcome outcome = await cells.RunAsync("#!share particle --from fsharp\n$\"{particle.Name} {particle.Mass}\"");
        Assert.True(outcome.Succeeded, string.Join('\n', outcome.Events.OfType<CellError>().SelectMany(e => e.Traceback)));
        Assert.Equal("p 2", outcome.Result);
    }

    [Fact]
    public async Task Set_takes_literals_and_variables_and_value_keeps_text()
    {
        await cells.RunAsync("var origin = \"o\";");
        await cells.RunAsync("#!set --name count --value 3\n#!set --name copy --value @csharp:origin\n#!set --name words --value \"two words\"");
        Assert.Equal("3 o two words", (await cells.RunAsync("$\"{count} {copy} {words}\"")).Result);
        await cells.RunAsync("#!value --name note\nline one\nline two");
        Assert.Equal("line one\nline two", (await cells.RunAsync("#!share note --from value\nnote")).Result);
        await cells.RunAsync("#!value --name brief --from-value abc");
        Assert.Equal("abc", (await cells.RunAsync("#!share brief --from value\nbrief")).Result);
    }

    [Theory]
    [InlineData("#!share nothing --from csharp", "no variable 'nothing'")]
    [InlineData("#!share x --from klingon", "no language 'klingon'")]
    [InlineData("#!share x", "--from is missing")]
    [InlineData("#!set --name x", "--value is missing")]
    [InlineData("#!share x --form csharp", "'--form' is not known")]
    public async Task A_wrong_command_says_what_is_wrong(string cell, string expected) =>
        Assert.Contains(expected, (await cells.RunAsync(cell)).Error.Message, StringComparison.Ordinal);

    private async Task<CellOutcome> F(string code)
    {
        CellOutcome outcome = await cells.RunAsync(code, "fsharp");
        foreach (CellError error in outcome.Events.OfType<CellError>())
        {
            TestContext.Current.TestOutputHelper?.WriteLine(string.Join((char)10, error.Traceback));
        }

        return outcome;
    }
}
