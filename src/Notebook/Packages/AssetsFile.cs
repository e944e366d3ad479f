using System.Text.Json;

namespace ArKernel.Notebooks.Packages;

/// <summary>A package as restored for this platform.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">Its version.</param>
/// <param name="Dependencies">What it depends on: version ranges by name.</param>
/// <param name="CompileAssemblies">The assembly files to compile against.</param>
/// <param name="RuntimeAssemblies">The assembly files to load.</param>
/// <param name="Folder">The folder with its files.</param>
/// <param name="ContentHash">The SHA-512 of its content, in base 64, as NuGet has it.</param>
internal sealed record RestoredPackage(
    string Name,
    string Version,
    IReadOnlyDictionary<string, string> Dependencies,
    IReadOnlyList<string> CompileAssemblies,
    IReadOnlyList<string> RuntimeAssemblies,
    string Folder,
    string ContentHash);

/// <summary>The outcome of a restore.</summary>
/// <param name="Packages">The packages, those that came in transitively too, without those of the host.</param>
/// <param name="NativeFolder">The folder with all their native libraries, or null when there are none.</param>
internal sealed record RestoredPackages(IReadOnlyList<RestoredPackage> Packages, string? NativeFolder)
{
    public static RestoredPackages None { get; } = new([], null);

    /// <summary>Whether a package asked for is among them.</summary>
    public bool Has(PackageDirective asked) => Packages.Any(p => string.Equals(p.Name, asked.Name, StringComparison.OrdinalIgnoreCase));
}

/// <summary>Reads the file in which NuGet writes what it resolved, <c>project.assets.json</c>.</summary>
internal static class AssetsFile
{
    /// <summary>The packages of a restore, or null when files it names are gone.</summary>
    public static RestoredPackages? Read(string path, string nativeFolder)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        JsonElement root = document.RootElement;
        string[] folders = [.. root.GetProperty("packageFolders").EnumerateObject().Select(f => f.Name)];
        JsonElement target = root.GetProperty("targets").EnumerateObject().Last().Value; // the one for the runtime identifier comes after the portable one
        List<RestoredPackage> packages = [];
        List<string> natives = [];
        foreach (JsonProperty library in target.EnumerateObject())
        {
            string[] identity = library.Name.Split('/');
            if (!library.Value.GetProperty("type").ValueEquals("package") || HostPackages.Has(identity[0]))
            {
                continue;
            }

            JsonElement entry = root.GetProperty("libraries").GetProperty(library.Name);
            string relative = entry.GetProperty("path").GetString()!;
            if (folders.Select(f => Path.Combine(f, relative)).FirstOrDefault(Directory.Exists) is not { } folder)
            {
                return null;
            }

            packages.Add(new RestoredPackage(
                identity[0],
                identity[1],
                library.Value.TryGetProperty("dependencies", out JsonElement dependencies)
                    ? dependencies.EnumerateObject().ToDictionary(d => d.Name, d => d.Value.GetString()!, StringComparer.OrdinalIgnoreCase)
                    : [],
                Files(library.Value, "compile", folder),
                Files(library.Value, "runtime", folder),
                folder,
                entry.TryGetProperty("sha512", out JsonElement hash) ? hash.GetString()! : ""));
            natives.AddRange(Files(library.Value, "native", folder));
        }

        if (packages.SelectMany(p => p.RuntimeAssemblies).Concat(natives).Any(f => !File.Exists(f)))
        {
            return null;
        }

        Gather(natives, nativeFolder);
        return new RestoredPackages(packages, natives.Count > 0 ? nativeFolder : null);
    }

    private static string[] Files(JsonElement library, string kind, string folder) =>
        library.TryGetProperty(kind, out JsonElement files)
            ? [.. files.EnumerateObject().Select(f => f.Name).Where(f => !f.EndsWith("/_._", StringComparison.Ordinal)).Select(f => Path.GetFullPath(Path.Combine(folder, f)))]
            : [];

    /// <summary>Links the native libraries into one folder.</summary>
    private static void Gather(List<string> natives, string folder)
    {
        foreach (string file in natives)
        {
            string link = Path.Combine(folder, Path.GetFileName(file));
            if (!File.Exists(link))
            {
                Directory.CreateDirectory(folder);
                try
                {
                    File.CreateSymbolicLink(link, file);
                }
                catch (IOException) when (OperatingSystem.IsWindows())
                {
                    File.Copy(file, link, overwrite: true); // links need a privilege there
                }
            }
        }
    }
}
