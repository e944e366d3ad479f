using System.Collections.Immutable;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ArKernel.Notebooks.LanguageServices.CSharp;

/// <summary>
/// What the accepted cells have declared, as far as it is still in force: the last variable of each name, with its type written out, the
/// methods without their bodies, the types, the usings. It is as long as what can be seen, however many cells there were.
/// </summary>
internal sealed class DeclarationHistory
{
    /// <summary>The assemblies that see all of the library.</summary>
    public static readonly string[] ScriptAssemblies = ["NotebookScript", "NotebookCell"];

    // Not the only ones: the default ones of all cells are before them.
    private readonly Dictionary<string, string> usings = new(StringComparer.Ordinal);
    private ImmutableList<Declaration> declarations = [];

    /// <summary>The variables and methods, as a script.</summary>
    public string Script => string.Join('\n', usings.Values.Concat(declarations.Where(d => d.Kind != DeclarationKind.Type).Select(d => d.Text)));

    /// <summary>The types, as a library: there they can be in namespaces and hold extensions.</summary>
    /// <param name="defaultUsings">What cells see without a <c>using</c> of their own.</param>
    public string Library(IEnumerable<string> defaultUsings) => string.Join('\n', defaultUsings
        // A default using names a namespace or a type. The one of the two lines that does not fit says nothing, and nobody sees its error.
        .SelectMany(u => (string[])[$"global using {u};", $"global using static {u};"])
        .Concat(usings.Values.Select(u => "global " + u))
        .Concat(ScriptAssemblies.Select(a => $"[assembly: System.Runtime.CompilerServices.InternalsVisibleTo(\"{a}\")]")) // to C# cells are one program
        .Concat(declarations.Where(d => d.Kind == DeclarationKind.Type).Select(d => d.Text)));

    /// <summary>Adds the usings and types of a cell, for which its text is enough.</summary>
    public void AddTypes(CompilationUnitSyntax cell)
    {
        AddUsings(cell.Usings);
        foreach (MemberDeclarationSyntax member in cell.Members)
        {
            AddTypes(member, wrap: text => text, space: "");
        }
    }

    /// <summary>Adds the variables and methods of a cell.</summary>
    /// <param name="script">The cell, compiled without its types against what was known before.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public void AddMembers(CSharpCompilation script, CancellationToken cancellationToken)
    {
        foreach (ISymbol member in script.ScriptClass?.GetMembers() ?? [])
        {
            if (member.IsImplicitlyDeclared || member.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax(cancellationToken) is not { } syntax)
            {
                continue;
            }

            if (member is IFieldSymbol field)
            {
                AddVariable(field, syntax);
            }
            else if (member is IMethodSymbol { MethodKind: MethodKind.Ordinary } && syntax is MethodDeclarationSyntax method)
            {
                string key = string.Join(',', ((IMethodSymbol)member).Parameters.Select(p => $"{p.RefKind} {p.Type.ToDisplayString()}")) + "`" + method.Arity;
                Add(new Declaration(DeclarationKind.Method, member.Name, key, Documentation(method) + WithoutBody(method), Source(method)));
            }
            else if (member is IPropertySymbol or IEventSymbol && syntax.FirstAncestorOrSelf<MemberDeclarationSyntax>() is { } other)
            {
                Add(new Declaration(DeclarationKind.Variable, member.Name, "", Documentation(other) + other, Source(other)));
            }
            else if (member is INamedTypeSymbol && syntax is MemberDeclarationSyntax type)
            {
                AddTypes(type, wrap: text => text, space: ""); // of a file that the cell loads
            }
        }
    }

    /// <summary>Whether a cell can declare variables or methods; most do not.</summary>
    public static bool MayDeclareMembers(CompilationUnitSyntax cell) =>
        cell.Members.Any(m => m is not (GlobalStatementSyntax or BaseTypeDeclarationSyntax or DelegateDeclarationSyntax or BaseNamespaceDeclarationSyntax))
        || cell.DescendantNodes().OfType<VariableDesignationSyntax>().Any()
        || cell.GetLoadDirectives().Any();

    /// <summary>The text of a declaration as the user wrote it.</summary>
    public string? SourceOf(ISymbol symbol)
    {
        DeclarationKind kind = symbol switch { INamedTypeSymbol => DeclarationKind.Type, IMethodSymbol => DeclarationKind.Method, _ => DeclarationKind.Variable };
        string[] found = [.. declarations.Where(d => d.Kind == kind && d.Name == symbol.Name).Select(d => d.Source)];
        return found.Length > 0 ? string.Join("\n\n", found) : null;
    }

    private void AddUsings(IEnumerable<UsingDirectiveSyntax> added)
    {
        foreach (UsingDirectiveSyntax directive in added.Where(u => !u.IsMissing && !u.ContainsDiagnostics))
        {
            // The last meaning of an alias is the one in force.
            string text = directive.WithGlobalKeyword(default).NormalizeWhitespace().ToString();
            usings[directive.Alias?.Name.Identifier.ValueText ?? text] = text;
        }
    }

