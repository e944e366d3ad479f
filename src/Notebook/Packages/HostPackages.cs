using System.Text.Json;

namespace ArKernel.Notebooks.Packages;

/// <summary>
/// The packages the host itself is made of, from its <c>.deps.json</c>. Cells get the host's copy of them: two copies of one type are two
/// types, and a value of one does not fit the other.
/// </summary>
internal static class HostPackages
{
    private static readonly Lazy<IReadOnlyDictionary<string, string>> Versions = new(Read);

    /// <summary>Whether the host carries a package that is asked for; says so, with the version when it is another one.</summary>
    public static bool Has(PackageDirective asked, List<string> lines)
    {
        if (!Versions.Value.TryGetValue(asked.Name, out string? version))
        {
            return false;
        }

        lines.Add(PackageVersions.IsExact(asked.Version) && !PackageVersions.AreSame(asked.Version, version)
            ? $"{asked.Name} {version}, which this program carries, is used instead of {asked.Version}."
            : $"{asked.Name} {version} is there already.");
        return true;
    }

    /// <summary>Whether the host carries a package.</summary>
    public static bool Has(string name) => Versions.Value.ContainsKey(name);

    /// <summary>A line for each dependency of a package that wants a newer version than the host has.</summary>
    public static IEnumerable<string> Shortfalls(RestoredPackage package) =>
        from dependency in package.Dependencies
        where Versions.Value.TryGetValue(dependency.Key, out string? version)
            && PackageVersions.Compare(dependency.Value.Trim('[', ']', '(', ')', ' ').Split(',')[0], version) > 0
        select $"{package.Name} {package.Version} wants {dependency.Key} {dependency.Value}; this program carries {Versions.Value[dependency.Key]}, which is used.";

    /// <summary>The version of a package that the host carries, or null.</summary>
    public static string? VersionOf(string name) => Versions.Value.GetValueOrDefault(name);

    private static Dictionary<string, string> Read()
    {
        Dictionary<string, string> found = new(StringComparer.OrdinalIgnoreCase);
        string files = AppContext.GetData("APP_CONTEXT_DEPS_FILES") as string ?? "";
        foreach (string path in files.Split([';', Path.PathSeparator], StringSplitOptions.RemoveEmptyEntries).Where(File.Exists))
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            if (document.RootElement.TryGetProperty("targets", out JsonElement targets))
            {
                foreach (JsonProperty library in targets.EnumerateObject().SelectMany(t => t.Value.EnumerateObject()))
                {
                    AddPackage(library, found);
                }
            }
        }

        // Packages the host carries under other names, such as the bundle of one that it has: 'asked=carried'.
        string aliases = AppContext.GetData("ArKernel.CarriedPackages") as string ?? "";
        foreach (string[] names in aliases.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(a => a.Split('=')))
        {
            if (names is [string asked, string carried] && found.TryGetValue(carried, out string? version))
            {
                found.TryAdd(asked, version);
            }
        }

        return found;
    }

    /// <summary>A library of the host is a package it carries when the host has its files, and not only its name.</summary>
    private static void AddPackage(JsonProperty library, Dictionary<string, string> found)
    {
        bool hasFiles = library.Value.TryGetProperty("runtime", out _) || library.Value.TryGetProperty("native", out _) || library.Value.TryGetProperty("runtimeTargets", out _);
        if (hasFiles && library.Name.Split('/') is [string name, string version])
        {
            found[name] = version;
        }
    }
}
