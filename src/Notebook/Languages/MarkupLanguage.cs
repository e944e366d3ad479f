using ArKernel.Notebooks.Engine;

namespace ArKernel.Notebooks.Languages;

/// <summary>A language whose cells are shown, not run, by the engine: Markdown, HTML, JavaScript.</summary>
internal sealed class MarkupLanguage(string mimeType, Func<string, string> wrap, params string[] names) : ICellLanguage
{
    public static IReadOnlyList<ICellLanguage> All { get; } =
    [
        new MarkupLanguage("text/markdown", code => code, "markdown"),
        new MarkupLanguage("text/html", code => code, "html"),
        new MarkupLanguage("text/html", code => $"<script type=\"text/javascript\">\n{code}\n</script>", "javascript", "js"),
    ];

    public IReadOnlyList<string> Names => names;

    public bool IsCode => false;

    public IEnumerable<NotebookVariable> Variables => [];

    public void WarmUp()
    {
    }

    public void AddReferences(IReadOnlyList<string> paths)
    {
    }

    public Task<CellError?> RunAsync(string code, CellContext context)
    {
        context.Display(new MarkupText(wrap(code.Trim('\n')), mimeType));
        return Task.FromResult<CellError?>(null);
    }
}