    private void AddTypes(MemberDeclarationSyntax member, Func<string, string> wrap, string space)
    {
        if (member is BaseNamespaceDeclarationSyntax inner)
        {
            string head = $"namespace {inner.Name} {{ {string.Join(' ', inner.Externs.Select(e => e.ToString()).Concat(inner.Usings.Select(u => u.ToString())))}\n";
            foreach (MemberDeclarationSyntax nested in inner.Members)
            {
                AddTypes(nested, text => wrap(head + text + "\n}"), $"{space}{inner.Name}.");
            }

            return;
        }

        (string Name, int Arity)? type = member switch
        {
            TypeDeclarationSyntax t => (t.Identifier.ValueText, t.Arity),
            BaseTypeDeclarationSyntax t => (t.Identifier.ValueText, 0),
            DelegateDeclarationSyntax t => (t.Identifier.ValueText, t.Arity),
            _ => null,
        };
        if (type is not { } known)
        {
            return;
        }

        string text = wrap(Documentation(member) + member);
        string key = $"{space}`{known.Arity}";
        if (member.Modifiers.Any(SyntaxKind.PartialKeyword) && member.Parent is { } parent
            && parent.ChildNodes().TakeWhile(n => n != member).OfType<BaseTypeDeclarationSyntax>().Any(t => t.Identifier.ValueText == known.Name))
        {
            // A further part, in the same cell, of a type that has just been added.
            Declaration first = declarations.Last(d => d.Kind == DeclarationKind.Type && d.Name == known.Name && d.Key == key);
            declarations = declarations.Replace(first, first with { Text = $"{first.Text}\n{text}", Source = $"{first.Source}\n{Source(member)}" });
            return;
        }

        Add(new Declaration(DeclarationKind.Type, known.Name, key, text, Source(member)));
    }

    private void AddVariable(IFieldSymbol field, SyntaxNode syntax)
    {
        StatementSyntax? statement = syntax.FirstAncestorOrSelf<StatementSyntax>();
        MemberDeclarationSyntax? member = syntax.FirstAncestorOrSelf<MemberDeclarationSyntax>();
        string source = syntax.Parent is VariableDeclarationSyntax declaration ? $"{declaration.Type} {syntax};" : (statement ?? (SyntaxNode?)member ?? syntax).ToString();
        string name = SyntaxFacts.GetKeywordKind(field.Name) != SyntaxKind.None ? "@" + field.Name : field.Name;
        string? text = field.IsConst && syntax is VariableDeclaratorSyntax constant
            ? $"const {TypeText.Of(field.Type)} {constant};"
            : TypeText.Declare(name, field.Type);
        if (text is null && syntax is VariableDeclaratorSyntax { Parent: VariableDeclarationSyntax own } declarator)
        {
            text = $"{own.Type} {declarator};"; // a type that cannot be written
        }

        if (text is not null)
        {
            Add(new Declaration(DeclarationKind.Variable, field.Name, "", (member is null ? "" : Documentation(member)) + text, source));
        }
    }

    /// <summary>Adds a declaration in place of those that it hides.</summary>
    private void Add(Declaration added)
    {
        declarations = declarations
            .RemoveAll(d => d.Name == added.Name && (d.Kind != added.Kind || d.Kind == DeclarationKind.Variable || d.Key == added.Key))
            .Add(added);
    }

    private static string WithoutBody(MethodDeclarationSyntax method) => method
        .WithModifiers([.. method.Modifiers.Where(m => !m.IsKind(SyntaxKind.AsyncKeyword))])
        .WithExpressionBody(null).WithSemicolonToken(default)
        .WithBody(SyntaxFactory.Block(SyntaxFactory.ParseStatement("throw null!;")))
        .WithoutLeadingTrivia().ToString();

    private static string Source(MemberDeclarationSyntax member) => Documentation(member) + member;

    /// <summary>The documentation comment. What else stands before a declaration may be a directive.</summary>
    private static string Documentation(MemberDeclarationSyntax member)
    {
        StringBuilder text = new();
        foreach (SyntaxTrivia trivia in member.GetLeadingTrivia().Where(t => t.HasStructure && t.GetStructure() is DocumentationCommentTriviaSyntax))
        {
            text.Append(trivia.ToFullString().TrimEnd()).Append('\n');
        }

        return text.ToString();
    }

    private enum DeclarationKind
    {
        Variable,
        Method,
        Type,
    }

    /// <summary>A declaration in force.</summary>
    /// <param name="Kind">What it declares.</param>
    /// <param name="Name">Its name.</param>
    /// <param name="Key">What tells it from others of its name that it does not hide: parameters, or the namespace.</param>
    /// <param name="Text">What the editor needs of it.</param>
    /// <param name="Source">What the user wrote.</param>
    private sealed record Declaration(DeclarationKind Kind, string Name, string Key, string Text, string Source);
}
