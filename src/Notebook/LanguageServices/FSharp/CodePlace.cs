using FSharp.Compiler.Tokenization;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;

namespace ArKernel.Notebooks.LanguageServices.FSharp;

/// <summary>What kind of text a position is in.</summary>
internal static class CodePlace
{
    /// <summary>Whether names can stand at a position, which is not so in comments, strings and numbers.</summary>
    public static bool IsCode(string code, int position)
    {
        (int cursorLine, _, int column) = Code.Locate(code, position);
        FSharpSourceTokenizer tokenizer = new(FSharpList<string>.Empty, FSharpOption<string>.Some("Cell.fsx"), null);
        FSharpTokenizerLexState state = FSharpTokenizerLexState.Initial;
        string[] lines = code.Split('\n');
        for (int i = 0; i <= cursorLine; i++)
        {
            FSharpLineTokenizer line = tokenizer.CreateLineTokenizer(i == cursorLine ? lines[i][..column] : lines[i].TrimEnd('\r'));
            FSharpTokenInfo? last = null;
            while (true)
            {
                (FSharpOption<FSharpTokenInfo>? token, state) = line.ScanToken(state);
                if (token is null)
                {
                    break;
                }

                last = token.Value;
            }

            if (i == cursorLine)
            {
                // Cut off at the cursor, text that is still open ends in a token of its kind.
                return last?.CharClass is not (FSharpTokenCharKind.Comment or FSharpTokenCharKind.LineComment or FSharpTokenCharKind.String or FSharpTokenCharKind.Literal)
                    || (last.CharClass == FSharpTokenCharKind.String && IsClosed(lines[i], last, column));
            }
        }

        return true;
    }

    private static bool IsClosed(string line, FSharpTokenInfo token, int column) => token.RightColumn + 1 == column && column > 1 && line[column - 1] == '"' && line[..column].Count(c => c == '"') % 2 == 0;
}
