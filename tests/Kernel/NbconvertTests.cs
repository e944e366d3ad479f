using System.Text.Json.Nodes;

namespace ArKernel.Kernel.Tests;

/// <summary>Notebooks executed as <c>jupyter nbconvert --execute</c> does.</summary>
public sealed class NbconvertTests(Jupyter jupyter)
{
    private const string Nbconvert = "/usr/bin/jupyter-nbconvert";

    public static TheoryData<string> Studies => [.. Directory.GetFiles(Path.Combine(Jupyter.Root, "notebooks"), "*.ipynb").Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Studies))]
    public void A_committed_notebook_runs(string name)
    {
        JsonObject notebook = JsonNode.Parse(File.ReadAllText(Path.Combine(Jupyter.Root, "notebooks", name)))!.AsObject();
        JsonArray cells = notebook["cells"]!.AsArray();
        int parameters = cells.IndexOf(cells.First(cell => cell!["metadata"]?["tags"]?.AsArray().Any(tag => (string?)tag == "parameters") == true));
        // As papermill does it: a cell after the parameters sets them anew.
        cells.Insert(parameters + 1, Code("quick = true;"));
        JsonNode[] executed = Execute(notebook, Path.Combine(Jupyter.Root, "notebooks"));
        Assert.All(executed, cell => Assert.DoesNotContain(Outputs(cell), output => (string?)output["output_type"] == "error"));
        Assert.Contains(executed, cell => Outputs(cell).Any(output => output["data"]?["text/html"] is not null));
    }

    [Theory]
    [InlineData("arkernel-csharp", "C#", "Console.WriteLine(\"printed\");", "var squares = Enumerable.Range(1, 3).Select(i => i * i).ToArray();\nsquares", "display(HTML(\"<i>shown</i>\"));", "Console.Error.WriteLine(\"complained\");", "squares.Sum() * 3")]
    [InlineData("arkernel-fsharp", "F#", "printfn \"printed\"", "let squares = [| for i in 1 .. 3 -> i * i |]\nsquares", "display (HTML(\"<i>shown</i>\")) |> ignore", "eprintfn \"complained\"", "Array.sum squares * 3")]
    public void Every_kind_of_output_is_in_the_executed_notebook(string kernel, string language, string print, string sequence, string display, string complain, string number)
    {
        JsonNode[] cells = Execute(Notebook(kernel, language, print, sequence, display, complain, number));
        Assert.Equal([1, 2, 3, 4, 5], cells.Select(cell => (int)cell["execution_count"]!));
        Assert.Equal("printed\n", Text(Outputs(cells[0]).Single(output => (string?)output["name"] == "stdout")["text"]));
        JsonNode values = Outputs(cells[1]).Single(output => (string?)output["output_type"] == "execute_result")["data"]!;
        Assert.Contains("9", Text(values["text/html"]), StringComparison.Ordinal);
        Assert.Contains("9", Text(values["text/plain"]), StringComparison.Ordinal);
        Assert.Contains(Outputs(cells[2]), output => (string?)output["output_type"] == "display_data" && Text(output["data"]!["text/html"]).Contains("<i>shown</i>", StringComparison.Ordinal));
        Assert.Equal("complained\n", Text(Outputs(cells[3]).Single(output => (string?)output["name"] == "stderr")["text"]));
        Assert.Equal("42", Text(Outputs(cells[4]).Single()["data"]!["text/plain"]));
    }

    [Fact]
    public void An_old_notebook_runs_under_the_name_it_asks_for()
    {
        JsonNode[] cells = Execute(Notebook(".net-csharp", "C#", "#!time\nConsole.WriteLine(6 * 7);", "#!markdown\n# A title"));
        Assert.Contains(Outputs(cells[0]), output => Text(output["text"]) == "42\n");
        Assert.Contains(Outputs(cells[1]), output => output["data"]?["text/html"] is not null || output["data"]?["text/markdown"] is not null);
    }

    /// <summary>The features are those that real C# notebooks of .NET Interactive use most; the text is ours.</summary>
    [Fact]
    public void A_CSharp_notebook_that_NET_Interactive_saved_runs_unchanged()
    {
        JsonNode[] cells = ExecuteOld("orders.ipynb");
        Assert.Contains("Installed Humanizer.Core", Shown(cells[0]), StringComparison.Ordinal);
        Assert.Contains("scones", Shown(cells[2], "text/html"), StringComparison.Ordinal);
        Assert.Contains("<em>Scones</em>", Shown(cells[3], "text/html"), StringComparison.Ordinal); // the package and the formatter at work
        Assert.Contains("<em>Tea</em>", Shown(cells[3], "text/html"), StringComparison.Ordinal);
        Assert.Equal("9.5\n", Printed(cells[4]));
        Assert.Contains("Wall time", Shown(cells[4]), StringComparison.Ordinal);
        Assert.Contains("<b>bold</b>", Shown(cells[5], "text/html"), StringComparison.Ordinal);
        Assert.Contains("100 %", Shown(cells[5]), StringComparison.Ordinal);
        Assert.DoesNotContain("0 %\n", Shown(cells[5]).Replace("100 %", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("done", Shown(cells[5]), StringComparison.Ordinal);
        Assert.Contains("scones", Shown(cells[6], "text/html"), StringComparison.Ordinal);
        Assert.Equal("kept as it is 2\n", Printed(cells[8]));
        Assert.Equal("scones", Shown(cells[9]));
        Assert.Equal("6", Shown(cells[10]));
        Assert.Equal("<p id=\"shown\">shown</p>", Shown(cells[11], "text/html"));
        Assert.Contains("console.log", Shown(cells[12], "application/javascript") + Shown(cells[12], "text/html"), StringComparison.Ordinal);
        Assert.Contains("tea --> scones", Shown(cells[13]), StringComparison.Ordinal);
        Assert.Equal("**marked**", Shown(cells[14], "text/markdown"));
        Assert.Equal(("sent\n", "2"), (Printed(cells[15]), Shown(cells[15])));
        Assert.Equal("9", Shown(cells[16]));
        Assert.All(cells[17..19], cell => Assert.Contains("orders", Shown(cell), StringComparison.Ordinal));
        Assert.Contains("ArKernel", Shown(cells[19]), StringComparison.Ordinal);
        Assert.Contains("#!mermaid", Shown(cells[20]), StringComparison.Ordinal);
    }

    [Fact]
    public void An_FSharp_notebook_that_NET_Interactive_saved_runs_unchanged()
    {
        JsonNode[] cells = ExecuteOld("shapes.ipynb");
        Assert.Contains("Installed Humanizer.Core", Shown(cells[0]), StringComparison.Ordinal);
        Assert.Equal("[3.141592654; 4.0]", Shown(cells[1]));
        Assert.Equal("a large shape", Shown(cells[2]));
        Assert.StartsWith("7.14\n", Printed(cells[3]), StringComparison.Ordinal);
        Assert.Contains("<i>from C#</i>", Shown(cells[5], "text/html"), StringComparison.Ordinal); // a type of a C# cell
        Assert.Contains("7", Shown(cells[5]), StringComparison.Ordinal);
        Assert.Equal("42", Shown(cells[6]));
        Assert.Equal("2", Shown(cells[7]));
    }

    [Fact]
    public void A_failing_cell_fails_the_run_and_says_where()
    {
        string folder = jupyter.NewFolder("nbconvert"), source = Path.Combine(folder, "fails.ipynb");
        File.WriteAllText(source, Notebook("arkernel-csharp", "C#", "int divisor = 0;", "int fine = 1;\nint broken = fine / divisor;", "Console.WriteLine(\"never\");").ToJsonString());
        Command run = jupyter.Run(Nbconvert, ["--to", "notebook", "--execute", source, "--output", "out"], workingDirectory: folder);
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("DivideByZeroException", run.Error, StringComparison.Ordinal);
        Assert.Contains("line 2", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("never", run.Output, StringComparison.Ordinal);
    }

    private JsonNode[] ExecuteOld(string name)
    {
        string folder = Path.Combine(Jupyter.Root, "tests", "Kernel", "notebooks");
        JsonNode[] cells = Execute(JsonNode.Parse(File.ReadAllText(Path.Combine(folder, name)))!.AsObject(), null, Path.Combine(folder, "part.dib"), Path.Combine(folder, "lib.fsx"));
        Assert.All(cells, cell => Assert.DoesNotContain(Outputs(cell), output => (string?)output["output_type"] == "error"));
        return cells;
    }

    /// <summary>What results and displays of a cell say in one form.</summary>
    private static string Shown(JsonNode cell, string form = "text/plain") => string.Join('\n', Outputs(cell).Select(output => Text(output["data"]?[form])).Where(text => text.Length > 0));

    private static string Printed(JsonNode cell) => string.Concat(Outputs(cell).Where(output => (string?)output["name"] == "stdout").Select(output => Text(output["text"])));

    private JsonNode[] Execute(JsonObject notebook, string? resources = null, params string[] beside)
    {
        string folder = jupyter.NewFolder("nbconvert"), source = Path.Combine(folder, "source.ipynb");
        File.WriteAllText(source, notebook.ToJsonString());
        Array.ForEach(beside, file => File.Copy(file, Path.Combine(folder, Path.GetFileName(file))));
        string[] arguments = ["--to", "notebook", "--execute", source, "--output-dir", folder, "--output", "executed", "--ExecutePreprocessor.timeout=120"];
        Command run = jupyter.Run(Nbconvert, arguments, patience: 180, workingDirectory: resources ?? folder);
        Assert.True(run.ExitCode == 0, run.Error);
        return [.. JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "executed.ipynb")))!["cells"]!.AsArray().Where(cell => (string?)cell!["cell_type"] == "code").Select(cell => cell!)];
    }

    private static JsonNode[] Outputs(JsonNode cell) => [.. cell["outputs"]!.AsArray().Select(output => output!)];

    /// <summary>A text of a notebook: a string, or lines.</summary>
    private static string Text(JsonNode? text) => text switch
    {
        null => "",
        JsonArray lines => string.Concat(lines.GetValues<string>()),
        _ => text.GetValue<string>(),
    };

    private static JsonObject Notebook(string kernel, string language, params string[] sources) => new()
    {
        ["cells"] = new JsonArray([.. sources.Select(source => (JsonNode)Code(source))]),
        ["metadata"] = new JsonObject { ["kernelspec"] = new JsonObject { ["name"] = kernel, ["display_name"] = kernel, ["language"] = language } },
        ["nbformat"] = 4,
        ["nbformat_minor"] = 5,
    };

    private static JsonObject Code(string source) => new()
    {
        ["cell_type"] = "code", ["id"] = Guid.NewGuid().ToString("N"), ["execution_count"] = null, ["metadata"] = new JsonObject(), ["outputs"] = new JsonArray(), ["source"] = source,
    };
}
