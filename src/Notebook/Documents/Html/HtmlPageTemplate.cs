using System.Net;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace ArKernel.Notebooks.Documents;

/// <summary>The page around the cells: style, fonts, scripts and the policy that admits these scripts only.</summary>
internal static partial class HtmlPageTemplate
{
    public static string Assemble(string title, string body, string? plotly)
    {
        bool math = body.Contains("class=\"math", StringComparison.Ordinal);
        bool diagrams = body.Contains("class=\"mermaid\"", StringComparison.Ordinal) || body.Contains("class=\"language-mermaid\"", StringComparison.Ordinal);
        string?[] libraries = [math ? Resource("katex.min.js") : null, diagrams ? MermaidScript.Source() : null, plotly];
        string[] scripts = [.. libraries.Append(libraries.Any(library => library is not null) ? Resource("page.js") : null)
            .OfType<string>().Select(script => ScriptEnd().Replace(script, @"<\/script"))];
        string sources = scripts.Length == 0
            ? "'none'"
            : string.Join(' ', scripts.Select(script => $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(script)))}'"));
        var page = new StringBuilder();
        page.Append($"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src {sources}; style-src 'unsafe-inline'; img-src data: blob: https:; font-src data:; base-uri 'none'; form-action 'none'">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>{WebUtility.HtmlEncode(title)}</title>
            <style>{Resource("page.css")}</style>

            """);
        if (math)
        {
            page.Append($"<style>{FontFile().Replace(Resource("katex.min.css"), match => $"src:url(data:font/woff2;base64,{Convert.ToBase64String(Bytes(match.Groups["name"].Value))}) format(\"woff2\")")}</style>\n");
        }

        page.Append($"</head>\n<body>\n<main>\n{body}</main>\n");
        foreach (string script in scripts)
        {
            page.Append("<script>").Append(script).Append("</script>\n");
        }

        return page.Append("</body>\n</html>\n").ToString();
    }

    private static string Resource(string name) => Encoding.UTF8.GetString(Bytes(name)).ReplaceLineEndings("\n");

    private static byte[] Bytes(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("page/" + name)!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>The sources of a font face; only the first, WOFF2, is carried.</summary>
    [GeneratedRegex("""src:url\(fonts/(?<name>[\w-]+\.woff2)\)[^;}]*""", RegexOptions.ExplicitCapture)]
    private static partial Regex FontFile();

    [GeneratedRegex("</script", RegexOptions.IgnoreCase)]
    private static partial Regex ScriptEnd();
}
