namespace ArKernel.Notebooks.Engine;

/// <summary>What a stretch of a cell's lines is.</summary>
internal enum StretchKind
{
    /// <summary>Text in a language.</summary>
    Text,

    /// <summary>A <c>#!</c> line that names the language of what follows.</summary>
    Switch,

    /// <summary>A <c>#!</c> line that names a command, known or not.</summary>
    Command,

    /// <summary>The first line of a file that is a program of its own.</summary>
    Shebang,
}

/// <summary>A stretch of a cell.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Line">Its first line, from 1.</param>
/// <param name="Start">Where it starts in the cell.</param>
/// <param name="End">Where it ends, without the line's end.</param>
/// <param name="Language">A name of the language at work there.</param>
/// <param name="Name">For a <c>#!</c> line: what follows the <c>#!</c>, up to a blank.</param>
/// <param name="Arguments">What follows the name; for text: on the line that chose its language.</param>
internal sealed record CellStretch(StretchKind Kind, int Line, int Start, int End, string Language, string Name, string Arguments);

/// <summary>Splits a cell at its <c>#!</c> lines. Splitting needs names only, so that an editor splits as the engine does.</summary>
/// <param name="findLanguage">Whether a language of this name is code, or null when there is no such language.</param>
/// <param name="isCommand">Whether there is a command of this name.</param>
internal sealed class CellSplitter(Func<string, bool?> findLanguage, Func<string, bool> isCommand)
{
    /// <summary>The stretches of a cell, in order; they cover all of its lines.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="language">The language at work at its start.</param>
    public IReadOnlyList<CellStretch> Split(string cell, string language)
    {
        List<CellStretch> stretches = [];
        int textStart = 0, textLine = 1, line = 1;
        string options = "";
        for (int start = 0; start <= cell.Length; line++)
        {
            int newLine = cell.IndexOf('\n', start);
            int end = newLine < 0 ? cell.Length : newLine;
            ReadOnlySpan<char> content = cell.AsSpan(start, end - start).Trim();
            StretchKind kind = Classify(content, isFirst: start == 0, language, out string name);
            if (kind != StretchKind.Text)
            {
                AddText(start - 1);
                string arguments = kind == StretchKind.Shebang ? "" : content[(2 + name.Length)..].Trim().ToString();
                (language, options) = kind == StretchKind.Switch ? (name, arguments) : (language, options);
                stretches.Add(new CellStretch(kind, line, start, end, language, name, arguments));
                (textStart, textLine) = (end + 1, line + 1);
            }

            start = end + 1;
        }

        AddText(cell.Length);
        return stretches;

        void AddText(int end)
        {
            if (end >= textStart)
            {
                stretches.Add(new CellStretch(StretchKind.Text, textLine, textStart, end, language, "", options));
            }
        }
    }

    private StretchKind Classify(ReadOnlySpan<char> line, bool isFirst, string language, out string name)
    {
        name = "";
        if (isFirst && line.StartsWith("#!/"))
        {
            return StretchKind.Shebang;
        }

        if (line.Length < 3 || !line.StartsWith("#!") || !char.IsLetter(line[2]))
        {
            return StretchKind.Text;
        }

        int end = line.IndexOfAny(' ', '\t');
        name = line[2..(end < 0 ? line.Length : end)].ToString();
        // In a language that is only shown, an unknown name is a line of the text.
        return findLanguage(name) is not null ? StretchKind.Switch
            : isCommand(name) || findLanguage(language) is true ? StretchKind.Command
            : StretchKind.Text;
    }
}
