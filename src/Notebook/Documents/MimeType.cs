namespace ArKernel.Notebooks.Documents;

/// <summary>How nbformat stores the value of a mime type.</summary>
internal static class MimeType
{
    /// <summary>Whether values are JSON rather than strings.</summary>
    public static bool IsJson(string mime) =>
        mime.Equals("application/json", StringComparison.OrdinalIgnoreCase) ||
        (mime.StartsWith("application/", StringComparison.OrdinalIgnoreCase) && mime.EndsWith("+json", StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether Jupyter writes the text as a list of lines.</summary>
    public static bool IsLines(string mime) =>
        mime.StartsWith("text/", StringComparison.Ordinal) || mime is "application/javascript" or "image/svg+xml";
}
