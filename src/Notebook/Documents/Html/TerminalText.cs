using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace ArKernel.Notebooks.Documents;

/// <summary>Text as a terminal shows it: colours, and carriage returns that overwrite the line.</summary>
internal static partial class TerminalText
{
    public static string ToHtml(string text)
    {
        text = string.Join('\n', text.Split('\n').Select(line => line.TrimEnd('\r')).Select(line => line[(line.LastIndexOf('\r') + 1)..]));
        if (!text.Contains('\x1b', StringComparison.Ordinal))
        {
            return WebUtility.HtmlEncode(text);
        }

        var html = new StringBuilder();
        int at = 0, colour = -1;
        bool bold = false, open = false;
        foreach (Match escape in Escape().Matches(text))
        {
            html.Append(WebUtility.HtmlEncode(text[at..escape.Index]));
            at = escape.Index + escape.Length;
            if (escape.Groups["end"].Value != "m")
            {
                continue;
            }

            foreach (string part in escape.Groups["codes"].Value.Split(';'))
            {
                int code = part.Length == 0 ? 0 : int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int parsed) ? parsed : -1;
                (colour, bold) = code switch
                {
                    0 => (-1, false),
                    1 => (colour, true),
                    22 => (colour, false),
                    >= 30 and <= 37 => (code - 30, bold),
                    >= 90 and <= 97 => (code - 90, bold),
                    39 => (-1, bold),
                    _ => (colour, bold),
                };
            }

            html.Append(open ? "</span>" : "");
            open = colour >= 0 || bold;
            html.Append(open ? $"<span class=\"{(bold ? "bold " : "")}{(colour >= 0 ? $"ansi{colour}" : "")}\">" : "");
        }

        return html.Append(WebUtility.HtmlEncode(text[at..])).Append(open ? "</span>" : "").ToString();
    }

    [GeneratedRegex(@"\x1b(\[(?<codes>[0-9;?]*)(?<end>[A-Za-z])|\][^\x07\x1b]*(\x07|\x1b\\)|.)", RegexOptions.ExplicitCapture | RegexOptions.Singleline)]
    private static partial Regex Escape();
}
