using System.Globalization;
using System.Text;
using System.Text.Json;
using DuckDB.NET.Native;
using static DuckDB.NET.Native.NativeMethods;

namespace ArKernel.Notebooks.Languages.Sql;

/// <summary>Values of a vector as text: strings as they are, lists, structures and maps as JSON.</summary>
internal static unsafe class VectorText
{
    /// <summary>How values of a type are described.</summary>
    public static Func<Vector, long, string> Of(DuckDBLogicalType type)
    {
        DuckDBType id = LogicalType.DuckDBGetTypeId(type);
        switch (id)
        {
            case DuckDBType.Varchar or DuckDBType.Any:
                return (vector, row) => Encoding.UTF8.GetString(Bytes(vector, row));
            case DuckDBType.Blob:
                return (vector, row) => Convert.ToHexString(Bytes(vector, row));
            case DuckDBType.Bit:
                return (vector, row) => Bits(Bytes(vector, row));
            case DuckDBType.Enum:
                return Enumeration(type);
            case DuckDBType.List or DuckDBType.Map:
                return ListOf(type, id == DuckDBType.Map);
            case DuckDBType.Array:
                return ArrayOf(type);
            case DuckDBType.Struct:
                return StructureOf(type);
            case DuckDBType.Decimal:
                return DecimalOf(type);
        }

        return Number(id) ?? Moment(id);
    }

    private static ReadOnlySpan<byte> Bytes(Vector vector, long row)
    {
        // A length, and then up to twelve bytes in place, or four of them and a pointer to all.
        byte* text = (byte*)vector.Data + row * 16;
        int length = *(int*)text;
        return length <= 12 ? new ReadOnlySpan<byte>(text + 4, length) : new ReadOnlySpan<byte>(*(byte**)(text + 8), length);
    }

    private static string Bits(ReadOnlySpan<byte> bytes)
    {
        StringBuilder text = new();
        for (int bit = bytes.Length > 0 ? bytes[0] : 0; bit < (bytes.Length - 1) * 8; bit++)
        {
            text.Append((bytes[1 + bit / 8] >> (7 - bit % 8) & 1) == 1 ? '1' : '0');
        }

        return text.ToString();
    }

    private static Func<Vector, long, string> Enumeration(DuckDBLogicalType type)
    {
        string[] names = new string[LogicalType.DuckDBEnumDictionarySize(type)];
        for (int i = 0; i < names.Length; i++)
        {
            names[i] = LogicalType.DuckDBEnumDictionaryValue(type, i);
        }

        return LogicalType.DuckDBEnumInternalType(type) switch
        {
            DuckDBType.UnsignedTinyInt => (vector, row) => names[((byte*)vector.Data)[row]],
            DuckDBType.UnsignedSmallInt => (vector, row) => names[((ushort*)vector.Data)[row]],
            _ => (vector, row) => names[((uint*)vector.Data)[row]],
        };
    }

    private static Func<Vector, long, string> DecimalOf(DuckDBLogicalType type)
    {
        byte scale = LogicalType.DuckDBDecimalScale(type);
        Func<Vector, long, Int128> read = LogicalType.DuckDBDecimalInternalType(type) switch
        {
            DuckDBType.SmallInt => (vector, row) => ((short*)vector.Data)[row],
            DuckDBType.Integer => (vector, row) => ((int*)vector.Data)[row],
            DuckDBType.BigInt => (vector, row) => ((long*)vector.Data)[row],
            _ => (vector, row) => ((Int128*)vector.Data)[row],
        };
        return (vector, row) => VectorValues.Decimal(read(vector, row), scale).ToString(CultureInfo.InvariantCulture);
    }

    private static Func<Vector, long, string> ListOf(DuckDBLogicalType type, bool isMap)
    {
        // A map is a list of structures of key and value.
        using DuckDBLogicalType element = isMap ? LogicalType.DuckDBMapTypeValueType(type) : LogicalType.DuckDBListTypeChildType(type);
        Func<Vector, long, string> describe = Json(element);
        if (!isMap)
        {
            return (vector, row) =>
            {
                DuckDBListEntry entry = ((DuckDBListEntry*)vector.Data)[row];
                return Sequence(new Vector(Vectors.DuckDBListVectorGetChild(vector.Handle)), (long)entry.Offset, (long)entry.Length, describe);
            };
        }

        using DuckDBLogicalType key = LogicalType.DuckDBMapTypeKeyType(type);
        Func<Vector, long, string> describeKey = Of(key);
        return (vector, row) =>
        {
            DuckDBListEntry entry = ((DuckDBListEntry*)vector.Data)[row];
            nint pairs = Vectors.DuckDBListVectorGetChild(vector.Handle);
            Vector keys = new(Vectors.DuckDBStructVectorGetChild(pairs, 0));
            Vector values = new(Vectors.DuckDBStructVectorGetChild(pairs, 1));
            return "{" + string.Join(", ", Rows(entry).Select(i => $"{Quote(describeKey(keys, i))}: {(values.IsNull(i) ? "null" : describe(values, i))}")) + "}";
        };
    }

