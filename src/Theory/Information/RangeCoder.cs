namespace ArKernel.Theory.Information;

/// <summary>
/// A range encoder (Martin 1979) over integer frequencies: what the decoder must repeat is integer arithmetic alone. A symbol that has f of
/// n parts costs log₂(n/f) bits, up to 2⁻²⁴ of a bit; the end costs at most 9 bits beyond that.
/// </summary>
public sealed class RangeEncoder
{
    private readonly List<byte> bytes = [];
    private ulong low;
    private ulong range = ulong.MaxValue;

    /// <summary>Encodes a symbol by its place on a scale.</summary>
    /// <param name="cumulative">The sum of the frequencies of the symbols before it.</param>
    /// <param name="frequency">Its frequency, at least 1.</param>
    /// <param name="total">The sum of all frequencies, at most 2³².</param>
    /// <exception cref="ArgumentException">The place is not on the scale.</exception>
    public void Encode(ulong cumulative, ulong frequency, ulong total)
    {
        RangeCoding.Check(cumulative, frequency, total);
        ulong part = range / total;
        ulong start = low;
        low += part * cumulative;
        range = part * frequency;
        if (low < start)
        {
            Carry();
        }

        while (range < RangeCoding.SmallestRange)
        {
            bytes.Add((byte)(low >> 56));
            low <<= 8;
            range <<= 8;
        }
    }

    /// <summary>Ends the code.</summary>
    /// <returns>The fewest bytes that say the same whatever bytes follow them.</returns>
    public byte[] Finish()
    {
        (int count, UInt128 value) = RangeCoding.End(low, range);
        if (value >> (8 * count) != 0)
        {
            Carry();
        }

        for (int i = count - 1; i >= 0; i--)
        {
            bytes.Add((byte)(value >> (8 * i)));
        }

        return [.. bytes];
    }

    private void Carry()
    {
        int i = bytes.Count - 1;
        while (bytes[i] == byte.MaxValue)
        {
            bytes[i--] = 0;
        }

        bytes[i]++;
    }
}

/// <summary>Decodes what <see cref="RangeEncoder"/> wrote, given the same frequencies.</summary>
public sealed class RangeDecoder
{
    private readonly byte[] bytes;
    private ulong low;
    private ulong range = ulong.MaxValue;
    private ulong offset; // of the code from low
    private int read;

    /// <summary>Begins to decode.</summary>
    /// <param name="bytes">All bytes of the code.</param>
    public RangeDecoder(ReadOnlySpan<byte> bytes)
    {
        this.bytes = bytes.ToArray();
        for (int i = 0; i < 8; i++)
        {
            offset = offset << 8 | Next();
        }
    }

    /// <summary>Where on a scale the next symbol lies: at least its cumulative frequency, and less than that of the symbol after it.</summary>
    /// <param name="total">The sum of all frequencies.</param>
    /// <exception cref="DamagedStreamException">No symbol was encoded there.</exception>
    public ulong Target(ulong total)
    {
        ulong target = offset / (range / total);
        return target < total ? target : throw Damaged("a place beyond the scale");
    }

    /// <summary>Takes the symbol found.</summary>
    /// <param name="cumulative">The sum of the frequencies of the symbols before it.</param>
    /// <param name="frequency">Its frequency.</param>
    /// <param name="total">The sum of all frequencies.</param>
    /// <exception cref="DamagedStreamException">The code ends before the symbol does.</exception>
    /// <exception cref="ArgumentException">The place is not on the scale.</exception>
    public void Consume(ulong cumulative, ulong frequency, ulong total)
    {
        RangeCoding.Check(cumulative, frequency, total);
        ulong part = range / total;
        low += part * cumulative;
        offset -= part * cumulative;
        range = part * frequency;
        while (range < RangeCoding.SmallestRange)
        {
            offset = offset << 8 | Next();
            low <<= 8;
            range <<= 8;
        }

        if (read > bytes.Length + 8)
        {
            throw Damaged("no more bytes");
        }
    }

    /// <summary>Makes sure that the code ends with the last symbol.</summary>
    /// <exception cref="DamagedStreamException">It is shorter or longer.</exception>
    public void Finish()
    {
        int expected = read - 8 + RangeCoding.End(low, range).Bytes;
        if (expected != bytes.Length)
        {
            throw Damaged($"{bytes.Length} bytes where these symbols take {expected}");
        }
    }

    private byte Next() => read++ < bytes.Length ? bytes[read - 1] : (byte)0;

    private DamagedStreamException Damaged(string what) =>
        new($"The code has {what} near byte {Math.Min(read, bytes.Length)} of {bytes.Length}.", "It was cut short or changed, or is decoded with other frequencies than it was made with.");
}

/// <summary>What encoder and decoder share.</summary>
internal static class RangeCoding
{
    public const ulong SmallestRange = 1UL << 56;
    private const ulong LargestTotal = 1UL << 32;

    public static void Check(ulong cumulative, ulong frequency, ulong total)
    {
        if (frequency == 0 || total > LargestTotal || cumulative + frequency > total)
        {
            throw new ArgumentException($"A symbol of frequency {frequency} after {cumulative} of {total} is not on the scale; frequencies are positive and sum to at most 2^32.");
        }
    }

    /// <summary>The fewest bytes whose every continuation lies in [low, low + range), and their value.</summary>
    public static (int Bytes, UInt128 Value) End(ulong low, ulong range)
    {
        for (int count = 1; ; count++)
        {
            int shift = 64 - 8 * count;
            UInt128 value = ((UInt128)low + (UInt128.One << shift) - 1) >> shift;
            if ((value + 1) << shift <= (UInt128)low + range)
            {
                return (count, value);
            }
        }
    }
}
