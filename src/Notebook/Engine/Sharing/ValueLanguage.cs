namespace ArKernel.Notebooks.Engine.Sharing;

/// <summary>
/// <c>#!value --name N</c>: a text to keep, which is the rest of the cell, a file (<c>--from-file</c>), a download (<c>--from-url</c>) or given on
/// the line (<c>--from-value</c>). Other languages take it over with <c>#!share N --from value</c>.
/// </summary>
internal sealed class ValueLanguage : ISharesValues
{
    private readonly Dictionary<string, string> texts = new(StringComparer.Ordinal);

    public IReadOnlyList<string> Names { get; } = ["value"];

    public bool IsCode => false;

    public IEnumerable<NotebookVariable> Variables => texts.Select(t => new NotebookVariable(t.Key, typeof(string), t.Value));

    public void WarmUp(CancellationToken hurry)
    {
    }

    public void AddReferences(IReadOnlyList<string> paths)
    {
    }

    public Task<CellError?> RunAsync(string code, CellContext context) => RunAsync(code, "", context);

    public async Task<CellError?> RunAsync(string code, string arguments, CellContext context)
    {
        MagicArguments options = new("value", arguments, ["--name", "--from-file", "--from-url", "--from-value", "--mime-type"]);
        string name = options.Required("--name");
        string text = options["--from-value"] ?? await ReadAsync(options, context.CancellationToken) ?? code.Trim('\n', '\r');
        texts[name] = text;
        if (options["--mime-type"] is { } mimeType)
        {
            context.Display(new MarkupText(text, mimeType));
        }

        return null;
    }

    public Task<NotebookVariable?> GetAsync(string name, CellContext context) =>
        Task.FromResult(texts.TryGetValue(name, out string? text) ? new NotebookVariable(name, typeof(string), text) : null);

    public Task SetAsync(NotebookVariable variable, CellContext context)
    {
        texts[variable.Name] = Rendering.Render(variable.Value, "text/plain")["text/plain"];
        return Task.CompletedTask;
    }

    private static async Task<string?> ReadAsync(MagicArguments options, CancellationToken cancellationToken)
    {
        try
        {
            if (options["--from-file"] is { } path)
            {
                return await File.ReadAllTextAsync(path, cancellationToken);
            }

            if (options["--from-url"] is { } address)
            {
                using HttpClient client = new();
                return await client.GetStringAsync(new Uri(address), cancellationToken);
            }

            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or HttpRequestException or UriFormatException)
        {
            throw options.Error(exception.Message.TrimEnd('.'));
        }
    }
}
