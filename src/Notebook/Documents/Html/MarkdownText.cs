using System.Net;
using System.Text.Json.Nodes;
using Markdig;
using Markdig.Extensions.Mathematics;
using Markdig.Renderers.Html;
using Markdig.Syntax;

namespace ArKernel.Notebooks.Documents;

/// <summary>Markdown with tables and TeX formulas (<c>$…$</c>, <c>$$…$$</c>) as sanitised HTML.</summary>
internal static class MarkdownText
{
    private static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder()
        .UseAutoIdentifiers().UsePipeTables().UseGridTables().UseListExtras().UseTaskLists().UseFootnotes().UseEmphasisExtras()
        .UseAutoLinks().UseMathematics().UseDefinitionLists().Build();

    public static string ToHtml(string markdown, JsonObject? attachments)
    {
        foreach ((string name, JsonNode? bundle) in attachments ?? [])
        {
            if ((bundle as JsonObject)?.FirstOrDefault(pair => pair.Key.StartsWith("image/", StringComparison.Ordinal)) is { Key: { } type } image && bundle.Text(type) is { } data)
            {
                markdown = markdown.Replace($"attachment:{name}", $"data:{type};base64,{data.ReplaceLineEndings("")}", StringComparison.Ordinal);
            }
        }

        MarkdownDocument parsed;
        try
        {
            parsed = Markdown.Parse(markdown, Pipeline);
        }
        catch (ArgumentException)
        {
            return $"<pre>{WebUtility.HtmlEncode(markdown)}</pre>"; // nested deeper than the parser's limit
        }

        foreach (MathInline formula in parsed.Descendants<MathInline>().Where(formula => formula.DelimiterCount == 2))
        {
            formula.GetAttributes().AddClass("display"); // $$…$$ on one line is a displayed formula too
        }

        return HtmlCleaner.Clean(parsed.ToHtml(Pipeline));
    }
}
