using System.Globalization;
using System.Net;
using System.Runtime.ExceptionServices;
using System.Text;
using System.Text.Json.Nodes;

namespace ArKernel.Notebooks.Documents;

/// <summary>
/// Writes a notebook as one self-contained page. The notebook is not trusted: text is escaped, HTML is sanitised, and the page's content
/// security policy names the hashes of the exporter's own scripts, so that no other script runs, wherever it may hide. Charts are drawn
/// from their data (<c>application/vnd.plotly.v1+json</c>) by the exporter's script.
/// </summary>
public static class HtmlExporter
{
    /// <summary>Text beyond this is cut in the page (never in the notebook): browsers choke on tens of megabytes of text.</summary>
    private const int TextLimit = 200_000;

    private const int StackSize = 512 << 20;

    private static readonly string[] ImageTypes = ["image/png", "image/jpeg", "image/gif", "image/webp"];

    /// <summary>Makes the page.</summary>
    /// <param name="document">The notebook.</param>
    /// <param name="title">The page's title where the notebook has no heading.</param>
    /// <param name="plotlyScript">Gives the source of plotly.js, asked for when the notebook has charts; null or a null result shows the charts' other forms.</param>
    /// <returns>The HTML.</returns>
    public static string Export(NotebookDocument document, string title, Func<string?>? plotlyScript = null)
    {
        ArgumentNullException.ThrowIfNull(document);
        ArgumentNullException.ThrowIfNull(title);
        string page = "";
        ExceptionDispatchInfo? failure = null;
        // The parsers recurse with the nesting of what they read: on this stack, HtmlCleaner's bound on tags bounds the depth safely.
        var thread = new Thread(
            () =>
            {
                try
                {
                    page = ExportHere(document, title, plotlyScript);
                }
                catch (Exception error)
                {
                    failure = ExceptionDispatchInfo.Capture(error);
                }
            },
            StackSize);
        thread.Start();
        thread.Join();
        failure?.Throw();
        return page;
    }

    private static string ExportHere(NotebookDocument document, string title, Func<string?>? plotlyScript)
    {
        string? plotly = document.Cells.SelectMany(cell => cell.Outputs).Any(IsChart) ? plotlyScript?.Invoke() : null;
        var body = new StringBuilder();
        foreach (NotebookCell cell in document.Cells)
        {
            WriteCell(body, cell, charts: plotly is not null);
        }

        return HtmlPageTemplate.Assemble(Title(document) ?? title, body.ToString(), plotly);
    }

    private static void WriteCell(StringBuilder body, NotebookCell cell, bool charts)
    {
        switch (cell.Kind)
        {
            case CellKind.Markdown:
                body.Append($"<section class=\"markdown\">{MarkdownText.ToHtml(cell.Source, cell.Attachments)}</section>\n");
                return;
            case CellKind.Raw:
                return;
        }

        string[] tags = [.. ((string[])["parameters", "injected-parameters"]).Where(cell.HasTag)];
        body.Append("<section class=\"code\">");
        if (cell.Source.Length > 0)
        {
            string number = cell.ExecutionCount?.ToString(CultureInfo.InvariantCulture) ?? "";
            string label = tags.Length > 0 ? tags[0].Replace('-', ' ') : cell.Language is "csharp" ? "" : cell.Language;
            body.Append($"<div class=\"input\"><span class=\"count\">{number}</span>");
            if (label.Length > 0)
            {
                body.Append($"<span class=\"label\">{Escape(label)}</span>");
            }

            string source = Cut(cell.Source);
            body.Append($"<pre><code>{(cell.Language == "csharp" ? CSharpHighlighter.ToHtml(source) : Escape(source))}</code></pre></div>");
        }

        foreach (CellOutput output in cell.Outputs)
        {
            WriteOutput(body, output, charts);
        }

        body.Append("</section>\n");
    }

