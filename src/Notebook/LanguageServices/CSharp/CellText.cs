using System.Text.RegularExpressions;
using ArKernel.Notebooks.Languages.CSharp;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace ArKernel.Notebooks.LanguageServices.CSharp;

/// <summary>Makes a cell's text what Roslyn's script compiler takes, every character staying where it is.</summary>
internal static partial class CellText
{
    /// <summary>
    /// Blanks what cells have beyond script: <c>#r</c> and <c>#i</c> lines, which the engine carries out (left in, they would make Roslyn
    /// bind all references anew at each keystroke), and what the engine's compiler blanks.
    /// </summary>
    public static string ToScript(string code)
    {
        if (code.Contains("#r", StringComparison.Ordinal) || code.Contains("#i", StringComparison.Ordinal))
        {
            code = Reference().Replace(code, line => new string(' ', line.Length));
        }

        SyntaxTree tree = CSharpSyntaxTree.ParseText(code, SubmissionCompiler.ParseOptions);
        return ScriptForms.Apply(tree, CancellationToken.None).Tree.ToString();
    }

    /// <summary>The text without its types and namespaces, which the history keeps in a library.</summary>
    public static string WithoutTypes(string code, CompilationUnitSyntax root) =>
        Blank(code, root.Members.Where(m => m is BaseTypeDeclarationSyntax or DelegateDeclarationSyntax or BaseNamespaceDeclarationSyntax).Select(m => m.Span));

    private static string Blank(string code, IEnumerable<TextSpan> spans)
    {
        char[]? characters = null;
        foreach (TextSpan span in spans)
        {
            characters ??= code.ToCharArray();
            for (int i = span.Start; i < span.End; i++)
            {
                characters[i] = characters[i] is '\r' or '\n' ? characters[i] : ' ';
            }
        }

        return characters is null ? code : new string(characters);
    }

    [GeneratedRegex(@"^[ \t]*#[ri][ \t]+""[^\r\n]*", RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Reference();
}
