namespace ArKernel.Notebooks.Jupyter;

/// <summary>Jupyter counts cursor positions in Unicode code points, .NET in UTF-16 units.</summary>
internal static class CodePoints
{
    /// <summary>The offset in a string of a position in code points; positions beyond the end are the end.</summary>
    public static int ToUtf16(string text, int codePoints)
    {
        int offset = 0;
        for (int i = 0; i < codePoints && offset < text.Length; i++)
        {
            offset += IsPairAt(text, offset) ? 2 : 1;
        }

        return offset;
    }

    /// <summary>The position in code points of an offset in a string.</summary>
    public static int FromUtf16(string text, int offset)
    {
        int codePoints = 0;
        for (int i = 0; i < offset && i < text.Length; codePoints++)
        {
            i += IsPairAt(text, i) ? 2 : 1;
        }

        return codePoints;
    }

    private static bool IsPairAt(string text, int offset) => offset + 1 < text.Length && char.IsSurrogatePair(text[offset], text[offset + 1]);
}
