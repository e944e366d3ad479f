namespace ArKernel.Notebooks.Engine.Staleness;

/// <summary>What code of a cell has to do with the notebook's names. Types are named <c>type X</c>: a variable can have a type's name.</summary>
/// <param name="Reads">The names of earlier cells that it uses, also inside of its methods: those are bound when the cell runs.</param>
/// <param name="Writes">The names that it assigns, or changes what they hold.</param>
/// <param name="Definitions">The names that it defines; for a method, those that a call of it writes.</param>
internal sealed record CellSymbols(
    IReadOnlySet<string> Reads, IReadOnlySet<string> Writes, IReadOnlyDictionary<string, IReadOnlySet<string>> Definitions);
