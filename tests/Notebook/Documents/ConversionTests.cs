using System.Diagnostics;
using ArKernel.Notebooks.Documents;
using CsCheck;

namespace ArKernel.Notebooks.Tests.Documents;

public sealed class ConversionTests
{
    private static readonly string[] CSharp =
    [
        "int epochs = 10;\nvar lr = 1e-3;", "#r \"nuget: MathNet.Numerics, 5.0.0\"\nusing MathNet.Numerics;\n\nvar y = 1;", "#r \"nuget: A\"", "1 + 1",
        "Console.WriteLine(\"hi\")", "var q = new[] { 1, 2 };\nq.Select(x => x + 1)\n    .ToArray() // last", "await Task.Delay(1)", "display(3); \"done\"",
        "/// <summary>A type.</summary>\nclass Foo\n{\n    public int X;\n\n    // %% not a cell\n}\nnew Foo().X", "record R(int A);", "#!time\nConsole.WriteLine();",
        "public static int Twice(int x) => 2 * x;\nstatic int z = 4;", "//: odd\n// %% [markdown]\n//> Foo\nint n;", "#!html\n<b>x</b>", "var broken = ;", "// #:property X=Y",
        "var s = \"\"\"\n    // %% inside\n    #!html\n    \"\"\";", "int a = 1; class Bad { }", "x", "/*=*/ 5", "#i \"nuget:somewhere\"\n#load \"a.csx\"", "using A; var u = 1;", "",
        "static string Shout(this string s) => s.ToUpper();", "#region r\nvar t = 1;\n#endregion", "(() => 5)()", "() => 5",
    ];

    private static readonly Gen<(CellKind Kind, string Source, string Language)[]> Notebooks = Gen.OneOf(
        Choose.From(CSharp).Select(source => (CellKind.Code, source, "csharp")),
        Choose.From("# Title\n\ntext", "%% odd", "$x^2$", "", "- a\n\n  - b", "//: x").Select(source => (CellKind.Markdown, source, "markdown")),
        Choose.From("raw text", "<x>").Select(source => (CellKind.Raw, source, "raw")),
        Choose.From("let x = 1\n\nx", "type Foo = int", "//> Foo").Select(source => (CellKind.Code, source, "fsharp")),
        Gen.String[Choose.From('a', ' ', '\n', '/', ':', '>', '%', ';', '"', '=', '*', '#', '!', '('), 0, 14].Select(source => (CellKind.Code, Dib.Trim(source.Split('\n')), "csharp")))
        .Array[0, 8];

    [Fact]
    public void Order_kinds_languages_and_sources_survive_a_file_based_app() => Notebooks.Sample(cells =>
    {
        NotebookDocument document = Document(cells);
        (string text, _) = FileBasedAppWriter.Write(document);
        Assert.Equal(cells, Cells(FileBasedAppReader.Read(text, "x.cs")));
        Assert.Equal(text, FileBasedAppWriter.Write(FileBasedAppReader.Read(text, "x.cs")).Text);
    }, iter: 1000);

    [Fact]
    public void Order_kinds_languages_sources_and_notebook_metadata_survive_dib() => Notebooks.Sample(cells =>
    {
        // A line that selects a language starts a cell in this format, wherever it stands.
        cells = [.. cells.Where(cell => !cell.Source.Split('\n').Any(line => LanguageNames.Selected(line) is not null))];
        NotebookDocument document = Document(cells);
        document.Metadata["extra"] = "kept";
        using var writer = new StringWriter();
        Dib.Write(document, writer, "x.dib");
        NotebookDocument again = Dib.Read(writer.ToString(), "x.dib");
        Assert.Equal(cells, Cells(again));
        Assert.Equal("kept", (string?)again.Metadata["extra"]);
        Assert.Equal("csharp", again.Language);
    }, iter: 500);

    [Fact]
    public void A_dib_file_of_Polyglot_Notebooks_is_read()
    {
        const string text = """
            #!meta

            {"kernelInfo":{"defaultKernelName":"csharp","items":[{"aliases":[],"name":"csharp"},{"aliases":["db"],"languageName":"T-SQL","name":"sql-db"}]}}

            #!csharp

            var x = 1;
            #!time
            x

            #!markdown

            # Title

            #!db

            select 1

            #!F#

            let y = 2
            """;
        NotebookDocument document = Dib.Read(text.ReplaceLineEndings("\r\n"), "x.dib");
        Assert.Equal([(CellKind.Code, "var x = 1;\n#!time\nx", "csharp"), (CellKind.Markdown, "# Title", "markdown"), (CellKind.Code, "select 1", "db"), (CellKind.Code, "let y = 2", "fsharp")], Cells(document));
    }

