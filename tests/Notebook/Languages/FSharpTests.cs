using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Languages.CSharp;
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

    /// <summary>For assemblies: the compiler reads them again and again, so they stay as long as the session.</summary>
    internal DirectoryInfo Folder { get; } = Directory.CreateTempSubdirectory("arkernel-fsharp-");

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        Folder.Delete(recursive: true);
    }
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
    public async Task Types_of_C_sharp_cells_are_types_in_F_sharp_also_when_defined_anew()
    {
        await cells.RunAsync("""
            public record Body(string Name, double Mass) { public double Weight(double g) => Mass * g; }
            namespace Sky { public static class Catalogue { public enum Kind { Star, Planet } public static Body Sun => new("Sun", 2e30); } }
            var apple = new Body("apple", 0.1);
            """);
        Assert.Equal("1.0", (await Shown("sprintf \"%A\" (Body(\"stone\", 0.1).Weight 10.0)")));
        Assert.Equal("apple", await Shown("#!share apple --from csharp\napple.Name"));
        Assert.Equal("Sun Planet", await Shown("$\"{Sky.Catalogue.Sun.Name} {Sky.Catalogue.Kind.Planet}\""));
        Assert.Equal("heavy", await Shown("let describe (b: Body) = if b.Mass > 1.0 then \"heavy\" else \"light\"\ndescribe Sky.Catalogue.Sun"));

        // A list of them goes back by reference, as the same type.
        await F("let bodies = System.Collections.Generic.List<Body>([ Body(\"a\", 1.0) ])");
        Assert.Equal("2", (await cells.RunAsync("#!share bodies --from fsharp\nbodies.Add(apple);\nbodies.Count")).Result);

        await cells.RunAsync("public record Body(string Name, double Mass, int Moons);");
        Assert.Equal("79", await Shown("Body(\"Saturn\", 5.7e26, 79).Moons |> string"));
        Assert.Equal("apple", await Shown("apple.Name")); // what was there keeps its type
    }

    [Fact]
    public async Task A_notebook_without_F_sharp_writes_no_type_to_a_file()
    {
        NotebookEngine alone = new();
        CellRun run = new(alone);
        await run.RunAsync("public record Lonely(int X);");
        Assert.Equal("3", (await run.RunAsync("new Lonely(3).X")).Result);
        CSharpLanguage language = alone.Languages.OfType<CSharpLanguage>().Single();
        Assert.Null(language.TypeFolder);
        await run.RunAsync("1 + 1", "fsharp"); // what it costs is paid from here on
        Assert.Single(language.TypeFolder!.GetFiles());
        await alone.DisposeAsync();
        language.TypeFolder.Refresh();
        Assert.False(language.TypeFolder.Exists);
    }

    [Fact]
    public async Task Warnings_are_shown_and_the_cell_goes_on()
    {
        CellOutcome outcome = await F("let first list =\n    match list with\n    | head :: _ -> head\nfirst [ 4 ]");
        Assert.Equal("4", outcome.Result);
        Assert.Contains("(2,11): warning FS0025: Incomplete pattern matches", outcome.StandardError, StringComparison.Ordinal);
        Assert.Contains("    match list with\n          ~~~~", outcome.StandardError, StringComparison.Ordinal);
        Assert.Empty((await F("#nowarn \"25\"\nlet second list = match list with | _ :: s :: _ -> s\nsecond [ 1; 2 ]")).StandardError);
    }

    [Fact]
    public async Task Time_says_what_each_cell_took_until_it_is_off()
    {
        CellOutcome timed = await F("#time \"on\"\nSystem.Threading.Thread.Sleep 30");
        Assert.Matches(@"^Real: 00:00:0\d\.\d{3}, CPU: 00:00:\d\d\.\d{3}, GC gen0: \d+, gen1: \d+, gen2: \d+\n$", timed.StandardOutput);
        Assert.Contains("Real:", (await F("1")).StandardOutput, StringComparison.Ordinal);
        Assert.Empty((await F("#time \"off\"\n2")).StandardOutput);
    }

    [Fact]
    public async Task Files_of_F_sharp_are_imported_and_errors_in_them_have_their_place()
    {
        string folder = Directory.CreateTempSubdirectory("arkernel-fsharp-").FullName;
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "script.fsx"), "#!time\nlet imported = 6\nlet times x = imported * x", TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(Path.Combine(folder, "Shapes.fs"), "// a comment\nmodule Geometry.Shapes\n\nlet area r = 3.0 * r * r\n", TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(Path.Combine(folder, "plain.fs"), "module Inner =\n    let deep = 5\nlet top = Inner.deep + 1\n", TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(Path.Combine(folder, "wrong.fsx"), "let fine = 1\nlet bad : int = \"s\"\n", TestContext.Current.CancellationToken);
            CellOutcome imports = await cells.RunAsync($"#!import {Path.Combine(folder, "script.fsx")}\n#!import {Path.Combine(folder, "Shapes.fs")}\n#!import {Path.Combine(folder, "plain.fs")}");
            Assert.True(imports.Succeeded, string.Join('\n', imports.Events.OfType<CellError>().SelectMany(e => e.Report)));
            Assert.Equal("42", (await F("times 7")).Result);
            Assert.Equal("12.0", await Shown("sprintf \"%A\" (Geometry.Shapes.area 2.0)"));
            Assert.Equal("6", (await F("top")).Result);
            CellError error = (await cells.RunAsync($"#!import {Path.Combine(folder, "wrong.fsx")}")).Error;
            Assert.Contains("wrong.fsx", error.Message, StringComparison.Ordinal);
            Assert.Contains("(2,17): error FS0001", error.Traceback[0], StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task An_assembly_that_could_not_be_read_is_tried_again()
    {
        string folder = engine.Folder.FullName;
        string path = Path.Combine(folder, "Late.dll");
        await File.WriteAllTextAsync(path, "not yet", TestContext.Current.CancellationToken);
        CellOutcome early = await F($"#r @\"{path}\"\n1");
        Assert.Equal("ReferenceError", early.Error.Name);
        Assert.Contains("is no .NET assembly", early.Error.Message, StringComparison.Ordinal);
        Compile("Late", "public static class Late { public static int Answer => 42; }", path);
        CellOutcome late = await F($"#r \"{path}\"\nLate.Answer");
        Assert.Equal("42", late.Result);

        // What C# could refer to and F# cannot (the file has gone meanwhile) does not keep its cells from running.
        string gone = Path.Combine(folder, "Gone.dll");
        Compile("Gone", "public static class Gone { public const int Answer = 43; }", gone);
        Assert.Equal("43", (await cells.RunAsync($"#r \"{gone}\"\nGone.Answer")).Result);
        byte[] kept = await File.ReadAllBytesAsync(gone, TestContext.Current.CancellationToken);
        File.Delete(gone);
        CellOutcome without = await F("7");
        Assert.Equal("7", without.Result);
        Assert.Contains($"F# cannot refer to {gone}", without.StandardError, StringComparison.Ordinal);
        await File.WriteAllBytesAsync(gone, kept, TestContext.Current.CancellationToken);
        CellOutcome with = await F("Gone.Answer");
        Assert.Equal("43", with.Result);
        Assert.Empty(with.StandardError);
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

    private static void Compile(string name, string code, string path)
    {
        using FileStream file = File.Create(path);
        Microsoft.CodeAnalysis.Emit.EmitResult emitted = Microsoft.CodeAnalysis.CSharp.CSharpCompilation.Create(
            name,
            [Microsoft.CodeAnalysis.CSharp.CSharpSyntaxTree.ParseText(code)],
            [Microsoft.CodeAnalysis.MetadataReference.CreateFromFile(typeof(object).Assembly.Location)],
            new Microsoft.CodeAnalysis.CSharp.CSharpCompilationOptions(Microsoft.CodeAnalysis.OutputKind.DynamicallyLinkedLibrary)).Emit(file);
        Assert.True(emitted.Success);
    }

    private async Task<string?> Shown(string code)
    {
        CellOutcome outcome = await F(code);
        Assert.True(outcome.Succeeded, string.Join('\n', outcome.Events.OfType<CellError>().SelectMany(e => e.Report)));
        return outcome.Result;
    }

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
