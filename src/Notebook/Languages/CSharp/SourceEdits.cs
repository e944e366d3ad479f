using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;

namespace ArKernel.Notebooks.Languages.CSharp;

/// <summary>Edits of source text that leave every character where it stands, so that lines and columns stay those of the cell.</summary>
internal static class SourceEdits
{
    /// <summary>The tree with blanks in place of what the spans cover.</summary>
    public static SyntaxTree Blank(SyntaxTree tree, IEnumerable<TextSpan> spans)
    {
        char[] characters = tree.GetText().ToString().ToCharArray();
        foreach (TextSpan span in spans)
        {
            Blank(characters.AsSpan(span.Start, span.Length));
        }

        return Parse(tree, characters, (CSharpParseOptions)tree.Options);
    }

    /// <summary>The tree with blanks in place of all that no span covers.</summary>
    public static SyntaxTree Keep(SyntaxTree tree, IEnumerable<TextSpan> spans, CSharpParseOptions options)
    {
        string text = tree.GetText().ToString();
        char[] characters = text.ToCharArray();
        Blank(characters);
        foreach (TextSpan span in spans)
        {
            text.AsSpan(span.Start, span.Length).CopyTo(characters.AsSpan(span.Start));
        }

        return Parse(tree, characters, options);
    }

    private static SyntaxTree Parse(SyntaxTree tree, char[] characters, CSharpParseOptions options) =>
        CSharpSyntaxTree.ParseText(SourceText.From(new string(characters), Encoding.UTF8), options, tree.FilePath);

    private static void Blank(Span<char> characters)
    {
        foreach (ref char character in characters)
        {
            character = character is '\r' or '\n' or '\t' ? character : ' ';
        }
    }
}
