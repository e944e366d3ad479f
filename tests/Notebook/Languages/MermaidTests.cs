using ArKernel.Notebooks.Documents;
using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Tests.Engine;

namespace ArKernel.Notebooks.Tests.Languages;

public sealed class MermaidTests
{
    private const string Diagram = "graph LR\n  A[\"a < b\"] --> B";

    [Fact]
    public async Task A_diagram_comes_with_its_library_first_and_is_kept_without_it()
    {
        await using NotebookEngine engine = new();
        DisplayData[] displays = [.. (await new CellRun(engine).RunAsync("#!mermaid\n" + Diagram)).Displays];
        Assert.Equal([false, true], displays.Select(d => d.IsUpdate));
        Assert.Equal(displays[0].DisplayId, displays[1].DisplayId);
        Assert.All(displays, d => Assert.Equal(Diagram, d.Data["text/vnd.mermaid"]));
        Assert.True(displays[0].Data["text/html"].Length > 1_000_000);
        Assert.InRange(displays[1].Data["text/html"].Length, 1, 3000);
        Assert.Contains("a &lt; b", displays[1].Data["text/html"], StringComparison.Ordinal);
    }

    [Fact]
    public void An_exported_page_draws_diagrams_of_outputs_and_of_markdown_and_carries_the_library_only_then()
    {
        NotebookDocument document = new();
        Assert.DoesNotContain("mermaid", HtmlExporter.Export(document, "empty"), StringComparison.Ordinal);
        document.Add(CellKind.Markdown, "```mermaid\n" + Diagram + "\n```");
        document.Add(CellKind.Code, "x").Outputs.Add(ArKernel.Notebooks.Documents.CellOutput.Display(new Dictionary<string, string> { ["text/vnd.mermaid"] = Diagram, ["text/html"] = "<b>other</b>" }, "d"));
        string page = HtmlExporter.Export(document, "diagrams");
        Assert.Contains("class=\"language-mermaid\"", page, StringComparison.Ordinal);
        Assert.Contains("<pre class=\"mermaid\">graph LR\n  A[&quot;a &lt; b&quot;] --&gt; B</pre>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<b>other</b>", page, StringComparison.Ordinal);
        Assert.True(page.Length > 2_000_000);
    }
}
