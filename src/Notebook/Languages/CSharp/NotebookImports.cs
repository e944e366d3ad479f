using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace ArKernel.Notebooks.Languages.CSharp;

/// <summary>The usings in force, as a source file of a library: those that every cell has, and those of the cells so far.</summary>
internal sealed class NotebookImports(IReadOnlyList<string> builtIn)
{
    private readonly List<string> directives = [];
    private bool builtInAreKnown;

    /// <summary>Adds the usings of a cell; an alias replaces the one of its name.</summary>
    public void Add(IEnumerable<UsingDirectiveSyntax> usings)
    {
        foreach (UsingDirectiveSyntax directive in usings)
        {
            string text = "global " + directive.WithoutTrivia().WithGlobalKeyword(default).NormalizeWhitespace().ToFullString();
            directives.RemoveAll(d => string.Equals(d, text, StringComparison.Ordinal)
                || (directive.Alias is { } alias && d.StartsWith($"global using {alias.Name.Identifier.Text} =", StringComparison.Ordinal)));
            directives.Add(text);
        }
    }

    /// <summary>A source file, one directive a line; without the aliases that the cell makes itself, and without those that mean nothing to a library.</summary>
    public SyntaxTree ToTree(CSharpParseOptions options, SyntaxList<UsingDirectiveSyntax> ofCell, IReadOnlySet<string> meaningless)
    {
        HashSet<string> aliases = [.. ofCell.Select(u => u.Alias?.Name.Identifier.Text).OfType<string>()];
        IEnumerable<string> lines = directives.Where(d => !meaningless.Contains(d) && !(d.Split(' ') is [_, _, string name, "=", ..] && aliases.Contains(name)));
        return CSharpSyntaxTree.ParseText(SourceText.From(string.Join('\n', lines), Encoding.UTF8), options, path: "imports");
    }

    /// <summary>Finds out which of the built-in ones are namespaces and which are types.</summary>
    public void Resolve(CSharpCompilation compilation)
    {
        if (!builtInAreKnown)
        {
            builtInAreKnown = true;
            directives.InsertRange(0, builtIn.Select(name => compilation.GetTypeByMetadataName(name) is null ? $"global using {name};" : $"global using static {name};"));
        }
    }
}
