using System.Text.Json;
using ArKernel.Compatibility;
using ArKernel.Interactive;
using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Tests.Engine;
using Microsoft.DotNet.Interactive.Formatting;

namespace ArKernel.Notebooks.Tests.Compatibility;

/// <summary>
/// What notebooks for .NET Interactive do, as they do it. Each test is a notebook; its cells are of our own writing, their features those
/// that real ones use.
/// </summary>
[Collection("engine")]
public sealed class CompatibilityTests : IAsyncDisposable
{
    private readonly string cache = Directory.CreateTempSubdirectory("arkernel-compatibility-").FullName;
    private readonly NotebookEngine engine;
    private readonly CellRun run;

    public CompatibilityTests()
    {
        engine = new NotebookEngine(new EngineOptions
        {
            CacheFolder = cache,
            PackageAdded = PackageExtensions.LoadAsync,
            Initialize = () => Extension.Load(Show, () => Notebook.CancellationToken),
        });
        run = new CellRun(engine);
    }

    public async ValueTask DisposeAsync()
    {
        await engine.DisposeAsync();
        (Formatter.ListExpansionLimit, Formatter.RecursionLimit) = (20, 6);
        Directory.Delete(cache, recursive: true);
    }

    [Fact]
    public async Task Html_is_built_with_tags()
    {
        await Succeed("using Microsoft.DotNet.Interactive.Formatting;\nusing static Microsoft.DotNet.Interactive.Formatting.PocketViewTags;");
        Assert.Equal(
            "<div style=\"color:red\"><b>bold</b><i>raw</i> &lt;text&gt;</div>",
            Html(await Succeed("div[style: \"color:red\"](b(\"bold\"), HTML(\"<i>raw</i>\"), \" <text>\")")));
        Assert.Equal(
            "<table><tr><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr></table>",
            Html(await Succeed("PocketView rows = table(new[] { new[] { 1, 2 }, new[] { 3, 4 } }.Select(row => tr(row.Select(cell => td(cell.ToString())))));\nrows")));
        Assert.Contains("<svg", Html(await Succeed("display(svg[width: 10](_.circle[r: 5]()));"), display: true), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Formatters_are_registered_for_own_types_and_mime_types()
    {
        await Succeed("""
            using System.IO;
            using Microsoft.DotNet.Interactive.Formatting;
            public class Point { public double X, Y; }
            Formatter.Register<Point>((p, writer) => writer.Write($"<em>{p.X}|{p.Y}</em>"), "text/html");
            Formatter.Register<Point>(p => $"({p.X}; {p.Y})", mimeType: "text/plain");
            """);
        CellOutcome outcome = await Succeed("new Point { X = 1, Y = 2 }");
        Assert.Equal(("<em>1|2</em>", "(1; 2)"), (Html(outcome), outcome.Result));
        await Succeed("Formatter.SetPreferredMimeTypesFor(typeof(Point), \"text/plain\");");
        Assert.Equal(["text/plain"], (await Succeed("new Point()")).Events.OfType<ResultData>().Single().Data.Keys);
        await Succeed("public record Older(int N);\nFormatter<Older>.Register((o, writer) => writer.Write($\"<u>{o.N}</u>\"), \"text/html\");\nFormatter.SetPreferredMimeTypeFor(typeof(Older), \"text/html\");");
        Assert.Equal("<u>7</u>", Html(await Succeed("new Older(7)")));
        Assert.Equal("(3; 0)", (await Succeed("new Point { X = 3 }.ToDisplayString(\"text/plain\")")).Result);
    }

    [Fact]
    public async Task Limits_of_lists_and_depth_are_kept()
    {
        await Succeed("using Microsoft.DotNet.Interactive.Formatting;\nFormatter.ListExpansionLimit = 3;\nFormatter.RecursionLimit = 2;");
        string html = Html(await Succeed("Enumerable.Range(100, 50).ToArray()"));
        Assert.Contains("102", html, StringComparison.Ordinal);
        Assert.DoesNotContain("103", html, StringComparison.Ordinal);
        Assert.Contains("more", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_displayed_value_is_updated_where_it_stands()
    {
        CellOutcome outcome = await Succeed("""
            using Microsoft.DotNet.Interactive;
            using Microsoft.DotNet.Interactive.Formatting;
            DisplayedValue progress = display("0 %");
            var other = "text".Display();
            DisplayedValue third = "<b>1</b>".DisplayAs("text/html");
            progress.Update("100 %");
            other.Update("new text");
            third.Update("<b>2</b>");
            """);
        DisplayData[] shown = [.. outcome.Displays];
        // Updates may have been taken together with what they update.
        Assert.Equal(3, shown.DistinctBy(d => d.DisplayId).Count());
        Assert.Equal(["100 %", "new text", null], shown.GroupBy(d => d.DisplayId).Select(g => g.Last().Data.GetValueOrDefault("text/plain")));
        Assert.Equal("<b>2</b>", shown.Last(d => !d.Data.ContainsKey("text/plain")).Data["text/html"]);
    }

    [Fact]
    public async Task Names_brought_by_a_using_do_not_clash_with_those_that_are_there()
    {
        await Succeed("using Microsoft.DotNet.Interactive;\nusing Microsoft.DotNet.Interactive.Commands;\nusing Microsoft.DotNet.Interactive.Formatting;\nusing static Microsoft.DotNet.Interactive.Kernel;\nusing static Microsoft.DotNet.Interactive.Formatting.PocketViewTags;");
        CellOutcome outcome = await Succeed("""
            DisplayedValue value = display(1);
            1.Display();
            CSS("b { color: red }");
            Javascript("let x = 1;");
            Kernel.display(HTML("<b>y</b>"));
            new FormattedValue("text/plain", "z").ToString()
            """);
        Assert.Equal("text/plain: z", outcome.Result);
        Assert.Equal(5, outcome.Displays.Count());
        Assert.Equal("<b>y</b>", outcome.Displays.Last().Data["text/html"]);
    }

    [Fact]
    public async Task Code_is_sent_to_a_kernel_by_name_and_really_runs()
    {
        await Succeed("using Microsoft.DotNet.Interactive;\nusing Microsoft.DotNet.Interactive.Commands;\nint before = 20;");
        Assert.Equal("CommandSucceeded", (await Succeed("""
            var result = await Kernel.Root.SendAsync(new SubmitCode("var sent = before * 2 + 2;", "csharp"));
            result.Events.Last().GetType().Name
            """)).Result);
        Assert.Equal("42", (await Succeed("sent")).Result);
        CellOutcome markdown = await Succeed("await Kernel.Root.FindKernelByName(\"markdown\").SubmitCodeAsync(\"# title\");");
        Assert.Equal("# title", markdown.Displays.Single().Data["text/markdown"]);
        CellOutcome failed = await Succeed("(await Kernel.Current.SubmitCodeAsync(\"nope\")).Events.Last().GetType().Name");
        Assert.Equal("CommandFailed", failed.Result);
        Assert.Contains("CS0103", failed.StandardError, StringComparison.Ordinal);
        Assert.Equal("True", (await Succeed("Kernel.Root.FindKernelByName(\"cobol\") is null && ((CompositeKernel)Kernel.Root).ChildKernels.Any(k => k.Name == \"csharp\")")).Result);
    }

    [Fact]
    public async Task The_invocation_context_is_the_running_cell()
    {
        CellOutcome outcome = await Succeed("""
            using Microsoft.DotNet.Interactive;
            var context = KernelInvocationContext.Current;
            var shown = context.Display("one", "text/plain");
            context.DisplayAs("<i>two</i>", "text/html");
            shown.Update("three");
            $"{context.CancellationToken.CanBeCanceled} {context.HandlingKernel.Name} {context.HandlingKernel.RootKernel}"
            """);
        Assert.Equal("True csharp .NET", outcome.Result);
        Assert.Contains(outcome.Displays, d => d.Data.GetValueOrDefault("text/html") == "<i>two</i>");
        Assert.Contains(outcome.Displays, d => d.Data.GetValueOrDefault("text/plain") == "three");
    }

    [Fact]
    public async Task Sequences_are_shown_as_tables()
    {
        await Succeed("using Microsoft.DotNet.Interactive.Formatting;\nusing Microsoft.DotNet.Interactive.Formatting.TabularData;\nvar people = new[] { new { Name = \"Ada\", Age = 36 }, new { Name = \"Alan\", Age = 41 } };");
        CellOutcome outcome = await Succeed("TabularDataResource resource = people.ToTabularDataResource();\nresource");
        Assert.Contains("<td><span>Name</span></td>", Html(outcome).Replace("th>", "td>", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("Alan", Html(outcome), StringComparison.Ordinal);
        Assert.Contains("Ada", Html(await Succeed("people.DisplayTable();"), display: true), StringComparison.Ordinal);
        Assert.Equal("Name,Age", (await Succeed("string.Join(\",\", resource.Schema.Fields.Select(f => f.Name))")).Result);
    }

    [Fact]
    public async Task The_user_is_asked_for_a_line_and_for_a_password()
    {
        List<CellEvent> events = [];
        Task<bool> cell = engine.ExecuteAsync(
            new CellSubmission("csharp", """
                using Microsoft.DotNet.Interactive;
                var name = await Kernel.GetInputAsync("Name?");
                var secret = await Kernel.GetPasswordAsync("Secret?");
                $"{name} {secret} {secret.GetClearTextPassword()}"
                """, "cell 1") { AllowsInput = true },
            output =>
            {
                events.Add(output);
                if (output is InputRequest request)
                {
                    string answer = request.IsPassword ? "abc" : "Ada";
                    _ = Task.Run(() => engine.RequestAsync("input", JsonSerializer.SerializeToElement(new { text = answer }), CancellationToken.None));
                }
            },
            CancellationToken.None);
        Assert.True(await cell);
        Assert.Equal("Ada *** abc", events.OfType<ResultData>().Single().Data["text/plain"]);
    }

    [Fact]
    public async Task Commands_of_the_notebook_are_there()
    {
        Assert.Contains("Wall time:", (await Succeed("#!time\nint a = 1;")).Displays.Single().Data["text/plain"], StringComparison.Ordinal);
        Assert.Matches(@"(?m)^a\s+Int32\b", (await Succeed("#!who")).Displays.Single().Data["text/plain"]);
        Assert.Contains("#!import", (await Succeed("#!lsmagic")).Displays.Single().Data["text/plain"], StringComparison.Ordinal);
        Assert.Contains(".NET 10", (await Succeed("#!about")).Displays.Single().Data["text/plain"], StringComparison.Ordinal);
        string file = Path.Combine(cache, "functions.csx");
        await File.WriteAllTextAsync(file, "int Twice(int x) => 2 * x;");
        Assert.Equal("42", (await Succeed($"#!import \"{file}\"\n#!csharp\nTwice(21)")).Result);
        Assert.Equal("<b>x</b>", (await Succeed("#!html\n<b>x</b>")).Displays.Single().Data["text/html"]);
    }

    [Fact]
    public async Task Data_frames_charts_and_linear_algebra_are_shown_as_what_they_are()
    {
        CellOutcome outcome = await Succeed("""
            #r "nuget: Microsoft.Data.Analysis, 0.21.0"
            #r "nuget: Plotly.NET.CSharp, 0.11.1"
            #r "nuget: MathNet.Numerics, 5.0.0"
            using Microsoft.Data.Analysis;
            var frame = new DataFrame(new StringDataFrameColumn("city", new[] { "Bern", "Oslo" }), new DoubleDataFrameColumn("rain", new[] { 1.5, 2.5 }));
            frame
            """);
        Assert.Contains("Oslo", Html(outcome), StringComparison.Ordinal);
        Assert.Contains("city", Html(outcome), StringComparison.Ordinal);
        Assert.Contains("Microsoft.Data.Analysis 0.23.1, which this program carries, is used instead of 0.21.0.", outcome.Displays.Last().Data["text/plain"], StringComparison.Ordinal);
        Assert.Equal("4", (await Succeed("frame.Columns[\"rain\"].Sum()")).Result);

        outcome = await Succeed("using Plotly.NET.CSharp;\nChart.Line<int, int, string>(x: new[] { 1, 2 }, y: new[] { 3, 4 })");
        Assert.Contains("<svg", Html(outcome), StringComparison.Ordinal);

        outcome = await Succeed("using MathNet.Numerics.LinearAlgebra;\nMatrix<double>.Build.DenseOfArray(new double[,] { { 2, 0 }, { 0, 4 } }).Inverse()[1, 1]");
        Assert.Equal("0.25", outcome.Result);
    }

    [Fact]
    public async Task The_extensions_of_SkiaSharp_and_of_data_frames_run_as_they_are_in_their_packages()
    {
        CellOutcome outcome = await Succeed("""
            #r "nuget: SkiaSharp, 2.88.9"
            #r "nuget: SkiaSharp.NativeAssets.Linux.NoDependencies, 2.88.9"
            using SkiaSharp;
            var bitmap = new SKBitmap(4, 4);
            bitmap.Erase(SKColors.Red);
            bitmap
            """);
        Assert.Contains("Loaded the extension SkiaSharp.DotNet.Interactive.dll of SkiaSharp 2.88.9", outcome.Displays.Select(d => d.Data["text/plain"]));
        Assert.Contains("<img src=\"data:image/png;base64,", Html(outcome), StringComparison.Ordinal);

        // The host carries data frames with a formatter of its own, so their extension is loaded here by hand.
        string folder = Path.Combine(
            Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages"),
            "microsoft.data.analysis",
            "0.23.1");
        List<CellEvent> events = [];
        CellContext cell = new(engine, new CellSubmission("csharp", "", "cell"), new CellOutput(events.Add), CancellationToken.None);
        cell.MakeCurrent();
        await PackageExtensions.LoadAsync(new Notebooks.Packages.AddedPackage("Microsoft.Data.Analysis", "0.23.1", folder), cell);
        cell.Output.Complete();
        Assert.Equal("", string.Concat(events.OfType<StreamText>().Select(t => t.Text)));
        Assert.Equal("Loaded the extension Microsoft.Data.Analysis.Interactive.dll of Microsoft.Data.Analysis 0.23.1", events.OfType<DisplayData>().Single().Data["text/plain"]);
    }

    private static Action<object> Show(object value)
    {
        DisplayedValue shown = Notebook.Display(value);
        return next => shown.Update(next);
    }

    private static string Html(CellOutcome outcome, bool display = false) =>
        (display ? outcome.Displays.Last().Data : outcome.Events.OfType<ResultData>().Single().Data)["text/html"];

    private async Task<CellOutcome> Succeed(string source)
    {
        CellOutcome outcome = await run.RunAsync(source);
        Assert.True(outcome.Succeeded, outcome.Succeeded ? "" : string.Join('\n', outcome.Error.Traceback.Prepend(outcome.Error.Message)));
        return outcome;
    }
}
