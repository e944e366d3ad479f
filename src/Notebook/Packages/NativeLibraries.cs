using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace ArKernel.Notebooks.Packages;

/// <summary>
/// Finds the native libraries of packages. Those of one restore lie in one folder together, so that a library which needs another one
/// (of another package, even) finds it beside itself.
/// </summary>
internal static class NativeLibraries
{
    private static readonly ConcurrentDictionary<string, byte> Folders = new(StringComparer.Ordinal);

    static NativeLibraries() => AssemblyLoadContext.Default.ResolvingUnmanagedDll += (_, name) => Find(name);

    /// <summary>Adds a folder to the search path; null adds nothing.</summary>
    public static void AddFolder(string? folder)
    {
        if (folder is not null)
        {
            Folders.TryAdd(folder, 0);
        }
    }

    private static nint Find(string name)
    {
        string[] candidates = OperatingSystem.IsWindows() ? [name, name + ".dll"]
            : OperatingSystem.IsMacOS() ? [name, "lib" + name + ".dylib", name + ".dylib"]
            : [name, "lib" + name + ".so", name + ".so", "lib" + name];
        foreach (string folder in Folders.Keys)
        {
            foreach (string candidate in candidates)
            {
                string path = Path.Combine(folder, candidate);
                if (File.Exists(path) && NativeLibrary.TryLoad(path, out nint handle))
                {
                    return handle;
                }
            }
        }

        return 0;
    }
}
