using System.Text.Json.Nodes;
using Markdig;

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

        return HtmlCleaner.Clean(Markdown.ToHtml(markdown, Pipeline));
    }
}
