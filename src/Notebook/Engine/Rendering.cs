using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using ArKernel.Notebooks.Languages.FSharp;
using Microsoft.DotNet.Interactive.Formatting;

namespace ArKernel.Notebooks.Engine;

/// <summary>Turns values into mime bundles with the registered formatters; <c>text/plain</c> is always among them.</summary>
internal static partial class Rendering
{
    private const string Plain = PlainTextFormatter.MimeType;

    // A graph with cycles has branch^depth paths: past this size it is rendered again, flatter.
    private const int DeepLimit = 2_000_000;
    private const int FlatLimit = 64_000_000;
    private const int PlainLimit = 200_000;
    private const int PlainDepth = 3;
    private const int FlatDepth = 1;

    private static readonly Lock RecursionLimitGate = new();

    // Inside other HTML, as a tag's content.
    static Rendering() => Formatter.Register<MarkupText>(
        (markup, writer) => writer.Write(string.Equals(markup.MimeType, HtmlFormatter.MimeType, StringComparison.Ordinal) ? markup.Content : WebUtility.HtmlEncode(markup.Content)),
        HtmlFormatter.MimeType);

    /// <summary>Renders a value in the mime types asked for, or in those preferred for its type.</summary>
    /// <exception cref="FormattingException">A formatter threw.</exception>
    public static IReadOnlyDictionary<string, string> Render(object? value, params IReadOnlyCollection<string> mimeTypes)
    {
        if (value is MarkupText markup)
        {
            return new Dictionary<string, string>(StringComparer.Ordinal) { [markup.MimeType] = markup.Content, [Plain] = markup.Content };
        }

        Type type = value?.GetType() ?? typeof(object);
        IReadOnlyCollection<string> wanted = mimeTypes.Count > 0 ? mimeTypes : Formatter.GetPreferredMimeTypesFor(type);
        Dictionary<string, string> data = new(StringComparer.Ordinal);
        foreach (string mimeType in wanted)
        {
            data[mimeType] = Format(value, type, mimeType);
        }

        if (!data.ContainsKey(Plain))
        {
            data[Plain] = Format(value, type, Plain);
        }

        return data;
    }

    /// <summary>A bundle of one text.</summary>
    public static IReadOnlyDictionary<string, string> Text(string text, string mimeType = Plain) =>
        new Dictionary<string, string>(StringComparer.Ordinal) { [mimeType] = text };

    private static string Format(object? value, Type type, string mimeType)
    {
        bool plain = string.Equals(mimeType, Plain, StringComparison.Ordinal);
        if (plain && value is string text)
        {
            return text;
        }

        ITypeFormatter? formatter = null;
        try
        {
            if (plain && FSharpText.Of(value) is { } written)
            {
                return written;
            }

            if (!plain)
            {
                value = FSharpText.ForTable(value, mimeType);
                type = value?.GetType() ?? type;
            }

            formatter = Formatter.GetPreferredFormatterFor(type, mimeType);
            string? rendered = plain
                ? WithDepth(PlainDepth, () => Write(formatter, value, PlainLimit))
                : Write(formatter, value, DeepLimit);
            rendered ??= WithDepth(FlatDepth, () => Write(formatter, value, FlatLimit))
                ?? throw new InvalidOperationException($"It wrote more than {FlatLimit / 1_000_000} million characters.");
            return SubmissionPrefix().Replace(rendered, "");
        }
        catch (Exception exception) when (exception is not FormattingException and not ThreadInterruptedException)
        {
            throw new FormattingException(type, mimeType, formatter, exception);
        }
    }

    /// <summary>The rendering, or null when it is longer than the limit.</summary>
    private static string? Write(ITypeFormatter formatter, object? value, int limit)
    {
        using BoundedWriter writer = new(limit);
        try
        {
            using FormatContext context = new(writer);
            if (!formatter.Format(value!, context))
            {
                writer.Write(value?.ToString() ?? Formatter.NullString);
            }
        }
        catch (Exception) when (writer.IsFull)
        {
            return null;
        }

        return writer.IsFull ? null : writer.ToString();
    }

    private static string? WithDepth(int depth, Func<string?> render)
    {
        lock (RecursionLimitGate)
        {
            int before = Formatter.RecursionLimit;
            try
            {
                Formatter.RecursionLimit = Math.Min(depth, before);
                return render();
            }
            finally
            {
                Formatter.RecursionLimit = before;
            }
        }
    }

    /// <summary>Types of cells are nested in their submission's class, which is nobody's business.</summary>
    [GeneratedRegex(@"Submission#\d+[+.]", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SubmissionPrefix();

    /// <summary>A string writer that throws when it is full, to end a rendering that would never end.</summary>
    private sealed class BoundedWriter(int limit) : StringWriter(new StringBuilder())
    {
        public bool IsFull { get; private set; }

        public override void Write(char value)
        {
            Reserve(1);
            base.Write(value);
        }

        public override void Write(char[] buffer, int index, int count)
        {
            Reserve(count);
            base.Write(buffer, index, count);
        }

        public override void Write(string? value)
        {
            Reserve(value?.Length ?? 0);
            base.Write(value);
        }

        public override void Write(ReadOnlySpan<char> buffer)
        {
            Reserve(buffer.Length);
            base.Write(buffer);
        }

        private void Reserve(int count)
        {
            if (IsFull || GetStringBuilder().Length + count > limit)
            {
                IsFull = true;
                throw new InvalidOperationException("The rendering is too long.");
            }
        }
    }
}

/// <summary>A formatter threw while it rendered a value.</summary>
/// <param name="type">The type of the value.</param>
/// <param name="mimeType">The mime type asked for.</param>
/// <param name="formatter">The formatter, where one was found.</param>
/// <param name="inner">What it threw.</param>
internal sealed class FormattingException(Type type, string mimeType, ITypeFormatter? formatter, Exception inner)
    : Exception(
        $"The {mimeType} formatter of {type.Name} ({formatter?.GetType().Name.Split('`')[0] ?? "none found"} for {formatter?.Type.Name ?? type.Name}) "
        + $"threw {inner.GetType().Name}: {inner.Message}",
        inner);
