using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace ArKernel.Kernel.Tests;

/// <summary>The classic Notebook in a browser, used as a person does; pictures of every step are in the folder that the test names.</summary>
public sealed class NotebookTests(Jupyter jupyter)
{
    private const string Model = """
        using ArKernel;
        using ArKernel.Backbones;
        using ArKernel.Codecs;
        using ArKernel.Data;
        using ArKernel.Heads;
        using ArKernel.Objectives;
        using ArKernel.Orders;
        using ArKernel.Queries;
        using ArKernel.Training;

        var codec = new ByteCodec();
        var decoder = new CausalDecoder(DecoderConfiguration.Llama(codec.VocabularySize,
            channels: 64, layers: 2, heads: 4, keyValueHeads: 2, feedForwardChannels: 172, maximumLength: 64));
        var model = new AutoregressiveModel("next byte", GenerationOrder.Raster(64),
            new PreviousToken(decoder.Embedding), decoder.Backbone, new CategoricalHead(decoder.OutputWeight));
        """;

    /// <summary>Long enough to be watched.</summary>
    private const string Training = """
        var text = codec.Encode(TextCorpus.MobyDick().Training[..100_000]);
        var options = new TrainingOptions { Steps = 150, LearningRate = 3e-3, Seed = 1 };
        var run = new TrainingRun(model, new Likelihood(), new TokenWindows(text, 64, batchSize: 8, 1), options);
        run.Run();
        """;

    private int pictures;

    [Fact]
    public async Task A_notebook_is_written_run_interrupted_saved_and_reopened()
    {
        await using NotebookServer server = await NotebookServer.StartAsync(jupyter);
        IPage tree = await server.OpenAsync("tree");
        await tree.ClickAsync("#new-dropdown-button");
        IPage page = await tree.Context.RunAndWaitForPageAsync(() => tree.ClickAsync("#kernel-arkernel-csharp a"));
        page.SetDefaultTimeout(60_000);
        await page.WaitForSelectorAsync(".kernel_idle_icon");

        await TypeAsync(page, "var squares = Enumerable.Range(1, 5).Select(i => i * i).ToArray();\nsquares");
        await RunAsync(page);
        await WaitForOutputAsync(page, "25");

        // Tab offers what begins so; the only candidate is taken at once.
        await TypeAsync(page, "squares.Su");
        await page.Keyboard.PressAsync("Tab");
        await ChooseCompletionAsync(page, "Sum");
        await PictureAsync(page, "completion");
        await page.Keyboard.TypeAsync("() - 13");
        await RunAsync(page);
        await WaitForOutputAsync(page, "42");

        await TypeAsync(page, "Console.Wri");
        await page.Keyboard.PressAsync("Tab");
        await page.WaitForSelectorAsync(".completions");
        Assert.Contains("WriteLine", await page.InnerTextAsync(".completions"), StringComparison.Ordinal);
        await PictureAsync(page, "completions");
        await ChooseCompletionAsync(page, "WriteLine");
        await page.Keyboard.PressAsync("Shift+Tab");
        await page.WaitForFunctionAsync("() => /WriteLine/.test(document.querySelector('.ipython_tooltip .tooltiptext')?.innerText ?? '')");
        await Task.Delay(500); // it fades in
        await PictureAsync(page, "tooltip");
        await page.Keyboard.TypeAsync("(\"before the loop\");\nwhile (true) { }");
        await RunAsync(page);
        await WaitForOutputAsync(page, "before the loop");
        await page.WaitForSelectorAsync(".kernel_busy_icon");
        await page.ClickAsync("button[data-jupyter-action='jupyter-notebook:interrupt-kernel']");
        await WaitForOutputAsync(page, "nterrupt");
        await page.WaitForSelectorAsync(".kernel_idle_icon");
        await PictureAsync(page, "interrupted");

        await TypeAsync(page, "squares.Length * 100 // the state is alive");
        await RunAsync(page);
        await WaitForOutputAsync(page, "500");

        await page.Keyboard.PressAsync("Control+s");
        string file = await SavedAsync(server.Folder, "500");
        await page.GotoAsync("about:blank");
        page = await server.OpenAsync($"notebooks/{Path.GetFileName(file)}");
        await page.WaitForSelectorAsync(".output_area");
        string reopened = await page.InnerTextAsync("#notebook-container");
        Assert.Contains("before the loop", reopened, StringComparison.Ordinal);
        Assert.Contains("500", reopened, StringComparison.Ordinal);
        await PictureAsync(page, "reopened");
    }

