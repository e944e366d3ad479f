using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using System.Text.Json;

namespace ArKernel.Weights;

/// <summary>A safetensors file is malformed, truncated or hostile, or lacks what was asked for.</summary>
/// <param name="message">What was wrong, and in which file.</param>
/// <param name="inner">The cause, where there is one.</param>
public sealed class SafeTensorsException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>One tensor of a safetensors file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="DType">The format's name of the element type, such as <c>F32</c>.</param>
/// <param name="Shape">Its shape; empty for a scalar.</param>
/// <param name="Begin">The offset of its first byte from the first byte after the header.</param>
/// <param name="End">The offset after its last byte.</param>
public sealed record SafeTensorsEntry(string Name, string DType, IReadOnlyList<long> Shape, long Begin, long End);

/// <summary>Parses and checks the header of a safetensors file: u64 length n (little-endian), then n bytes of JSON.</summary>
internal static class SafeTensorsHeader
{
    internal const string MetadataName = "__metadata__";
    internal const long MaximumLength = 100_000_000;
    private const int MaximumRank = 64;

    internal static readonly IReadOnlyDictionary<string, int> ElementSize = new Dictionary<string, int>(StringComparer.Ordinal)
    {
        ["F64"] = 8, ["I64"] = 8, ["F32"] = 4, ["I32"] = 4, ["F16"] = 2, ["BF16"] = 2, ["I16"] = 2,
        ["I8"] = 1, ["U8"] = 1, ["BOOL"] = 1, ["F8_E4M3"] = 1, ["F8_E5M2"] = 1,
    };

    /// <summary>The length of the header, checked against the file before anything is allocated.</summary>
    internal static int CheckLength(ReadOnlySpan<byte> first8, long fileLength, string file)
    {
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(first8);
        if (length > MaximumLength)
        {
            throw new SafeTensorsException($"'{file}': the header claims {length} bytes; more than {MaximumLength} is refused. This is hardly a safetensors file.");
        }

        if ((long)length > fileLength - 8)
        {
            throw new SafeTensorsException(
                $"'{file}': the header claims {length} bytes, but only {fileLength - 8} follow its length. The file is truncated or no safetensors file.");
        }

        return (int)length;
    }

