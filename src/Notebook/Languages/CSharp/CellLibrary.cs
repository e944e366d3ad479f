using System.Runtime.InteropServices;
using ArKernel.Notebooks.Engine;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace ArKernel.Notebooks.Languages.CSharp;

/// <summary>
/// Types of a cell that depend on one another, compiled to an assembly of their own. They are in force together: defining one of them anew
/// takes all of them out of sight, while what was made of them, and of what refers to them, stays as it is.
/// </summary>
internal sealed class CellLibrary
{
    private static readonly Lazy<AssemblyMetadata> Nothing = new(() =>
    {
        MemoryStream empty = new();
        CSharpCompilation.Create("ArKernel.Nothing", options: new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary)).Emit(empty);
        return AssemblyMetadata.CreateFromImage(empty.ToArray());
    });

    private readonly AssemblyMetadata metadata;
    private readonly byte[] image;
    private MemoryStream? symbols;
    private string? path;

    public CellLibrary(string name, string cell, IReadOnlyList<string> types, byte[] image, MemoryStream symbols)
    {
        AssemblyVisibility.Expose(image);
        this.image = image;
        this.symbols = symbols;
        Name = name;
        Cell = cell;
        Types = types;
        metadata = AssemblyMetadata.CreateFromImage(ImmutableCollectionsMarshal.AsImmutableArray(image)); // the image itself, not a copy
        Reference = new ReplaceableReference(metadata, path: null);
        // Of an assembly with an alias nothing is found by name alone; yet it is there for those that were compiled against it.
        OutOfSight = metadata.GetReference(aliases: ["replaced"]);
    }

    /// <summary>The assembly's name.</summary>
    public string Name { get; }

    /// <summary>The cell that defined it.</summary>
    public string Cell { get; }

    /// <summary>The full metadata names of its types.</summary>
    public IReadOnlyList<string> Types { get; }

    /// <summary>What later cells refer to while the types are in force.</summary>
    public ReplaceableReference Reference { get; }

    /// <summary>What they refer to afterwards.</summary>
    public PortableExecutableReference OutOfSight { get; }

    /// <summary>Loads the assembly.</summary>
    public void Load()
    {
        SubmissionAssemblies.Load(Name, new MemoryStream(image, writable: false), symbols!);
        symbols = null;
    }

    /// <summary>The assembly as a file, for compilers that take nothing else; it is written when first asked for.</summary>
    /// <param name="folder">Where to write it.</param>
    public string File(string folder)
    {
        if (path is null)
        {
            string file = Path.Combine(folder, Name + ".dll");
            System.IO.File.WriteAllBytes(file, image);
            path = file;
        }

        return path;
    }

    /// <summary>Takes the types out of sight of cells compiled from now on.</summary>
    public void Hide() => Reference.Replace(Nothing.Value);

    /// <summary>Takes <see cref="Hide"/> back.</summary>
    public void Show() => Reference.Replace(metadata);
}
