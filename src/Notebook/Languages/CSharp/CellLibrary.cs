using Microsoft.CodeAnalysis;

namespace ArKernel.Notebooks.Languages.CSharp;

/// <summary>
/// Types of a cell that depend on one another, compiled to an assembly of their own. The smaller the assemblies, the fewer types change
/// their identity when one of them is defined anew.
/// </summary>
internal sealed class CellLibrary
{
    private readonly byte[] image;
    private readonly HashSet<string> hidden = new(StringComparer.Ordinal);
    private readonly AssemblyMetadata complete;

    public CellLibrary(string name, IReadOnlyList<string> types, byte[] image, MemoryStream symbols)
    {
        AssemblyVisibility.Expose(image);
        Name = name;
        Types = types;
        this.image = image;
        Symbols = symbols;
        complete = AssemblyMetadata.CreateFromImage(image);
        Reference = new ReplaceableReference(complete, path: null);
    }

    /// <summary>The assembly's name.</summary>
    public string Name { get; }

    /// <summary>What later cells refer to.</summary>
    public ReplaceableReference Reference { get; }

    /// <summary>The full metadata names of its types.</summary>
    public IReadOnlyList<string> Types { get; }

    /// <summary>Its portable debugging symbols, until it is loaded.</summary>
    public MemoryStream? Symbols { get; private set; }

    /// <summary>Loads the assembly.</summary>
    public void Load()
    {
        Engine.SubmissionAssemblies.Load(Name, new MemoryStream(image), Symbols!);
        Symbols = null;
    }

    /// <summary>Hides a type from later cells, which define it anew.</summary>
    /// <returns>Whether it was not hidden already.</returns>
    public bool Hide(string type)
    {
        if (!hidden.Add(type))
        {
            return false;
        }

        Reference.Replace(AssemblyMetadata.CreateFromImage(AssemblyVisibility.Hide(image, hidden)));
        return true;
    }

    /// <summary>Takes <see cref="Hide"/> back.</summary>
    public void Show(string type)
    {
        hidden.Remove(type);
        Reference.Replace(hidden.Count == 0 ? complete : AssemblyMetadata.CreateFromImage(AssemblyVisibility.Hide(image, hidden)));
    }
}
