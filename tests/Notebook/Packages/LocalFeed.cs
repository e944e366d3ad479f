using System.IO.Compression;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;

namespace ArKernel.Notebooks.Tests.Packages;

/// <summary>A folder with packages made for a test, as <c>#i</c> can name it. The name of each is its own, and NuGet's copies go with it.</summary>
internal sealed class LocalFeed : IDisposable
{
    private readonly List<string> copies = [];
    private readonly string unique = "ArKernel.Test" + Guid.NewGuid().ToString("N")[..8];

    public string Folder { get; } = Directory.CreateTempSubdirectory("arkernel-feed-").FullName;

    public string NameOf(string package) => $"{unique}.{package}";

    public string Add(string package, string version, IReadOnlyDictionary<string, byte[]> files, params string[] dependencies)
    {
        string name = NameOf(package);
        using ZipArchive archive = ZipFile.Open(Path.Combine(Folder, $"{name}.{version}.nupkg"), ZipArchiveMode.Create);
        Write(archive, $"{name}.nuspec", System.Text.Encoding.UTF8.GetBytes($"""
            <?xml version="1.0"?>
            <package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd"><metadata>
              <id>{name}</id><version>{version}</version><authors>a test</authors><description>Made for a test.</description>
              <dependencies><group targetFramework="net10.0">{string.Concat(dependencies.Select(d => $"<dependency id=\"{NameOf(d)}\" version=\"1.0.0\" />"))}</group></dependencies>
            </metadata></package>
            """));
        foreach ((string path, byte[] content) in files)
        {
            Write(archive, path, content);
        }

        string cache = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } set ? set
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        copies.Add(Path.Combine(cache, name.ToLowerInvariant()));
        return name;
    }

    /// <summary>An assembly of C# source.</summary>
    public static byte[] Compile(string assemblyName, string code, params byte[][] references)
    {
        string[] replaced = [.. references.Length > 0 ? ["Microsoft.DotNet.Interactive.dll"] : Array.Empty<string>()];
        IEnumerable<MetadataReference> host = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(p => !replaced.Contains(Path.GetFileName(p)))
            .Select(p => MetadataReference.CreateFromFile(p));
        CSharpCompilation compilation = CSharpCompilation.Create(
            assemblyName,
            [CSharpSyntaxTree.ParseText(code)],
            host.Concat(references.Select(r => MetadataReference.CreateFromImage(r))),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        using MemoryStream image = new();
        EmitResult emitted = compilation.Emit(image);
        Assert.True(emitted.Success, string.Join('\n', emitted.Diagnostics));
        return image.ToArray();
    }

    public void Dispose()
    {
        foreach (string folder in copies.Append(Folder).Where(Directory.Exists))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Write(ZipArchive archive, string path, byte[] content)
    {
        using Stream entry = archive.CreateEntry(path).Open();
        entry.Write(content);
    }
}
