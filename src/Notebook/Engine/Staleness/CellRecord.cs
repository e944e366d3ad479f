namespace ArKernel.Notebooks.Engine.Staleness;

/// <summary>A cell as it ran last.</summary>
internal sealed class CellRecord(CellSubmission cell)
{
    private readonly List<(string Language, Lazy<CellSymbols> Symbols)> parts = [];

    /// <summary>The cell.</summary>
    public CellSubmission Cell => cell;

    /// <summary>When it ran: a count that grows with every cell.</summary>
    public long Ran { get; set; }

    /// <summary>Adds code that has become part of the state; its symbols are asked for only if somebody wants to know what is stale.</summary>
    public void Add(string language, Func<CellSymbols> symbols) => parts.Add((language, new Lazy<CellSymbols>(symbols)));

    /// <summary>The names it uses.</summary>
    public IEnumerable<(string Language, string Name)> Reads => parts.SelectMany(p => p.Symbols.Value.Reads.Select(n => (p.Language, n)));

    /// <summary>The names it assigns or changes by itself.</summary>
    public IEnumerable<(string Language, string Name)> Writes => parts.SelectMany(p => p.Symbols.Value.Writes.Select(n => (p.Language, n)));

    /// <summary>The names it defines.</summary>
    public IEnumerable<((string Language, string Name) Symbol, IEnumerable<(string Language, string Name)> Writes)> Definitions => parts.SelectMany(
        p => p.Symbols.Value.Definitions.Select(d => ((p.Language, d.Key), d.Value.Select(n => (p.Language, n)))));
}

/// <summary>A cell with an input that has changed since the cell ran.</summary>
/// <param name="Cell">The cell.</param>
/// <param name="Input">The name that it uses.</param>
/// <param name="ChangedBy">The cell that changed it.</param>
/// <param name="IsTransitive">Whether that cell is stale itself, so that the input has yet to change.</param>
internal sealed record StaleCell(CellSubmission Cell, string Input, CellSubmission ChangedBy, bool IsTransitive);
