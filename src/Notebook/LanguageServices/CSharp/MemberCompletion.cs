using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Completion;
using Microsoft.CodeAnalysis.Tags;
using Microsoft.CodeAnalysis.Text;
using RoslynItem = Microsoft.CodeAnalysis.Completion.CompletionItem;

namespace ArKernel.Notebooks.LanguageServices.CSharp;

/// <summary>
/// Completes C# with Roslyn's providers. A Jupyter front end only replaces one stretch of text, at the cursor. So a type whose namespace is
/// not imported is offered by its full name, after all that is at hand, and what else would edit elsewhere (an extension method that needs
/// a <c>using</c>, a template) is left out.
/// </summary>
internal static class MemberCompletion
{
    private const int MaximumCount = 500, ToImportCount = 30, ShortestToImport = 3;

    public static async Task<CompletionList> CompleteAsync(Document document, int position, CancellationToken cancellationToken)
    {
        CompletionService service = CompletionService.GetService(document)!;
        SourceText text = await document.GetTextAsync(cancellationToken);
        var found = await service.GetCompletionsAsync(document, position, cancellationToken: cancellationToken);
        if (found.ItemsList.Count == 0)
        {
            return CompletionList.None(position);
        }

        string typed = text.ToString(TextSpan.FromBounds(Math.Min(found.Span.Start, position), position));
        List<(RoslynItem Item, int Rank)> ranked = [], toImport = [];
        foreach (RoslynItem item in found.ItemsList)
        {
            if (item.Tags.Contains(WellKnownTags.Snippet, StringComparer.Ordinal) || item.DisplayText.StartsWith(TypeText.HelperPrefix, StringComparison.Ordinal))
            {
                continue;
            }

            int rank = NameMatch.Rank(item.FilterText, typed);
            if (rank < NameMatch.None && (!item.IsComplexTextEdit || IsMemberInsertion(item)))
            {
                ranked.Add((item, rank));
            }
            else if (rank < NameMatch.Inside && typed.Length >= ShortestToImport && IsToBeImported(item))
            {
                toImport.Add((item, rank));
            }
        }

        SymbolSignatures signatures = new((await document.GetSemanticModelAsync(cancellationToken))!, position);
        List<(TextSpan Span, CompletionItem Item)> items = [];
        foreach (RoslynItem item in Best(ranked).Take(MaximumCount))
        {
            (TextSpan span, string inserted) = item.IsComplexTextEdit ? await ChangeAsync(service, document, item, text, found.Span.Start, cancellationToken) : (found.Span, Inserted(item));
            if (span.Start <= position)
            {
                items.Add((span, new CompletionItem(inserted, Kind(item), signatures.Of(item.DisplayText, cancellationToken))));
            }
        }

        items.AddRange(Best(toImport).Take(ToImportCount).Select(i => (found.Span, new CompletionItem($"{i.InlineDescription}.{i.DisplayText}", Kind(i)))));
        return Combine(items, text, position);
    }

    private static IEnumerable<RoslynItem> Best(List<(RoslynItem Item, int Rank)> ranked) => ranked
        .OrderBy(r => r.Rank).ThenByDescending(r => r.Item.Rules.MatchPriority).ThenBy(r => IsMember(r.Item) ? 0 : 1)
        .ThenBy(r => r.Item.SortText, StringComparer.OrdinalIgnoreCase).ThenBy(r => r.Item.DisplayText, StringComparer.Ordinal)
        .Select(r => r.Item);

    /// <summary>One span for all candidates: the longest; those that replace less repeat what stands before or after.</summary>
    private static CompletionList Combine(List<(TextSpan Span, CompletionItem Item)> items, SourceText text, int position)
    {
        if (items.Count == 0)
        {
            return CompletionList.None(position);
        }

        int start = items.Min(i => i.Span.Start), end = items.Max(i => i.Span.End);
        return new CompletionList(start, end, [
            .. items.Select(i => i.Span.Start == start && i.Span.End == end ? i.Item
                : i.Item with { Text = text.ToString(TextSpan.FromBounds(start, i.Span.Start)) + i.Item.Text + text.ToString(TextSpan.FromBounds(i.Span.End, end)) })
                .DistinctBy(i => i.Text, StringComparer.Ordinal), // overloads of a name in several namespaces, say
        ]);
    }

    /// <summary>Variables and methods stand before the hundreds of types that could begin an expression as well.</summary>
    private static bool IsMember(RoslynItem item) => Kind(item) is "variable" or "parameter" or "field" or "property" or "method" or "event" or "constant";

    private static string Inserted(RoslynItem item) =>
        item.Properties.TryGetValue("InsertionText", out string? text) && text.Length > 0 ? text
        : item.DisplayTextSuffix is ":" or "=" ? item.DisplayText + item.DisplayTextSuffix
        : item.DisplayText;

    /// <summary>Overriding and implementing: what is inserted is a whole member, but in one place.</summary>
    private static bool IsMemberInsertion(RoslynItem item) => item.Properties.ContainsKey("TokenSpanEnd");

    /// <summary>A type of a namespace that is not imported: the namespace is what stands behind its name in a list.</summary>
    private static bool IsToBeImported(RoslynItem item) =>
        item is { InlineDescription.Length: > 0, DisplayTextSuffix: "" or "<>" } && !item.Tags.Contains(WellKnownTags.ExtensionMethod, StringComparer.Ordinal);

    /// <summary>Roslyn leaves out what already stands there; a front end that filters by the word being typed wants to see all of the word.</summary>
    private static async Task<(TextSpan Span, string Text)> ChangeAsync(
        CompletionService service, Document document, RoslynItem item, SourceText text, int wordStart, CancellationToken cancellationToken)
    {
        CompletionChange change = await service.GetChangeAsync(document, item, cancellationToken: cancellationToken);
        TextSpan span = change.TextChange.Span;
        int start = Math.Min(wordStart, span.Start);
        return (TextSpan.FromBounds(start, span.End), text.ToString(TextSpan.FromBounds(start, span.Start)) + change.TextChange.NewText);
    }

    private static string Kind(RoslynItem item)
    {
        foreach (string tag in item.Tags)
        {
            string? kind = tag switch
            {
                WellKnownTags.Method or WellKnownTags.ExtensionMethod => "method",
                WellKnownTags.Property => "property",
                WellKnownTags.Field => "field",
                WellKnownTags.Local or WellKnownTags.RangeVariable => "variable",
                WellKnownTags.Parameter => "parameter",
                WellKnownTags.Class => "class",
                WellKnownTags.Structure => "struct",
                WellKnownTags.Interface => "interface",
                WellKnownTags.Enum => "enum",
                WellKnownTags.EnumMember or WellKnownTags.Constant => "constant",
                WellKnownTags.Delegate => "delegate",
                WellKnownTags.Event => "event",
                WellKnownTags.Namespace => "namespace",
                WellKnownTags.TypeParameter => "type",
                WellKnownTags.Keyword => "keyword",
                WellKnownTags.Operator => "operator",
                WellKnownTags.File => "file",
                WellKnownTags.Folder => "folder",
                _ => null,
            };
            if (kind is not null)
            {
                return kind;
            }
        }

        return "text";
    }
}
