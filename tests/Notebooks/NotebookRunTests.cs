using System.Diagnostics;
using System.Text.Json.Nodes;

namespace ArKernel.NotebookRuns.Tests;

/// <summary>Every committed notebook, run as a user runs it and looked at with the clients a user has.</summary>
public sealed class NotebookRunTests
{
    private static readonly string Root = FindRoot();

    public static TheoryData<string> Notebooks => [.. Directory.GetFiles(Path.Combine(Root, "notebooks"), "*.ipynb").Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Notebooks))]
    public void A_committed_notebook_is_executed_and_tells_one_story(string notebook)
    {
        JsonArray cells = Cells(Path.Combine(Root, "notebooks", notebook));
        JsonNode[] code = [.. cells.Where(cell => (string?)cell!["cell_type"] == "code").Select(cell => cell!)];
        Assert.InRange(code.Length, 3, 15);
        Assert.All(code, cell => Assert.NotNull(cell["execution_count"]));
        Assert.All(code, AssertNoError);
        Assert.Contains(code, cell => cell["metadata"]?["tags"]?.AsArray().Any(tag => (string?)tag == "parameters") == true);
        Assert.True(new FileInfo(Path.Combine(Root, "notebooks", notebook)).Length < 1_500_000, "a committed notebook stays under 1.5 MB");
    }

    [Theory]
    [MemberData(nameof(Notebooks))]
    public void A_notebook_runs_in_quick_mode_and_its_page_shows_in_a_browser(string notebook)
    {
        using var folder = new TemporaryFolder();
        string executed = folder.File("out.ipynb"), page = folder.File("out.html");
        var watch = Stopwatch.StartNew();
        Command run = Command.Run(Path.Combine(Root, "arkernel"), "run", Path.Combine(Root, "notebooks", notebook), "-p", "quick=true", "--output", executed, "--html", page, "--timeout", "120");
        TestContext.Current.TestOutputHelper?.WriteLine($"{notebook}: {watch.Elapsed.TotalSeconds:F1} s");
        Assert.True(run.ExitCode == 0, run.Error);

        JsonNode[] code = [.. Cells(executed).Where(cell => (string?)cell!["cell_type"] == "code").Select(cell => cell!)];
        Assert.All(code, AssertNoError);
        Assert.Contains(code, cell => cell["outputs"]!.AsArray().Any(output => output!["data"]?["text/html"] is not null));
        AssertNbformatAccepts(executed);
        AssertPageIsWhole(page);
    }

    [Fact]
    public void The_development_containers_name_their_image_and_a_setup_script_that_exists()
    {
        foreach (string file in (string[])[".devcontainer/devcontainer.json", ".devcontainer/cuda/devcontainer.json"])
        {
            JsonObject container = JsonNode.Parse(File.ReadAllText(Path.Combine(Root, file)))!.AsObject();
            Assert.StartsWith("mcr.microsoft.com/dotnet/sdk:10.0", (string?)container["image"], StringComparison.Ordinal);
            Assert.Equal("bash .devcontainer/setup.sh", (string?)container["postCreateCommand"]);
            string[] extensions = container["customizations"]!["vscode"]!["extensions"]!.AsArray().GetValues<string>().ToArray();
            Assert.Equal(["ms-toolsai.jupyter", "ms-dotnettools.csharp"], extensions);
        }

        Assert.True(File.Exists(Path.Combine(Root, ".devcontainer/setup.sh")));
        Assert.Equal(0, Command.Run("bash", "-n", Path.Combine(Root, ".devcontainer/setup.sh")).ExitCode);
    }

    private static void AssertNoError(JsonNode cell) =>
        Assert.DoesNotContain(cell["outputs"]!.AsArray(), output => (string?)output!["output_type"] == "error");

    private static void AssertNbformatAccepts(string notebook)
    {
        const string Validate = "import nbformat, sys; nbformat.validate(nbformat.read(sys.argv[1], as_version=nbformat.NO_CONVERT))";
        if (Command.Run("/usr/bin/python3", "-c", "import nbformat").ExitCode != 0)
        {
            SkipUnlessCi("python3-nbformat is not installed");
            return;
        }

        Command validation = Command.Run("/usr/bin/python3", "-c", Validate, notebook);
        Assert.True(validation.ExitCode == 0, validation.Error);
    }

    /// <summary>Loads the page with no network at all: every picture and script has to be in it.</summary>
    private static void AssertPageIsWhole(string page)
    {
        string text = File.ReadAllText(page);
        Assert.DoesNotContain("src=\"http", text, StringComparison.OrdinalIgnoreCase);
        if (!File.Exists("/usr/bin/chromium"))
        {
            SkipUnlessCi("chromium is not installed");
            return;
        }

        using var profile = new TemporaryFolder();
        string picture = profile.File("page.png");
        Command browser = Command.Run(
            "/usr/bin/chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND", $"--user-data-dir={profile.File("profile")}",
            "--enable-logging=stderr", "--virtual-time-budget=5000", "--window-size=1200,1600", $"--screenshot={picture}", page);
        Assert.True(browser.ExitCode == 0 && new FileInfo(picture).Length > 20_000, browser.Error);
        Assert.DoesNotContain("Uncaught", browser.Error, StringComparison.Ordinal);
    }

    private static void SkipUnlessCi(string reason)
    {
        Assert.False(Environment.GetEnvironmentVariable("CI") == "true", $"Under CI nothing is skipped: {reason}.");
        Assert.Skip(reason);
    }

    private static JsonArray Cells(string notebook) => JsonNode.Parse(File.ReadAllText(notebook))!["cells"]!.AsArray();

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "ArKernel.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new InvalidOperationException("These tests run from a checkout.");
    }
}
