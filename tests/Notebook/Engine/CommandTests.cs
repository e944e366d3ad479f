using ArKernel.Notebooks.Engine;

namespace ArKernel.Notebooks.Tests.Engine;

[Collection("engine")]
public sealed class CommandTests : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("arkernel-commands-").FullName;
    private readonly NotebookEngine engine;
    private readonly CellRun run;

    public CommandTests()
    {
        EngineOptions options = new()
        {
            ReadDocument = path => [new CellSubmission("markdown", "# title", "one"), new CellSubmission("csharp", $"int fromDocument = {path.Length};", "two")],
            Magics = { new Magic("shout", "Writes its argument.", (text, context) => { context.Write("stdout", text.ToUpperInvariant()); return Task.FromResult<Action?>(null); }) },
        };
        engine = new NotebookEngine(options);
        run = new CellRun(engine);
    }

    public async ValueTask DisposeAsync()
    {
        await engine.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Language_lines_split_a_cell_and_line_numbers_stay_those_of_the_cell()
    {
        CellOutcome outcome = await run.RunAsync("#!markdown\n# hi\n#!c#\nint x = 1;\n#!html\n<b>x</b>\n#!js\nalert(1)\n#!csharp\nint y = nope;");
        Assert.Equal(["# hi", "<b>x</b>", "alert(1)"], outcome.Displays.Select(d => d.Data["text/plain"]));
        Assert.Equal("alert(1)", outcome.Displays.Last().Data["application/javascript"]);
        Assert.Equal("<script type=\"text/javascript\">\nalert(1)\n</script>", outcome.Displays.Last().Data["text/html"]);
        Assert.Equal(10, outcome.Error.Line);
        Assert.Equal("1", (await run.RunAsync("x")).Result);
    }

    [Fact]
    public async Task An_unknown_command_fails_the_cell_before_any_code_runs()
    {
        CellOutcome outcome = await run.RunAsync("Console.WriteLine(1);\n#!nothing here");
        Assert.Equal("UnknownCommand", outcome.Error.Name);
        Assert.Equal(2, outcome.Error.Line);
        Assert.Contains("'#!nothing'", outcome.Error.Message, StringComparison.Ordinal);
        Assert.Contains("#!whos", outcome.Error.Message, StringComparison.Ordinal);
        Assert.Equal("", outcome.StandardOutput);
        Assert.Contains("'cobol'", (await run.RunAsync("x", "cobol")).Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whos_is_a_table_of_the_definitions_in_force()
    {
        await run.RunAsync("int a = 1; var list = new List<int> { 1, 2 };");
        await run.RunAsync("string a = \"now text\";");
        DisplayData table = (await run.RunAsync("#!whos")).Displays.Single();
        string[] lines = [.. table.Data["text/plain"].Split('\n').Select(l => string.Join(' ', l.Split(' ', StringSplitOptions.RemoveEmptyEntries)))];
        Assert.Equal(
            ["name type shape dtype device bytes cell value", "a String [8] char 16 cell 2 now text", "list List<Int32> [2] cell 1 [ 1, 2 ]", "16 bytes in all."],
            lines);
        Assert.Contains("<td>now text</td>", table.Data["text/html"], StringComparison.Ordinal);
        Assert.DoesNotContain("now text", (await run.RunAsync("#!who")).Displays.Single().Data["text/plain"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Commands_of_the_host_run_and_are_listed()
    {
        Assert.Equal("HELLO", (await run.RunAsync("#!shout hello")).StandardOutput);
        Assert.Contains("#!shout", (await run.RunAsync("#!lsmagic")).Displays.Single().Data["text/plain"], StringComparison.Ordinal);
        Assert.Contains("Roslyn", (await run.RunAsync("#!about")).Displays.Single().Data["text/plain"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Time_is_reported_at_the_end_even_of_a_cell_that_fails()
    {
        CellOutcome outcome = await run.RunAsync("#!time\nConsole.Write(\"x\"); throw new Exception();");
        Assert.Equal(["StreamText", "DisplayData", "CellError"], outcome.Events.Select(e => e.GetType().Name));
        Assert.StartsWith("Wall time: ", outcome.Displays.Single().Data["text/plain"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_runs_source_files_and_documents_here()
    {
        string file = Write("helpers.cs", "int Twice(int a) => 2 * a;\nstring where = \"file\";");
        Assert.Equal("8file", (await run.RunAsync($"#!import \"{file}\"\nTwice(4) + where")).Result);
        string document = Write("cells.dib", "");
        CellOutcome outcome = await run.RunAsync($"#!import {document}\nfromDocument");
        Assert.Equal(document.Length.ToString(), outcome.Result);
        Assert.Equal("# title", outcome.Displays.Single().Data["text/markdown"]);
        Assert.Contains("does not exist", (await run.RunAsync("#!import missing.cs")).Error.Message, StringComparison.Ordinal);
        string wrong = Write("wrong.cs", "int a = nope;");
        Assert.Contains("wrong.cs", (await run.RunAsync($"#!import {wrong}")).Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Load_includes_a_file_and_the_files_it_loads()
    {
        Write("inner.csx", "int Inner() => 5;");
        string outer = Write("outer.csx", "#load \"inner.csx\"\nint Outer() => Inner() + 1;\nvoid Fail() => throw new Exception(\"in the file\");");
        Assert.Equal("6", (await run.RunAsync($"#load \"{outer}\"\nOuter()")).Result);
        CellOutcome outcome = await run.RunAsync("\nFail();");
        Assert.Contains(outcome.Error.Traceback, l => l.Contains("Fail in ", StringComparison.Ordinal) && l.EndsWith("outer.csx:line 3", StringComparison.Ordinal));
        Assert.Equal(2, outcome.Error.Line);
        Assert.Equal("CompilationError", (await run.RunAsync("#load \"missing.csx\"")).Error.Name);
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
