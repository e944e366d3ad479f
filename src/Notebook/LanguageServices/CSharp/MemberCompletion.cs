using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Completion;
using Microsoft.CodeAnalysis.Tags;
using Microsoft.CodeAnalysis.Text;
using RoslynItem = Microsoft.CodeAnalysis.Completion.CompletionItem;

namespace ArKernel.Notebooks.LanguageServices.CSharp;

/// <summary>
/// Completes C# with Roslyn's providers. A Jupyter front end only replaces one stretch of text, so candidates which would edit elsewhere as
/// well (a <c>using</c> at the top) or fill in a template are left out.
/// </summary>
internal static class MemberCompletion
{
    private const int MaximumCount = 500, DescribedCount = 10, OverrideCount = 60;

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
        List<(RoslynItem Item, int Rank)> ranked = [];
        foreach (RoslynItem item in found.ItemsList)
        {
            if (item.Tags.Contains(WellKnownTags.Snippet, StringComparer.Ordinal) || item.DisplayText.StartsWith(TypeText.HelperPrefix, StringComparison.Ordinal) || (item.IsComplexTextEdit && !IsOverride(item)))
            {
                continue;
            }

            int rank = NameMatch.Rank(item.FilterText, typed);
            if (rank < NameMatch.None)
            {
                ranked.Add((item, rank));
            }
        }

        RoslynItem[] best = [
            .. ranked.OrderBy(r => r.Rank).ThenByDescending(r => r.Item.Rules.MatchPriority).ThenBy(r => r.Item.SortText, StringComparer.OrdinalIgnoreCase)
                .ThenBy(r => r.Item.DisplayText, StringComparer.Ordinal).Select(r => r.Item).Take(MaximumCount),
        ];
        List<(TextSpan Span, CompletionItem Item)> items = [];
        for (int i = 0; i < best.Length; i++)
        {
            RoslynItem item = best[i];
            (TextSpan span, string inserted) = IsOverride(item) && i < OverrideCount
                ? await ChangeAsync(service, document, item, cancellationToken)
                : (found.Span, Inserted(item));
            if (span.Start <= position)
            {
                items.Add((span, new CompletionItem(inserted, Kind(item), i < DescribedCount ? await SignatureAsync(service, document, item, cancellationToken) : null)));
            }
        }

        return Combine(items, text, position);
    }

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

    private static string Inserted(RoslynItem item) =>
        item.Properties.TryGetValue("InsertionText", out string? text) && text.Length > 0 ? text
        : item.DisplayTextSuffix is ":" or "=" ? item.DisplayText + item.DisplayTextSuffix
        : item.DisplayText;

    /// <summary>Overriding and implementing members: what is inserted is a whole member, but in one place.</summary>
    private static bool IsOverride(RoslynItem item) => item.Properties.ContainsKey("TokenSpanEnd");

    private static async Task<(TextSpan Span, string Text)> ChangeAsync(CompletionService service, Document document, RoslynItem item, CancellationToken cancellationToken)
    {
        CompletionChange change = await service.GetChangeAsync(document, item, cancellationToken: cancellationToken);
        return (change.TextChange.Span, change.TextChange.NewText ?? "");
    }

    /// <summary>The first line of the description: what the candidate is declared as.</summary>
    private static async Task<string?> SignatureAsync(CompletionService service, Document document, RoslynItem item, CancellationToken cancellationToken)
    {
        string? text = (await service.GetDescriptionAsync(document, item, cancellationToken))?.Text;
        return text?.Split('\n', 2)[0].Trim() is { Length: > 0 } line ? line : null;
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
