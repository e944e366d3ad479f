using System.Text;
using Microsoft.CodeAnalysis;
using ArKernel.Notebooks.Packages;

namespace ArKernel.Notebooks.Languages.CSharp;

/// <summary>
/// Reads the files of <c>#load</c> lines. Their <c>#r</c> and <c>#i</c> lines are blanked: the engine has carried those out before.
/// </summary>
internal sealed class LoadedFiles : SourceReferenceResolver
{
    // Also asked for the name that goes into the debugging symbols: a cell is called what it is called.
    public override string? NormalizePath(string path, string? baseFilePath) => path;

    public override string? ResolveReference(string path, string? baseFilePath) =>
        Directives.ResolvePath(path, baseFilePath) is { } resolved && File.Exists(resolved) ? resolved : null;

    public override Stream OpenRead(string resolvedPath) =>
        new MemoryStream(Encoding.UTF8.GetBytes(Directives.Scan(File.ReadAllText(resolvedPath), resolvedPath).Code));

    public override bool Equals(object? other) => other is LoadedFiles;

    public override int GetHashCode() => typeof(LoadedFiles).GetHashCode();
}
