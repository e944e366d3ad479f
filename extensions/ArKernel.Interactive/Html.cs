using System.Globalization;
using System.Text;

namespace ArKernel.Interactive;

/// <summary>
/// What all views share: text that is safe in HTML, numbers as people write them, and styles that read on light and dark pages alike, which
/// is why text has the page's own colour and everything else is half-transparent grey or a middle tone. Styles stand in attributes and void
/// elements are closed, so that a view is well-formed XML and needs nothing outside itself.
/// </summary>
internal static class Html
{
    /// <summary>The style of a view's outermost element.</summary>
    public const string Card = "font:13px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif;max-width:680px";

    /// <summary>The style of small print.</summary>
    public const string Faint = "opacity:.65";

    /// <summary>The colour of lines that divide.</summary>
    public const string Rule = "rgba(128,128,128,.35)";

    /// <summary>Digits that stand under one another.</summary>
    public const string Digits = "font-variant-numeric:tabular-nums";

    /// <summary>Text as the content or an attribute of an element.</summary>
    public static string Escape(string text)
    {
        StringBuilder escaped = new(text.Length + 16);
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                escaped.Append(c).Append(text[++i]);
                continue;
            }

            _ = c switch
            {
                '&' => escaped.Append("&amp;"),
                '<' => escaped.Append("&lt;"),
                '>' => escaped.Append("&gt;"),
                '"' => escaped.Append("&quot;"),
                '\'' => escaped.Append("&#39;"),
                '\t' or '\n' => escaped.Append(c),
                < ' ' => escaped.Append((char)(0x2400 + c)), // the control pictures: XML has no place for the characters themselves
                '\u007f' => escaped.Append('\u2421'),
                '\ufffe' or '\uffff' => escaped.Append('\ufffd'),
                _ when char.IsSurrogate(c) => escaped.Append('\ufffd'),
                _ => escaped.Append(c),
            };
        }

        return escaped.ToString();
    }

    /// <summary>A number in four significant digits.</summary>
    public static string Number(double value)
    {
        double size = Math.Abs(value);
        return size switch
        {
            _ when double.IsNaN(value) => "NaN",
            _ when double.IsInfinity(value) => value > 0 ? "∞" : "−∞",
            0 => "0",
            >= 1e6 or < 1e-4 => value.ToString("0.###e+0", CultureInfo.InvariantCulture),
            >= 1000 => value.ToString("0", CultureInfo.InvariantCulture),
            _ => value.ToString("G4", CultureInfo.InvariantCulture),
        };
    }

    /// <summary>A count with a unit prefix: 12.3k, 4.56M.</summary>
    public static string Count(double count) => Math.Abs(count) switch
    {
        >= 1e9 => FormattableString.Invariant($"{count / 1e9:0.##}G"),
        >= 1e6 => FormattableString.Invariant($"{count / 1e6:0.##}M"),
        >= 1e4 => FormattableString.Invariant($"{count / 1e3:0.#}k"),
        _ => FormattableString.Invariant($"{count:0}"),
    };

    /// <summary>An amount of memory.</summary>
    public static string Bytes(long bytes) => bytes switch
    {
        >= 1L << 30 => FormattableString.Invariant($"{bytes / (double)(1L << 30):0.##} GiB"),
        >= 1L << 20 => FormattableString.Invariant($"{bytes / (double)(1L << 20):0.##} MiB"),
        >= 1L << 10 => FormattableString.Invariant($"{bytes / (double)(1L << 10):0.##} KiB"),
        _ => FormattableString.Invariant($"{bytes} B"),
    };

    /// <summary>A coordinate, to a tenth of a pixel.</summary>
    public static string Pixel(double value) => Math.Round(value, 1).ToString("0.#", CultureInfo.InvariantCulture);

    /// <summary>A time as minutes and seconds, or hours too.</summary>
    public static string Duration(TimeSpan time) => time.TotalHours >= 1
        ? FormattableString.Invariant($"{(int)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}")
        : FormattableString.Invariant($"{(int)time.TotalMinutes}:{time.Seconds:00}");
}
