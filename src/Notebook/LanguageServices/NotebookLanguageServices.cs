using System.Text.Json;
using ArKernel.Notebooks.Engine;

namespace ArKernel.Notebooks.LanguageServices;

/// <summary>
/// Answers an editor's questions about whole cells: by asking the language that is at work at the cursor, or itself where the cursor is on a
/// <c>#!</c> line or in a directive. It can be asked from any thread, also while a cell runs. A question makes those of its kind before it
/// out of date, which are given up: the user has typed on.
/// </summary>
public sealed class NotebookLanguageServices
{
    private static readonly TimeSpan VocabularyTimeout = TimeSpan.FromMilliseconds(150);

    private readonly string language;
    private readonly IReadOnlyList<ILanguageService> services;
    private readonly DirectiveCompletion directives = new();
    private readonly LatestOnly completions = new();
    private readonly LatestOnly descriptions = new();
    private readonly Lazy<NotebookVocabulary> builtIn = new(() => NotebookVocabulary.Of(new NotebookEngine()));
    private NotebookVocabulary? learned;
    private ICellExecutor? state;

    /// <summary>Makes the services of a notebook.</summary>
    /// <param name="language">The language of cells that name none.</param>
    /// <param name="services">The languages that can be asked.</param>
    public NotebookLanguageServices(string language, params IReadOnlyList<ILanguageService> services)
    {
        this.language = language;
        this.services = services;
    }

    private NotebookVocabulary Vocabulary => learned ?? builtIn.Value;

    /// <summary>Does in the background what would make the first answer slow.</summary>
    /// <returns>A task that ends when it is done.</returns>
    public Task WarmUpAsync() => Find(language)?.WarmUpAsync() ?? Task.CompletedTask;

    /// <summary>Learns which languages and commands the state has besides the built-in ones, now and whenever a cell names one not known.</summary>
    /// <param name="executor">The state.</param>
    /// <returns>A task that ends when they are known, or cannot be had.</returns>
    public Task LearnAsync(ICellExecutor executor)
    {
        state = executor;
        return RefreshAsync();
    }

    /// <summary>Takes note of what the state's cells put out.</summary>
    /// <param name="output">The event.</param>
    public void OnEvent(CellEvent output)
    {
        if (output is CodeAccepted accepted)
        {
            Find(accepted.Language)?.Accept(accepted.Code);
        }
        else if (output is ReferencesAdded references)
        {
            foreach (ILanguageService service in references.Language is { } only ? [.. new[] { Find(only) }.OfType<ILanguageService>()] : services)
            {
                service.AddReferences(references.Paths);
            }
        }
    }

    /// <summary>Forgets all code: the state has been lost.</summary>
    public void Reset()
    {
        foreach (ILanguageService service in services)
        {
            service.Reset();
        }
    }

    /// <summary>What could stand at a position of a cell.</summary>
    /// <param name="cell">The cell's text.</param>
    /// <param name="position">The cursor, a UTF-16 offset.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The candidates; none when a newer question has made this one out of date.</returns>
    public Task<CompletionList> CompleteAsync(string cell, int position, CancellationToken cancellationToken) =>
        completions.RunAsync(CompletionList.None(position), async token =>
        {
            (IReadOnlyList<CellStretch> stretches, CellStretch? stretch, position) = await LocateAsync(cell, position);
            if (stretch is null || stretch.Kind == StretchKind.Shebang)
            {
                return CompletionList.None(position);
            }

            NotebookVocabulary vocabulary = Vocabulary;
            bool isCode = vocabulary.FindLanguage(stretch.Language)?.IsCode ?? true;
            if (await directives.CompleteAsync(cell, position, isCode, vocabulary, token) is { } list)
            {
                return list;
            }

            return stretch.Kind == StretchKind.Text && Find(stretch.Language) is { } service
                ? await service.CompleteAsync(CodeOf(cell, stretches, service), position, token)
                : CompletionList.None(position);
        }, cancellationToken);

