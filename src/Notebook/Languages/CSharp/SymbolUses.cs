using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Engine.Staleness;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ArKernel.Notebooks.Languages.CSharp;

/// <summary>
/// Which names of the notebook a cell reads and writes, from the compiler's own knowledge. A variable is written by an assignment to it or to
/// something inside of it (<c>x.P = 1</c>, <c>x[i]++</c>, <c>ref x</c>), and by a call of a method of it whose result nobody uses
/// (<c>list.Add(1);</c>) or whose name ends in an underscore, as torch calls what works in place; a call whose result is used reads it.
/// </summary>
internal sealed class SymbolUses
{
    private readonly HashSet<string> reads = new(StringComparer.Ordinal);
    private readonly HashSet<string> writes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlySet<string>> definitions = new(StringComparer.Ordinal);
    private readonly CSharpCompilation compilation;

    private SymbolUses(CSharpCompilation compilation) => this.compilation = compilation;

    /// <summary>The uses in a cell.</summary>
    /// <param name="compilation">Its script part.</param>
    /// <param name="code">Its code.</param>
    /// <param name="types">The types of it that were compiled apart.</param>
    public static CellSymbols Of(CSharpCompilation compilation, string code, IReadOnlyList<string> types)
    {
        SymbolUses uses = new(compilation);
        uses.AddTypes(code, types);
        foreach (ISymbol member in compilation.ScriptClass?.GetMembers().Where(m => m.CanBeReferencedByName && !m.IsImplicitlyDeclared) ?? [])
        {
            uses.definitions.TryAdd(NameOf(member), new HashSet<string>(StringComparer.Ordinal));
        }

        foreach (SyntaxTree tree in compilation.SyntaxTrees)
        {
            SemanticModel model = compilation.GetSemanticModel(tree);
            foreach (MemberDeclarationSyntax member in tree.GetCompilationUnitRoot().Members)
            {
                // What a method writes, it writes when it is called.
                HashSet<string> written = member is MethodDeclarationSyntax method
                    && uses.definitions.TryGetValue(method.Identifier.ValueText, out IReadOnlySet<string>? called) ? (HashSet<string>)called : uses.writes;
                foreach (SimpleNameSyntax name in member.DescendantNodes().OfType<SimpleNameSyntax>())
                {
                    uses.AddName(name, model, written);
                }
            }
        }

        return new CellSymbols(uses.reads, uses.writes, uses.definitions);
    }

    /// <summary>Types that were compiled apart: they see nothing of the notebook but other types, so the names tell.</summary>
    private void AddTypes(string code, IReadOnlyList<string> types)
    {
        foreach (string type in types)
        {
            definitions.TryAdd("type " + type.Split('.')[^1].Split('`')[0], new HashSet<string>(StringComparer.Ordinal));
        }

        if (types.Count > 0)
        {
            SyntaxNode root = CSharpSyntaxTree.ParseText(code, SubmissionCompiler.ParseOptions).GetRoot();
            reads.UnionWith(root.DescendantNodes().OfType<SimpleNameSyntax>().Select(n => "type " + n.Identifier.ValueText).Where(n => !definitions.ContainsKey(n)));
        }
    }

    private void AddName(SimpleNameSyntax name, SemanticModel model, HashSet<string> written)
    {
        if (model.GetSymbolInfo(name).Symbol is not { } symbol || OfNotebook(symbol) is not { } used)
        {
            return;
        }

        bool isOwn = SymbolEqualityComparer.Default.Equals(used.ContainingAssembly, compilation.Assembly);
        (bool isRead, bool isWritten) = used is IFieldSymbol or IPropertySymbol ? Access(name, model) : (true, false);
        string text = NameOf(used);
        if (isRead && !isOwn && !definitions.ContainsKey(text))
        {
            reads.Add(text);
        }

        if (isWritten)
        {
            written.Add(text);
        }
    }

    /// <summary>The variable, method or type of a cell that a symbol is, or is a part of; null for what no cell made.</summary>
    private static ISymbol? OfNotebook(ISymbol symbol)
    {
        if (symbol.ContainingAssembly?.Name.StartsWith(SubmissionAssemblies.NamePrefix, StringComparison.Ordinal) != true || symbol is INamespaceSymbol or ILocalSymbol or IParameterSymbol or ITypeParameterSymbol)
        {
            return null;
        }

        while (symbol.ContainingType is { IsScriptClass: false } container)
        {
            symbol = container;
        }

        return symbol is IMethodSymbol { MethodKind: not MethodKind.Ordinary } or INamedTypeSymbol { IsScriptClass: true } ? null : symbol.OriginalDefinition;
    }

    private static string NameOf(ISymbol symbol) => symbol is INamedTypeSymbol ? "type " + symbol.Name : symbol.Name;

    /// <summary>How a variable is used where its name stands.</summary>
    private static (bool IsRead, bool IsWritten) Access(SimpleNameSyntax name, SemanticModel model)
    {
        ExpressionSyntax place = name.Parent is MemberAccessExpressionSyntax self && self.Name == name ? self : name;
        bool isInside = false; // of what the variable holds
        while (true)
        {
            switch (place.Parent)
            {
                case InvocationExpressionSyntax call when call.Expression == place:
                    return (true, model.GetSymbolInfo(call).Symbol is IMethodSymbol { IsStatic: false, IsExtensionMethod: false } method
                        && (call.Parent is ExpressionStatementSyntax { SemicolonToken.IsMissing: false } || method.Name.EndsWith('_')));
                case MemberAccessExpressionSyntax or ElementAccessExpressionSyntax or ConditionalAccessExpressionSyntax or ParenthesizedExpressionSyntax or PostfixUnaryExpressionSyntax { RawKind: (int)SyntaxKind.SuppressNullableWarningExpression }
                    when place.Parent.ChildNodes().First() == place:
                    isInside |= place.Parent is not (ParenthesizedExpressionSyntax or PostfixUnaryExpressionSyntax);
                    place = (ExpressionSyntax)place.Parent;
                    continue;
                case AssignmentExpressionSyntax assignment when assignment.Left == place:
                    return (isInside || !assignment.IsKind(SyntaxKind.SimpleAssignmentExpression), true);
                case PrefixUnaryExpressionSyntax prefix:
                    return (true, prefix.IsKind(SyntaxKind.PreIncrementExpression) || prefix.IsKind(SyntaxKind.PreDecrementExpression));
                case PostfixUnaryExpressionSyntax postfix:
                    return (true, postfix.IsKind(SyntaxKind.PostIncrementExpression) || postfix.IsKind(SyntaxKind.PostDecrementExpression));
                case ArgumentSyntax argument when argument.RefKindKeyword.IsKind(SyntaxKind.OutKeyword):
                    return (isInside, true);
                case ArgumentSyntax argument when argument.RefKindKeyword.IsKind(SyntaxKind.RefKeyword):
                    return (true, true);
                case ArgumentSyntax { Parent: TupleExpressionSyntax { Parent: AssignmentExpressionSyntax tuple } parts } when tuple.Left == parts:
                    return (isInside, true);
                default:
                    return (true, false);
            }
        }
    }
}
