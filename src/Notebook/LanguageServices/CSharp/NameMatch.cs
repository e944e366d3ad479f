namespace ArKernel.Notebooks.LanguageServices.CSharp;

/// <summary>How well a name answers what has been typed of it.</summary>
internal static class NameMatch
{
    /// <summary>The rank of a name that has it somewhere inside.</summary>
    public const int Inside = 4;

    /// <summary>The rank of a name that does not answer it at all.</summary>
    public const int None = 5;

    /// <summary>From 0, the best: the text itself, a prefix, a prefix but for the case, the heads of words (<c>TLI</c> for ToLowerInvariant), inside.</summary>
    public static int Rank(string name, string typed)
    {
        return typed.Length == 0 || name == typed ? 0
            : name.StartsWith(typed, StringComparison.Ordinal) ? 1
            : name.StartsWith(typed, StringComparison.OrdinalIgnoreCase) ? 2
            : MatchesWords(name, typed, 0, 0) ? 3
            : name.Contains(typed, StringComparison.OrdinalIgnoreCase) ? Inside
            : None;
    }

    /// <summary>Whether the rest of what was typed is made of beginnings of the words in the rest of the name.</summary>
    private static bool MatchesWords(string name, string typed, int from, int matched)
    {
        if (matched == typed.Length)
        {
            return true;
        }

        for (int start = from; start < name.Length; start++)
        {
            if (!IsHead(name, start) || (from == 0 && start > 0 && matched == 0))
            {
                continue;
            }

            int length = 0;
            while (matched + length < typed.Length && start + length < name.Length && char.ToUpperInvariant(name[start + length]) == char.ToUpperInvariant(typed[matched + length]))
            {
                length++;
            }

            for (; length > 0; length--)
            {
                if (MatchesWords(name, typed, start + length, matched + length))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static bool IsHead(string name, int index) =>
        index == 0 || (char.IsUpper(name[index]) && !char.IsUpper(name[index - 1])) || (char.IsUpper(name[index]) && index + 1 < name.Length && char.IsLower(name[index + 1]))
        || name[index - 1] == '_' || (char.IsDigit(name[index]) && !char.IsDigit(name[index - 1]));
}
