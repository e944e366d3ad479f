namespace ArKernel.Notebooks.Packages;

/// <summary>The little that must be known of version texts; NuGet itself decides the rest.</summary>
internal static class PackageVersions
{
    /// <summary>Whether a text names one version: no range, nothing floating.</summary>
    public static bool IsExact(string version) => version.Length > 0 && version.IndexOfAny(['*', '[', ']', '(', ')', ',']) < 0;

    /// <summary>Whether two texts name the same version: <c>1.0</c> and <c>1.0.0</c> do.</summary>
    public static bool AreSame(string a, string b) => Compare(a, b) == 0;

    /// <summary>Orders two versions; a pre-release stands before its release.</summary>
    public static int Compare(string a, string b)
    {
        (int[] numbersA, string labelA) = Parse(a);
        (int[] numbersB, string labelB) = Parse(b);
        int order = numbersA.AsSpan().SequenceCompareTo(numbersB);
        return order != 0 ? order
            : (labelA.Length == 0, labelB.Length == 0) switch
            {
                (true, true) => 0,
                (true, false) => 1,
                (false, true) => -1,
                _ => string.Compare(labelA, labelB, StringComparison.OrdinalIgnoreCase),
            };
    }

    private static (int[] Numbers, string Label) Parse(string version)
    {
        string core = version.Split('+')[0];
        string[] halves = core.Split('-', 2);
        int[] numbers = new int[4];
        string[] parts = halves[0].Split('.');
        for (int i = 0; i < Math.Min(4, parts.Length); i++)
        {
            _ = int.TryParse(parts[i], out numbers[i]);
        }

        return (numbers, halves.Length > 1 ? halves[1] : "");
    }
}
