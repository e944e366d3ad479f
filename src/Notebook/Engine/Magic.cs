namespace ArKernel.Notebooks.Engine;

/// <summary>A command of the notebook: a line that starts with <c>#!</c>.</summary>
/// <param name="Name">What follows the <c>#!</c>.</param>
/// <param name="Description">One line for <c>#!lsmagic</c>.</param>
/// <param name="RunAsync">
/// Carries the command out; gets the text after the name, and the cell. What it returns, if anything, is called when the cell ends.
/// </param>
public sealed record Magic(string Name, string Description, Func<string, CellContext, Task<Action?>> RunAsync)
{
    /// <summary>Whether it may add a language: what follows it in its cell is not looked at before it has run.</summary>
    internal bool AddsLanguage { get; init; }

    /// <summary>The options an editor offers: what each does, by its name with the hyphens.</summary>
    public IReadOnlyDictionary<string, string> Options { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}