    private static void WriteOutput(StringBuilder body, CellOutput output, bool charts)
    {
        if (output.Text is { } text)
        {
            body.Append($"<pre class=\"output {(output.StreamName == "stderr" ? "stderr" : "stdout")}\">{TerminalText.ToHtml(Cut(text))}</pre>");
        }
        else if (output.ErrorName is { } name)
        {
            string traceback = string.Join('\n', output.Traceback);
            // A traceback names the error itself, as all kernels write it.
            body.Append("<div class=\"output error\">");
            body.Append(traceback.Trim().Length > 0
                ? $"<pre>{TerminalText.ToHtml(Cut(traceback))}</pre>"
                : $"<strong>{Escape(name)}</strong>: {Escape(Cut(output.ErrorMessage!))}");
            body.Append("</div>");
        }
        else if (output.Data is { } data)
        {
            WriteData(body, data, charts);
        }
    }

    private static void WriteData(StringBuilder body, JsonObject data, bool charts)
    {
        if (charts && data[ChartType] is JsonObject chart)
        {
            // The default encoder writes '<' as an escape: the data cannot end the element.
            body.Append($"<div class=\"output chart\"><script type=\"application/json\">{chart.ToJsonString()}</script></div>");
        }
        else if (data.Text("text/vnd.mermaid") is { } diagram)
        {
            body.Append($"<div class=\"output\"><pre class=\"mermaid\">{Escape(Cut(diagram))}</pre></div>");
        }
        else if (data.Text("text/html") is { } html)
        {
            body.Append($"<div class=\"output html\">{HtmlCleaner.Clean(html)}</div>");
        }
        else if (data.Text("image/svg+xml") is { } svg)
        {
            // Drawn as an image, an SVG runs no scripts.
            body.Append($"<div class=\"output\"><img alt=\"\" src=\"data:image/svg+xml;base64,{Convert.ToBase64String(Encoding.UTF8.GetBytes(svg))}\"></div>");
        }
        else if (Array.Find(ImageTypes, type => data.Text(type) is not null) is { } image)
        {
            body.Append($"<div class=\"output\"><img alt=\"\" src=\"data:{image};base64,{Escape(data.Text(image)!.ReplaceLineEndings(""))}\"></div>");
        }
        else if (data.Text("text/markdown") is { } markdown)
        {
            body.Append($"<div class=\"output markdown\">{MarkdownText.ToHtml(markdown, null)}</div>");
        }
        else if (data.Text("text/latex") is { } latex)
        {
            body.Append($"<div class=\"output\"><div class=\"math\">{Escape($"\\[{latex.Trim().Trim('$')}\\]")}</div></div>");
        }
        else if (data.Text("text/plain") is { } plain)
        {
            body.Append($"<pre class=\"output plain\">{TerminalText.ToHtml(Cut(plain))}</pre>");
        }
        else if (data["application/json"] is { } json)
        {
            body.Append($"<pre class=\"output plain\">{Escape(Cut(json.ToJsonString()))}</pre>");
        }
    }

    private const string ChartType = "application/vnd.plotly.v1+json";

    private static bool IsChart(CellOutput output) => output.Data?[ChartType] is JsonObject;

    private static string? Title(NotebookDocument document) =>
        document.Cells.Where(cell => cell.Kind == CellKind.Markdown)
            .SelectMany(cell => cell.Source.Split('\n'))
            .FirstOrDefault(line => line.StartsWith("# ", StringComparison.Ordinal))?[2..].Trim();

    private static string Cut(string text) => text.Length <= TextLimit
        ? text
        : string.Create(CultureInfo.InvariantCulture, $"{text.AsSpan(0, TextLimit / 2)}\n… {text.Length - TextLimit:n0} characters are left out here; the notebook has them …\n{text.AsSpan(text.Length - (TextLimit / 2))}");

    private static string Escape(string text) => WebUtility.HtmlEncode(text);
}
