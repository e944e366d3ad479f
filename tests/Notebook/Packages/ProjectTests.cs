using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Tests.Engine;

namespace ArKernel.Notebooks.Tests.Packages;

/// <summary><c>#r "project: …"</c>.</summary>
[Collection("engine")]
public sealed class ProjectTests : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("arkernel-projects-").FullName;
    private readonly NotebookEngine engine;
    private readonly CellRun run;

    public ProjectTests()
    {
        engine = new NotebookEngine(new EngineOptions { CacheFolder = Path.Combine(folder, "cache") });
        run = new CellRun(engine);
        foreach (string file in (string[])["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props"])
        {
            Write(file, "<Project />"); // whatever is further up stays out
        }
    }

    public async ValueTask DisposeAsync()
    {
        await engine.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_project_and_the_projects_it_needs_are_built_and_built_anew_while_old_objects_live_on()
    {
        string tag = "P" + Guid.NewGuid().ToString("N")[..8]; // loaded assemblies stay in this process
        Write($"{tag}Base/{tag}Base.csproj", Project(""));
        Write($"{tag}Base/Base.cs", $"namespace {tag}; public static class Base {{ public static string Word => \"one\"; }}");
        Write($"{tag}Main/{tag}Main.csproj", Project($"<ItemGroup><ProjectReference Include=\"../{tag}Base/{tag}Base.csproj\" /></ItemGroup>"));
        Write($"{tag}Main/Thing.cs", $"namespace {tag};\npublic class Thing\n{{\n    public string Say() => Base.Word;\n    public void Fail() => throw new System.Exception(\"here\");\n}}");
        string directive = $"#r \"project: {folder}/{tag}Main/{tag}Main.csproj, Release\"";

        CellOutcome outcome = await run.RunAsync($"{directive}\nusing {tag};\nvar old = new Thing();\nold.Say()");
        Assert.True(outcome.Succeeded, string.Join('\n', outcome.Events));
        Assert.Equal(("one", $"Built {tag}Main (Release)."), (outcome.Result, outcome.Displays.Last().Data["text/plain"]));
        Assert.Contains($"   at {tag}.Thing.Fail in {Path.Combine(folder, $"{tag}Main", "Thing.cs")}:line 5", (await run.RunAsync("old.Fail()")).Error.Traceback);
        Assert.Equal($"{tag}Main has not changed.", (await run.RunAsync(directive)).Displays.Last().Data["text/plain"]);

        Write($"{tag}Base/Base.cs", $"namespace {tag}; public static class Base {{ public static string Word => \"two\"; }}");
        Write($"{tag}Main/Thing.cs", $"namespace {tag};\npublic class Thing\n{{\n    public string Say() => Base.Word + \"!\";\n    public int More => 5;\n}}");
        outcome = await run.RunAsync($"{directive}\n$\"{{old.Say()}} {{new Thing().Say()}} {{new Thing().More}}\"");
        Assert.True(outcome.Succeeded, string.Join('\n', outcome.Events.OfType<CellError>().SelectMany(e => e.Traceback)));
        Assert.Equal("one two! 5", outcome.Result);
        Assert.Contains("objects made before keep the old ones", outcome.Displays.Last().Data["text/plain"], StringComparison.Ordinal);
        Assert.Equal("one two!", (await run.RunAsync("var fresh = new Thing(); $\"{old.Say()} {fresh.Say()}\"")).Result);

        Write($"{tag}Main/Thing.cs", $"namespace {tag};\npublic class Thing\n{{\n    public string Say() => nope;\n}}");
        outcome = await run.RunAsync($"int untouched = 1;\n{directive}");
        Assert.Equal(("ProjectError", 2), (outcome.Error.Name, outcome.Error.Line ?? 0));
        Assert.StartsWith($"{Path.Combine(folder, $"{tag}Main", "Thing.cs")}(4,28): error CS0103", outcome.Error.Traceback[0], StringComparison.Ordinal);
        Assert.False((await run.RunAsync("untouched")).Succeeded);
    }

    [Fact]
    public async Task A_missing_project_is_an_error_of_its_line()
    {
        CellOutcome outcome = await run.RunAsync("\n#r \"project: nowhere/nothing.csproj\"");
        Assert.Equal(("ProjectError", 2), (outcome.Error.Name, outcome.Error.Line ?? 0));
        Assert.Contains("does not exist", outcome.Error.Message, StringComparison.Ordinal);
    }

    private static string Project(string rest) =>
        $"<Project Sdk=\"Microsoft.NET.Sdk\"><PropertyGroup><TargetFramework>net{Environment.Version.Major}.0</TargetFramework></PropertyGroup>{rest}</Project>";

    private void Write(string name, string text)
    {
        string path = Path.Combine(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
