using ArKernel.Notebooks.Engine;

namespace ArKernel.Notebooks.LanguageServices;

/// <summary>Answers an editor's questions about whole cells, by asking the language that is at work at the cursor.</summary>
/// <param name="language">The language of cells that name none.</param>
/// <param name="services">The languages.</param>
public sealed class NotebookLanguageServices(string language, params IReadOnlyList<ILanguageService> services)
{
    private ILanguageService? Default => services.FirstOrDefault(s => s.Language.Equals(language, StringComparison.OrdinalIgnoreCase));

    /// <summary>Does in the background what would make the first answer slow.</summary>
    /// <returns>A task that ends when it is done.</returns>
    public Task WarmUpAsync() => Default?.WarmUpAsync() ?? Task.CompletedTask;

    /// <summary>Takes note of what the state's cells put out.</summary>
    /// <param name="output">The event.</param>
    public void OnEvent(CellEvent output)
    {
        if (output is CodeAccepted accepted)
        {
            services.FirstOrDefault(s => s.Language.Equals(accepted.Language, StringComparison.OrdinalIgnoreCase))?.Accept(accepted.Code);
        }
        else if (output is ReferencesAdded references)
        {
            foreach (ILanguageService service in services)
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
    /// <returns>The candidates.</returns>
    public Task<CompletionList> CompleteAsync(string cell, int position, CancellationToken cancellationToken) =>
        Default?.CompleteAsync(cell, position, cancellationToken) ?? Task.FromResult(CompletionList.None(position));

    /// <summary>What stands at a position of a cell.</summary>
    /// <param name="cell">The cell's text.</param>
    /// <param name="position">The cursor, a UTF-16 offset.</param>
    /// <param name="detailed">Whether more than signature and summary is wanted.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The description, or null when nothing is there.</returns>
    public Task<Description?> DescribeAsync(string cell, int position, bool detailed, CancellationToken cancellationToken) =>
        Default?.DescribeAsync(cell, position, detailed, cancellationToken) ?? Task.FromResult<Description?>(null);

    /// <summary>Whether a cell could be run as it is.</summary>
    /// <param name="cell">The cell's text.</param>
    /// <returns>The answer.</returns>
    public CodeStatus GetStatus(string cell) => Default?.GetStatus(cell) ?? new CodeStatus(Completeness.Complete);
}
