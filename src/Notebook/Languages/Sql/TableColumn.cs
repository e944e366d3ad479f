using System.Buffers.Binary;
using System.Globalization;
using System.Linq.Expressions;
using System.Numerics;
using System.Text.Json;
using DuckDB.NET.Native;

namespace ArKernel.Notebooks.Languages.Sql;

/// <summary>A column of a table to be: writes stretches of its values into vectors of DuckDB.</summary>
internal abstract class TableColumn(string name, string type)
{
    private static readonly int UnixDay = DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber;

    private static readonly Dictionary<Type, Func<string, Cells, TableColumn>> ByType = new()
    {
        [typeof(bool)] = Column<bool, bool>("BOOLEAN", v => v),
        [typeof(sbyte)] = Column<sbyte, sbyte>("TINYINT", v => v),
        [typeof(byte)] = Column<byte, byte>("UTINYINT", v => v),
        [typeof(short)] = Column<short, short>("SMALLINT", v => v),
        [typeof(ushort)] = Column<ushort, ushort>("USMALLINT", v => v),
        [typeof(int)] = Column<int, int>("INTEGER", v => v),
        [typeof(uint)] = Column<uint, uint>("UINTEGER", v => v),
        [typeof(long)] = Column<long, long>("BIGINT", v => v),
        [typeof(ulong)] = Column<ulong, ulong>("UBIGINT", v => v),
        [typeof(nint)] = Column<nint, long>("BIGINT", v => v),
        [typeof(nuint)] = Column<nuint, ulong>("UBIGINT", v => v),
        [typeof(Half)] = Column<Half, float>("FLOAT", v => (float)v),
        [typeof(float)] = Column<float, float>("FLOAT", v => v),
        [typeof(double)] = Column<double, double>("DOUBLE", v => v),
        [typeof(Int128)] = Column<Int128, Int128>("HUGEINT", v => v),
        [typeof(BigInteger)] = Column<BigInteger, Int128>("HUGEINT", v => checked((Int128)v)),
        [typeof(DateTime)] = Column<DateTime, long>("TIMESTAMP", Microseconds),
        [typeof(DateTimeOffset)] = Column<DateTimeOffset, long>("TIMESTAMPTZ", v => Microseconds(v.UtcDateTime)),
        [typeof(DateOnly)] = Column<DateOnly, int>("DATE", v => v.DayNumber - UnixDay),
        [typeof(TimeOnly)] = Column<TimeOnly, long>("TIME", v => v.Ticks / TimeSpan.TicksPerMicrosecond),
        [typeof(TimeSpan)] = Column<TimeSpan, DuckDBInterval>("INTERVAL", Interval),
        [typeof(Guid)] = Column<Guid, Int128>("UUID", Identifier),
        [typeof(char)] = Text<char>(v => v.ToString()),
        [typeof(string)] = Text<string>(v => v),
        [typeof(byte[])] = (name, cells) => new BlobColumn(name, cells.Compile<byte[]>()),
        [typeof(decimal)] = (name, cells) => DecimalColumn.Create(name, cells.Compile<decimal>(), cells.Rows),
    };

    /// <summary>The column's name.</summary>
    public string Name => name;

    /// <summary>The type as SQL has it.</summary>
    public string Type => type;

    /// <summary>The columns of a source, compiled: one call a value, and no box.</summary>
    public static IReadOnlyList<TableColumn> Of(RowSource source) => [.. source.Columns.Select(column => Create(column.Name, new Cells(column.Value, source)))];

    /// <summary>Fills a vector with values from a row on.</summary>
    public abstract void Write(nint vector, int start, int count);

    private static TableColumn Create(string name, Cells cells) =>
        ByType.TryGetValue(cells.Type, out Func<string, Cells, TableColumn>? create) ? create(name, cells) : new TextColumn<object>(name, cells.Compile<object>(), Describe);

    private static Func<string, Cells, TableColumn> Column<T, TStored>(string type, Func<T, TStored> encode)
        where TStored : unmanaged =>
        (name, cells) => new FixedColumn<T, TStored>(name, type, cells.Compile<T>(), encode);

    private static Func<string, Cells, TableColumn> Text<T>(Func<T, string> encode) => (name, cells) => new TextColumn<T>(name, cells.Compile<T>(), encode);

    private static long Microseconds(DateTime time) => (time.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    private static DuckDBInterval Interval(TimeSpan time) =>
        new(0, time.Days, unchecked((ulong)((time - TimeSpan.FromDays(time.Days)).Ticks / TimeSpan.TicksPerMicrosecond)));

    /// <summary>DuckDB orders identifiers as signed numbers and so flips the highest bit.</summary>
    private static Int128 Identifier(Guid value)
    {
        Span<byte> bytes = stackalloc byte[16];
        value.TryWriteBytes(bytes, bigEndian: true, out _);
        return unchecked((Int128)(BinaryPrimitives.ReadUInt128BigEndian(bytes) ^ (UInt128.One << 127)));
    }

    /// <summary>What has no column type of its own: lists and objects as JSON, which DuckDB reads (<c>x::FLOAT[]</c>), the rest in its own words.</summary>
    private static string Describe(object value)
    {
        if (value is string or Enum or IFormattable)
        {
            return Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        }

        try
        {
            return JsonSerializer.Serialize(value, value.GetType());
        }
        catch (Exception exception) when (exception is NotSupportedException or JsonException)
        {
            return value.ToString() ?? "";
        }
    }
}

/// <summary>Reads one cell; false when it is null.</summary>
/// <param name="row">The row.</param>
/// <param name="value">Its value in this column.</param>
internal delegate bool Cell<T>(int row, out T value);

/// <summary>The cells of a column, as an expression that is yet to be compiled.</summary>
internal sealed class Cells(Expression value, RowSource source)
{
    /// <summary>How many there are.</summary>
    public int Rows => source.Rows;

    /// <summary>The type of those that are not null.</summary>
    public Type Type { get; } = Nullable.GetUnderlyingType(value.Type) ?? value.Type;

    public Cell<T> Compile<T>()
    {
        ParameterExpression result = Expression.Parameter(typeof(T).MakeByRefType(), "result");
        ParameterExpression local = Expression.Variable(value.Type);
        Expression body = Nullable.GetUnderlyingType(value.Type) is not null
            ? Present(Expression.Property(local, "HasValue"), Expression.Call(local, "GetValueOrDefault", null))
            : value.Type.IsValueType
                ? Expression.Block(Store(local), Expression.Constant(true))
                : Present(Expression.ReferenceNotEqual(local, Expression.Constant(null)), local);
        return Expression.Lambda<Cell<T>>(Expression.Block([local], Expression.Assign(local, value), body), source.Row, result).Compile();

        Expression Store(Expression present) => Expression.Assign(result, present.Type == typeof(T) ? present : Expression.Convert(present, typeof(T)));

        Expression Present(Expression condition, Expression present) =>
            Expression.Condition(condition, Expression.Block(Store(present), Expression.Constant(true)), Expression.Block(Expression.Assign(result, Expression.Default(typeof(T))), Expression.Constant(false)));
    }
}