    /// <summary>Parses the JSON and checks that the tensors tile the data exactly.</summary>
    internal static (List<SafeTensorsEntry> Entries, Dictionary<string, string> Metadata) Parse(ReadOnlySpan<byte> json, long dataLength, string file)
    {
        if (json.Length == 0 || json[0] != '{')
        {
            throw new SafeTensorsException($"'{file}': the header does not begin with '{{'. This is no safetensors file.");
        }

        var entries = new List<SafeTensorsEntry>();
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            var names = new HashSet<string>(StringComparer.Ordinal);
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 8 });
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string name = reader.GetString()!;
                if (!names.Add(name))
                {
                    throw new SafeTensorsException($"'{file}': the header names '{name}' twice.");
                }

                reader.Read();
                if (name == MetadataName)
                {
                    ReadMetadata(ref reader, metadata, file);
                }
                else
                {
                    entries.Add(ReadEntry(ref reader, name, file));
                }
            }

            while (reader.Read())
            {
                // The reader itself refuses anything but white space after the closing brace.
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException or DecoderFallbackException)
        {
            throw new SafeTensorsException($"'{file}': the header is not valid JSON of the format: {exception.Message}", exception);
        }

        CheckTiling(entries, dataLength, file);
        return (entries, metadata);
    }

    private static void ReadMetadata(ref Utf8JsonReader reader, Dictionary<string, string> metadata, string file)
    {
        Expect(reader.TokenType == JsonTokenType.StartObject, MetadataName, "is not an object", file);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            reader.Read();
            Expect(reader.TokenType == JsonTokenType.String, MetadataName, $"has a value for '{key}' that is not a string", file);
            Expect(metadata.TryAdd(key, reader.GetString()!), MetadataName, $"names '{key}' twice", file);
        }
    }

    private static SafeTensorsEntry ReadEntry(ref Utf8JsonReader reader, string name, string file)
    {
        Expect(reader.TokenType == JsonTokenType.StartObject, name, "is not described by an object", file);
        string? type = null;
        List<long>? shape = null, offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            reader.Read();
            switch (key)
            {
                case "dtype":
                    Expect(type is null && reader.TokenType == JsonTokenType.String, name, "has no single dtype string", file);
                    type = reader.GetString()!;
                    break;
                case "shape":
                    Expect(shape is null, name, "has two shapes", file);
                    shape = ReadNumbers(ref reader, name, "shape", MaximumRank, file);
                    break;
                case "data_offsets":
                    Expect(offsets is null, name, "has two data_offsets", file);
                    offsets = ReadNumbers(ref reader, name, "data_offsets", 2, file);
                    break;
                default:
                    throw new SafeTensorsException($"'{file}': tensor '{name}' has the unknown field '{key}'.");
            }
        }

        Expect(type is not null && shape is not null && offsets is not null, name, "lacks one of dtype, shape, data_offsets", file);
        Expect(ElementSize.ContainsKey(type!), name, $"has the unknown dtype '{type}'; known are {string.Join(", ", ElementSize.Keys)}", file);
        Expect(offsets!.Count == 2, name, $"has {offsets.Count} data_offsets instead of 2", file);
        return new SafeTensorsEntry(name, type!, shape!, offsets[0], offsets[1]);
    }

    private static List<long> ReadNumbers(ref Utf8JsonReader reader, string name, string what, int maximumCount, string file)
    {
        Expect(reader.TokenType == JsonTokenType.StartArray, name, $"has a {what} that is not a list", file);
        var numbers = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            long number = 0;
            Expect(
                reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out number),
                name,
                $"has a {what} with something other than an integer of 64 bits",
                file);
            Expect(number >= 0, name, $"has a negative number ({number}) in its {what}", file);
            Expect(numbers.Count < maximumCount, name, $"has a {what} of more than {maximumCount} numbers", file);
            numbers.Add(number);
        }

        return numbers;
    }

    /// <summary>Sizes agree with shapes; no overlap, no hole, nothing left over: so no byte has two meanings or none.</summary>
    private static void CheckTiling(List<SafeTensorsEntry> entries, long dataLength, string file)
    {
        foreach (SafeTensorsEntry entry in entries)
        {
            BigInteger size = entry.Shape.Aggregate(new BigInteger(ElementSize[entry.DType]), (product, length) => product * length);
            string shape = string.Join(", ", entry.Shape);
            Expect(size <= long.MaxValue, entry.Name, $"has the shape [{shape}], whose size overflows 64 bits", file);
            Expect(entry.Begin <= entry.End, entry.Name, $"has data_offsets that run backwards ({entry.Begin} to {entry.End})", file);
            Expect(
                entry.End <= dataLength,
                entry.Name,
                $"ends at byte {entry.End} of the data, but the file holds {dataLength}: it is truncated or its offsets are wrong",
                file);
            Expect(
                size == entry.End - entry.Begin,
                entry.Name,
                $"of dtype {entry.DType} and shape [{shape}] needs {size} bytes, but its data_offsets span {entry.End - entry.Begin}",
                file);
        }

        long position = 0;
        string? previous = null;
        foreach (SafeTensorsEntry entry in entries.OrderBy(entry => entry.Begin).ThenBy(entry => entry.End))
        {
            Expect(entry.Begin >= position, entry.Name, $"overlaps '{previous}' (it begins at {entry.Begin}, before {position})", file);
            Expect(entry.Begin == position, entry.Name, $"leaves a hole before it (bytes {position} to {entry.Begin} belong to no tensor)", file);
            (position, previous) = (entry.End, entry.Name);
        }

        if (position != dataLength)
        {
            throw new SafeTensorsException($"'{file}': {dataLength - position} bytes are left over after the last tensor.");
        }
    }

    private static void Expect(bool holds, string name, string problem, string file)
    {
        if (!holds)
        {
            throw new SafeTensorsException($"'{file}': tensor '{name}' {problem}.");
        }
    }
}
