namespace ArKernel.Notebooks.Engine.Sharing;

/// <summary>A language whose variables other languages can read, and which takes variables of theirs.</summary>
public interface ISharesValues : ICellLanguage
{
    /// <summary>The variable of a name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="context">The running cell.</param>
    /// <returns>The variable, or null when there is none of that name.</returns>
    Task<NotebookVariable?> GetAsync(string name, CellContext context);

    /// <summary>Makes a variable, or replaces the one of that name. In this process the value is shared by reference.</summary>
    /// <param name="variable">Name, type and value.</param>
    /// <param name="context">The running cell.</param>
    /// <returns>A task that ends when the variable can be used.</returns>
    /// <exception cref="NotSupportedException">The language has no form for values of this type; the message says which it has.</exception>
    Task SetAsync(NotebookVariable variable, CellContext context);
}