    [Fact]
    public void A_markdown_line_that_would_split_its_cell_in_dib_is_an_error_that_names_it()
    {
        NotebookDocument document = Document([(CellKind.Markdown, "Write:\n#!csharp", "markdown")]);
        var error = Assert.Throws<DocumentException>(() => Dib.Write(document, TextWriter.Null, "x.dib"));
        Assert.StartsWith("x.dib: cell 1, line 2: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_dib_block_that_is_no_JSON_is_an_error_that_names_its_line()
    {
        var error = Assert.Throws<DocumentException>(() => Dib.Read("\n#!meta\n{", "x.dib"));
        Assert.StartsWith("x.dib: line 2: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cell_metadata_survives_a_file_based_app()
    {
        NotebookDocument document = Document([(CellKind.Code, "int n = 1;", "csharp")]);
        document.Cells[0].Metadata["tags"] = new System.Text.Json.Nodes.JsonArray("parameters", "é \"quoted\" x=1");
        NotebookDocument again = FileBasedAppReader.Read(FileBasedAppWriter.Write(document).Text, "x.cs");
        Assert.True(System.Text.Json.Nodes.JsonNode.DeepEquals(document.Cells[0].Metadata, again.Cells[0].Metadata));
    }

    [Fact]
    public void Any_text_reads_as_a_notebook_that_can_be_written_in_every_format_or_gives_the_documented_error() => Gen.OneOf(
        Gen.String,
        Choose.From(
            "// %%", " [markdown]", " [types]", " [display]", "\n", "//> A", "//: ", "#:package ", "A@1", "using X;", "#!meta\n", "#!csharp", "#!markdown", "#!x", "{", "}", "{\"kernelInfo\":",
            "{\"a\":1,\"a\":2}", "\"\\ud800\"", " k=", " tags=[\"parameters\"]", "language=3", "metadata=", "[[[[", "class A { }", "1", "display(/*=*/", "/*=*/);", "\"\"\"", "#if X", "\0")
            .Array[0, 25].Select(string.Concat)).Sample(text =>
    {
        foreach (Func<string, string, NotebookDocument> read in (Func<string, string, NotebookDocument>[])[Dib.Read, FileBasedAppReader.Read])
        {
            try
            {
                NotebookDocument document = read(text, "x");
                _ = IpynbTests.Text(document);
                _ = FileBasedAppWriter.Write(document);
                _ = HtmlExporter.Export(document, "x");
                Dib.Write(document, TextWriter.Null, "x");
            }
            catch (DocumentException error)
            {
                Assert.StartsWith("x: ", error.Message, StringComparison.Ordinal);
            }
        }
    }, iter: 400);

    [Fact]
    public void Any_program_becomes_a_notebook_with_its_packages_as_references()
    {
        NotebookDocument document = FileBasedAppReader.Read("#!/usr/bin/env dotnet\n#:package A@1.2.3\n#:package B\n#:property X=Y\n\nusing A;\n\nConsole.WriteLine(1);\n", "x.cs");
        Assert.Equal([(CellKind.Code, "#r \"nuget: A, 1.2.3\"\n#r \"nuget: B\"\n// #:property X=Y", "csharp"), (CellKind.Code, "using A;\n\nConsole.WriteLine(1);", "csharp")], Cells(document));
    }

    [Fact]
    public void What_the_user_adds_at_the_top_and_among_the_types_comes_into_the_notebook()
    {
        NotebookDocument document = Document([(CellKind.Code, "#r \"nuget: A, 1\"\nusing System.IO;\nclass C { }\n1", "csharp")]);
        string text = FileBasedAppWriter.Write(document).Text;
        text = "#:package Added@2.0\n" + text.Replace("//> C\n", "class Added { }\n\n//> C\n", StringComparison.Ordinal).Replace("//> C\n1", "//> C\n1", StringComparison.Ordinal);
        (CellKind Kind, string Source, string Language)[] cells = Cells(FileBasedAppReader.Read(text, "x.cs"));
        Assert.Equal("#r \"nuget: Added, 2.0\"", cells[0].Source);
        Assert.Contains("class Added { }", string.Concat(cells.Select(cell => cell.Source)), StringComparison.Ordinal);
        Assert.Contains(cells, cell => cell.Source.Contains("#r \"nuget: A, 1\"\nusing System.IO;", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_ordinary_notebook_exported_as_a_file_based_app_compiles_and_runs()
    {
        NotebookDocument document = Document(
        [
            (CellKind.Markdown, "# Sums", "markdown"), (CellKind.Code, "using System.Diagnostics;\nint n = 4;", "csharp"),
            (CellKind.Code, "class Point\n{\n    public int X;\n}\n\npublic static int Twice(int x) => 2 * x;\nstatic int k = Twice(n);\nk", "csharp"),
            (CellKind.Code, "new Point { X = n }.X", "csharp"), (CellKind.Code, "display(Enumerable.Range(0, 3)); Console.WriteLine(\"void\")", "csharp"),
            (CellKind.Code, "await Task.FromResult(\"awaited\")", "csharp"), (CellKind.Code, "await Task.Yield()", "csharp"), (CellKind.Code, "let x = 1", "fsharp"),
            (CellKind.Code, "new StringBuilder(\"built\")", "csharp"),
        ]);
        document.Cells[6].Source = "await Task.Delay(1)";
        string folder = Directory.CreateTempSubdirectory("arkernel-app").FullName;
        try
        {
            string path = Path.Combine(folder, "app.cs");
            Assert.Single(NotebookFile.Save(document, path)); // the F# cell
            var start = new ProcessStartInfo("dotnet", ["run", path]) { WorkingDirectory = folder, UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
            start.Environment["DOTNET_NOLOGO"] = "1";
            using var process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(process.ExitCode == 0, output + await errors + await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken));
            Assert.Equal("8\n4\n[ 0, 1, 2 ]\nvoid\nawaited\nbuilt\n", output.ReplaceLineEndings("\n"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static NotebookDocument Document((CellKind Kind, string Source, string Language)[] cells)
    {
        var document = new NotebookDocument();
        foreach ((CellKind kind, string source, string language) in cells)
        {
            document.Add(kind, source, kind == CellKind.Code ? language : null);
        }

        return document;
    }

    private static (CellKind Kind, string Source, string Language)[] Cells(NotebookDocument document) =>
        [.. document.Cells.Select(cell => (cell.Kind, cell.Source, cell.Language))];
}

internal static class Choose
{
    public static Gen<T> From<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);
}
