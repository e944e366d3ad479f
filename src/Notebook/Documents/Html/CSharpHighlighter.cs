using System.Net;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ArKernel.Notebooks.Documents;

/// <summary>C# as HTML with a class for each kind of token, from the syntax alone.</summary>
internal static class CSharpHighlighter
{
    private static readonly CSharpParseOptions Options = new(LanguageVersion.CSharp14, kind: SourceCodeKind.Script);

    public static string ToHtml(string source)
    {
        var html = new StringBuilder(source.Length * 2);
        SyntaxNode root = CSharpSyntaxTree.ParseText(source, Options).GetRoot();
        foreach (SyntaxToken token in root.DescendantTokens())
        {
            Append(html, token.LeadingTrivia);
            Append(html, token.Text, Class(token));
            Append(html, token.TrailingTrivia);
        }

        return html.ToString();
    }

    private static void Append(StringBuilder html, SyntaxTriviaList list)
    {
        foreach (SyntaxTrivia trivia in list)
        {
            string? kind = trivia.Kind() switch
            {
                SyntaxKind.SingleLineCommentTrivia or SyntaxKind.MultiLineCommentTrivia or SyntaxKind.SingleLineDocumentationCommentTrivia
                    or SyntaxKind.MultiLineDocumentationCommentTrivia or SyntaxKind.DisabledTextTrivia => "comment",
                _ when trivia.IsDirective => "directive",
                _ => null,
            };
            Append(html, trivia.ToFullString(), kind);
        }
    }

    private static void Append(StringBuilder html, string text, string? kind)
    {
        if (text.Length > 0)
        {
            html.Append(kind is null ? WebUtility.HtmlEncode(text) : $"<span class=\"{kind}\">{WebUtility.HtmlEncode(text)}</span>");
        }
    }

    private static string? Class(SyntaxToken token)
    {
        SyntaxKind kind = token.Kind();
        if (SyntaxFacts.IsKeywordKind(kind) || SyntaxFacts.IsContextualKeyword(kind) || (token.Text == "var" && token.Parent is IdentifierNameSyntax { IsVar: true }))
        {
            return "keyword";
        }

        return kind switch
        {
            SyntaxKind.NumericLiteralToken => "number",
            SyntaxKind.StringLiteralToken or SyntaxKind.CharacterLiteralToken or SyntaxKind.InterpolatedStringTextToken or SyntaxKind.InterpolatedStringStartToken
                or SyntaxKind.InterpolatedStringEndToken or SyntaxKind.InterpolatedVerbatimStringStartToken or SyntaxKind.InterpolatedSingleLineRawStringStartToken
                or SyntaxKind.InterpolatedMultiLineRawStringStartToken or SyntaxKind.InterpolatedRawStringEndToken or SyntaxKind.SingleLineRawStringLiteralToken
                or SyntaxKind.MultiLineRawStringLiteralToken or SyntaxKind.Utf8StringLiteralToken => "string",
            SyntaxKind.IdentifierToken => Identifier(token),
            _ => null,
        };
    }

    private static string? Identifier(SyntaxToken token) => token.Parent switch
    {
        BaseTypeDeclarationSyntax or ConstructorDeclarationSyntax or DelegateDeclarationSyntax or TypeParameterSyntax => "type",
        MethodDeclarationSyntax or LocalFunctionStatementSyntax => "method",
        SimpleNameSyntax { Parent: InvocationExpressionSyntax } => "method",
        SimpleNameSyntax { Parent: MemberAccessExpressionSyntax { Parent: InvocationExpressionSyntax call } access } name when access.Name == name && call.Expression == access => "method",
        SimpleNameSyntax { Parent: ObjectCreationExpressionSyntax or VariableDeclarationSyntax or ParameterSyntax or TypeArgumentListSyntax or SimpleBaseTypeSyntax
            or NullableTypeSyntax or ArrayTypeSyntax or CastExpressionSyntax or TypeOfExpressionSyntax or MethodDeclarationSyntax or PropertyDeclarationSyntax } => "type",
        // A capital before a dot is nearly always a type: Math.Sqrt, Chart.Line.
        SimpleNameSyntax { Parent: MemberAccessExpressionSyntax access } name when access.Expression == name && token.Text.Length > 0 && char.IsUpper(token.Text[0]) => "type",
        _ => null,
    };
}
