namespace ArKernel.Notebooks.Engine;

/// <summary>A stretch of a cell: code of one language, or one command.</summary>
internal abstract record CellPart(int Line);

/// <summary>Code, with as many empty lines before it as stand before it in the cell, so that its line numbers are the cell's.</summary>
/// <remarks>The arguments are what follows the name of the language on its <c>#!</c> line.</remarks>
internal sealed record CodePart(int Line, ICellLanguage Language, string Code, string Arguments = "") : CellPart(Line);

/// <summary>A <c>#!</c> line.</summary>
internal sealed record MagicPart(int Line, Magic Magic, string Arguments) : CellPart(Line);

/// <summary>Splits a cell at its <c>#!</c> lines.</summary>
internal sealed class CellParser(IReadOnlyDictionary<string, ICellLanguage> languages, IReadOnlyDictionary<string, Magic> magics)
{
    /// <summary>The parts of a cell, in order.</summary>
    /// <exception cref="CellFailedException">The cell names a language or command that does not exist.</exception>
    public IReadOnlyList<CellPart> Parse(CellSubmission cell)
    {
        if (!languages.TryGetValue(cell.Language, out ICellLanguage? language))
        {
            throw Unknown(cell, $"The language '{cell.Language}' is not known", 1);
        }

        List<CellPart> parts = [];
        string[] lines = cell.Source.ReplaceLineEndings("\n").Split('\n');
        int start = 0;
        string options = "";
        for (int i = 0; i < lines.Length; i++)
        {
            if (i == 0 && lines[i].StartsWith("#!/", StringComparison.Ordinal))
            {
                lines[i] = ""; // the shebang of a file-based app
                continue;
            }

            ReadOnlySpan<char> line = lines[i].AsSpan().Trim();
            if (line.Length < 3 || !line.StartsWith("#!") || !char.IsLetter(line[2]))
            {
                continue;
            }

            int end = line.IndexOfAny(' ', '\t');
            string name = line[2..(end < 0 ? line.Length : end)].ToString();
            string arguments = end < 0 ? "" : line[end..].Trim().ToString();
            if (languages.TryGetValue(name, out ICellLanguage? next))
            {
                AddCode(i);
                language = next;
                options = arguments;
            }
            else if (magics.TryGetValue(name, out Magic? magic))
            {
                AddCode(i);
                parts.Add(new MagicPart(i + 1, magic, arguments));
            }
            else if (language.IsCode)
            {
                throw Unknown(cell, $"The command '#!{name}' is not known", i + 1);
            }
        }

        AddCode(lines.Length);
        return parts;

        void AddCode(int end)
        {
            ArraySegment<string> code = new(lines, start, end - start);
            if (code.Any(l => !string.IsNullOrWhiteSpace(l)))
            {
                parts.Add(new CodePart(start + 1, language, new string('\n', start) + string.Join('\n', code.AsSpan()), options));
            }

            start = end + 1;
        }
    }

    private CellFailedException Unknown(CellSubmission cell, string problem, int line)
    {
        string known = string.Join(", ", languages.Values.Distinct().Select(l => l.Names[0]).Concat(magics.Keys).Order(StringComparer.Ordinal).Select(n => "#!" + n));
        return new CellFailedException(new CellError("UnknownCommand", $"{problem} ({cell.Name}, line {line}). Known are {known}.", [], line));
    }
}

/// <summary>Ends a cell with an error already worded for its reader.</summary>
/// <param name="error">The error.</param>
internal sealed class CellFailedException(CellError error) : Exception(error.Message)
{
    public CellError Error { get; } = error;
}
