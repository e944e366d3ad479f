using System.Text;
using System.Text.RegularExpressions;
using ArKernel.Notebooks.Engine;

namespace ArKernel.Notebooks.LanguageServices;

/// <summary>Completes <c>#!</c> lines and the <c>#r</c>, <c>#i</c> and <c>#load</c> lines of code: names, options, files and packages.</summary>
internal sealed partial class DirectiveCompletion
{
    private static readonly string[] Importable = [".ipynb", ".dib", ".cs", ".csx", ".fs", ".fsx", ".html", ".js"];

    // Lazy: it brings in NuGet's assemblies.
    private readonly Lazy<PackageCatalog> packages = new(() => new PackageCatalog(Environment.CurrentDirectory));

    /// <summary>The candidates, or null when the cursor is not in a line of this kind.</summary>
    public async Task<CompletionList?> CompleteAsync(string cell, int position, bool isCode, NotebookVocabulary vocabulary, CancellationToken cancellationToken)
    {
        int lineStart = position == 0 ? 0 : cell.LastIndexOf('\n', position - 1) + 1;
        string before = cell[lineStart..position];
        int start = lineStart + before.Length - before.TrimStart().Length;
        before = before.TrimStart();
        if (!before.StartsWith('#'))
        {
            return null;
        }

        if (before.StartsWith("#!", StringComparison.Ordinal))
        {
            return CompleteCommand(cell, before, start, position, vocabulary);
        }

        if (!isCode)
        {
            return null;
        }

        if (Opened().Match(before) is { Success: true } match)
        {
            Group argument = match.Groups["argument"];
            return await CompleteArgumentAsync(cell, match.Groups["kind"].Value, argument.Value, start + argument.Index, position, cancellationToken);
        }

        return before.Length == 1 || before is "#r" or "#i" or "#l" or "#lo" or "#loa" or "#load"
            ? new CompletionList(start, position, [.. Snippets(before), .. before.Length == 1 ? Names("#!", vocabulary) : []])
            : null; // #if, #region: the language's
    }

    /// <summary>What a command or language is for.</summary>
    public static Description? Describe(string name, NotebookVocabulary vocabulary)
    {
        if (vocabulary.FindCommand(name) is { } command)
        {
            StringBuilder plain = new($"#!{command.Name}\n{command.Description}"), markdown = new($"`#!{command.Name}`\n\n{command.Description}");
            foreach ((string option, string effect) in command.Options)
            {
                plain.Append($"\n  {option}  {effect}");
                markdown.Append($"\n- `{option}` {effect}");
            }

            return new Description(plain.ToString(), markdown.ToString());
        }

        return vocabulary.FindLanguage(name) is { } language
            ? new Description($"#!{language.Names[0]}\n{LanguageText(language)}", $"`#!{language.Names[0]}`\n\n{LanguageText(language)}")
            : null;
    }

