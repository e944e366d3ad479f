using ArKernel.Notebooks.LanguageServices.CSharp;
using FSharp.Compiler.EditorServices;

namespace ArKernel.Notebooks.LanguageServices.FSharp;

/// <summary>Names and keywords that fit at the cursor.</summary>
internal static class FSharpCompletion
{
    private static readonly string[] Keywords =
    [
        "abstract", "and", "as", "assert", "begin", "default", "do", "done", "downcast", "downto", "elif", "else", "end", "exception", "extern", "false", "finally",
        "fixed", "for", "fun", "function", "global", "if", "in", "inherit", "inline", "interface", "internal", "lazy", "let", "match", "member", "module", "mutable",
        "namespace", "new", "not", "null", "of", "open", "or", "override", "private", "public", "rec", "return", "static", "struct", "then", "to", "true", "try", "type",
        "upcast", "use", "val", "void", "when", "while", "with", "yield",
    ];

    public static async Task<CompletionList> CompleteAsync(FSharpProject project, string code, int position, CancellationToken cancellationToken)
    {
        CheckedCell cell = await project.CheckAsync(code, cancellationToken);
        (int line, string text, int column) = Code.Locate(code, position);
        if (cell.Types is null || !CodePlace.IsCode(code, position))
        {
            return CompletionList.None(position);
        }

        PartialLongName name = QuickParse.GetPartialLongNameEx(text, column - 1);
        string typed = text[WordStart(text, column)..column];
        int lineInFile = cell.PrefixLines + line + 1;
        DeclarationListInfo found = cell.Types.GetDeclarationListInfo(cell.Parsed, lineInFile, text, name, getAllEntities: null, completionContextAtPos: null, options: null);
        if (found.IsError)
        {
            return CompletionList.None(position);
        }

        IEnumerable<CompletionItem> items = found.Items.Select(i => new CompletionItem(i.NameInCode, Kind(i.Glyph)));
        if (name.QualifyingIdents.IsEmpty && name.LastDotPos is null && typed.Length > 0 && !text.StartsWith("open ", StringComparison.Ordinal))
        {
            items = items.Concat(Keywords.Select(k => new CompletionItem(k, "keyword")));
        }

        CompletionItem[] matching =
        [
            .. items.Select((Item, Index) => (Item, Index, Rank: NameMatch.Rank(Item.Text.Trim('`'), typed.TrimStart('`'))))
                .Where(i => i.Rank != NameMatch.None && !i.Item.Text.StartsWith('('))
                .OrderBy(i => i.Rank).ThenBy(i => i.Index) // the compiler service puts the likely first
                .Select(i => i.Item).DistinctBy(i => i.Text, StringComparer.Ordinal),
        ];
        return new CompletionList(position - typed.Length, position, matching);
    }

    private static int WordStart(string text, int column)
    {
        int start = column;
        while (start > 0 && (char.IsLetterOrDigit(text[start - 1]) || text[start - 1] is '_' or '\'' or '`'))
        {
            start--;
        }

        return start;
    }

    private static string Kind(FSharpGlyph glyph) => glyph.Tag switch
    {
        FSharpGlyph.Tags.Class or FSharpGlyph.Tags.Exception or FSharpGlyph.Tags.Type or FSharpGlyph.Tags.Typedef or FSharpGlyph.Tags.Union => "class",
        FSharpGlyph.Tags.Struct => "struct",
        FSharpGlyph.Tags.Interface => "interface",
        FSharpGlyph.Tags.Enum => "enum",
        FSharpGlyph.Tags.EnumMember or FSharpGlyph.Tags.Constant => "constant",
        FSharpGlyph.Tags.Delegate => "delegate",
        FSharpGlyph.Tags.Event => "event",
        FSharpGlyph.Tags.Field => "field",
        FSharpGlyph.Tags.Property => "property",
        FSharpGlyph.Tags.Method or FSharpGlyph.Tags.OverridenMethod or FSharpGlyph.Tags.ExtensionMethod => "method",
        FSharpGlyph.Tags.Module => "module",
        FSharpGlyph.Tags.NameSpace => "namespace",
        FSharpGlyph.Tags.TypeParameter => "type",
        _ => "variable",
    };
}
