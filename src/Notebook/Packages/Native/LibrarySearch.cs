using System.Runtime.InteropServices;

namespace ArKernel.Notebooks.Packages.Native;

/// <summary>Looks for libraries where the dynamic loader of Linux does.</summary>
internal sealed class LibrarySearch
{
    private readonly Dictionary<string, string?> ofSystem = new(StringComparer.Ordinal);
    private readonly Lazy<IReadOnlyList<string>> systemFolders = new(() => [.. SystemFolders().Where(Directory.Exists).Distinct(StringComparer.Ordinal)]);

    /// <summary>The file of a library that another one needs; empty when it can be had but not said from where; null when it cannot.</summary>
    public string? Find(string name, string neededBy, string runPath)
    {
        string own = Path.GetDirectoryName(Path.GetFullPath(neededBy))!;
        IEnumerable<string> near = runPath.Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(p => p.Replace("$ORIGIN", own, StringComparison.Ordinal).Replace("${ORIGIN}", own, StringComparison.Ordinal))
            .Prepend(own); // what lies beside a library is loaded before it where its run path does not say so
        if (near.Select(f => Path.Combine(f, name)).FirstOrDefault(File.Exists) is { } file)
        {
            return file;
        }

        if (!ofSystem.TryGetValue(name, out string? found))
        {
            found = systemFolders.Value.Select(f => Path.Combine(f, name)).FirstOrDefault(File.Exists);
            found ??= NativeLibrary.TryLoad(name, out _) ? "" : null; // the loader has the last word
            ofSystem[name] = found;
        }

        return found;
    }

    private static IEnumerable<string> SystemFolders()
    {
        foreach (string folder in (Environment.GetEnvironmentVariable("LD_LIBRARY_PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries))
        {
            yield return folder;
        }

        string[] settings = Directory.Exists("/etc/ld.so.conf.d") ? [.. Directory.EnumerateFiles("/etc/ld.so.conf.d", "*.conf").Order(StringComparer.Ordinal)] : [];
        foreach (string line in settings.Append("/etc/ld.so.conf").Where(File.Exists).SelectMany(File.ReadLines).Select(l => l.Trim()).Where(l => l.StartsWith('/')))
        {
            yield return line;
        }

        yield return "/lib64";
        yield return "/usr/lib64";
        yield return "/lib";
        yield return "/usr/lib";
    }
}
