using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;

namespace ArKernel.Notebooks.Engine;

/// <summary>
/// Loads what does not come with the host: the assemblies compiled from cells, and those that <c>#r</c> brings. The default load context
/// asks here when it does not know a name, so that cells see the very types the host has.
/// </summary>
internal static class SubmissionAssemblies
{
    /// <summary>How the names of assemblies compiled from cells begin.</summary>
    public const string NamePrefix = "ArKernel.Cell.";

    /// <summary>How the F# compiler service names those it makes.</summary>
    public const string FSharpNamePrefix = "FSI-ASSEMBLY";

    private static readonly ConcurrentDictionary<string, Assembly> Compiled = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<string, string> Files = new(StringComparer.OrdinalIgnoreCase);

    private static int count;

    static SubmissionAssemblies() => AssemblyLoadContext.Default.Resolving += (context, name) =>
        name.Name is null ? null
        : Compiled.TryGetValue(name.Name, out Assembly? assembly) || Compiled.TryGetValue(name.FullName, out assembly) ? assembly
        : Files.TryGetValue(name.Name, out string? path) || TryFindOwn(name.Name, out path) ? context.LoadFromAssemblyPath(path)
        : null;

    /// <summary>Whether an assembly was compiled from a cell.</summary>
    public static bool Contains(Assembly assembly) =>
        assembly.GetName().Name is { } name && (name.StartsWith(NamePrefix, StringComparison.Ordinal) || name.StartsWith(FSharpNamePrefix, StringComparison.Ordinal));

    /// <summary>A name for another assembly compiled from a cell.</summary>
    public static string NextName() => string.Create(CultureInfo.InvariantCulture, $"{NamePrefix}{Interlocked.Increment(ref count)}");

    /// <summary>Loads an assembly compiled from a cell.</summary>
    public static Assembly Load(string name, Stream assembly, Stream symbols)
    {
        Assembly loaded = AssemblyLoadContext.Default.LoadFromStream(assembly, symbols);
        Compiled[name] = loaded;
        return loaded;
    }

    /// <summary>From the first use of this assembly on, so that a front, which has no engine, finds what its editor services need, too.</summary>
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255:The 'ModuleInitializer' attribute should not be used in libraries", Justification = "It adds one event handler.")]
    internal static void Install() => RuntimeHelpers.RunClassConstructor(typeof(SubmissionAssemblies).TypeHandle);

    /// <summary>What the host's own services need and a notebook may want in another version lies beside the host's assemblies, not among them.</summary>
    private static bool TryFindOwn(string name, [NotNullWhen(true)] out string? path) =>
        File.Exists(path = Path.Combine(AppContext.BaseDirectory, "services", name + ".dll"));

    /// <summary>Makes a loaded assembly known that was compiled from a cell by somebody else, who tells assemblies of one name apart by version.</summary>
    public static void Remember(Assembly assembly) => Compiled[assembly.FullName!] = assembly;

    /// <summary>Makes an assembly file known by its simple name. The first file of a name stays: a loaded assembly cannot be changed.</summary>
    /// <returns>The file in force under that name.</returns>
    public static string Register(string path) => Files.GetOrAdd(Path.GetFileNameWithoutExtension(path), path);
}
