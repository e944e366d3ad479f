using System.IO.Compression;
using System.Reflection;

namespace ArKernel.Notebooks.Documents;

/// <summary>The library that draws Mermaid diagrams in a browser, as this program carries it.</summary>
internal static class MermaidScript
{
    /// <summary>The library's version.</summary>
    public const string Version = "11.12.3";

    /// <summary>The library, compressed with gzip.</summary>
    public static byte[] Compressed()
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("page/mermaid.min.js.gz")!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>The library's source.</summary>
    public static string Source()
    {
        using StreamReader reader = new(new GZipStream(new MemoryStream(Compressed()), CompressionMode.Decompress));
        return reader.ReadToEnd();
    }
}
