using DuckDB.NET.Native;
using Microsoft.Data.Analysis;
using static DuckDB.NET.Native.NativeMethods;

namespace ArKernel.Notebooks.Languages.Sql;

/// <summary>A column of a result on its way into a frame.</summary>
internal abstract class ResultColumn
{
    /// <summary>Takes over the values of a vector.</summary>
    public abstract void Read(Vector vector, int start, int count);

    /// <summary>The column, when all values are there.</summary>
    public abstract DataFrameColumn Finish();

    public static ResultColumn Create(string name, DuckDBLogicalType type, int rows) => LogicalType.DuckDBGetTypeId(type) switch
    {
        DuckDBType.Boolean => new BufferColumn(name, typeof(bool), 1, rows),
        DuckDBType.TinyInt => new BufferColumn(name, typeof(sbyte), 1, rows),
        DuckDBType.UnsignedTinyInt => new BufferColumn(name, typeof(byte), 1, rows),
        DuckDBType.SmallInt => new BufferColumn(name, typeof(short), 2, rows),
        DuckDBType.UnsignedSmallInt => new BufferColumn(name, typeof(ushort), 2, rows),
        DuckDBType.Integer => new BufferColumn(name, typeof(int), 4, rows),
        DuckDBType.UnsignedInteger => new BufferColumn(name, typeof(uint), 4, rows),
        DuckDBType.BigInt => new BufferColumn(name, typeof(long), 8, rows),
        DuckDBType.UnsignedBigInt => new BufferColumn(name, typeof(ulong), 8, rows),
        DuckDBType.Float => new BufferColumn(name, typeof(float), 4, rows),
        DuckDBType.Double => new BufferColumn(name, typeof(double), 8, rows),
        DuckDBType.Timestamp or DuckDBType.TimestampS or DuckDBType.TimestampMs or DuckDBType.TimestampNs => Times(name, LogicalType.DuckDBGetTypeId(type), rows),
        DuckDBType.TimestampTz => new ConvertedColumn<long, DateTimeOffset>(
            new PrimitiveDataFrameColumn<DateTimeOffset>(name, rows), v => new DateTimeOffset(VectorValues.Time(DuckDBType.TimestampTz, v), TimeSpan.Zero)),
        DuckDBType.Date => new ConvertedColumn<int, DateTime>(new DateTimeDataFrameColumn(name, rows), VectorValues.Date),
        DuckDBType.Time => new ConvertedColumn<long, TimeSpan>(new PrimitiveDataFrameColumn<TimeSpan>(name, rows), VectorValues.Duration),
        DuckDBType.Uuid => new ConvertedColumn<UInt128, Guid>(new PrimitiveDataFrameColumn<Guid>(name, rows), VectorValues.Identifier),
        DuckDBType.HugeInt => new HugeColumn<Int128>(name, rows, v => v),
        DuckDBType.UnsignedHugeInt => new HugeColumn<UInt128>(name, rows, v => v > (UInt128)Int128.MaxValue ? Int128.MaxValue : (Int128)v),
        DuckDBType.Interval => new ConvertedColumn<DuckDBInterval, TimeSpan>(new PrimitiveDataFrameColumn<TimeSpan>(name, rows), VectorValues.Duration),
        DuckDBType.Decimal => Decimals(name, type, rows),
        _ => new DescribedColumn(name, VectorText.Of(type), rows),
    };

    private static ConvertedColumn<long, DateTime> Times(string name, DuckDBType type, int rows) =>
        new(new DateTimeDataFrameColumn(name, rows), v => VectorValues.Time(type, v));

    private static ResultColumn Decimals(string name, DuckDBLogicalType type, int rows)
    {
        byte scale = LogicalType.DuckDBDecimalScale(type);
        DecimalDataFrameColumn column = new(name, rows);
        return LogicalType.DuckDBDecimalInternalType(type) switch
        {
            DuckDBType.SmallInt => new ConvertedColumn<short, decimal>(column, v => VectorValues.Decimal(v, scale)),
            DuckDBType.Integer => new ConvertedColumn<int, decimal>(column, v => VectorValues.Decimal(v, scale)),
            DuckDBType.BigInt => new ConvertedColumn<long, decimal>(column, v => VectorValues.Decimal(v, scale)),
            _ => new ConvertedColumn<Int128, decimal>(column, v => VectorValues.Decimal(v, scale)),
        };
    }
}

/// <summary>Values that a frame has in the very layout of the vector.</summary>
internal sealed unsafe class BufferColumn(string name, Type type, int size, int rows) : ResultColumn
{
    private readonly byte[] values = new byte[(long)rows * size];
    private readonly byte[] present = Present(rows);
    private int absent;

    public override void Read(Vector vector, int start, int count)
    {
        new ReadOnlySpan<byte>(vector.Data, count * size).CopyTo(values.AsSpan(start * size));
        for (int i = 0; vector.HasNulls && i < count; i++)
        {
            if (vector.IsNull(i))
            {
                int row = start + i;
                present[row >> 3] &= (byte)~(1 << (row & 7));
                values.AsSpan(row * size, size).Clear();
                absent++;
            }
        }
    }

    public override DataFrameColumn Finish() => FrameColumns.Wrap(name, type, values, present, rows, absent);

    private static byte[] Present(int rows)
    {
        byte[] bits = new byte[(rows + 7) / 8];
        bits.AsSpan().Fill(0xFF);
        return bits;
    }
}

/// <summary>Values that are converted one by one.</summary>
internal sealed unsafe class ConvertedColumn<TRaw, T>(PrimitiveDataFrameColumn<T> column, Func<TRaw, T> convert) : ResultColumn
    where TRaw : unmanaged
    where T : unmanaged
{
    public override void Read(Vector vector, int start, int count)
    {
        TRaw* raw = (TRaw*)vector.Data;
        for (int i = 0; i < count; i++)
        {
            if (!vector.IsNull(i))
            {
                column[start + i] = convert(raw[i]);
            }
        }
    }

    public override DataFrameColumn Finish() => column;
}

/// <summary>Integers of 128 bits, which is what a sum of integers is: nearly always they fit into 64.</summary>
internal sealed unsafe class HugeColumn<TRaw>(string name, int rows, Func<TRaw, Int128> widen) : ResultColumn
    where TRaw : unmanaged
{
    private readonly Int128?[] values = new Int128?[rows];

    public override void Read(Vector vector, int start, int count)
    {
        for (int i = 0; i < count; i++)
        {
            values[start + i] = vector.IsNull(i) ? null : widen(((TRaw*)vector.Data)[i]);
        }
    }

    public override DataFrameColumn Finish() => Array.TrueForAll(values, v => v is null || (v >= long.MinValue && v <= long.MaxValue))
        ? new Int64DataFrameColumn(name, values.Select(v => (long?)v))
        : new DoubleDataFrameColumn(name, values.Select(v => (double?)v));
}

/// <summary>Text, and what a frame has no type for, as text.</summary>
internal sealed class DescribedColumn(string name, Func<Vector, long, string> describe, int rows) : ResultColumn
{
    private readonly StringDataFrameColumn column = new(name, rows);

    public override void Read(Vector vector, int start, int count)
    {
        for (int i = 0; i < count; i++)
        {
            if (!vector.IsNull(i))
            {
                column[start + i] = describe(vector, i);
            }
        }
    }

    public override DataFrameColumn Finish() => column;
}
