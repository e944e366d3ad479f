using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace ArKernel.Notebooks.SubKernels;

/// <summary>Arrays in NumPy's <c>.npy</c> format, little-endian and in C order.</summary>
internal static partial class NumpyFile
{
    private const int Alignment = 64;
    private const int Stretch = 1 << 26; // bytes a call: an array may be larger than a span

    private static readonly Dictionary<Type, string> Names = new()
    {
        [typeof(bool)] = "|b1", [typeof(sbyte)] = "|i1", [typeof(byte)] = "|u1", [typeof(short)] = "<i2", [typeof(ushort)] = "<u2", [typeof(int)] = "<i4",
        [typeof(uint)] = "<u4", [typeof(long)] = "<i8", [typeof(ulong)] = "<u8", [typeof(Half)] = "<f2", [typeof(float)] = "<f4", [typeof(double)] = "<f8",
        [typeof(Complex)] = "<c16",
    };

    private static readonly Dictionary<string, Type> Types = Names.ToDictionary(n => n.Value, n => n.Key, StringComparer.Ordinal);

    /// <summary>What NumPy calls a type of elements; null when it has none.</summary>
    public static string? NameOf(Type type) => Names.GetValueOrDefault(type);

    /// <summary>How many bytes an element has.</summary>
    public static int SizeOf(string name) => int.Parse(name.AsSpan(2), CultureInfo.InvariantCulture);

    /// <summary>Writes what stands before the elements.</summary>
    public static void WriteHeader(Stream stream, string name, ReadOnlySpan<long> shape)
    {
        StringBuilder text = new($"{{'descr': '{name}', 'fortran_order': False, 'shape': (");
        foreach (long length in shape)
        {
            text.Append(CultureInfo.InvariantCulture, $"{length}, ");
        }

        text.Append("), }");
        const int Prefix = 10;
        int padding = (Alignment - (Prefix + text.Length + 1) % Alignment) % Alignment;
        text.Append(' ', padding).Append('\n');
        stream.Write([0x93, .. "NUMPY"u8, 1, 0, (byte)text.Length, (byte)(text.Length >> 8)]);
        stream.Write(Encoding.ASCII.GetBytes(text.ToString()));
    }

    /// <summary>Reads what stands before the elements.</summary>
    /// <exception cref="NotSupportedException">The elements are of a type that is not possible here.</exception>
    public static (string Name, long[] Shape) ReadHeader(Stream stream)
    {
        Span<byte> prefix = stackalloc byte[8];
        stream.ReadExactly(prefix);
        Span<byte> length = stackalloc byte[prefix[6] == 1 ? 2 : 4];
        stream.ReadExactly(length);
        byte[] text = new byte[length.Length == 2 ? MemoryMarshal.Read<ushort>(length) : MemoryMarshal.Read<int>(length)];
        stream.ReadExactly(text);
        Match match = Header().Match(Encoding.Latin1.GetString(text));
        if (!match.Success)
        {
            throw new NotSupportedException("The array's file is not understood; arrays in C order of numbers or truth values are.");
        }

        return (match.Groups["type"].Value, [.. match.Groups["shape"].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(n => long.Parse(n, CultureInfo.InvariantCulture))]);
    }

    /// <summary>Writes an array of any rank.</summary>
    public static void Write(Stream stream, Array array)
    {
        string name = Names[array.GetType().GetElementType()!];
        WriteHeader(stream, name, [.. Enumerable.Range(0, array.Rank).Select(array.GetLongLength)]);
        ForEachStretch(array, array.LongLength * SizeOf(name), bytes => stream.Write(bytes));
    }

    /// <summary>Reads an array: one of the rank it has, or a single value when it has none.</summary>
    public static object Read(Stream stream)
    {
        (string name, long[] shape) = ReadHeader(stream);
        Type type = Types.GetValueOrDefault(name) ?? throw new NotSupportedException($"Arrays of NumPy's type '{name}' are not possible here; convert it with astype.");
        Array array = shape.Length == 0 ? Array.CreateInstance(type, 1) : Array.CreateInstance(type, shape);
        ForEachStretch(array, array.LongLength * SizeOf(name), bytes => stream.ReadExactly(bytes));
        return shape.Length == 0 ? array.GetValue(0)! : array;
    }

    private delegate void Transfer(Span<byte> bytes);

    private static void ForEachStretch(Array array, long bytes, Transfer transfer)
    {
        for (long start = 0; start < bytes; start += Stretch)
        {
            ref byte first = ref MemoryMarshal.GetArrayDataReference(array);
            transfer(MemoryMarshal.CreateSpan(ref System.Runtime.CompilerServices.Unsafe.Add(ref first, (nint)start), (int)Math.Min(Stretch, bytes - start)));
        }
    }

    [GeneratedRegex("""'descr': '(?<type>[<|][a-z]\d+)', 'fortran_order': False, 'shape': \((?<shape>[\d, ]*)\)""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Header();
}
