using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Runtime.Loader;

namespace ArKernel.Notebooks.Packages.Projects;

/// <summary>
/// The assemblies of projects, one set for each build. Every build's assemblies get a version number of their own, so that code compiled
/// against one build is bound to it, and several are in the process side by side.
/// </summary>
internal static class ProjectAssemblies
{
    private static readonly ConcurrentDictionary<string, byte> Paths = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<(string Name, Version Version), Build> Builds = new();
    private static int count;

    static ProjectAssemblies() => AssemblyLoadContext.Default.Resolving += (_, name) =>
        name is { Name: { } simple, Version: { } version } && Builds.TryGetValue((simple, version), out Build? build) ? build.LoadFromAssemblyName(name) : null;

    /// <summary>Whether a file is an assembly of a project: unlike one of a package, a newer one of its name replaces it.</summary>
    public static bool Contains(string path) => Paths.ContainsKey(path);

    /// <summary>Takes in what one build has made. The files are changed: they must be copies.</summary>
    public static void Add(IReadOnlyList<string> paths)
    {
        Build build = new(paths.ToDictionary(p => Path.GetFileNameWithoutExtension(p), StringComparer.OrdinalIgnoreCase));
        ushort number = checked((ushort)Interlocked.Increment(ref count));
        foreach (string path in paths)
        {
            byte[] image = File.ReadAllBytes(path);
            Builds[(Path.GetFileNameWithoutExtension(path), Stamp(image, number))] = build;
            File.WriteAllBytes(path, image);
            Paths.TryAdd(path, 0);
        }
    }

    /// <summary>Writes the number into the assembly's version, as its revision.</summary>
    private static Version Stamp(byte[] image, ushort number)
    {
        using PEReader reader = new(ImmutableArray.Create(image));
        MetadataReader metadata = reader.GetMetadataReader();
        Version version = metadata.GetAssemblyDefinition().Version;
        // ECMA-335 II.22.2: a hash algorithm of four bytes, then major, minor, build and revision of two bytes each.
        int place = reader.PEHeaders.MetadataStartOffset + metadata.GetTableMetadataOffset(TableIndex.Assembly) + 4 + 3 * sizeof(ushort);
        BitConverter.TryWriteBytes(image.AsSpan(place), number);
        return new Version(version.Major, version.Minor, version.Build, number);
    }

    /// <summary>The assemblies of one build, which see one another; all else is the notebook's.</summary>
    private sealed class Build(IReadOnlyDictionary<string, string> files) : AssemblyLoadContext("project")
    {
        protected override Assembly? Load(AssemblyName name)
        {
            if (name.Name is null || !files.TryGetValue(name.Name, out string? path))
            {
                return null;
            }

            string symbols = Path.ChangeExtension(path, ".pdb");
            using MemoryStream image = new(File.ReadAllBytes(path));
            using MemoryStream? debugging = File.Exists(symbols) ? new MemoryStream(File.ReadAllBytes(symbols)) : null;
            return LoadFromStream(image, debugging);
        }
    }
}
