using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using ArKernel.Notebooks.Documents;

namespace ArKernel.Notebooks.Tests.Documents;

public sealed class HtmlExporterTests
{
    private const string Chart = "{\"data\":[{\"y\":[1,2],\"name\":\"</script><script>alert(1)</script>\"}],\"layout\":{}}";

    [Theory]
    [InlineData("<script>alert(1)</script>")]
    [InlineData("<img src=x onerror=alert(1)>")]
    [InlineData("<a href=\"javascript:alert(1)\">x</a>")]
    [InlineData("<svg onload=alert(1)><script>alert(1)</script><foreignObject><iframe src=\"javascript:alert(1)\"></iframe></foreignObject></svg>")]
    [InlineData("<svg><a xlink:href=\"javascript:alert(1)\"><text>x</text></a><animate attributeName=href values=javascript:alert(1) /></svg>")]
    [InlineData("<form action=\"https://example.org\"><input onfocus=alert(1) autofocus></form>")]
    [InlineData("<meta http-equiv=refresh content=\"0;url=javascript:alert(1)\"><base href=\"javascript:alert(1)//\">")]
    [InlineData("<style>@import 'javascript:alert(1)'; b { background: url(javascript:alert(1)) }</style>")]
    [InlineData("<iframe srcdoc=\"<script>alert(1)</script>\"></iframe><object data=\"javascript:alert(1)\"></object>")]
    public void No_script_of_a_notebook_gets_into_the_page(string hostile)
    {
        var document = new NotebookDocument();
        document.Add(CellKind.Markdown, hostile);
        document.Add(CellKind.Markdown, "text " + hostile + " text");
        NotebookCell code = document.Add(CellKind.Code, "1");
        code.Outputs.Add(CellOutput.Display(Data("text/html", hostile), "d"));
        code.Outputs.Add(CellOutput.Display(Data("text/markdown", hostile), "d"));
        string page = HtmlExporter.Export(document, "x");
        Assert.DoesNotContain("alert", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<iframe", page, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("script-src 'none'", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Texts_are_escaped_wherever_they_come_from()
    {
        const string hostile = "<script>alert(1)</script>";
        var document = new NotebookDocument();
        document.Add(CellKind.Markdown, "# " + hostile.Replace("script", "b", StringComparison.Ordinal));
        foreach (string language in (string[])["csharp", "fsharp"])
        {
            document.Add(CellKind.Code, "var x = \"" + hostile + "\"; // " + hostile, language);
        }

        List<CellOutput> outputs = document.Cells[1].Outputs;
        outputs.Add(CellOutput.Stream("stdout", "\x1b[31m" + hostile));
        outputs.Add(CellOutput.Error(hostile, hostile, [hostile]));
        outputs.Add(CellOutput.Display(Data("text/plain", hostile), "d"));
        outputs.Add(CellOutput.Display(Data("text/latex", hostile), "d"));
        outputs.Add(CellOutput.Display(Data("application/json", "{\"a\":\"" + hostile + "\"}"), "d"));
        outputs.Add(CellOutput.Display(Data("image/png", "\"" + hostile), "d"));
        string page = HtmlExporter.Export(document, hostile);
        Assert.DoesNotContain("<script>alert", page, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;alert", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_script_in_the_page_is_the_exporters_own_and_named_by_its_hash()
    {
        var document = new NotebookDocument();
        document.Add(CellKind.Markdown, "Formula $x^2$");
        document.Add(CellKind.Code, "chart").Outputs.Add(CellOutput.Display(Data("application/vnd.plotly.v1+json", Chart), "d"));
        string page = HtmlExporter.Export(document, "x", () => "var Plotly = '</script>';");
        string policy = Regex.Match(page, "script-src (?<sources>[^;]*);").Groups["sources"].Value;
        MatchCollection scripts = Regex.Matches(page, "<script>(?<text>.*?)</script>", RegexOptions.Singleline);
        Assert.Equal(3, scripts.Count); // KaTeX, Plotly, the page's own
        Assert.Equal(
            string.Join(' ', scripts.Select(script => $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(script.Groups["text"].Value)))}'")),
            policy);
        Assert.Single(Regex.Matches(page, "<script type=\"application/json\">"));
        Assert.DoesNotContain("src=\"http", page, StringComparison.Ordinal);
        Assert.DoesNotContain("url(fonts", page, StringComparison.Ordinal);
    }

    [Fact]
    public void A_chart_without_plotly_shows_its_other_form_and_a_plain_page_carries_no_scripts()
    {
        var document = new NotebookDocument();
        Dictionary<string, string> data = Data("application/vnd.plotly.v1+json", Chart);
        data["text/plain"] = "a chart";
        document.Add(CellKind.Code, "chart").Outputs.Add(CellOutput.Display(data, "d"));
        string page = HtmlExporter.Export(document, "x");
        Assert.Contains("a chart</pre>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Drawings_tables_and_styles_of_formatters_survive()
    {
        const string html = "<style>.t td{color:red}</style><table class=\"t\"><tbody><tr><td style=\"background:#fff\">1</td></tr></tbody></table>" +
            "<svg viewBox=\"0 0 1 1\"><path d=\"M0 0L1 1\" stroke-width=\"2\"/></svg><img src=\"data:image/png;base64,aGk=\"><details open><summary>s</summary>d</details>";
        var document = new NotebookDocument();
        document.Add(CellKind.Code, "1").Outputs.Add(CellOutput.Display(Data("text/html", html), "d"));
        string page = HtmlExporter.Export(document, "x");
        foreach (string part in (string[])["<style>@scope {.t td {", "}</style>", "<td style=", "viewBox=\"0 0 1 1\"", "stroke-width=\"2\"", "data:image/png;base64,aGk=", "<details open"])
        {
            Assert.Contains(part, page, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("<style>} body { display: none } </style>x")]
    [InlineData("<style>b { color: red } } main { display: none</style>x")]
    [InlineData("<style title=\"a\">main { display: none }</style>x")]
    [InlineData("<svg><style>main { display: none }</style></svg>x")]
    public void A_style_of_an_output_cannot_reach_the_page_around_it(string hostile)
    {
        string html = HtmlCleaner.Clean(hostile);
        foreach (Match style in Regex.Matches(html, "<style.*?</style>", RegexOptions.Singleline))
        {
            Assert.StartsWith("<style>@scope {", style.Value, StringComparison.Ordinal);
            int depth = 0;
            foreach (char c in style.Value[.."<style>@scope {".Length])
            {
                depth += c == '{' ? 1 : 0;
            }

            string rest = style.Value["<style>@scope {".Length..^"}</style>".Length];
            foreach (char c in rest)
            {
                depth += c == '{' ? 1 : c == '}' ? -1 : 0;
                Assert.True(depth > 0, html);
            }
        }
    }

    [Fact]
    public void Nesting_without_end_in_any_text_gives_a_page()
    {
        var document = new NotebookDocument();
        document.Add(CellKind.Markdown, new string('>', 2_000) + new string('[', 2_000));
        document.Add(CellKind.Markdown, string.Concat(Enumerable.Repeat("<div>", 3_000)));
        document.Add(CellKind.Code, "var x = " + new string('(', 5_000));
        Assert.EndsWith("</html>\n", HtmlExporter.Export(document, "x"), StringComparison.Ordinal);
    }

    [Fact]
    public void Code_is_coloured_and_its_text_is_whole()
    {
        const string source = "#r \"nuget: A\"\n// note\nvar x = new List<int> { 1 }; /* a\nb */ $\"{x.Count:0}\"";
        string html = CSharpHighlighter.ToHtml(source);
        Assert.Contains("<span class=\"keyword\">new</span>", html, StringComparison.Ordinal);
        Assert.Contains("<span class=\"comment\">// note</span>", html, StringComparison.Ordinal);
        Assert.Equal(source, System.Net.WebUtility.HtmlDecode(Regex.Replace(html, "<[^>]*>", "")));
    }

    [Fact]
    public void A_carriage_return_overwrites_its_line_and_long_text_is_cut_with_a_word()
    {
        var document = new NotebookDocument();
        NotebookCell cell = document.Add(CellKind.Code, "1");
        cell.Outputs.Add(CellOutput.Stream("stdout", "10%\r20%\rdone\r\n" + new string('x', 1_000_000)));
        string page = HtmlExporter.Export(document, "x");
        Assert.Contains(">done\n", page, StringComparison.Ordinal);
        Assert.Contains("characters are left out here", page, StringComparison.Ordinal);
        Assert.True(page.Length < 300_000);
    }

    private static Dictionary<string, string> Data(string mime, string value) => new(StringComparer.Ordinal) { [mime] = value };
}