    [Fact]
    public async Task A_training_is_watched_live_and_its_last_state_is_saved()
    {
        await using NotebookServer server = await NotebookServer.StartAsync(jupyter);
        string file = Path.Combine(server.Folder, "training.ipynb");
        File.WriteAllText(file, Notebook("arkernel-csharp", Model, Training).ToJsonString());
        IPage page = await server.OpenAsync("notebooks/training.ipynb");
        await page.WaitForSelectorAsync(".kernel_idle_icon");
        // Every state of the chart that the browser has shown while the cell ran.
        await page.EvaluateAsync("""
            () => { window.shown = new Set(); new MutationObserver(() => {
                const output = document.querySelector('.cell .output_html'); if (output) window.shown.add(output.innerHTML);
            }).observe(document.querySelector('#notebook-container'), { childList: true, subtree: true, characterData: true }); }
            """);
        await page.ClickAsync(".cell .CodeMirror");
        await RunAsync(page);
        await RunAsync(page);
        await page.WaitForFunctionAsync("() => window.shown.size >= 3", null, new PageWaitForFunctionOptions { Timeout = 120_000 });
        Assert.True(await page.Locator(".kernel_busy_icon").CountAsync() > 0, "the chart moves while the cell runs");
        await PictureAsync(page, "training");
        await page.WaitForSelectorAsync(".kernel_idle_icon", new PageWaitForSelectorOptions { Timeout = 120_000 });
        Assert.Equal(1, await page.Locator(".cell .output_html").CountAsync());
        string last = await TextAsync(page, ".cell .output_html");
        await TypeAsync(page, "run.");
        await page.Keyboard.PressAsync("Tab");
        await page.WaitForSelectorAsync(".completions");
        Assert.Contains("Result", await page.InnerTextAsync(".completions"), StringComparison.Ordinal);
        await PictureAsync(page, "trained");
        await page.Keyboard.PressAsync("Escape");
        await page.Keyboard.PressAsync("Control+s");
        await SavedAsync(server.Folder, "150");

        page = await server.OpenAsync("notebooks/training.ipynb");
        await page.WaitForSelectorAsync(".cell .output_html");
        Assert.Equal(last, await TextAsync(page, ".cell .output_html"));
        await PictureAsync(page, "training-reopened");
    }

    [Fact]
    public async Task An_FSharp_notebook_runs_and_completes()
    {
        await using NotebookServer server = await NotebookServer.StartAsync(jupyter);
        File.WriteAllText(Path.Combine(server.Folder, "fsharp.ipynb"), Notebook("arkernel-fsharp", "").ToJsonString());
        IPage page = await server.OpenAsync("notebooks/fsharp.ipynb");
        await page.WaitForSelectorAsync(".kernel_idle_icon");
        await TypeAsync(page, "let squares = [ for i in 1 .. 5 -> i * i ]\nList.sum squares - 13");
        await RunAsync(page);
        await WaitForOutputAsync(page, "42");
        await TypeAsync(page, "List.partitionW");
        await page.Keyboard.PressAsync("Tab");
        await ChooseCompletionAsync(page, "partitionWith");
        await PictureAsync(page, "fsharp");
    }

    [Fact]
    public async Task Markup_is_drawn_and_the_panel_of_variables_follows_the_cells()
    {
        await using NotebookServer server = await NotebookServer.StartAsync(jupyter);
        JsonObject notebook = Notebook(
            "arkernel-csharp",
            "#!markdown\n## A title\n- with **bold** text\n- and $a^2 + b^2$",
            "#!html\n<p style=\"color:teal\">A paragraph, <span id=\"target\">before the script</span>.</p>",
            "#!javascript\ndocument.querySelector('#target').textContent = 'after the script';",
            "#!mermaid\ngraph TD\n  A[Question] --> B[Answer]",
            "#!who --panel",
            "using TorchSharp;\nvar weights = torch.zeros(64, 128);\nvar bias = torch.zeros(128);\nvar label = \"run 1\";");
        File.WriteAllText(Path.Combine(server.Folder, "markup.ipynb"), notebook.ToJsonString());
        IPage page = await server.OpenAsync("notebooks/markup.ipynb");
        await page.WaitForSelectorAsync(".kernel_idle_icon");
        await page.ClickAsync(".cell .CodeMirror");
        for (int i = 0; i < 5; i++)
        {
            await RunAsync(page);
        }

        await page.WaitForSelectorAsync(".output_area h2");
        await page.WaitForSelectorAsync(".output_area svg .node");
        await page.WaitForFunctionAsync("() => document.querySelector('#target')?.textContent === 'after the script'");
        await WaitForOutputAsync(page, "0 variables");
        await RunAsync(page);
        await WaitForOutputAsync(page, "3 variables, 2 tensors alive");
        await WaitForOutputAsync(page, "33,290 bytes in all.");
        await WaitForOutputAsync(page, "[64, 128]");
        await PictureAsync(page, "markup");
    }

