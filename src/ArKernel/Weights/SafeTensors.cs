using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace ArKernel.Weights;

/// <summary>
/// A safetensors file: 8 bytes with the header's length, the header in JSON, then the tensors' bytes, little-endian. The file is mapped
/// into memory, and a tensor is read when it is asked for.
/// </summary>
public sealed class SafeTensors : IDisposable
{
    private const int CopyBytes = 1 << 20;
    private readonly string file;
    private readonly MemoryMappedFile mapping;
    private readonly long dataStart;

    private SafeTensors(string file, MemoryMappedFile mapping, long dataStart, List<SafeTensorsEntry> entries, Dictionary<string, string> metadata)
    {
        (this.file, this.mapping, this.dataStart, Metadata) = (file, mapping, dataStart, metadata);
        Entries = entries.ToDictionary(entry => entry.Name, StringComparer.Ordinal);
    }

    /// <summary>The tensors of the file by name.</summary>
    public IReadOnlyDictionary<string, SafeTensorsEntry> Entries { get; }

    /// <summary>The file's free-form notes.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens a file and checks its header; no tensor is read yet.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="SafeTensorsException">The file is malformed, truncated or hostile.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static SafeTensors Open(string path)
    {
        using FileStream stream = File.OpenRead(path);
        if (stream.Length < 8)
        {
            throw new SafeTensorsException($"'{path}': the file has {stream.Length} bytes; a safetensors file has at least 8.");
        }

        Span<byte> first8 = stackalloc byte[8];
        stream.ReadExactly(first8);
        byte[] json = new byte[SafeTensorsHeader.CheckLength(first8, stream.Length, path)];
        stream.ReadExactly(json);
        long start = 8 + json.Length;
        (List<SafeTensorsEntry> entries, Dictionary<string, string> metadata) = SafeTensorsHeader.Parse(json, stream.Length - start, path);
        var map = MemoryMappedFile.CreateFromFile(path, FileMode.Open, mapName: null, 0, MemoryMappedFileAccess.Read);
        return new SafeTensors(path, map, start, entries, metadata);
    }

    /// <summary>Reads a tensor to the CPU. The 8-bit float types, which torch's .NET binding has not, are widened to float32.</summary>
    /// <param name="name">The name of the tensor.</param>
    /// <returns>The tensor, in the shape that the file gives; the caller owns it.</returns>
    /// <exception cref="SafeTensorsException">The file has no tensor of that name.</exception>
    public Tensor Load(string name)
    {
        if (!Entries.TryGetValue(name, out SafeTensorsEntry? entry))
        {
            throw new SafeTensorsException($"'{file}' has no tensor '{name}'; it has {Entries.Count}: {string.Join(", ", Entries.Keys.Take(10))}{(Entries.Count > 10 ? ", …" : "")}.");
        }

        using IDisposable noGradient = no_grad();
        long[] shape = [.. entry.Shape];
        bool isFloat8 = entry.DType.StartsWith("F8", StringComparison.Ordinal);
        Tensor result = empty(shape, isFloat8 ? ScalarType.Byte : TypeOf(entry.DType), CPU);
        if (entry.End > entry.Begin)
        {
            using MemoryMappedViewStream view = mapping.CreateViewStream(dataStart + entry.Begin, entry.End - entry.Begin, MemoryMappedFileAccess.Read);
            result.ReadBytesFromStream(view, (int)Math.Min(CopyBytes, entry.End - entry.Begin));
        }

        if (isFloat8)
        {
            using Tensor codes = result;
            using Tensor table = tensor(Float8.Values(entry.DType));
            using Tensor index = codes.to(ScalarType.Int64);
            result = table[index];
        }

        return result;
    }

    /// <summary>Reads all tensors of a file to the CPU.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The tensors by name; the caller owns them.</returns>
    /// <exception cref="SafeTensorsException">The file is malformed, truncated or hostile.</exception>
    public static Dictionary<string, Tensor> Read(string path)
    {
        using SafeTensors opened = Open(path);
        return opened.Entries.Keys.ToDictionary(name => name, opened.Load, StringComparer.Ordinal);
    }

