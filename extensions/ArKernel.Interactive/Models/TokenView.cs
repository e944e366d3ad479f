using System.Text;
using ArKernel.Codecs;

namespace ArKernel.Interactive;

/// <summary>A text as a model reads it: its tokens in alternating tints, their ids as tooltips.</summary>
public sealed class TokenView
{
    private const int MostTokens = 3000;

    // Faint enough for either colour of text.
    private static readonly string[] Tints = ["59,130,196", "224,123,57", "63,160,102", "176,102,201", "208,80,95"];

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private readonly (int Id, string Text)[] tokens;
    private readonly int count;
    private readonly int byteCount;

    internal TokenView(TextCodec codec, IEnumerable<int> ids)
    {
        int[] all = [.. ids];
        count = all.Length;
        byteCount = all.Sum(id => codec.BytesOf(id).Length);
        tokens = [.. all.Take(MostTokens).Select(id => (id, Show(codec.BytesOf(id).Span)))];
    }

    /// <summary>The tokens as HTML.</summary>
    public string ToHtml()
    {
        StringBuilder html = new($"<div style=\"{Html.Card}\"><div style=\"white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.7;font-family:ui-monospace,monospace\">");
        for (int i = 0; i < tokens.Length; i++)
        {
            (int id, string text) = tokens[i];
            html.Append($"<span title=\"{id}\" style=\"background:rgba({Tints[i % Tints.Length]},.28);border-radius:3px\">{Html.Escape(text.Replace("\n", "↵\n", StringComparison.Ordinal))}</span>");
        }

        return html.Append($"{(count > tokens.Length ? " …" : "")}</div><div style=\"{Html.Faint}\">{Summary()}</div></div>").ToString();
    }

    /// <summary>The tokens with a bar between each two.</summary>
    public override string ToString() =>
        $"{string.Join('|', tokens.Select(token => token.Text))}{(count > tokens.Length ? "|…" : "")}\n{Summary()}";

    private string Summary() => count == 0 ? "no tokens" : FormattableString.Invariant($"{count} tokens, {byteCount} bytes, {byteCount / (double)count:0.00} bytes a token");

    /// <summary>Bytes that are no whole characters, as byte-level tokens may be, are shown in hexadecimal.</summary>
    private static string Show(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return bytes.IsEmpty ? "∅" : Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return $"⟨{Convert.ToHexString(bytes)}⟩";
        }
    }
}

/// <summary>Shows tokens.</summary>
public static class TokenViewExtensions
{
    /// <summary>The tokens as a view with their boundaries; a notebook shows it when it is a cell's last value.</summary>
    /// <param name="codec">What the ids mean.</param>
    /// <param name="ids">Token ids.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id is outside the vocabulary.</exception>
    public static TokenView Show(this TextCodec codec, IEnumerable<int> ids) => new(codec, ids);
}
