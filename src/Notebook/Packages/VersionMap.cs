using System.Text.Json;
using ArKernel.Notebooks.Engine;

namespace ArKernel.Notebooks.Packages;

/// <summary>
/// The user's setting for packages that cannot be had as an old notebook asks for them: the file <c>arkernel.json</c> in the notebook's folder,
/// else in <c>ARKERNEL_HOME</c>, with <c>{ "packageVersions": { "TorchSharp/0.105.2": "0.107.0", "Microsoft.ML": "5.0.0" } }</c>: another
/// version for one version of a package, or for whatever version is asked for.
/// </summary>
internal static class VersionMap
{
    private const string FileName = "arkernel.json";

    /// <summary>A directive with the version the setting says; the line in which to tell the user of it, when it says one.</summary>
    /// <exception cref="CellFailedException">The file is not what it should be.</exception>
    public static PackageDirective Apply(PackageDirective asked, string homeFolder, List<string> lines)
    {
        string? path = new[] { Environment.CurrentDirectory, homeFolder }.Select(f => Path.Combine(f, FileName)).FirstOrDefault(File.Exists);
        if (path is null)
        {
            return asked;
        }

        Dictionary<string, string> versions = Read(path, asked);
        if (!versions.TryGetValue($"{asked.Name}/{asked.Version}", out string? version) && !versions.TryGetValue(asked.Name, out version))
        {
            return asked;
        }

        lines.Add($"{asked.Name} {version} is taken{(asked.Version.Length > 0 ? $" instead of {asked.Version}" : "")}, as {path} says.");
        return asked with { Version = version };
    }

    private static Dictionary<string, string> Read(string path, PackageDirective asked)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            Dictionary<string, string> versions = new(StringComparer.OrdinalIgnoreCase);
            if (document.RootElement.TryGetProperty("packageVersions", out JsonElement map))
            {
                foreach (JsonProperty entry in map.EnumerateObject())
                {
                    versions[entry.Name] = entry.Value.GetString() ?? throw new InvalidOperationException($"'{entry.Name}' has no version.");
                }
            }

            return versions;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            string message = $"{path} is no setting of package versions: {exception.Message} Write {{ \"packageVersions\": {{ \"Name/1.0.0\": \"1.2.0\" }} }}.";
            throw new CellFailedException(new CellError("PackageError", message, [], asked.Line));
        }
    }
}
