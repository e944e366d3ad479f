using System.Text;
using static DuckDB.NET.Native.NativeMethods;

namespace ArKernel.Notebooks.Languages.Sql;

/// <summary>Values of a fixed size, which stand in the vector one after the other.</summary>
internal sealed unsafe class FixedColumn<T, TStored>(string name, string type, Cell<T> cell, Func<T, TStored> encode) : TableColumn(name, type)
    where TStored : unmanaged
{
    public override void Write(nint vector, int start, int count)
    {
        TStored* data = (TStored*)Vectors.DuckDBVectorGetData(vector);
        Validity validity = new(vector);
        for (int i = 0; i < count; i++)
        {
            if (cell(start + i, out T value))
            {
                data[i] = encode(value);
            }
            else
            {
                validity.SetNull(i);
            }
        }
    }
}

/// <summary>Text, which DuckDB copies into a heap of its own.</summary>
internal sealed unsafe class TextColumn<T>(string name, Cell<T> cell, Func<T, string> encode) : TableColumn(name, "VARCHAR")
{
    private byte[] buffer = new byte[256];

    public override void Write(nint vector, int start, int count)
    {
        Validity validity = new(vector);
        for (int i = 0; i < count; i++)
        {
            if (!cell(start + i, out T value))
            {
                validity.SetNull(i);
                continue;
            }

            string text = encode(value);
            if (text.Length * 3 > buffer.Length)
            {
                buffer = new byte[text.Length * 3];
            }

            int length = Encoding.UTF8.GetBytes(text, buffer); // lone surrogates become replacement characters: what DuckDB gets is valid
            fixed (byte* bytes = buffer)
            {
                Vectors.DuckDBUnsafeVectorAssignStringElementLength(vector, (ulong)i, bytes, length);
            }
        }
    }
}

/// <summary>Bytes.</summary>
internal sealed unsafe class BlobColumn(string name, Cell<byte[]> cell) : TableColumn(name, "BLOB")
{
    public override void Write(nint vector, int start, int count)
    {
        Validity validity = new(vector);
        for (int i = 0; i < count; i++)
        {
            if (!cell(start + i, out byte[] value))
            {
                validity.SetNull(i);
                continue;
            }

            fixed (byte* bytes = value.Length > 0 ? value : new byte[1])
            {
                Vectors.DuckDBVectorAssignStringElementLength(vector, (ulong)i, bytes, value.Length);
            }
        }
    }
}

/// <summary>Decimals, all with as many places as the one that has most.</summary>
internal sealed unsafe class DecimalColumn : TableColumn
{
    private const int Digits = 38;

    private readonly Cell<decimal> cell;
    private readonly int scale;

    private DecimalColumn(string name, Cell<decimal> cell, int scale)
        : base(name, FormattableString.Invariant($"DECIMAL({Digits}, {scale})"))
    {
        this.cell = cell;
        this.scale = scale;
    }

    public static DecimalColumn Create(string name, Cell<decimal> cell, int rows)
    {
        int places = 0;
        int whole = 1;
        for (int i = 0; i < rows; i++)
        {
            if (cell(i, out decimal value))
            {
                places = Math.Max(places, value.Scale);
                whole = Math.Abs(value) < 1 ? whole : Math.Max(whole, (int)Math.Log10((double)Math.Abs(value)) + 2);
            }
        }

        // Where 38 digits do not hold the largest number and the smallest step, the step gives way.
        return new DecimalColumn(name, cell, Math.Min(places, Digits - whole));
    }

    public override void Write(nint vector, int start, int count)
    {
        Int128* data = (Int128*)Vectors.DuckDBVectorGetData(vector);
        Validity validity = new(vector);
        Span<int> parts = stackalloc int[4];
        for (int i = 0; i < count; i++)
        {
            if (!cell(start + i, out decimal value))
            {
                validity.SetNull(i);
                continue;
            }

            value = value.Scale > scale ? Math.Round(value, scale) : value;
            decimal.GetBits(value, parts);
            Int128 unscaled = new((uint)parts[2], ((ulong)(uint)parts[1] << 32) | (uint)parts[0]);
            for (int step = value.Scale; step < scale; step++)
            {
                unscaled *= 10;
            }

            data[i] = decimal.IsNegative(value) ? -unscaled : unscaled;
        }
    }
}

/// <summary>Which values of a vector are there; the mask is made when the first is not.</summary>
internal unsafe struct Validity(nint vector)
{
    private ulong* mask;

    public void SetNull(int row)
    {
        if (mask is null)
        {
            Vectors.DuckDBVectorEnsureValidityWritable(vector);
            mask = Vectors.DuckDBVectorGetValidity(vector);
        }

        mask[row >> 6] &= ~(1ul << (row & 63));
    }
}
