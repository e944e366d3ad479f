using ArKernel.Notebooks.Engine;

namespace ArKernel.Notebooks.Tests.Engine;

[Collection("engine")]
public sealed class NotebookEngineTests : IAsyncDisposable
{
    private readonly NotebookEngine engine = new();
    private readonly CellRun run;

    public NotebookEngineTests() => run = new CellRun(engine);

    public ValueTask DisposeAsync() => engine.DisposeAsync();

    [Fact]
    public async Task The_last_expression_is_the_result_in_html_and_plain_text()
    {
        CellOutcome outcome = await run.RunAsync("var x = 41; x + 1");
        Assert.Equal("42", outcome.Result);
        Assert.Contains("42", outcome.Events.OfType<ResultData>().Single().Data["text/html"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1;;")]
    [InlineData("Console.Write(\"\")")]
    [InlineData("void F() { } F()")]
    [InlineData("await Task.Delay(1)")]
    [InlineData("// only a comment")]
    [InlineData("")]
    public async Task A_cell_without_a_value_has_no_result(string code)
    {
        CellOutcome outcome = await run.RunAsync(code);
        Assert.True(outcome.Succeeded || code == "1;;");
        Assert.Null(outcome.Result);
    }

    [Fact]
    public async Task A_null_result_is_shown_as_null() => Assert.Equal("<null>", (await run.RunAsync("string? s = null; s")).Result);

    [Fact]
    public async Task Usings_variables_methods_and_types_are_seen_by_later_cells_and_can_be_redefined()
    {
        await run.RunAsync("using System.Globalization;");
        await run.RunAsync("int x = 1; int F(int a) => a + 1; record P(string Name);");
        Assert.Equal("2", (await run.RunAsync("F(x)")).Result);
        await run.RunAsync("string x = \"text\"; int F(int a) => a + 10; record P(int Age);");
        Assert.Equal("text 11 5 iv", (await run.RunAsync("$\"{x} {F(1)} {new P(5).Age} {CultureInfo.InvariantCulture.TwoLetterISOLanguageName}\"")).Result);
    }

    [Fact]
    public async Task What_was_assigned_before_a_throw_stays_even_in_the_first_cell()
    {
        CellOutcome outcome = await run.RunAsync("int kept = 5;\nthrow new InvalidOperationException(\"boom\");");
        Assert.False(outcome.Succeeded);
        Assert.Equal(("InvalidOperationException", "boom", 2), (outcome.Error.Name, outcome.Error.Message, outcome.Error.Line ?? 0));
        Assert.Equal("5", (await run.RunAsync("kept")).Result);
    }

    [Fact]
    public async Task A_cell_that_does_not_compile_leaves_the_state_untouched()
    {
        await run.RunAsync("int x = 1;");
        CellOutcome outcome = await run.RunAsync("x = 2;\n\tint y = nope;");
        Assert.Equal("CompilationError", outcome.Error.Name);
        Assert.Equal(2, outcome.Error.Line);
        Assert.Equal(
            ["(2,10): error CS0103: The name 'nope' does not exist in the current context", "\tint y = nope;", "\t        ~~~~"],
            outcome.Error.Traceback);
        Assert.Equal("1", (await run.RunAsync("x")).Result);
    }

    [Fact]
    public async Task A_traceback_has_the_users_frames_by_their_names_and_nothing_else()
    {
        await run.RunAsync("class Thrower\n{\n    public async Task<int> GoAsync()\n    {\n        await Task.Delay(1);\n        return int.Parse(\"q\");\n    }\n}");
        CellOutcome outcome = await run.RunAsync("\nFunc<Task<int>> call = () => new Thrower().GoAsync();\nawait call();");
        Assert.Equal(
            [
                "FormatException: The input string 'q' was not in a correct format.",
                "   at System.Int32.Parse",
                "   at Thrower.GoAsync in cell 1:line 6",
                "   at cell 2:line 3",
            ],
            outcome.Error.Report);
        Assert.Equal(3, outcome.Error.Line);
    }

    [Fact]
    public async Task A_display_is_updated_where_it_stands()
    {
        CellOutcome outcome = await run.RunAsync("var h = display(1);\nawait Task.Delay(120);\nh.Update(2);");
        Assert.Equal([("1", false), ("2", true)], outcome.Displays.Select(d => (d.Data["text/plain"], d.IsUpdate)));
        Assert.Single(outcome.Displays.Select(d => d.DisplayId).Distinct());
        outcome = await run.RunAsync("new { A = 1 }.Display(\"text/html\");");
        Assert.Equal(["text/html", "text/plain"], outcome.Displays.Single().Data.Keys);
    }

    [Fact]
    public async Task Ten_thousand_lines_are_at_most_some_dozens_of_events()
    {
        CellOutcome outcome = await run.RunAsync("for (int i = 0; i < 10_000; i++) Console.WriteLine(i);");
        Assert.True(outcome.Events.Count < 50, $"{outcome.Events.Count} events");
        Assert.Equal(string.Concat(Enumerable.Range(0, 10_000).Select(i => $"{i}\n")), outcome.StandardOutput);
    }

    [Fact]
    public async Task Text_of_a_background_task_goes_to_the_cell_that_started_it()
    {
        CellOutcome first = await run.RunAsync("var go = new TaskCompletionSource(); var background = Task.Run(async () => { await go.Task; Console.Write(\"late\"); });");
        CellOutcome second = await run.RunAsync("Console.Write(\"now\"); go.SetResult(); await background; await Task.Delay(200);");
        Assert.Equal(("late", "now"), (first.StandardOutput, second.StandardOutput));
    }

    [Fact]
    public async Task A_formatter_that_throws_is_an_error_of_the_cell_that_names_it()
    {
        CellOutcome outcome = await run.RunAsync(
            "using Microsoft.DotNet.Interactive.Formatting;\nclass Bad { }\nFormatter.Register<Bad>((b, w) => throw new Exception(\"in the formatter\"), \"text/html\");\nnew Bad()");
        Assert.Equal("FormatterError", outcome.Error.Name);
        Assert.Contains("text/html formatter of Bad", outcome.Error.Message, StringComparison.Ordinal);
        Assert.Equal("3", (await run.RunAsync("1 + 2")).Result);
    }

    [Fact]
    public async Task Formatters_and_preferred_mime_types_registered_in_cells_are_used()
    {
        CellOutcome outcome = await run.RunAsync("""
            using Microsoft.DotNet.Interactive.Formatting;
            record Celsius(double Degrees);
            Formatter.Register<Celsius>(c => $"<i>{c.Degrees}</i>", "text/html");
            Formatter.Register<Celsius>(c => $"{c.Degrees} C", "text/plain");
            Formatter.Register<Celsius>(c => $"**{c.Degrees}**", "text/markdown");
            Formatter.SetPreferredMimeTypesFor(typeof(Celsius), "text/html", "text/markdown");
            new Celsius(21)
            """);
        Assert.Equal(
            new Dictionary<string, string> { ["text/html"] = "<i>21</i>", ["text/markdown"] = "**21**", ["text/plain"] = "21 C" },
            outcome.Events.OfType<ResultData>().Single().Data);
    }

    [Fact]
    public async Task Cyclic_graphs_and_huge_collections_are_displayed_bounded()
    {
        CellOutcome outcome = await run.RunAsync("""
            class Node { public Node A => new(); public Node B => new(); public Node C => this; public Node D => this; public Node E => new(); public Node F => new(); public Node G => new(); }
            display(new Node());
            display(Enumerable.Range(0, 10_000_000));
            display(Enumerable.Range(0, 100_000).ToDictionary(i => i));
            class List { public List Next; }
            List chain = null; for (int i = 0; i < 100_000; i++) chain = new List { Next = chain };
            chain
            """);
        Assert.True(outcome.Succeeded);
        Assert.All(outcome.Displays, d => Assert.True(d.Data.Values.Sum(v => v.Length) < 3_000_000));
    }

    [Fact]
    public async Task A_cell_that_waits_or_prints_for_ever_is_interrupted_and_the_state_is_kept()
    {
        await run.RunAsync("int x = 3;");
        Assert.Equal("TimeoutException", (await run.RunAsync("await Task.Delay(-1);", timeout: TimeSpan.FromMilliseconds(100))).Error.Name);
        Assert.Equal("TimeoutException", (await run.RunAsync("System.Threading.Thread.Sleep(-1);", timeout: TimeSpan.FromMilliseconds(100))).Error.Name);
        Assert.Equal("TimeoutException", (await run.RunAsync("while (true) Console.WriteLine(1);", timeout: TimeSpan.FromMilliseconds(100))).Error.Name);
        Assert.Equal("3", (await run.RunAsync("x")).Result);
    }

    [Fact]
    public async Task A_cell_that_observes_its_token_ends_in_good_order()
    {
        CellOutcome outcome = await run.InterruptAsync("while (!Notebook.CancellationToken.IsCancellationRequested) await Task.Delay(5);\nConsole.Write(\"tidied up\");");
        Assert.Equal("started\ntidied up", outcome.StandardOutput);
        Assert.True(outcome.Succeeded);
    }
}
