using System.IO.MemoryMappedFiles;
using System.Reflection;
using System.Reflection.Metadata;
using ArKernel.Notebooks.Packages.Projects;
using Microsoft.CodeAnalysis;

namespace ArKernel.Notebooks.Languages;

/// <summary>
/// The assemblies that cells see: those the host trusts (the framework and the host's own), and those added since. Files are mapped, not
/// read, so that the hundreds of assemblies of which a cell uses five cost neither time nor memory.
/// </summary>
internal sealed class AssemblyReferences
{
    private static readonly Lazy<IReadOnlyDictionary<string, MetadataReference>> Host = new(ReadHost);

    private readonly HashSet<string> names = new(Host.Value.Keys, StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, (string Path, ReplaceableReference Reference)> projects = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<MetadataReference> references = [.. Host.Value.Values];

    /// <summary>How many references there are.</summary>
    public int Count => references.Count;

    /// <summary>The references without the first ones.</summary>
    public IReadOnlyList<MetadataReference> From(int start) => references[start..];

    /// <summary>Whether the host has an assembly of this simple name.</summary>
    public static bool IsOfHost(string simpleName) => Host.Value.ContainsKey(simpleName);

    /// <summary>The files of the framework and of the host's libraries.</summary>
    public static IEnumerable<string> HostFiles => Host.Value.Values.OfType<PortableExecutableReference>().Select(r => r.FilePath).OfType<string>();

    /// <summary>Adds a loaded assembly that has no file.</summary>
    public unsafe void Add(Assembly assembly)
    {
        if (assembly.GetName().Name is { } name && assembly.TryGetRawMetadata(out byte* blob, out int length) && names.Add(name))
        {
            references.Add(AssemblyMetadata.Create(ModuleMetadata.CreateFromMetadata((nint)blob, length)).GetReference());
        }
    }

    /// <summary>Adds assembly files. A name that is there already stays as it is, except that a new build of a project replaces the one before.</summary>
    public void Add(IEnumerable<string> paths)
    {
        foreach (string path in paths)
        {
            string name = Path.GetFileNameWithoutExtension(path);
            bool isProject = ProjectAssemblies.Contains(path);
            if (isProject && projects.TryGetValue(name, out (string Path, ReplaceableReference Reference) before))
            {
                if (!string.Equals(before.Path, path, StringComparison.Ordinal))
                {
                    before.Reference.Replace(Read(path));
                    projects[name] = (path, before.Reference);
                }
            }
            else if (names.Add(name))
            {
                ReplaceableReference reference = new(Read(path), path);
                references.Add(reference);
                if (isProject)
                {
                    projects.Add(name, (path, reference));
                }
            }
        }
    }

    // Read, not mapped: a mapped file could not be rebuilt.
    private static AssemblyMetadata Read(string path) => AssemblyMetadata.CreateFromImage(File.ReadAllBytes(path));

    /// <summary>Adds what a cell brings.</summary>
    public void Add(IEnumerable<MetadataReference> added) => references.AddRange(added);

    private static Dictionary<string, MetadataReference> ReadHost()
    {
        Dictionary<string, MetadataReference> found = new(StringComparer.OrdinalIgnoreCase);
        string trusted = AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") as string ?? "";
        foreach (string path in trusted.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
        {
            string name = Path.GetFileNameWithoutExtension(path);
            if (!found.ContainsKey(name) && Map(path) is { } reference)
            {
                found.Add(name, reference);
            }
        }

        return found;
    }

    private static unsafe PortableExecutableReference? Map(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 1);
        int length = checked((int)file.Length);
        using MemoryMappedFile map = MemoryMappedFile.CreateFromFile(file, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        MemoryMappedViewAccessor view = map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read); // stays mapped as long as the process
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        return AssemblyMetadata.Create(ModuleMetadata.CreateFromImage((nint)start, length)).GetReference(DocumentationFiles.Of(path), filePath: path);
    }
}
