using System.Text.Json.Nodes;

namespace ArKernel.Notebooks.Documents;

/// <summary>The names of cell languages, and where notebook metadata keeps them.</summary>
internal static class LanguageNames
{
    private static readonly Dictionary<string, string> Aliases = new(StringComparer.OrdinalIgnoreCase)
    {
        ["c#"] = "csharp", ["cs"] = "csharp", ["polyglot-notebook"] = "csharp", ["dotnet-interactive.csharp"] = "csharp",
        ["f#"] = "fsharp", ["fs"] = "fsharp", ["dotnet-interactive.fsharp"] = "fsharp",
        ["powershell"] = "pwsh", ["js"] = "javascript", ["md"] = "markdown",
    };

    private static readonly HashSet<string> Selectors = new(StringComparer.OrdinalIgnoreCase)
    {
        "csharp", "c#", "fsharp", "f#", "pwsh", "powershell", "javascript", "js", "html", "markdown", "md", "mermaid", "sql", "kql", "http", "value", "raw",
    };

    /// <summary>The one name of a language: <c>C#</c>, <c>.net-csharp</c> and <c>arkernel-csharp</c> are all <c>csharp</c>.</summary>
    public static string Normalise(string name)
    {
        name = name.Trim();
        foreach (string prefix in (string[])[".net-", "arkernel-"])
        {
            if (name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            {
                name = name[prefix.Length..];
            }
        }

        return Aliases.GetValueOrDefault(name) ?? name.ToLowerInvariant();
    }

    /// <summary>The language a line such as <c>#!fsharp</c> selects, or null: a magic such as <c>#!time</c> selects none.</summary>
    public static string? Selected(string line, IReadOnlySet<string>? alsoKnown = null)
    {
        line = line.TrimEnd();
        return line.StartsWith("#!", StringComparison.Ordinal) && (Selectors.Contains(line[2..]) || alsoKnown?.Contains(line[2..]) == true)
            ? Normalise(line[2..])
            : null;
    }

    /// <summary>The language of code cells that do not name one.</summary>
    public static string OfNotebook(JsonObject metadata)
    {
        string? kernel = metadata["kernelspec"].Text("name");
        bool named = kernel is not null && (kernel.StartsWith(".net-", StringComparison.Ordinal) || kernel.StartsWith("arkernel-", StringComparison.Ordinal));
        string? name = Below(metadata["polyglot_notebook"], "kernelInfo").Text("defaultKernelName")
            ?? metadata["dotnet_interactive"].Text("defaultKernelName")
            ?? (named ? kernel : null)
            ?? metadata["kernelspec"].Text("language")
            ?? Below(metadata["language_info"], "polyglot_notebook").Text("kernelName")
            ?? metadata["language_info"].Text("name");
        return string.IsNullOrWhiteSpace(name) ? "csharp" : Normalise(name);
    }

    /// <summary>The language a code cell's metadata names, or null.</summary>
    public static string? OfCell(JsonObject metadata)
    {
        string? name = metadata["polyglot_notebook"].Text("kernelName")
            ?? metadata["dotnet_interactive"].Text("language")
            ?? metadata["vscode"].Text("languageId");
        return string.IsNullOrWhiteSpace(name) ? null : Normalise(name);
    }

    public static JsonNode? Below(JsonNode? node, string key) => (node as JsonObject)?[key];
}