    /// <summary>What stands at a position of a cell.</summary>
    /// <param name="cell">The cell's text.</param>
    /// <param name="position">The cursor, a UTF-16 offset.</param>
    /// <param name="detailed">Whether more than signature and summary is wanted.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The description; null when nothing is there or a newer question has made this one out of date.</returns>
    public Task<Description?> DescribeAsync(string cell, int position, bool detailed, CancellationToken cancellationToken) =>
        descriptions.RunAsync<Description?>(null, async token =>
        {
            (IReadOnlyList<CellStretch> stretches, CellStretch? stretch, position) = await LocateAsync(cell, position);
            if (stretch is { Kind: StretchKind.Command or StretchKind.Switch })
            {
                return DirectiveCompletion.Describe(stretch.Name, Vocabulary);
            }

            return stretch is { Kind: StretchKind.Text } && Find(stretch.Language) is { } service
                ? await service.DescribeAsync(CodeOf(cell, stretches, service), position, detailed, token)
                : null;
        }, cancellationToken);

    /// <summary>Whether a cell could be run as it is.</summary>
    /// <param name="cell">The cell's text.</param>
    /// <returns>The answer.</returns>
    public CodeStatus GetStatus(string cell)
    {
        ArgumentNullException.ThrowIfNull(cell);
        IReadOnlyList<CellStretch> stretches = Split(cell);
        CodeStatus status = new(Completeness.Complete);
        foreach (ILanguageService service in services)
        {
            string code = CodeOf(cell, stretches, service);
            if (!string.IsNullOrWhiteSpace(code) && service.GetStatus(code.TrimEnd(' ')) is { Completeness: not Completeness.Complete } found)
            {
                status = found.Completeness == Completeness.Invalid ? found : status.Completeness == Completeness.Invalid ? status : found;
            }
        }

        return status;
    }

    /// <summary>The stretch that the cursor is in.</summary>
    private async Task<(IReadOnlyList<CellStretch> Stretches, CellStretch? Stretch, int Position)> LocateAsync(string cell, int position)
    {
        ArgumentNullException.ThrowIfNull(cell);
        position = Math.Clamp(position, 0, cell.Length);
        IReadOnlyList<CellStretch> stretches = Split(cell);
        if (state is not null && stretches.Any(s => s.Kind == StretchKind.Command && Vocabulary.FindCommand(s.Name) is null))
        {
            // A name from an extension or a connected kernel, perhaps; or one that is still being typed.
            await Task.WhenAny(RefreshAsync(), Task.Delay(VocabularyTimeout));
            stretches = Split(cell);
        }

        return (stretches, stretches.LastOrDefault(s => s.Start <= position && position <= s.End), position);
    }

    private IReadOnlyList<CellStretch> Split(string cell)
    {
        NotebookVocabulary vocabulary = Vocabulary;
        return new CellSplitter(name => vocabulary.FindLanguage(name)?.IsCode, name => vocabulary.FindCommand(name) is not null).Split(cell, language);
    }

    private async Task RefreshAsync()
    {
        try
        {
            if (state is { } executor)
            {
                JsonElement answer = await executor.RequestAsync(NotebookVocabulary.Request, JsonSerializer.SerializeToElement(new { }), CancellationToken.None);
                learned = answer.Deserialize<NotebookVocabulary>() ?? learned;
            }
        }
        catch (Exception exception) when (exception is RequestException or JsonException or ObjectDisposedException or OperationCanceledException)
        {
            // Without a state there is nothing to learn; what was known stays known.
        }
    }

    private ILanguageService? Find(string name)
    {
        string proper = services.Any(s => s.Language.Equals(name, StringComparison.OrdinalIgnoreCase)) ? name : Vocabulary.FindLanguage(name)?.Names[0] ?? name;
        return services.FirstOrDefault(s => s.Language.Equals(proper, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>
    /// All the code of one language in a cell: what is not of it is blank, so that positions stay what they are and what an earlier stretch
    /// declares is seen in a later one.
    /// </summary>
    private string CodeOf(string cell, IReadOnlyList<CellStretch> stretches, ILanguageService service)
    {
        if (stretches is [{ Kind: StretchKind.Text } only])
        {
            return Find(only.Language) == service ? cell : "";
        }

        return string.Create(cell.Length, (Cell: cell, Own: stretches.Where(s => s.Kind == StretchKind.Text && Find(s.Language) == service)), static (code, given) =>
        {
            for (int i = 0; i < code.Length; i++)
            {
                code[i] = given.Cell[i] is '\n' or '\r' ? given.Cell[i] : ' ';
            }

            foreach (CellStretch stretch in given.Own)
            {
                given.Cell.AsSpan(stretch.Start, stretch.End - stretch.Start).CopyTo(code[stretch.Start..]);
            }
        });
    }
}
