using System.Buffers.Binary;
using DuckDB.NET.Native;

namespace ArKernel.Notebooks.Languages.Sql;

/// <summary>What the numbers that DuckDB stores mean in .NET.</summary>
internal static class VectorValues
{
    /// <summary>A time stored in the units of its type since 1970.</summary>
    public static DateTime Time(DuckDBType type, long units) => units is long.MaxValue or -long.MaxValue
        ? Time(units, 1)
        : type switch
        {
            DuckDBType.TimestampS => Time(units, TimeSpan.TicksPerSecond),
            DuckDBType.TimestampMs => Time(units, TimeSpan.TicksPerMillisecond),
            DuckDBType.TimestampNs => Time(units / 100, 1),
            _ => Time(units, TimeSpan.TicksPerMicrosecond),
        };

    /// <summary>A date stored in days since 1970.</summary>
    public static DateTime Date(int days) => Time(days, TimeSpan.TicksPerDay);

    /// <summary>A time of day, in microseconds.</summary>
    public static TimeSpan Duration(long microseconds) => new(microseconds * TimeSpan.TicksPerMicrosecond);

    /// <summary>An interval, whose months are taken for thirty days as DuckDB does when it compares them.</summary>
    public static TimeSpan Duration(DuckDBInterval interval) =>
        new((interval.Months * 30L + interval.Days) * TimeSpan.TicksPerDay + unchecked((long)interval.Micros) * TimeSpan.TicksPerMicrosecond);

    /// <summary>An identifier; DuckDB flips the highest bit, to order them as signed numbers.</summary>
    public static Guid Identifier(UInt128 value)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, value ^ (UInt128.One << 127));
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>An integer with so many of its digits after the point; beyond 28 digits a decimal has no room and the last ones go.</summary>
    public static decimal Decimal(Int128 unscaled, byte scale)
    {
        while (Int128.Abs(unscaled) >> 96 != 0 && scale > 0)
        {
            unscaled /= 10;
            scale--;
        }

        if (Int128.Abs(unscaled) >> 96 != 0)
        {
            return unscaled < 0 ? decimal.MinValue : decimal.MaxValue;
        }

        UInt128 digits = (UInt128)Int128.Abs(unscaled);
        byte places = Math.Min(scale, (byte)28);
        for (int i = places; i < scale; i++)
        {
            digits /= 10;
        }

        return new decimal(unchecked((int)(uint)digits), unchecked((int)(uint)(digits >> 32)), unchecked((int)(uint)(digits >> 64)), unscaled < 0, places);
    }

    /// <summary>SQL's infinities, and years that .NET does not know, become its first and last moment.</summary>
    private static DateTime Time(long units, long ticksPerUnit)
    {
        long most = (DateTime.MaxValue.Ticks - DateTime.UnixEpoch.Ticks) / ticksPerUnit;
        long least = -DateTime.UnixEpoch.Ticks / ticksPerUnit;
        return units > most ? DateTime.MaxValue
            : units < least ? DateTime.MinValue
            : DateTime.SpecifyKind(DateTime.UnixEpoch.AddTicks(units * ticksPerUnit), DateTimeKind.Unspecified);
    }
}
