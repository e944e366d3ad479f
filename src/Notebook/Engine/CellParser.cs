namespace ArKernel.Notebooks.Engine;

/// <summary>A stretch of a cell: code of one language, or one command.</summary>
internal abstract record CellPart(int Line);

/// <summary>Code, with as many empty lines before it as stand before it in the cell, so that its line numbers are the cell's.</summary>
/// <remarks>The arguments are what follows the name of the language on its <c>#!</c> line.</remarks>
internal sealed record CodePart(int Line, ICellLanguage Language, string Code, string Arguments = "") : CellPart(Line);

/// <summary>A <c>#!</c> line; the language is the one at work there.</summary>
internal sealed record MagicPart(int Line, ICellLanguage Language, Magic Magic, string Arguments) : CellPart(Line);

/// <summary>Finds the languages and commands that a cell's lines name.</summary>
internal sealed class CellParser(IReadOnlyDictionary<string, ICellLanguage> languages, IReadOnlyDictionary<string, Magic> magics)
{
    private readonly CellSplitter splitter = new(name => languages.GetValueOrDefault(name)?.IsCode, magics.ContainsKey);

    /// <summary>
    /// The parts of a cell, in order; and, when one of them may add a language, what follows it: to be parsed once that has run, with as many
    /// empty lines before it as stand before it in the cell.
    /// </summary>
    /// <exception cref="CellFailedException">The cell names a language or command that does not exist.</exception>
    public (IReadOnlyList<CellPart> Parts, CellSubmission? Remainder) Parse(CellSubmission cell)
    {
        if (!languages.ContainsKey(cell.Language))
        {
            throw Unknown(cell, $"The language '{cell.Language}' is not known", 1);
        }

        List<CellPart> parts = [];
        string source = cell.Source.ReplaceLineEndings("\n");
        IReadOnlyList<CellStretch> stretches = splitter.Split(source, cell.Language);
        for (int i = 0; i < stretches.Count; i++)
        {
            CellStretch stretch = stretches[i];
            string text = source[stretch.Start..stretch.End];
            if (stretch.Kind == StretchKind.Text && (!string.IsNullOrWhiteSpace(text) || stretch.Arguments.Length > 0))
            {
                parts.Add(new CodePart(stretch.Line, languages[stretch.Language], new string('\n', stretch.Line - 1) + text, stretch.Arguments));
            }
            else if (stretch is { Kind: StretchKind.Switch, Arguments.Length: > 0 } && (i + 1 == stretches.Count || stretches[i + 1].Kind != StretchKind.Text))
            {
                parts.Add(new CodePart(stretch.Line, languages[stretch.Language], "", stretch.Arguments)); // '#!value --name n --from-file f' needs no text
            }
            else if (stretch.Kind == StretchKind.Command)
            {
                parts.Add(magics.TryGetValue(stretch.Name, out Magic? magic)
                    ? new MagicPart(stretch.Line, languages[stretch.Language], magic, stretch.Arguments)
                    : throw Unknown(cell, $"The command '#!{stretch.Name}' is not known", stretch.Line));
                if (magic.AddsLanguage && i + 1 < stretches.Count)
                {
                    return (parts, cell with { Language = stretch.Language, Source = new string('\n', stretch.Line) + source[(stretch.End + 1)..] });
                }
            }
        }

        return (parts, null);
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
