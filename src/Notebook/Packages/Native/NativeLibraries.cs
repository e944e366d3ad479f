using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace ArKernel.Notebooks.Packages.Native;

/// <summary>
/// Finds the native libraries of packages. Those of one restore lie in one folder together, so that a library which needs another one
/// (of another package, even) finds it beside itself.
/// </summary>
internal static class NativeLibraries
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, nint> Loaded = new(StringComparer.Ordinal);
    private static string[] folders = [];

    static NativeLibraries() => AssemblyLoadContext.Default.ResolvingUnmanagedDll += (_, name) => Find(name);

    /// <summary>Adds a folder to the search path, before those added earlier; null adds nothing.</summary>
    public static void AddFolder(string? folder)
    {
        lock (Gate)
        {
            folders = folder is null || folders.Contains(folder, StringComparer.Ordinal) ? folders : [folder, .. folders];
        }
    }

    /// <summary>The files that a name may mean, in the order they are looked for, whether they exist or not; those of the host come last.</summary>
    public static IEnumerable<string> FilesFor(string name)
    {
        string[] candidates = OperatingSystem.IsWindows() ? [name, name + ".dll"]
            : OperatingSystem.IsMacOS() ? [name, "lib" + name + ".dylib", name + ".dylib"]
            : [name, "lib" + name + ".so", name + ".so", "lib" + name];
        string host = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "";
        return folders.Concat(host.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
            .SelectMany(folder => candidates.Select(c => Path.Combine(folder, c)));
    }

    /// <summary>Asked for every function anew: what a name has meant once it means until the end, or there would be two copies of a library.</summary>
    private static nint Find(string name)
    {
        lock (Gate)
        {
            if (Loaded.TryGetValue(name, out nint known))
            {
                return known;
            }

            foreach (string path in FilesFor(name).Where(File.Exists))
            {
                if (TryLoad(path, []) is var handle and not 0)
                {
                    return Loaded[name] = handle;
                }
            }
        }

        return 0;
    }

    /// <summary>Loads a library; when that fails, after those it needs of its own folder, which the loader may not have looked for there.</summary>
    private static nint TryLoad(string path, HashSet<string> seen)
    {
        if (NativeLibrary.TryLoad(path, out nint handle) || !seen.Add(path))
        {
            return handle;
        }

        string folder = Path.GetDirectoryName(path)!;
        string[] beside = [.. (ElfLibrary.TryRead(path)?.Needed ?? []).Select(n => Path.Combine(folder, n)).Where(File.Exists)];
        return beside.Length > 0 && beside.All(p => TryLoad(p, seen) != 0) && NativeLibrary.TryLoad(path, out handle) ? handle : 0;
    }
}
