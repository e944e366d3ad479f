using ArKernel.Notebooks.Languages.CSharp;
using ArKernel.Notebooks.Packages;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace ArKernel.Notebooks.LanguageServices.CSharp;

/// <summary>Whether C# could be run as it is, from its syntax alone.</summary>
internal static class CodeCompleteness
{
    private const string IndentUnit = "    ";

    private const string UnterminatedRawString = "CS8997"; // IsCompleteSubmission does not know it

    // What cells have beyond script.
    private static readonly string[] Allowed = ["CS7021" /* a namespace */];

    public static CodeStatus Of(string code)
    {
        string script = CellText.ToScript(Directives.Scan(code, path: null).Code);
        SyntaxTree tree = CSharpSyntaxTree.ParseText(script, SubmissionCompiler.ParseOptions);
        if (!SyntaxFactory.IsCompleteSubmission(tree) || tree.GetDiagnostics().Any(d => d.Id is UnterminatedRawString))
        {
            return new CodeStatus(Completeness.Incomplete, IndentAfter(script));
        }

        return new CodeStatus(tree.GetDiagnostics().Any(d => d.Severity == DiagnosticSeverity.Error && !Allowed.Contains(d.Id)) ? Completeness.Invalid : Completeness.Complete);
    }

    /// <summary>That of the last line with text, one step deeper when it opens something.</summary>
    private static string IndentAfter(string code)
    {
        string line = code.Split('\n').LastOrDefault(l => !string.IsNullOrWhiteSpace(l)) ?? "";
        string indent = line[..(line.Length - line.TrimStart().Length)];
        string content = line.Trim();
        return content.EndsWith('{') || content.EndsWith('(') || content.EndsWith('[') || content.EndsWith("=>", StringComparison.Ordinal)
            ? indent + IndentUnit
            : indent;
    }
}