    private static CompletionList CompleteCommand(string cell, string before, int start, int position, NotebookVocabulary vocabulary)
    {
        int blank = before.IndexOfAny([' ', '\t']);
        if (blank < 0)
        {
            int end = position;
            while (end < cell.Length && !char.IsWhiteSpace(cell[end]))
            {
                end++;
            }

            return new CompletionList(start, end, [.. Names(before, vocabulary)]);
        }

        string name = before[2..blank];
        if (name.Equals("import", StringComparison.OrdinalIgnoreCase))
        {
            string argument = before[(blank + 1)..].TrimStart();
            int quote = argument.StartsWith('"') ? 1 : 0;
            return CompletePath(argument[quote..], start + before.Length - argument.Length + quote, position, Importable);
        }

        int word = before.LastIndexOfAny([' ', '\t']) + 1;
        string typed = before[word..];
        if (typed.Length > 0 && typed[0] != '-')
        {
            // The value of an option: a language or the name of one of its variables. Languages are known here.
            string[] earlier = before[..word].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            return earlier is [.., "--from" or "--to"]
                ? Languages(typed)
                : CompletionList.None(position);
        }

        if (typed.Length == 0 && before[..word].TrimEnd().EndsWith("--from", StringComparison.Ordinal))
        {
            return Languages(typed);
        }

        return new CompletionList(start + word, position, [
            .. (vocabulary.FindCommand(name)?.Options ?? new Dictionary<string, string>(StringComparer.Ordinal))
                .Where(o => o.Key.StartsWith(typed, StringComparison.OrdinalIgnoreCase))
                .Select(o => new CompletionItem(o.Key, "option", o.Value)),
        ]);

        CompletionList Languages(string prefix) => new(start + word, position, [
            .. vocabulary.Languages.Where(l => l.IsCode).Select(l => l.Names[0]).Where(n => n.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
                .Select(n => new CompletionItem(n, "language")),
        ]);
    }

    private static IEnumerable<CompletionItem> Names(string typed, NotebookVocabulary vocabulary) =>
        vocabulary.Commands.Select(c => new CompletionItem("#!" + c.Name, "magic", c.Description))
            .Concat(vocabulary.Languages.Select(l => new CompletionItem("#!" + l.Names[0], "magic", LanguageText(l))))
            .Where(i => i.Text.StartsWith(typed, StringComparison.OrdinalIgnoreCase))
            .OrderBy(i => i.Text, StringComparer.OrdinalIgnoreCase);

    private static string LanguageText(LanguageName language) => language.IsCode ? $"What follows is {language.Names[0]} code." : $"What follows is {language.Names[0]}, shown as it is.";

    private static IEnumerable<CompletionItem> Snippets(string typed) => ((CompletionItem[])[
        new("#r \"nuget: ", "directive", "Adds a package: name, version"),
        new("#r \"", "directive", "Adds an assembly file"),
        new("#i \"nuget: ", "directive", "Adds a package source"),
        new("#load \"", "directive", "Runs a file as a part of the cell"),
    ]).Where(i => i.Text.StartsWith(typed, StringComparison.Ordinal));

    private async Task<CompletionList> CompleteArgumentAsync(string cell, string kind, string argument, int start, int position, CancellationToken cancellationToken)
    {
        if (kind is "load")
        {
            return CompletePath(argument, start, position, [".cs", ".csx", ".fsx"]);
        }

        if (!argument.StartsWith("nuget:", StringComparison.OrdinalIgnoreCase))
        {
            CompletionList files = kind is "r" ? CompletePath(argument, start, position, [".dll", ".exe"]) : CompletionList.None(position);
            return "nuget:".StartsWith(argument, StringComparison.OrdinalIgnoreCase)
                ? new CompletionList(start, position, [new CompletionItem("nuget: ", "directive", "A package, by name and version"), .. files.Items])
                : files;
        }

        string rest = argument["nuget:".Length..];
        int comma = rest.IndexOf(',', StringComparison.Ordinal);
        string typed = (comma < 0 ? rest : rest[(comma + 1)..]).TrimStart();
        if (kind is "i")
        {
            return CompletePath(typed, position - typed.Length, position, []);
        }

        // What stands after the cursor, up to the comma or the quote, is replaced as well: the name or version is chosen anew.
        int end = position;
        while (end < cell.Length && cell[end] is not ('\n' or '\r' or '"' or ',' or ' '))
        {
            end++;
        }

        IReadOnlyList<string> found = comma < 0
            ? await packages.Value.FindNamesAsync(typed, cancellationToken)
            : await packages.Value.FindVersionsAsync(rest[..comma].Trim(), typed, cancellationToken);
        return new CompletionList(position - typed.Length, end, [.. found.Select(f => new CompletionItem(f, comma < 0 ? "package" : "version"))]);
    }

    private static CompletionList CompletePath(string typed, int start, int position, string[] extensions)
    {
        int name = typed.LastIndexOfAny(['/', '\\']) + 1;
        List<CompletionItem> items = [];
        try
        {
            string home = typed.StartsWith("~/", StringComparison.Ordinal) ? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) + typed[1..name] : typed[..name];
            foreach (FileSystemInfo entry in new DirectoryInfo(Path.GetFullPath(home, Environment.CurrentDirectory)).EnumerateFileSystemInfos(typed[name..] + "*"))
            {
                bool isFolder = entry.Attributes.HasFlag(FileAttributes.Directory);
                if ((isFolder || extensions.Contains(entry.Extension, StringComparer.OrdinalIgnoreCase)) && (!entry.Name.StartsWith('.') || typed[name..].StartsWith('.')))
                {
                    items.Add(new CompletionItem(isFolder ? entry.Name + "/" : entry.Name, isFolder ? "folder" : "file"));
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            // No such folder, or none that may be read: there is nothing to offer.
        }

        return new CompletionList(start + name, position, [.. items.OrderBy(i => i.Kind is "folder").ThenBy(i => i.Text, StringComparer.OrdinalIgnoreCase).Take(200)]);
    }

    [GeneratedRegex("^#(?<kind>r|i|load)\\s+\"(?<argument>[^\"]*)$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Opened();
}
