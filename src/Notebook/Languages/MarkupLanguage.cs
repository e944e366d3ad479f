using ArKernel.Notebooks.Engine;

namespace ArKernel.Notebooks.Languages;

/// <summary>A language whose cells are shown, not run, by the engine: Markdown, HTML, JavaScript.</summary>
internal sealed class MarkupLanguage(Func<string, (string MimeType, string Content)[]> forms, params string[] names) : ICellLanguage
{
    public static IReadOnlyList<ICellLanguage> All { get; } =
    [
        new MarkupLanguage(code => [("text/markdown", code)], "markdown"),
        new MarkupLanguage(code => [("text/html", code)], "html"),
        // A front end shows one form of an output: the script never runs twice.
        new MarkupLanguage(code => [("application/javascript", code), ("text/html", $"<script type=\"text/javascript\">\n{code}\n</script>")], "javascript", "js"),
        new MermaidLanguage(),
    ];

    public IReadOnlyList<string> Names => names;

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
        code = code.Trim('\n');
        Dictionary<string, string> data = forms(code).ToDictionary(f => f.MimeType, f => f.Content, StringComparer.Ordinal);
        data["text/plain"] = code;
        context.DisplayRendered(data);
        return Task.FromResult<CellError?>(null);
    }
}
