using FSharp.Compiler.CodeAnalysis;
using FSharp.Compiler.Diagnostics;

namespace ArKernel.Notebooks.LanguageServices.FSharp;

/// <summary>Whether F# code is complete, from where the parser gave up.</summary>
internal static class FSharpCompleteness
{
    private const int Indentation = 4;
    private const int Offside = 58; // comes with the error that says what is missing
    private const int UnexpectedToken = 10;
    private const int IncompleteOperator = 3156;

    /// <summary>Errors that more lines can mend: something was opened and not ended.</summary>
    private static readonly HashSet<int> Unfinished =
    [
        514, 515, 516, 517, 518, 519, 520, 521, 1232, 3373, 3374, // strings and comments
        583, 598, 604, 3102, 3158, // brackets, attributes
        547, 588, 611, 3104, 3105, 3106, 3107, 3524, 3885, // types, blocks, functions, try, match, if
    ];

    private static readonly string[] Openers = ["=", "->", "then", "else", "do", "with", "try", "finally", "(", "[", "[|", "{", "{|", "function", "begin", "struct", "lazy"];

    public static CodeStatus Of(string code, FSharpParseFileResults parsed)
    {
        string text = code.TrimEnd();
        FSharpDiagnostic[] errors = [.. parsed.Diagnostics.Where(d => d.Severity.IsError && d.ErrorNumber != Offside)];
        if (errors.Any(e => !IsUnfinished(e, text)))
        {
            return new CodeStatus(Completeness.Invalid);
        }

        string last = text[(text.LastIndexOf('\n') + 1)..];
        string indent = last[..(last.Length - last.TrimStart().Length)];
        bool opens = Openers.Any(o => last.EndsWith(o, StringComparison.Ordinal) && (last.Length == o.Length || !char.IsLetter(o[0]) || !char.IsLetterOrDigit(last[^(o.Length + 1)])));

        // A block that could go on ends with an empty line.
        bool isOpenBlock = indent.Length > 0 && !code[text.Length..].Contains('\n', StringComparison.Ordinal);
        return errors.Length > 0 || isOpenBlock
            ? new CodeStatus(Completeness.Incomplete, opens ? indent + new string(' ', Indentation) : indent)
            : new CodeStatus(Completeness.Complete);
    }

    private static bool IsUnfinished(FSharpDiagnostic error, string text)
    {
        if (Unfinished.Contains(error.ErrorNumber))
        {
            return true;
        }

        (int line, string last, _) = Code.Locate(text, text.Length);
        bool isAtEnd = error.EndLine > line + 1 || (error.EndLine == line + 1 && error.EndColumn >= last.Length);
        return isAtEnd && error.ErrorNumber switch
        {
            IncompleteOperator => true,

            // Where input is missing the range is empty or the whole line; where a token is wrong, that token.
            UnexpectedToken => (error.StartLine == error.EndLine && error.StartColumn == error.EndColumn) || (error.StartColumn == 0 && last.Trim().Contains(' ', StringComparison.Ordinal)),
            _ => false,
        };
    }
}
