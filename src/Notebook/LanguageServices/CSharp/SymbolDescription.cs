using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.FindSymbols;
using Microsoft.CodeAnalysis.QuickInfo;

namespace ArKernel.Notebooks.LanguageServices.CSharp;

/// <summary>Describes what stands at the cursor: a name by its declaration and documentation, a place for an argument by the overloads.</summary>
internal static class SymbolDescription
{
    private static readonly string[] Brief =
    [
        QuickInfoSectionKinds.Description, QuickInfoSectionKinds.DocumentationComments, QuickInfoSectionKinds.TypeParameters, QuickInfoSectionKinds.AnonymousTypes,
    ];

    public static async Task<Description?> DescribeAsync(Document document, DeclarationHistory history, int position, bool detailed, CancellationToken cancellationToken)
    {
        SyntaxNode root = (await document.GetSyntaxRootAsync(cancellationToken))!;
        SyntaxTrivia trivia = root.FindTrivia(position);
        if (!trivia.IsKind(SyntaxKind.None) && !trivia.IsKind(SyntaxKind.WhitespaceTrivia) && !trivia.IsKind(SyntaxKind.EndOfLineTrivia) && trivia.SpanStart < position && position < trivia.Span.End)
        {
            return null; // within a comment
        }

        if (!IsAtName(root, position) && await OverloadHelp.DescribeAsync(document, position, cancellationToken) is { } overloads)
        {
            return overloads;
        }

        QuickInfoItem? info = await QuickInfoService.GetService(document)!.GetQuickInfoAsync(document, position, cancellationToken);
        if (info is null || info.Sections.IsEmpty)
        {
            return await OverloadHelp.DescribeAsync(document, position, cancellationToken);
        }

        DescriptionText text = new();
        foreach (QuickInfoSection section in info.Sections.Where(s => detailed || Brief.Contains(s.Kind)))
        {
            if (section.Kind == QuickInfoSectionKinds.Description)
            {
                text.AddCode(section.Text);
            }
            else
            {
                text.Add(section.TaggedParts);
            }
        }

        if (detailed && await SymbolFinder.FindSymbolAtPositionAsync(document, info.Span.Start, cancellationToken) is { } symbol)
        {
            AddDetails(text, symbol, history, await document.GetSyntaxTreeAsync(cancellationToken));
        }

        return text.ToDescription();
    }

    private static void AddDetails(DescriptionText text, ISymbol symbol, DeclarationHistory history, SyntaxTree? cell)
    {
        symbol = symbol is IMethodSymbol { ReducedFrom: { } extension } ? extension : symbol.OriginalDefinition;
        XmlDocumentation documentation = XmlDocumentation.Of(symbol);
        string[] parameters = symbol switch
        {
            IMethodSymbol method => [.. method.Parameters.Select(p => p.Name)],
            IPropertySymbol property => [.. property.Parameters.Select(p => p.Name)],
            _ => [],
        };
        text.AddList("Parameters", parameters.Select(p => (p, documentation.Parameter(p))).Where(p => p.Item2.Length > 0));
        if (symbol.DeclaringSyntaxReferences.Any(r => r.SyntaxTree != cell) && history.SourceOf(symbol) is { } source)
        {
            text.AddCode(source);
        }
    }

    /// <summary>Whether the cursor is in or just behind a name, rather than at a place for an argument.</summary>
    private static bool IsAtName(SyntaxNode root, int position)
    {
        SyntaxToken token = root.FindToken(position);
        SyntaxToken before = position > 0 ? root.FindToken(position - 1) : default;
        return IsName(token) || (before.Span.End == position && IsName(before));

        bool IsName(SyntaxToken t) => t.SpanStart <= position && position <= t.Span.End
            && (t.IsKind(SyntaxKind.IdentifierToken) || SyntaxFacts.IsPredefinedType(t.Kind()) || t.IsKind(SyntaxKind.ThisKeyword) || t.IsKind(SyntaxKind.BaseKeyword)
                || (t.IsKind(SyntaxKind.NewKeyword) && t.Parent is ImplicitObjectCreationExpressionSyntax));
    }
}

/// <summary>A description that is being written, with and without formatting.</summary>
internal sealed class DescriptionText
{
    private readonly StringBuilder plain = new();
    private readonly StringBuilder markdown = new();

    /// <summary>Adds lines of C#.</summary>
    public void AddCode(string code)
    {
        Separate();
        plain.Append(code);
        markdown.Append("```csharp\n").Append(code).Append("\n```");
    }

    /// <summary>Adds prose in which Roslyn has marked what is code.</summary>
    public void Add(IReadOnlyList<TaggedText> parts)
    {
        string text = string.Concat(parts.Select(p => p.Text)).Trim();
        if (text.Length == 0)
        {
            return;
        }

        Separate();
        plain.Append(text);
        StringBuilder formatted = new();
        foreach (TaggedText part in parts)
        {
            formatted.Append(part.Tag switch
            {
                TextTags.LineBreak => "\n\n",
                TextTags.Text or TextTags.Space or TextTags.Punctuation => Escape(part.Text),
                _ => string.IsNullOrWhiteSpace(part.Text) ? part.Text : $"`{part.Text}`",
            });
        }

        markdown.Append(formatted.ToString().Trim());
    }

    /// <summary>Adds prose.</summary>
    public void Add(string text, string formatted)
    {
        Separate();
        plain.Append(text);
        markdown.Append(formatted);
    }

    /// <summary>Adds names with what they are; nothing when there are none.</summary>
    public void AddList(string title, IEnumerable<(string Name, string Text)> entries)
    {
        (string Name, string Text)[] all = [.. entries];
        if (all.Length > 0)
        {
            Add($"{title}:\n" + string.Join('\n', all.Select(e => $"  {e.Name}: {e.Text}")), $"{title}:\n\n" + string.Join('\n', all.Select(e => $"- `{e.Name}`: {Escape(e.Text)}")));
        }
    }

    public Description? ToDescription() => plain.Length == 0 ? null : new Description(plain.ToString(), markdown.ToString());

    /// <summary>Text as Markdown that shows it as it is.</summary>
    public static string Escape(string text)
    {
        StringBuilder escaped = new();
        foreach (char c in text)
        {
            _ = c is '\\' or '`' or '*' or '_' or '[' or ']' or '<' or '>' or '#' or '|' ? escaped.Append('\\').Append(c) : escaped.Append(c);
        }

        return escaped.ToString();
    }

    private void Separate()
    {
        if (plain.Length > 0)
        {
            plain.Append("\n\n");
            markdown.Append("\n\n");
        }
    }
}
