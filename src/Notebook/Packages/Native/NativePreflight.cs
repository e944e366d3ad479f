using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace ArKernel.Notebooks.Packages.Native;

/// <summary>
/// Finds out why the dynamic loader would refuse, or has refused, a library of a package: what is missing, and what to do. Only on Linux, where
/// the loader's own words do not get through to the user.
/// </summary>
internal static partial class NativePreflight
{
    private static readonly Dictionary<string, string> Providers = new(StringComparer.Ordinal)
    {
        ["libgomp.so.1"] = "install libgomp1 (Debian, Ubuntu) or libgomp (Fedora)",
        ["libfontconfig.so.1"] = "install libfontconfig1 (Debian, Ubuntu) or fontconfig (Fedora), or use the package's variant without dependencies",
        ["libfreetype.so.6"] = "install libfreetype6 (Debian, Ubuntu) or freetype (Fedora)",
        ["libGL.so.1"] = "install libgl1 (Debian, Ubuntu) or mesa-libGL (Fedora)",
        ["libcuda.so.1"] = "install the NVIDIA driver",
        ["libgdiplus.so"] = "install libgdiplus",
    };

    /// <summary>A line for each library of a folder that cannot be loaded here.</summary>
    public static IEnumerable<string> Check(string? folder)
    {
        if (folder is null || !OperatingSystem.IsLinux())
        {
            return [];
        }

        LibrarySearch search = new();
        return Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).SelectMany(file => Problems(file, search));
    }

    /// <summary>Why a library was not found, in lines; none when nothing is known.</summary>
    public static IReadOnlyList<string> Explain(DllNotFoundException exception)
    {
        if (!OperatingSystem.IsLinux() || LibraryName().Match(exception.Message) is not { Success: true } match)
        {
            return [];
        }

        string name = match.Groups["name"].Value;
        string[] files = [.. NativeLibraries.FilesFor(name).Where(File.Exists)];
        if (files.Length == 0)
        {
            string platform = PackageRestorer.PortableRuntimeIdentifier;
            return Path.IsPathRooted(name) ? [] :
                [$"No package has brought a library '{name}' for {platform}. Many packages keep it in one of their own, called …NativeAssets.Linux or ….{platform}: add that with #r \"nuget: …\"."];
        }

        LibrarySearch search = new();
        HashSet<string> seen = new(StringComparer.Ordinal);
        Queue<string> pending = new(files);
        List<string> lines = [];
        while (pending.TryDequeue(out string? file))
        {
            if (seen.Add(file) && ElfLibrary.TryRead(file) is { } library)
            {
                lines.AddRange(Problems(file, search));
                library.Needed.SelectMany(NativeLibraries.FilesFor).Where(File.Exists).ToList().ForEach(pending.Enqueue);
            }
        }

        return [.. lines.Distinct(StringComparer.Ordinal)];
    }

    private static IEnumerable<string> Problems(string file, LibrarySearch search)
    {
        if (ElfLibrary.TryRead(file) is not { } library)
        {
            yield break;
        }

        string name = Path.GetFileName(file);
        ushort here = RuntimeInformation.ProcessArchitecture switch { Architecture.X64 => 62, Architecture.Arm64 => 183, _ => library.Machine };
        if (library.Machine != here)
        {
            yield return $"{name} is for another processor than this {RuntimeInformation.ProcessArchitecture} process.";
            yield break;
        }

        foreach (string need in library.Needed)
        {
            if (search.Find(need, file, library.RunPath) is not { } found)
            {
                yield return $"{name} needs {need}, which is not on this system: {Providers.GetValueOrDefault(need, "install the package of the system that provides it")}.";
                continue;
            }

            string[] wanted = [.. library.VersionNeeds.Where(v => v.Library == need).Select(v => v.Version)];
            List<string> offered = wanted.Length > 0 && found.Length > 0 ? ElfLibrary.TryRead(found)?.Versions ?? [] : [];
            string[] missing = offered.Count == 0 ? [] : [.. wanted.Except(offered, StringComparer.Ordinal)];
            if (missing.Length > 0)
            {
                string version = missing.MaxBy(SortKey, StringComparer.Ordinal)!;
                string family = version[..(version.LastIndexOf('_') + 1)];
                string? highest = offered.Where(v => v.StartsWith(family, StringComparison.Ordinal) && char.IsDigit(v[^1])).MaxBy(SortKey, StringComparer.Ordinal);
                yield return $"{name} needs {version} of {need}; {found} {(highest is null ? "has no such version" : $"goes up to {highest}")}: {Remedy(version, need)}.";
            }
        }
    }

    private static string Remedy(string version, string library) =>
        version.StartsWith("GLIBCXX_3.4.", StringComparison.Ordinal) || version.StartsWith("CXXABI_", StringComparison.Ordinal)
            ? "use a system with a newer libstdc++ (that of GCC 13 is in Debian 13 and Ubuntu 24.04), or a version of the package built for older ones"
        : version.StartsWith("GLIBC_", StringComparison.Ordinal)
            ? "use a newer release of the system, or a version of the package built for older ones"
        : $"use a newer {library}";

    /// <summary>Orders versions by their numbers.</summary>
    private static string SortKey(string version) => Number().Replace(version, n => int.TryParse(n.Value, CultureInfo.InvariantCulture, out int value) ? value.ToString("D9", CultureInfo.InvariantCulture) : n.Value);

    [GeneratedRegex("shared library '(?<name>[^']+)'", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex LibraryName();

    [GeneratedRegex("[0-9]+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Number();
}
