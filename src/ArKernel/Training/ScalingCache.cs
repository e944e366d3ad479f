using System.Text.Json;
using System.Text.Json.Serialization;

namespace ArKernel.Training;

/// <summary>
/// The finished rows of sweeps in a text file, one JSON object a line. Lines are only ever added, each at once, so a process killed at any moment
/// loses at most the row it worked on; the broken line it may leave is passed over.
/// </summary>
internal sealed class ScalingCache
{
    private static readonly JsonSerializerOptions Json = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    private readonly string? path;
    private readonly Dictionary<string, ScalingRow> rows = new(StringComparer.Ordinal);

    /// <param name="path">The file, which need not exist; null keeps rows in memory alone.</param>
    internal ScalingCache(string? path)
    {
        this.path = path;
        if (path is null || !File.Exists(path))
        {
            return;
        }

        foreach (string line in File.ReadLines(path))
        {
            if (Parse(line) is ScalingRow { Key.Length: > 0 } row)
            {
                rows[row.Key] = row;
            }
        }
    }

    internal ScalingRow? Find(string key) => rows.GetValueOrDefault(key);

    internal void Add(ScalingRow row)
    {
        rows[row.Key] = row;
        if (path is null)
        {
            return;
        }

        if (Path.GetDirectoryName(Path.GetFullPath(path)) is string folder)
        {
            Directory.CreateDirectory(folder);
        }

        using var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        bool isBroken = stream.Length > 0 && ReadLast(stream) != '\n'; // a line that a killed process left
        stream.Seek(0, SeekOrigin.End);
        byte[] line = [.. isBroken ? "\n"u8 : [], .. JsonSerializer.SerializeToUtf8Bytes(row, Json), (byte)'\n'];
        stream.Write(line);
        stream.Flush(flushToDisk: true);
    }

    private static int ReadLast(FileStream stream)
    {
        stream.Seek(-1, SeekOrigin.End);
        return stream.ReadByte();
    }

    private static ScalingRow? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<ScalingRow>(line, Json);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
