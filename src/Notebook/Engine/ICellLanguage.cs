namespace ArKernel.Notebooks.Engine;

/// <summary>A language that cells can be written in. Adding one is implementing this and adding it to <see cref="EngineOptions.Languages"/>.</summary>
public interface ICellLanguage
{
    /// <summary>The names that <c>#!name</c> lines call the language by, the proper one first.</summary>
    IReadOnlyList<string> Names { get; }

    /// <summary>Whether the language is code: it takes <c>#r</c> and <c>#i</c> lines, and an unknown <c>#!</c> line in it is an error.</summary>
    bool IsCode { get; }

    /// <summary>The variables that cells have defined so far.</summary>
    IEnumerable<NotebookVariable> Variables { get; }

    /// <summary>Does once what would make the first cell slow.</summary>
    /// <param name="hurry">A cell waits: what it may not need is left undone.</param>
    void WarmUp(CancellationToken hurry);

    /// <summary>Makes the types of assembly files visible to the cells that follow.</summary>
    /// <param name="paths">Paths of assembly files.</param>
    void AddReferences(IReadOnlyList<string> paths);

    /// <summary>Runs code.</summary>
    /// <param name="code">The code, with as many empty lines before it as stand before it in the cell.</param>
    /// <param name="context">The cell.</param>
    /// <returns>What went wrong, or null when nothing did.</returns>
    Task<CellError?> RunAsync(string code, CellContext context);

    /// <summary>Runs code below a line such as <c>#!sql --name result</c>, in languages that take options there.</summary>
    /// <param name="code">The code, with as many empty lines before it as stand before it in the cell.</param>
    /// <param name="arguments">What follows the language's name on its line; empty when nothing does.</param>
    /// <param name="context">The cell.</param>
    /// <returns>What went wrong, or null when nothing did.</returns>
    Task<CellError?> RunAsync(string code, string arguments, CellContext context) => RunAsync(code, context);
}

/// <summary>A variable that a cell defined.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its declared type.</param>
/// <param name="Value">Its value now.</param>
public sealed record NotebookVariable(string Name, Type Type, object? Value)
{
    /// <summary>The cell that defined it, where known.</summary>
    public string? Cell { get; init; }
}
