using System.Globalization;
using System.Text;

namespace ArKernel.Notebooks.Debugging;

/// <summary>
/// Gives cells file names. Jupyter's front ends compute the name of a cell from its text by themselves (MurmurHash2 of the UTF-8 bytes between a
/// prefix and a suffix), so that breakpoints can be set before the cell has ever run.
/// </summary>
internal sealed class DebugSources : IDisposable
{
    public const string HashMethod = "Murmur2";
    public const uint HashSeed = 0xc70f6907;
    public const string Suffix = ".csx";

    private readonly Dictionary<string, string> sources = new(StringComparer.Ordinal);
    private readonly string folder = Path.Combine(Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"arkernel-cells-{Environment.ProcessId}"));

    public string Prefix => folder + Path.DirectorySeparatorChar;

    /// <summary>The name of a cell of this text.</summary>
    public string PathOf(string code) => Prefix + Murmur2(Encoding.UTF8.GetBytes(code), HashSeed).ToString(CultureInfo.InvariantCulture) + Suffix;

    /// <summary>Keeps the text, also as a file, for front ends that open it in an editor.</summary>
    /// <returns>Its name.</returns>
    public string Write(string code)
    {
        string path = PathOf(code);
        lock (sources)
        {
            sources[path] = code;
        }

        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        File.WriteAllText(path, code);
        return path;
    }

    /// <summary>The text of a cell, or null when the name is unknown.</summary>
    public string? Read(string path)
    {
        lock (sources)
        {
            return sources.GetValueOrDefault(path);
        }
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It was never made, or lies in the temporary folder until that is emptied.
        }
    }

    /// <summary>Austin Appleby's MurmurHash2, 32 bits.</summary>
    internal static uint Murmur2(ReadOnlySpan<byte> data, uint seed)
    {
        const uint Multiplier = 0x5bd1e995;
        uint hash = seed ^ (uint)data.Length;
        while (data.Length >= 4)
        {
            uint block = System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(data) * Multiplier;
            block = (block ^ (block >> 24)) * Multiplier;
            hash = (hash * Multiplier) ^ block;
            data = data[4..];
        }

        if (data.Length > 0)
        {
            uint rest = 0;
            for (int i = data.Length - 1; i >= 0; i--)
            {
                rest = (rest << 8) | data[i];
            }

            hash = (hash ^ rest) * Multiplier;
        }

        hash = (hash ^ (hash >> 13)) * Multiplier;
        return hash ^ (hash >> 15);
    }
}
