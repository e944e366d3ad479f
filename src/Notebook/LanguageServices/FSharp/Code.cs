namespace ArKernel.Notebooks.LanguageServices.FSharp;

/// <summary>The text of an F# cell.</summary>
internal static class Code
{
    /// <summary>The code with blanks in the place of lines such as <c>#r</c>, which a file of a project must not have.</summary>
    public static string WithoutDirectives(string code)
    {
        return code.Contains('#', StringComparison.Ordinal)
            ? string.Join('\n', code.Split('\n').Select(l => IsDirective(l.TrimStart()) ? new string(' ', l.Length) : l))
            : code;
    }

    /// <summary>What a cell opens for those behind it.</summary>
    public static IEnumerable<string> Opens(string code) =>
        code.Split('\n').Where(l => l.StartsWith("open ", StringComparison.Ordinal)).Select(l => l["open ".Length..].Split("//")[0].Trim()).Where(o => o.Length > 0);

    /// <summary>The line of a position, counted from 0, its text, and the column in it.</summary>
    public static (int Line, string Text, int Column) Locate(string code, int position)
    {
        int start = position == 0 ? 0 : code.LastIndexOf('\n', position - 1) + 1;
        int end = code.IndexOf('\n', position);
        return (code.AsSpan(0, start).Count('\n'), code[start..(end < 0 ? code.Length : end)].TrimEnd('\r'), position - start);
    }

    private static bool IsDirective(string line) =>
        line.StartsWith('#') && line.Length > 1 && (char.IsAsciiLetter(line[1]) || line[1] == '!')
        && !line.StartsWith("#if", StringComparison.Ordinal) && !line.StartsWith("#else", StringComparison.Ordinal)
        && !line.StartsWith("#endif", StringComparison.Ordinal) && !line.StartsWith("#nowarn", StringComparison.Ordinal);
}
