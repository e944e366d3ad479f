using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace ArKernel.Notebooks.Languages.CSharp;

/// <summary>The types that a cell declares outside of its statements, and the lines around them that give them their meaning.</summary>
internal sealed class TypeDeclarations
{
    private readonly SyntaxTree tree;
    private readonly List<TextSpan> namespaces = []; // also what stands in them besides types
    private readonly List<TextSpan> context = []; // usings and compiler directives

    /// <param name="tree">The cell.</param>
    /// <param name="text">The cell as the user wrote it.</param>
    public TypeDeclarations(SyntaxTree tree, SourceText text)
    {
        this.tree = tree;
        Text = text;
        CompilationUnitSyntax root = tree.GetCompilationUnitRoot();
        Collect(root.Members, isInNamespace: false);
        if (!IsEmpty)
        {
            context.AddRange(root.Externs.Select(e => e.Span));
            context.AddRange(root.Usings.Select(u => u.Span));
            context.AddRange(root.DescendantTrivia()
                .Where(t => t.IsDirective && t.GetStructure() is not (LoadDirectiveTriviaSyntax or ReferenceDirectiveTriviaSyntax or ShebangDirectiveTriviaSyntax or BadDirectiveTriviaSyntax))
                .Select(t => t.Span));
        }
    }

    /// <summary>The cell as the user wrote it.</summary>
    public SourceText Text { get; }

    /// <summary>Whether there is nothing to do.</summary>
    public bool IsEmpty => All.Count + namespaces.Count == 0;

    /// <summary>Whether there are namespaces, be they empty.</summary>
    public bool HasNamespaces => namespaces.Count > 0;

    /// <summary>The variables and methods that the cell declares.</summary>
    public HashSet<string> NamesOfScript { get; } = new(StringComparer.Ordinal);

    /// <summary>The types, parts of partial ones each for itself.</summary>
    public List<TypeDeclaration> All { get; } = [];

    /// <summary>A program of some of the types, each where it stands in the cell.</summary>
    public SyntaxTree ProgramOf(IEnumerable<TypeDeclaration> types) => SourceEdits.Keep(
        tree,
        [.. context, .. namespaces, .. types.Select(t => t.Syntax.Span)],
        ((CSharpParseOptions)tree.Options).WithKind(SourceCodeKind.Regular));

    /// <summary>The cell without some of the types, and without its namespaces.</summary>
    public SyntaxTree ScriptWithout(IEnumerable<TypeDeclaration> types) => SourceEdits.Blank(tree, [.. namespaces, .. types.Select(t => t.Syntax.Span)]);

    private void Collect(SyntaxList<MemberDeclarationSyntax> members, bool isInNamespace)
    {
        foreach (MemberDeclarationSyntax member in members)
        {
            if (member is BaseNamespaceDeclarationSyntax space)
            {
                AddNamespace(space);
                Collect(space.Members, isInNamespace: true);
            }
            else if (member is BaseTypeDeclarationSyntax or DelegateDeclarationSyntax)
            {
                All.Add(new TypeDeclaration(member, isInNamespace || HasExtensions(member)));
            }
            else if (!isInNamespace)
            {
                NamesOfScript.UnionWith(member switch
                {
                    BaseFieldDeclarationSyntax field => field.Declaration.Variables.Select(v => v.Identifier.ValueText),
                    MethodDeclarationSyntax method => [method.Identifier.ValueText],
                    PropertyDeclarationSyntax property => [property.Identifier.ValueText],
                    _ => [],
                });
            }
            else
            {
                namespaces.Add(member.Span); // an error, which is to be reported where it stands
            }
        }
    }

    private void AddNamespace(BaseNamespaceDeclarationSyntax space)
    {
        foreach (SyntaxNodeOrToken part in space.ChildNodesAndTokens())
        {
            if (part.AsNode() is not MemberDeclarationSyntax)
            {
                namespaces.Add(part.Span);
            }
        }
    }

    private static bool HasExtensions(MemberDeclarationSyntax type) =>
        type is ClassDeclarationSyntax declaration
        && declaration.Members.Any(m => m is ExtensionBlockDeclarationSyntax
            || (m is MethodDeclarationSyntax method && method.ParameterList.Parameters.FirstOrDefault()?.Modifiers.Any(SyntaxKind.ThisKeyword) == true));
}

/// <summary>A type that a cell declares.</summary>
/// <param name="Syntax">The declaration.</param>
/// <param name="IsBeyondScript">Whether script refuses it, so that it can only be compiled as a part of a library.</param>
internal sealed record TypeDeclaration(MemberDeclarationSyntax Syntax, bool IsBeyondScript)
{
    /// <summary>The type's name.</summary>
    public string Name => Syntax is DelegateDeclarationSyntax method ? method.Identifier.ValueText : ((BaseTypeDeclarationSyntax)Syntax).Identifier.ValueText;

    /// <summary>The type's full name in metadata.</summary>
    public string FullName
    {
        get
        {
            int arity = (Syntax as TypeDeclarationSyntax)?.Arity ?? (Syntax as DelegateDeclarationSyntax)?.Arity ?? 0;
            IEnumerable<string> spaces = Syntax.Ancestors().OfType<BaseNamespaceDeclarationSyntax>()
                .Select(n => string.Concat(n.Name.DescendantTokens().Select(t => t.ValueText))).Reverse();
            return string.Join('.', [.. spaces, Name]) + (arity > 0 ? string.Create(CultureInfo.InvariantCulture, $"`{arity}") : "");
        }
    }
}
