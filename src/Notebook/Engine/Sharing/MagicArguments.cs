using System.Text;

namespace ArKernel.Notebooks.Engine.Sharing;

/// <summary>The arguments of a command: words, and options <c>--name value</c> or <c>--name=value</c>; double quotes hold words together.</summary>
internal sealed class MagicArguments
{
    private readonly string command;
    private readonly Dictionary<string, string> options = new(StringComparer.Ordinal);
    private readonly List<string> words = [];

    /// <param name="command">The command, for messages.</param>
    /// <param name="text">What follows its name.</param>
    /// <param name="known">The options that take a value.</param>
    /// <param name="flags">The options that take none.</param>
    /// <exception cref="CellFailedException">An option is unknown, or its value is missing.</exception>
    public MagicArguments(string command, string text, IReadOnlyCollection<string> known, params IReadOnlyCollection<string> flags)
    {
        this.command = command;
        List<string> all = Split(text);
        for (int i = 0; i < all.Count; i++)
        {
            string[] parts = all[i].Split('=', 2);
            if (flags.Contains(all[i], StringComparer.Ordinal))
            {
                options[all[i]] = "";
            }
            else if (known.Contains(parts[0], StringComparer.Ordinal))
            {
                options[parts[0]] = parts.Length > 1 ? parts[1] : i + 1 < all.Count ? all[++i] : throw Error($"{parts[0]} needs a value");
            }
            else if (all[i].StartsWith("--", StringComparison.Ordinal))
            {
                throw Error($"the option '{parts[0]}' is not known; known are {string.Join(", ", known.Concat(flags))}");
            }
            else
            {
                words.Add(all[i]);
            }
        }
    }

    /// <summary>What is no option.</summary>
    public IReadOnlyList<string> Words => words;

    /// <summary>The value of an option, or null.</summary>
    public string? this[string option] => options.GetValueOrDefault(option);

    /// <summary>The value of an option that must be there.</summary>
    public string Required(string option) => this[option] ?? throw Error($"{option} is missing");

    /// <summary>An error about this command.</summary>
    public CellFailedException Error(string problem) => new(new CellError("CommandError", $"#!{command}: {problem}.", [], null));

    private static List<string> Split(string text)
    {
        List<string> found = [];
        StringBuilder word = new();
        bool quoted = false, any = false;
        foreach (char c in text)
        {
            if (c == '"')
            {
                (quoted, any) = (!quoted, true);
            }
            else if (char.IsWhiteSpace(c) && !quoted)
            {
                Add();
            }
            else
            {
                word.Append(c);
                any = true;
            }
        }

        Add();
        return found;

        void Add()
        {
            if (any)
            {
                found.Add(word.ToString());
            }

            word.Clear();
            any = false;
        }
    }
}
