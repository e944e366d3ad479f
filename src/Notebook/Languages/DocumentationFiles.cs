using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Microsoft.CodeAnalysis;

namespace ArKernel.Notebooks.Languages;

/// <summary>
/// Finds the documentation of an assembly's members: in the XML file beside it or, for the framework, whose folder has none, in the SDK's
/// reference packs. Files are indexed when first asked (30 MB take a tenth of a second) and members read from their place in them.
/// </summary>
internal sealed class DocumentationFiles : DocumentationProvider
{
    private static readonly ConcurrentDictionary<string, DocumentationFiles> Known = new(StringComparer.Ordinal);

    private readonly string key;
    private readonly Lazy<Dictionary<ulong, (string File, long Start, int Length)>> members;

    private DocumentationFiles(string key, Func<IEnumerable<string>> files)
    {
        this.key = key;
        members = new Lazy<Dictionary<ulong, (string, long, int)>>(() => Read(files()));
    }

    /// <summary>The documentation of an assembly; no file is looked for yet.</summary>
    public static DocumentationFiles Of(string assembly)
    {
        // …/shared/Microsoft.NETCore.App/10.0.1/System.Linq.dll is documented in …/packs/Microsoft.NETCore.App.Ref/10.0.1/ref/net10.0/*.xml,
        // spread over other files than its types are over assemblies.
        string folder = Path.GetDirectoryName(assembly) ?? "";
        string? framework = Path.GetDirectoryName(folder), shared = Path.GetDirectoryName(framework), root = Path.GetDirectoryName(shared);
        return root is not null && Path.GetFileName(shared) is "shared"
            ? Known.GetOrAdd(folder, _ => new DocumentationFiles(folder, () => PackFiles(root, Path.GetFileName(framework)!)))
            : Known.GetOrAdd(assembly, path => new DocumentationFiles(path, () => [Path.ChangeExtension(path, ".xml")]));
    }

    public override bool Equals(object? obj) => obj is DocumentationFiles other && other.key == key;

    public override int GetHashCode() => key.GetHashCode(StringComparison.Ordinal);

    /// <summary>The documentation of a member as XML, empty when it has none.</summary>
    public string Find(string documentationMemberID)
    {
        if (!members.Value.TryGetValue(Hash(Encoding.UTF8.GetBytes(documentationMemberID)), out (string File, long Start, int Length) place))
        {
            return "";
        }

        try
        {
            byte[] text = new byte[place.Length];
            using FileStream file = File.OpenRead(place.File);
            file.Position = place.Start;
            file.ReadExactly(text);
            return Encoding.UTF8.GetString(text);
        }
        catch (IOException)
        {
            return ""; // removed meanwhile
        }
    }

    protected override string GetDocumentationForSymbol(string documentationMemberID, CultureInfo preferredCulture, CancellationToken cancellationToken = default) =>
        Find(documentationMemberID);

    private static IEnumerable<string> PackFiles(string root, string framework)
    {
        string pack = Path.Combine(root, "packs", framework + ".Ref");
        string target = string.Create(CultureInfo.InvariantCulture, $"net{Environment.Version.Major}.{Environment.Version.Minor}");
        return Directory.Exists(pack)
            ? Directory.EnumerateDirectories(pack).Select(version => Path.Combine(version, "ref", target)).Where(Directory.Exists)
                .OrderByDescending(f => f, StringComparer.Ordinal).Take(1).SelectMany(f => Directory.EnumerateFiles(f, "*.xml"))
            : [];
    }

    private static Dictionary<ulong, (string File, long Start, int Length)> Read(IEnumerable<string> files)
    {
        Dictionary<ulong, (string, long, int)> found = [];
        foreach (string file in files)
        {
            try
            {
                Index(file, File.ReadAllBytes(file), found);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // No documentation, which most assemblies of packages lack.
            }
        }

        return found;
    }

    private static void Index(string file, ReadOnlySpan<byte> text, Dictionary<ulong, (string File, long Start, int Length)> found)
    {
        int start = 0;
        while (text[start..].IndexOf("<member name=\""u8) is >= 0 and int offset)
        {
            start += offset;
            ReadOnlySpan<byte> member = text[start..];
            ReadOnlySpan<byte> name = member["<member name=\"".Length..];
            int quote = name.IndexOf((byte)'"'), end = member.IndexOf("</member>"u8);
            if (quote < 0 || end < 0)
            {
                return;
            }

            int length = end + "</member>".Length;
            found.TryAdd(Hash(name[..quote]), (file, start, length));
            start += length;
        }
    }

    /// <summary>FNV-1a: the names themselves would be half of the files again.</summary>
    private static ulong Hash(ReadOnlySpan<byte> name)
    {
        ulong hash = 14695981039346656037;
        foreach (byte b in name)
        {
            hash = (hash ^ b) * 1099511628211;
        }

        return hash;
    }
}
