using System.Net;
using System.Text.Json;
using ArKernel.Notebooks.Documents;
using ArKernel.Notebooks.Engine;

namespace ArKernel.Notebooks.Languages;

/// <summary>
/// Mermaid diagrams. Front ends that draw them (JupyterLab, VS Code) get the source; for the others there is HTML that draws it. The library for that
/// comes from here, as there may be no network: with the diagram's first state, which its second replaces at once, so that the page has the
/// library and the saved notebook only the diagram. A notebook opened without a kernel asks the library's public address, and shows the
/// source where that cannot be reached.
/// </summary>
internal sealed class MermaidLanguage : ICellLanguage
{
    private const string Address = $"https://cdn.jsdelivr.net/npm/mermaid@{MermaidScript.Version}/dist/mermaid.esm.min.mjs";

    private const string Draw = """
        (async () => {
          const root = document.getElementById("{ID}");
          if (!root) return;
          try {
            const mermaid = await (window.arkernelMermaid ??= import("{ADDRESS}").then(module => module.default));
            const ink = getComputedStyle(root).color.match(/[\d.]+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0);
            mermaid.initialize({ startOnLoad: false, securityLevel: "strict", theme: ink > 384 ? "dark" : "default" });
            root.innerHTML = (await mermaid.render("{ID}-svg", {SOURCE})).svg;
          } catch (error) {
            window.arkernelMermaid = window.mermaid ? window.arkernelMermaid : undefined;
            if (window.mermaid) root.insertAdjacentText("beforeend", String(error.message ?? error));
          }
        })();
        """;

    // A script element, not a module or a function: the library sets window.mermaid.
    private const string Provide = """
        window.arkernelMermaid ??= (async () => {
          const bytes = Uint8Array.from(atob("{LIBRARY}"), c => c.charCodeAt(0));
          const script = document.createElement("script");
          const define = window.define;
          window.define = undefined;
          try {
            script.textContent = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
            document.head.appendChild(script);
          } finally {
            window.define = define;
          }
          return window.mermaid;
        })();
        """;

    public IReadOnlyList<string> Names { get; } = ["mermaid"];

    public bool IsCode => false;

    public IEnumerable<NotebookVariable> Variables => [];

    public void WarmUp(CancellationToken hurry)
    {
    }

    public void AddReferences(IReadOnlyList<string> paths)
    {
    }

    public Task<CellError?> RunAsync(string code, CellContext context)
    {
        string source = code.Trim('\n');
        DisplayedValue display = context.DisplayRendered(Bundle(source, Provide.Replace("{LIBRARY}", Convert.ToBase64String(MermaidScript.Compressed()), StringComparison.Ordinal)));
        context.Output.Flush(); // or the two states would be sent as one
        display.UpdateRendered(Bundle(source, ""));
        return Task.FromResult<CellError?>(null);
    }

    private static Dictionary<string, string> Bundle(string source, string library)
    {
        string id = "mermaid-" + Guid.NewGuid().ToString("N");
        string draw = Draw.Replace("{ID}", id, StringComparison.Ordinal).Replace("{ADDRESS}", Address, StringComparison.Ordinal)
            .Replace("{SOURCE}", JsonSerializer.Serialize(source), StringComparison.Ordinal); // the serializer writes '<' as an escape
        return new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["text/vnd.mermaid"] = source,
            ["text/html"] = $"<div id=\"{id}\"><pre>{WebUtility.HtmlEncode(source)}</pre></div>\n<script type=\"text/javascript\">\n{library}\n{draw}\n</script>",
            ["text/plain"] = source,
        };
    }
}
