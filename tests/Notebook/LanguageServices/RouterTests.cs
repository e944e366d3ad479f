using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.LanguageServices;
using ArKernel.Notebooks.LanguageServices.CSharp;

namespace ArKernel.Notebooks.Tests.LanguageServices;

/// <summary>Questions about whole cells go to the language at the cursor, or to the commands.</summary>
public sealed class RouterTests : IDisposable
{
    private static readonly CSharpLanguageService CSharp = new();

    private readonly NotebookLanguageServices services = new("csharp", CSharp);
    private readonly string folder = Directory.CreateTempSubdirectory("arkernel-services-").FullName;

    public RouterTests() => CSharp.Reset();

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("#!ti|", "#!time")]
    [InlineData("var x = 1;\n#!im|", "#!import")]
    [InlineData("#!mark|\n# A title", "#!markdown")]
    [InlineData("#|", "#r \"nuget: ")]
    [InlineData("#r \"|", "nuget: ")]
    [InlineData("#!html\n<b>\n#!csharp\nMath.Sqr|", "Sqrt")]
    [InlineData("int number = 1;\n#!time\nnumber.Compa|", "CompareTo")]
    public async Task Completion_follows_the_lines_of_the_cell(string cell, string expected)
    {
        (string text, int position) = Editor.Cursor(cell);
        CompletionList found = await services.CompleteAsync(text, position, CancellationToken.None);
        CompletionItem item = Assert.Single(found.Items, i => i.Text == expected);
        Assert.Equal(text[found.Start..position], found.Start == position ? "" : item.Text[..(position - found.Start)]);
    }

    [Theory]
    [InlineData("#!html\n<b>Math.|")]
    [InlineData("#!markdown\nMath.|")]
    [InlineData("#!time Math.|")]
    public async Task Other_text_has_no_candidates(string cell)
    {
        (string text, int position) = Editor.Cursor(cell);
        Assert.Empty((await services.CompleteAsync(text, position, CancellationToken.None)).Items);
    }

    [Fact]
    public async Task Files_are_completed_in_import_load_and_reference()
    {
        Directory.CreateDirectory(Path.Combine(folder, "inner"));
        foreach (string file in (string[])["study.ipynb", "steps.csx", "strange.bin", "store.dll"])
        {
            await File.WriteAllTextAsync(Path.Combine(folder, file), "");
        }

        Assert.Equal(["steps.csx", "study.ipynb"], await NamesAsync($"#!import {folder}/st"));
        Assert.Equal(["steps.csx"], await NamesAsync($"#load \"{folder}/st"));
        Assert.Equal(["store.dll"], await NamesAsync($"#r \"{folder}/st"));
        Assert.Equal(["inner/"], await NamesAsync($"#r \"{folder}/in"));
        Assert.Empty(await NamesAsync($"#load \"{folder}/missing/x"));
    }

    [Fact]
    public async Task Packages_are_found_in_local_folders_and_sources_with_their_versions()
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("NUGET_PACKAGES") is not null, "NUGET_PACKAGES overrides the folder that this test makes.");
        string source = Path.Combine(folder, "source"), cache = Path.Combine(folder, "cache");
        foreach (string version in (string[])["1.2.0", "1.10.0", "2.0.0-beta"])
        {
            Directory.CreateDirectory(Path.Combine(cache, "made.here", version));
            await File.WriteAllTextAsync(Path.Combine(cache, "made.here", version, "made.here.nuspec"), "<package><metadata><id>Made.Here</id></metadata></package>");
        }

        Directory.CreateDirectory(source);
        await File.WriteAllTextAsync(
            Path.Combine(folder, "nuget.config"),
            $"<configuration><packageSources><clear /><add key=\"local\" value=\"{source}\" /></packageSources><config><add key=\"globalPackagesFolder\" value=\"{cache}\" /></config></configuration>");
        PackageCatalog catalog = new(folder);
        Assert.Equal(["Made.Here"], await catalog.FindNamesAsync("made", CancellationToken.None));
        Assert.Equal(["1.10.0", "1.2.0", "2.0.0-beta"], await catalog.FindVersionsAsync("Made.Here", "", CancellationToken.None));
        Assert.Equal(["1.10.0", "1.2.0"], await catalog.FindVersionsAsync("Made.Here", "1.", CancellationToken.None));
        Assert.Empty(await catalog.FindVersionsAsync("No/Such", "", CancellationToken.None));
    }

    [Fact]
    public async Task Commands_that_the_state_has_besides_are_learned()
    {
        EngineOptions options = new();
        options.Magics.Add(new Magic("weigh", "Weighs a model.", (_, _) => Task.FromResult<Action?>(null))
        {
            Options = new Dictionary<string, string>(StringComparer.Ordinal) { ["--deep"] = "Layer by layer." },
        });
        await using NotebookEngine engine = new(options);
        Assert.Empty(await NamesAsync("#!wei"));
        await services.LearnAsync(engine);
        Assert.Equal(["#!weigh"], await NamesAsync("#!wei"));
        Assert.Equal(["--deep"], await NamesAsync("#!weigh --d"));
        Description found = (await services.DescribeAsync("#!weigh model", 4, detailed: false, CancellationToken.None))!;
        Assert.Contains("Weighs a model.", found.PlainText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_real_cell_declares_is_completed_after_it_has_run()
    {
        await using NotebookEngine engine = new();
        await engine.ExecuteAsync(new CellSubmission("csharp", "using var wave = new MemoryStream();\nclass Boat { public int Mast; }\nvar boat = new Boat();", "cell 1"), services.OnEvent, CancellationToken.None);
        Assert.Contains("Mast", await NamesAsync("boat.Ma"));
        Assert.Contains("WriteByte", await NamesAsync("wave.Wri"));
        services.Reset();
        Assert.Empty(await NamesAsync("boat.Ma"));
    }

    [Theory]
    [InlineData("#!time", Completeness.Complete)]
    [InlineData("#!html\n<b", Completeness.Complete)]
    [InlineData("#!time\nif (true) {", Completeness.Incomplete)]
    [InlineData("if (true) {\n#!html\nx", Completeness.Incomplete)]
    [InlineData("}\n#!html\nx", Completeness.Invalid)]
    public void A_cell_is_as_complete_as_its_code(string cell, Completeness expected) => Assert.Equal(expected, services.GetStatus(cell).Completeness);

    [Fact]
    public async Task A_newer_question_ends_the_one_before_it()
    {
        LatestOnly questions = new();
        TaskCompletionSource started = new();
        Task<string> first = questions.RunAsync("outdated", async token =>
        {
            started.SetResult();
            await Task.Delay(Timeout.Infinite, token);
            return "answered";
        }, CancellationToken.None);
        await started.Task;
        Assert.Equal("new", await questions.RunAsync("outdated", _ => Task.FromResult("new"), CancellationToken.None));
        Assert.Equal("outdated", await first);
        using CancellationTokenSource given = new();
        await given.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => questions.RunAsync("outdated", _ => Task.FromResult(""), given.Token));
    }

    private async Task<string[]> NamesAsync(string cell) => [.. (await services.CompleteAsync(cell, cell.Length, CancellationToken.None)).Items.Select(i => i.Text)];
}
