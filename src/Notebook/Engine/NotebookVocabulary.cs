namespace ArKernel.Notebooks.Engine;

/// <summary>The names that <c>#!</c> lines can call: what an editor in another process needs to know of an engine.</summary>
/// <param name="Languages">The languages.</param>
/// <param name="Commands">The commands.</param>
internal sealed record NotebookVocabulary(IReadOnlyList<LanguageName> Languages, IReadOnlyList<CommandName> Commands)
{
    /// <summary>The request that an engine answers with its vocabulary.</summary>
    public const string Request = "vocabulary";

    public static NotebookVocabulary Of(NotebookEngine engine) => new(
        [.. engine.Languages.Select(l => new LanguageName(l.Names, l.IsCode))],
        [.. engine.Magics.OrderBy(m => m.Name, StringComparer.Ordinal).Select(m => new CommandName(m.Name, m.Description, m.Options))]);

    public LanguageName? FindLanguage(string name) => Languages.FirstOrDefault(l => l.Names.Contains(name, StringComparer.OrdinalIgnoreCase));

    public CommandName? FindCommand(string name) => Commands.FirstOrDefault(c => c.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
}

/// <summary>A language, by all its names, the proper one first.</summary>
internal sealed record LanguageName(IReadOnlyList<string> Names, bool IsCode);

/// <summary>A command, with what its options do.</summary>
internal sealed record CommandName(string Name, string Description, IReadOnlyDictionary<string, string> Options);