    private static Func<Vector, long, string> ArrayOf(DuckDBLogicalType type)
    {
        using DuckDBLogicalType element = LogicalType.DuckDBArrayTypeChildType(type);
        Func<Vector, long, string> describe = Json(element);
        long size = LogicalType.DuckDBArrayVectorGetSize(type);
        return (vector, row) => Sequence(new Vector(Vectors.DuckDBArrayVectorGetChild(vector.Handle)), row * size, size, describe);
    }

    private static Func<Vector, long, string> StructureOf(DuckDBLogicalType type)
    {
        List<(string Name, Func<Vector, long, string> Describe)> fields = [];
        for (long i = 0; i < LogicalType.DuckDBStructTypeChildCount(type); i++)
        {
            using DuckDBLogicalType field = LogicalType.DuckDBStructTypeChildType(type, i);
            fields.Add((LogicalType.DuckDBStructTypeChildName(type, i), Json(field)));
        }

        return (vector, row) => "{" + string.Join(", ", fields.Select((field, i) =>
        {
            Vector child = new(Vectors.DuckDBStructVectorGetChild(vector.Handle, i));
            return $"{Quote(field.Name)}: {(child.IsNull(row) ? "null" : field.Describe(child, row))}";
        })) + "}";
    }

    private static string Sequence(Vector child, long start, long length, Func<Vector, long, string> describe)
    {
        StringBuilder text = new("[");
        for (long i = start; i < start + length; i++)
        {
            text.Append(i > start ? ", " : "").Append(child.IsNull(i) ? "null" : describe(child, i));
        }

        return text.Append(']').ToString();
    }

    private static IEnumerable<long> Rows(DuckDBListEntry entry)
    {
        for (long i = 0; i < (long)entry.Length; i++)
        {
            yield return (long)entry.Offset + i;
        }
    }

    /// <summary>The description as JSON: numbers and nested values as they are, the rest quoted.</summary>
    private static Func<Vector, long, string> Json(DuckDBLogicalType type)
    {
        DuckDBType id = LogicalType.DuckDBGetTypeId(type);
        Func<Vector, long, string> describe = Of(type);
        return Number(id) is not null || id is DuckDBType.List or DuckDBType.Map or DuckDBType.Struct or DuckDBType.Array or DuckDBType.Decimal
            ? describe
            : (vector, row) => Quote(describe(vector, row));
    }

    private static Func<Vector, long, string>? Number(DuckDBType id) => id switch
    {
        DuckDBType.Boolean => (vector, row) => ((bool*)vector.Data)[row] ? "true" : "false",
        DuckDBType.TinyInt => Value<sbyte>(),
        DuckDBType.UnsignedTinyInt => Value<byte>(),
        DuckDBType.SmallInt => Value<short>(),
        DuckDBType.UnsignedSmallInt => Value<ushort>(),
        DuckDBType.Integer => Value<int>(),
        DuckDBType.UnsignedInteger => Value<uint>(),
        DuckDBType.BigInt => Value<long>(),
        DuckDBType.UnsignedBigInt => Value<ulong>(),
        DuckDBType.HugeInt => Value<Int128>(),
        DuckDBType.UnsignedHugeInt => Value<UInt128>(),
        DuckDBType.Float => Value<float>(),
        DuckDBType.Double => Value<double>(),
        _ => null,
    };

    private static Func<Vector, long, string> Value<T>()
        where T : unmanaged, IFormattable =>
        (vector, row) => ((T*)vector.Data)[row].ToString(null, CultureInfo.InvariantCulture);

    private static Func<Vector, long, string> Moment(DuckDBType id) => id switch
    {
        DuckDBType.Date => (vector, row) => VectorValues.Date(((int*)vector.Data)[row]).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        DuckDBType.Time => (vector, row) => VectorValues.Duration(((long*)vector.Data)[row]).ToString("c", CultureInfo.InvariantCulture),
        DuckDBType.Interval => (vector, row) => VectorValues.Duration(((DuckDBInterval*)vector.Data)[row]).ToString("c", CultureInfo.InvariantCulture),
        DuckDBType.Uuid => (vector, row) => VectorValues.Identifier(((UInt128*)vector.Data)[row]).ToString(),
        DuckDBType.Timestamp or DuckDBType.TimestampS or DuckDBType.TimestampMs or DuckDBType.TimestampNs => (vector, row) => VectorValues.Time(id, ((long*)vector.Data)[row]).ToString("yyyy-MM-dd HH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture),
        DuckDBType.TimestampTz => (vector, row) => VectorValues.Time(id, ((long*)vector.Data)[row]).ToString("yyyy-MM-dd HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture),
        _ => (_, _) => $"({id}: cast it to VARCHAR to see it)",
    };

    private static string Quote(string text) => JsonSerializer.Serialize(text);
}
