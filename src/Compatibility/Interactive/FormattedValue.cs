using Microsoft.DotNet.Interactive.Formatting;

namespace Microsoft.DotNet.Interactive;

/// <summary>A value as text of a mime type.</summary>
/// <param name="mimeType">The mime type.</param>
/// <param name="value">The text.</param>
public class FormattedValue(string mimeType, string value)
{
    /// <summary>The mime type.</summary>
    public string MimeType { get; } = mimeType;

    /// <summary>The text.</summary>
    public string Value { get; } = value;

    /// <summary>A value in one mime type.</summary>
    /// <param name="value">The value.</param>
    /// <param name="mimeType">The mime type; null for the one preferred for the value's type.</param>
    /// <returns>The text.</returns>
    public static FormattedValue CreateSingleFromObject(object? value, string? mimeType = null)
    {
        mimeType ??= Formatter.GetPreferredMimeTypesFor(value?.GetType() ?? typeof(object)).First();
        return new FormattedValue(mimeType, value.ToDisplayString(mimeType));
    }

    /// <summary>A value in several mime types.</summary>
    /// <param name="value">The value.</param>
    /// <param name="mimeTypes">The mime types; none for those preferred for the value's type.</param>
    /// <returns>A text a mime type.</returns>
    public static IReadOnlyList<FormattedValue> CreateManyFromObject(object? value, params string[] mimeTypes) =>
        [.. (mimeTypes.Length > 0 ? mimeTypes : Formatter.GetPreferredMimeTypesFor(value?.GetType() ?? typeof(object))).Select(m => CreateSingleFromObject(value, m))];

    /// <inheritdoc/>
    public override string ToString() => $"{MimeType}: {Value}";
}