    /// <summary>Types into the cell that is selected, which has to be empty.</summary>
    private static async Task TypeAsync(IPage page, string text)
    {
        await page.ClickAsync(".cell.selected .CodeMirror");
        // Pasted, as the editor closes brackets by itself while one types; the last line is typed.
        string[] lines = text.Split('\n');
        if (lines.Length > 1)
        {
            await page.Keyboard.InsertTextAsync(string.Join('\n', lines[..^1]) + "\n");
        }

        await page.Keyboard.InsertTextAsync(lines[^1]);
        // The editor reads what was typed a moment later: a key pressed before that would meet an empty cell.
        await page.WaitForFunctionAsync("line => document.querySelector('.cell.selected .CodeMirror').CodeMirror.getValue().endsWith(line)", lines[^1]);
    }

    private static Task RunAsync(IPage page) => page.Keyboard.PressAsync("Shift+Enter");

    /// <summary>Takes a candidate from the list, or finds that it was the only one and stands there already.</summary>
    private static async Task ChooseCompletionAsync(IPage page, string candidate)
    {
        const string Shown = "word => document.querySelector('.completions') !== null || document.querySelector('.cell.selected .CodeMirror').CodeMirror.getValue().endsWith(word)";
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await page.WaitForFunctionAsync(Shown, candidate, new PageWaitForFunctionOptions { Timeout = 15_000 });
                break;
            }
            catch (TimeoutException) when (attempt < 5)
            {
                await page.Keyboard.PressAsync("Tab"); // the editor drops an answer that comes after another event
            }
        }

        if (await page.Locator(".completions").CountAsync() > 0)
        {
            await page.SelectOptionAsync(".completions select", candidate);
            await page.Keyboard.PressAsync("Enter");
        }

        await page.WaitForFunctionAsync("word => document.querySelector('.cell.selected .CodeMirror').CodeMirror.getValue().endsWith(word)", candidate);
    }

    private static Task<IJSHandle> WaitForOutputAsync(IPage page, string text) =>
        page.WaitForFunctionAsync("text => [...document.querySelectorAll('.output_area')].some(area => area.innerText.includes(text))", text);

    /// <summary>What an element reads, wherever its lines break.</summary>
    private static async Task<string> TextAsync(IPage page, string selector) => string.Concat((await page.InnerTextAsync(selector)).Where(c => !char.IsWhiteSpace(c)));

    /// <summary>The only notebook of the folder, once it has been saved with a text in it.</summary>
    private static async Task<string> SavedAsync(string folder, string text)
    {
        for (int i = 0; i < 200; i++)
        {
            if (Directory.GetFiles(folder, "*.ipynb") is [var file] && File.ReadAllText(file).Contains(text, StringComparison.Ordinal))
            {
                return file;
            }

            await Task.Delay(100);
        }

        throw new TimeoutException($"no notebook with '{text}' has been saved");
    }

    private async Task PictureAsync(IPage page, string name)
    {
        string folder = Path.Combine(Path.GetTempPath(), "arkernel-notebook-pictures");
        Directory.CreateDirectory(folder);
        string file = Path.Combine(folder, $"{name}.png");
        await page.ScreenshotAsync(new PageScreenshotOptions { Path = file });
        TestContext.Current.TestOutputHelper?.WriteLine($"picture {++pictures}: {file}");
    }

    private static JsonObject Notebook(string kernel, params string[] sources) => new()
    {
        ["cells"] = new JsonArray([.. sources.Select((source, i) => (JsonNode)new JsonObject
        {
            ["cell_type"] = "code", ["id"] = $"cell{i}", ["execution_count"] = null, ["metadata"] = new JsonObject(), ["outputs"] = new JsonArray(), ["source"] = source,
        })]),
        ["metadata"] = new JsonObject { ["kernelspec"] = new JsonObject { ["name"] = kernel, ["display_name"] = kernel } },
        ["nbformat"] = 4,
        ["nbformat_minor"] = 5,
    };
}