    /// <summary>Writes a file: to a temporary one beside it first, which then takes its name, so that a reader never sees half a file.</summary>
    /// <param name="path">The file; it is replaced when it exists.</param>
    /// <param name="tensors">The tensors by name, on any device.</param>
    /// <param name="metadata">Free-form notes, or null.</param>
    /// <exception cref="SafeTensorsException">A tensor's dtype has no name in the format, or a name is reserved.</exception>
    public static void Write(string path, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        if (tensors.ContainsKey(SafeTensorsHeader.MetadataName))
        {
            throw new SafeTensorsException($"A tensor cannot be named '{SafeTensorsHeader.MetadataName}': the format uses the name for its notes.");
        }

        // Wide elements first, so that every tensor is aligned to its own element size.
        List<(string Name, Tensor Tensor, string DType)> sorted =
        [
            .. tensors.Select(pair => (pair.Key, pair.Value, NameOf(pair.Value.dtype, pair.Key)))
                .OrderByDescending(entry => SafeTensorsHeader.ElementSize[entry.Item3])
                .ThenBy(entry => entry.Key, StringComparer.Ordinal),
        ];
        byte[] header = Header(sorted, metadata);
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (FileStream stream = File.Create(temporary))
            {
                Span<byte> length = stackalloc byte[8];
                BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
                stream.Write(length);
                stream.Write(header);
                foreach ((string _, Tensor tensor, string _) in sorted)
                {
                    WriteData(stream, tensor);
                }

                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => mapping.Dispose();

    private static byte[] Header(List<(string Name, Tensor Tensor, string DType)> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            if (metadata is not null)
            {
                writer.WriteStartObject(SafeTensorsHeader.MetadataName);
                foreach ((string key, string value) in metadata)
                {
                    writer.WriteString(key, value);
                }

                writer.WriteEndObject();
            }

            long offset = 0;
            foreach ((string name, Tensor tensor, string type) in tensors)
            {
                long end = checked(offset + tensor.numel() * SafeTensorsHeader.ElementSize[type]);
                writer.WriteStartObject(name);
                writer.WriteString("dtype", type);
                writer.WriteStartArray("shape");
                foreach (long size in tensor.shape)
                {
                    writer.WriteNumberValue(size);
                }

                writer.WriteEndArray();
                writer.WriteStartArray("data_offsets");
                writer.WriteNumberValue(offset);
                writer.WriteNumberValue(end);
                writer.WriteEndArray();
                writer.WriteEndObject();
                offset = end;
            }

            writer.WriteEndObject();
        }

        while (buffer.Length % 8 != 0)
        {
            buffer.WriteByte((byte)' ');
        }

        return buffer.Length <= SafeTensorsHeader.MaximumLength
            ? buffer.ToArray()
            : throw new SafeTensorsException($"The header would have {buffer.Length} bytes; no reader accepts more than {SafeTensorsHeader.MaximumLength}. Write several files.");
    }

    private static void WriteData(FileStream stream, Tensor tensor)
    {
        long bytes = tensor.numel() * tensor.ElementSize;
        if (bytes == 0)
        {
            return;
        }

        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        tensor.detach().cpu().contiguous().WriteBytesToStream(stream, (int)Math.Min(CopyBytes, bytes));
    }

    private static ScalarType TypeOf(string name) => name switch
    {
        "F64" => ScalarType.Float64,
        "F32" => ScalarType.Float32,
        "F16" => ScalarType.Float16,
        "BF16" => ScalarType.BFloat16,
        "I64" => ScalarType.Int64,
        "I32" => ScalarType.Int32,
        "I16" => ScalarType.Int16,
        "I8" => ScalarType.Int8,
        "U8" => ScalarType.Byte,
        _ => ScalarType.Bool,
    };

    private static string NameOf(ScalarType type, string tensor) => type switch
    {
        ScalarType.Float64 => "F64",
        ScalarType.Float32 => "F32",
        ScalarType.Float16 => "F16",
        ScalarType.BFloat16 => "BF16",
        ScalarType.Int64 => "I64",
        ScalarType.Int32 => "I32",
        ScalarType.Int16 => "I16",
        ScalarType.Int8 => "I8",
        ScalarType.Byte => "U8",
        ScalarType.Bool => "BOOL",
        _ => throw new SafeTensorsException($"Tensor '{tensor}' has the dtype {type}, which safetensors cannot hold."),
    };
}
