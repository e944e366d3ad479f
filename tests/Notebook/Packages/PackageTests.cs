using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Tests.Engine;

namespace ArKernel.Notebooks.Tests.Packages;

[Collection("engine")]
public sealed class PackageTests : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("arkernel-packages-").FullName;
    private readonly NotebookEngine engine;
    private readonly CellRun run;

    public PackageTests()
    {
        engine = new NotebookEngine(new EngineOptions { CacheFolder = folder });
        run = new CellRun(engine);
    }

    public async ValueTask DisposeAsync()
    {
        await engine.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_package_is_there_for_the_code_of_its_own_cell()
    {
        CellOutcome outcome = await run.RunAsync("#r \"nuget: Humanizer.Core, 3.0.10\"\nusing Humanizer;\n\"PascalCaseInput\".Humanize()");
        Assert.Equal("Pascal case input", outcome.Result);
        Assert.Equal("Installed Humanizer.Core 3.0.10", outcome.Displays.Last().Data["text/plain"]);
    }

    [Fact]
    public async Task Native_libraries_of_transitive_packages_are_found()
    {
        CellOutcome outcome = await run.RunAsync("""
            #r "nuget: Microsoft.Data.Sqlite"
            using Microsoft.Data.Sqlite;
            var connection = new SqliteConnection("Data Source=:memory:");
            connection.Open();
            var command = connection.CreateCommand();
            command.CommandText = "select 40 + 2";
            command.ExecuteScalar()
            """);
        Assert.Equal("42", outcome.Result);
    }

    [Fact]
    public async Task F_sharp_has_packages_with_their_native_libraries_and_sources()
    {
        CellOutcome outcome = await run.RunAsync(
            $$"""
            #i "nuget: {{Path.Combine(folder, "nowhere")}}"
            #r "nuget: Microsoft.Data.Sqlite"
            open Microsoft.Data.Sqlite
            let connection = new SqliteConnection("Data Source=:memory:")
            connection.Open()
            let command = connection.CreateCommand()
            command.CommandText <- "select 40 + 2"
            command.ExecuteScalar() |> unbox<int64> |> int
            """,
            "fsharp");
        Assert.True(outcome.Succeeded, string.Join('\n', outcome.Events.OfType<CellError>().SelectMany(e => e.Report)));
        Assert.Equal("42", outcome.Result);
    }

    [Fact]
    public async Task A_package_of_the_host_is_used_as_the_host_has_it_and_another_version_is_said_to_be_replaced()
    {
        CellOutcome outcome = await run.RunAsync("#r \"nuget: MathNet.Numerics, 4.15.0\"\ntypeof(MathNet.Numerics.Constants).Assembly.GetName().Version.Major");
        Assert.Equal("5", outcome.Result);
        Assert.Equal("MathNet.Numerics 5.0.0, which this program carries, is used instead of 4.15.0.", outcome.Displays.Last().Data["text/plain"]);
    }

    [Fact]
    public async Task A_package_that_cannot_be_had_leaves_the_state_untouched_and_says_what_NuGet_says()
    {
        await run.RunAsync("int x = 1;");
        CellOutcome outcome = await run.RunAsync("x = 2;\n#r \"nuget: Humanizer.Core, [999.0.0]\"");
        Assert.Equal("PackageError", outcome.Error.Name);
        Assert.Equal(2, outcome.Error.Line);
        Assert.Contains("Humanizer.Core", outcome.Error.Message, StringComparison.Ordinal);
        Assert.Contains("999.0.0", outcome.Error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(folder, outcome.Error.Message, StringComparison.Ordinal);
        Assert.Equal("1", (await run.RunAsync("x")).Result);
        Assert.Contains("NU1101", (await run.RunAsync("#r \"nuget: No.Such.Package.Anywhere.At.All\"")).Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_version_that_no_source_has_falls_to_the_nearest_and_a_setting_can_say_another()
    {
        CellOutcome outcome = await run.RunAsync("#r \"nuget: Humanizer.Core, 999.0.0\"\n1");
        Assert.Equal("Installed Humanizer.Core 3.0.10 (999.0.0 cannot be had)", outcome.Displays.Last().Data["text/plain"]);

        string setting = Path.Combine(folder, "arkernel.json"); // the cache folder of this engine is what ARKERNEL_HOME is to the command
        await File.WriteAllTextAsync(setting, """{ "packageVersions": { "No.Such.Package": "1.0.0", "Humanizer.Core/0.1.2": "3.0.10" } }""");
        outcome = await run.RunAsync("#r \"nuget: Humanizer.Core, 0.1.2\"\n1");
        Assert.Equal($"Humanizer.Core 3.0.10 is taken instead of 0.1.2, as {setting} says.\nInstalled Humanizer.Core 3.0.10", outcome.Displays.Last().Data["text/plain"]);

        await File.WriteAllTextAsync(setting, """{ "packageVersions": { "Humanizer.Core": 3 } }""");
        outcome = await run.RunAsync("\n#r \"nuget: Humanizer.Core, 0.1.2\"");
        Assert.Equal(("PackageError", 2), (outcome.Error.Name, outcome.Error.Line ?? 0));
        Assert.Contains(setting, outcome.Error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[2.14.1, 4)")]
    [InlineData("*-*")]
    public async Task Ranges_and_floating_versions_are_NuGets_own(string version)
    {
        CellOutcome outcome = await run.RunAsync($"#r \"nuget: Humanizer.Core, {version}\"\nHumanizer.StringHumanizeExtensions.Humanize(\"OneTwo\")");
        Assert.Equal("One two", outcome.Result);
        Assert.Matches(@"^Installed Humanizer\.Core \d+\.\d+\.\d+\S*$", outcome.Displays.Last().Data["text/plain"]);
    }

    [Fact]
    public async Task An_unreachable_source_does_not_fail_the_restore()
    {
        CellOutcome outcome = await run.RunAsync($"#i \"nuget: {Path.Combine(folder, "nowhere")}\"\n#r \"nuget: Humanizer.Core, 3.0.10\"\ntypeof(Humanizer.StringHumanizeExtensions).Name");
        Assert.Equal("StringHumanizeExtensions", outcome.Result);
    }

    [Fact]
    public async Task An_assembly_file_is_referenced_by_path_and_a_missing_one_is_reported_with_its_line()
    {
        string path = Path.Combine(AppContext.BaseDirectory, "ArKernel.WorkerFixture.dll");
        Assert.True((await run.RunAsync($"#r \"{path}\"\nint one = 1;")).Succeeded);
        CellOutcome outcome = await run.RunAsync("\n#r \"missing.dll\"");
        Assert.Equal(("ReferenceError", 2), (outcome.Error.Name, outcome.Error.Line ?? 0));
        Assert.True((await run.RunAsync("#r \"System.Net.Http\"\n1")).Succeeded);
    }
}
