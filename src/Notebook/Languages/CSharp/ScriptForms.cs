using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace ArKernel.Notebooks.Languages.CSharp;

/// <summary>
/// Writes what C# allows at the top level, and script does not, in the form that script has for it:
/// <list type="bullet">
/// <item><c>using var x = …;</c> loses its keyword; the variable is disposed of when the cell ends.</item>
/// <item><c>x;</c> as the last statement loses its semicolon: its value is shown.</item>
/// <item><c>file</c> types lose their modifier: a cell's types are its own until another cell defines the same name.</item>
/// </list>
/// </summary>
internal static class ScriptForms
{
    /// <summary>The tree as script wants it, and the variables that the end of the cell disposes of, in the order of their declaration.</summary>
    public static (SyntaxTree Tree, IReadOnlyList<UsingVariable> Disposed) Apply(SyntaxTree tree, CancellationToken cancellationToken)
    {
        List<TextSpan> blanked = [];
        List<UsingVariable> disposed = [];
        CompilationUnitSyntax root = (CompilationUnitSyntax)tree.GetRoot(cancellationToken);
        foreach (MemberDeclarationSyntax type in root.DescendantNodes(n => n is CompilationUnitSyntax or BaseNamespaceDeclarationSyntax).OfType<MemberDeclarationSyntax>())
        {
            blanked.AddRange(type.Modifiers.Where(m => m.IsKind(SyntaxKind.FileKeyword)).Select(m => m.Span));
        }

        if (root.Members.LastOrDefault() is GlobalStatementSyntax { Statement: ExpressionStatementSyntax { SemicolonToken: { IsMissing: false } semicolon } last }
            && !IsStatement(last.Expression))
        {
            blanked.Add(semicolon.Span);
        }

        // Script takes the keyword for a directive. As a program's top level it is parsed for what it is.
        if (root.ContainsDiagnostics && tree.GetText(cancellationToken).ToString() is { } code && code.Contains("using", StringComparison.Ordinal))
        {
            CSharpParseOptions options = ((CSharpParseOptions)tree.Options).WithKind(SourceCodeKind.Regular);
            CompilationUnitSyntax program = CSharpSyntaxTree.ParseText(code, options, cancellationToken: cancellationToken).GetCompilationUnitRoot(cancellationToken);
            foreach (LocalDeclarationStatementSyntax declaration in program.Members.OfType<GlobalStatementSyntax>().Select(g => g.Statement).OfType<LocalDeclarationStatementSyntax>())
            {
                if (declaration.UsingKeyword.IsKind(SyntaxKind.UsingKeyword))
                {
                    blanked.Add(declaration.UsingKeyword.Span);
                    blanked.Add(declaration.AwaitKeyword.Span);
                    disposed.AddRange(declaration.Declaration.Variables.Select(v => new UsingVariable(
                        v.Identifier.ValueText, declaration.AwaitKeyword.IsKind(SyntaxKind.AwaitKeyword), declaration.Declaration.Span)));
                }
            }
        }

        return (blanked.Count == 0 ? tree : SourceEdits.Blank(tree, blanked), disposed);
    }

    /// <summary>Whether C# takes the expression as a statement.</summary>
    private static bool IsStatement(ExpressionSyntax expression) => expression switch
    {
        AssignmentExpressionSyntax or InvocationExpressionSyntax or AwaitExpressionSyntax or BaseObjectCreationExpressionSyntax => true,
        ConditionalAccessExpressionSyntax access => IsStatement(access.WhenNotNull),
        PrefixUnaryExpressionSyntax prefix => prefix.IsKind(SyntaxKind.PreIncrementExpression) || prefix.IsKind(SyntaxKind.PreDecrementExpression),
        PostfixUnaryExpressionSyntax postfix => postfix.IsKind(SyntaxKind.PostIncrementExpression) || postfix.IsKind(SyntaxKind.PostDecrementExpression),
        _ => expression.ContainsDiagnostics,
    };
}
