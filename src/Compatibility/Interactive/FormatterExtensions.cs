using System.Diagnostics.CodeAnalysis;

namespace Microsoft.DotNet.Interactive.Formatting;

/// <summary>Names that formatters were registered under before those of today.</summary>
[SuppressMessage("Design", "CA1000:Do not declare static members on generic types", Justification = "Existing notebooks call Formatter<T>.Register.")]
public static class FormatterExtensions
{
    extension(Formatter)
    {
        /// <summary>Says in which mime type values of a type are shown.</summary>
        /// <param name="type">The type.</param>
        /// <param name="preferredMimeType">The mime type.</param>
        public static void SetPreferredMimeTypeFor(Type type, string preferredMimeType) => Formatter.SetPreferredMimeTypesFor(type, preferredMimeType);
    }

    extension<T>(Formatter<T>)
    {
        /// <summary>Says how values of a type are shown.</summary>
        /// <param name="formatter">Writes a value.</param>
        /// <param name="mimeType">The mime type of what it writes.</param>
        public static void Register(Action<T, TextWriter> formatter, string mimeType = PlainTextFormatter.MimeType) => Formatter.Register(formatter, mimeType);

        /// <summary>Says how values of a type are shown.</summary>
        /// <param name="formatter">The text of a value.</param>
        /// <param name="mimeType">The mime type of the text.</param>
        public static void Register(Func<T, string> formatter, string mimeType = PlainTextFormatter.MimeType) => Formatter.Register(formatter, mimeType);
    }
}
