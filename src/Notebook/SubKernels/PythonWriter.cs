using System.Collections;
using System.Globalization;
using System.Numerics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Engine.Sharing;
using Microsoft.Data.Analysis;

namespace ArKernel.Notebooks.SubKernels;

/// <summary>Writes .NET values for Python.</summary>
internal sealed class PythonWriter(Utf8JsonWriter json, ExchangeFolder folder, TensorExchange? tensors)
{
    private const int MostLevels = 64;

    /// <summary>Writes a variable's value; arrays go to files of their own.</summary>
    /// <exception cref="NotSupportedException">There is no form for it.</exception>
    public void Write(NotebookVariable variable)
    {
        json.WriteStartObject();
        switch (variable.Value)
        {
            case Array array when array.GetType() != typeof(byte[]) && NumpyFile.NameOf(array.GetType().GetElementType()!) is not null:
                json.WriteString("array", WriteArray(array));
                break;
            case DataFrame frame:
                json.WriteStartArray("frame");
                foreach (DataFrameColumn column in frame.Columns)
                {
                    WriteColumn(column);
                }

                json.WriteEndArray();
                break;
            case { } tensor when tensors?.Describe(tensor) is ({ } type, { } shape):
                json.WriteString("tensor", WriteTensor(tensor, type, shape));
                json.WriteStartArray("shape");
                Array.ForEach(shape, json.WriteNumberValue);
                json.WriteEndArray();
                break;
            default:
                json.WritePropertyName("value");
                WritePlain(variable.Value, variable.Name, 0);
                break;
        }

        json.WriteEndObject();
    }

    private string WriteArray(Array array)
    {
        string path = folder.ArrayFile(array.LongLength * NumpyFile.SizeOf(NumpyFile.NameOf(array.GetType().GetElementType()!)!));
        using FileStream file = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1);
        NumpyFile.Write(file, array);
        return path;
    }

    private string WriteTensor(object tensor, string type, long[] shape)
    {
        string path = folder.ArrayFile(shape.Aggregate(1L, (a, b) => a * b) * NumpyFile.SizeOf(type));
        using FileStream file = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1);
        NumpyFile.WriteHeader(file, type, shape);
        tensors!.Write(tensor, file);
        return path;
    }

    private void WriteColumn(DataFrameColumn column)
    {
        json.WriteStartObject();
        json.WriteString("name", column.Name);
        if (column.NullCount > 0 && column is not (StringDataFrameColumn or ArrowStringDataFrameColumn))
        {
            json.WriteString("missing", WriteArray(Enumerable.Range(0, (int)column.Length).Select(i => column[i] is null).ToArray()));
        }

        (string kind, Array? values) = column switch
        {
            PrimitiveDataFrameColumn<bool> c => ("values", Values(c, v => v)),
            PrimitiveDataFrameColumn<sbyte> c => ("values", Values(c, v => v)),
            PrimitiveDataFrameColumn<byte> c => ("values", Values(c, v => v)),
            PrimitiveDataFrameColumn<short> c => ("values", Values(c, v => v)),
            PrimitiveDataFrameColumn<ushort> c => ("values", Values(c, v => v)),
            PrimitiveDataFrameColumn<int> c => ("values", Values(c, v => v)),
            PrimitiveDataFrameColumn<uint> c => ("values", Values(c, v => v)),
            PrimitiveDataFrameColumn<long> c => ("values", Values(c, v => v)),
            PrimitiveDataFrameColumn<ulong> c => ("values", Values(c, v => v)),
            PrimitiveDataFrameColumn<float> c => ("values", Values(c, v => v)),
            PrimitiveDataFrameColumn<double> c => ("values", Values(c, v => v)),
            PrimitiveDataFrameColumn<decimal> c => ("values", Values(c, v => (double)v)),
            PrimitiveDataFrameColumn<DateTime> c => ("times", Values(c, v => Nanoseconds(v, c.Name))),
            PrimitiveDataFrameColumn<DateTimeOffset> c => ("times", Values(c, v => Nanoseconds(v.UtcDateTime, c.Name))),
            PrimitiveDataFrameColumn<TimeSpan> c => ("durations", Values(c, v => checked(v.Ticks * 100))),
            _ => ("texts", (Array?)null),
        };
        if (column is PrimitiveDataFrameColumn<DateTimeOffset>)
        {
            json.WriteBoolean("utc", true);
        }

        if (values is not null)
        {
            json.WriteString(kind, WriteArray(values));
        }
        else
        {
            json.WriteStartArray(kind);
            for (long i = 0; i < column.Length; i++)
            {
                json.WriteStringValue(Convert.ToString(column[i], CultureInfo.InvariantCulture) is { } text && column[i] is not null ? text : null);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static TStored[] Values<T, TStored>(PrimitiveDataFrameColumn<T> column, Func<T, TStored> convert)
        where T : unmanaged
    {
        TStored[] values = new TStored[column.Length];
        for (int i = 0; i < values.Length; i++)
        {
            if (column[i] is { } value)
            {
                values[i] = convert(value);
            }
        }

        return values;
    }

    private static long Nanoseconds(DateTime time, string column)
    {
        long ticks = time.Ticks - DateTime.UnixEpoch.Ticks;
        return Math.Abs(ticks) < long.MaxValue / 100
            ? ticks * 100
            : throw new NotSupportedException(string.Create(CultureInfo.InvariantCulture, $"The column '{column}' has the time {time:u}; pandas has the years 1678 to 2261."));
    }

    private void WritePlain(object? value, string path, int level)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case string text:
                json.WriteStringValue(text);
                break;
            case char or Guid or Enum or DateOnly or TimeOnly or Uri or Version:
                json.WriteStringValue(value is IFormattable formattable ? formattable.ToString(null, CultureInfo.InvariantCulture) : value.ToString());
                break;
            case sbyte or byte or short or ushort or int or uint or long or nint:
                json.WriteNumberValue(Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case ulong or nuint or BigInteger or Int128 or UInt128:
                WriteTagged("$integer", ((IFormattable)value).ToString(null, CultureInfo.InvariantCulture));
                break;
            case Half or float or double:
                WriteNumber(Convert.ToDouble(value is Half half ? (float)half : value, CultureInfo.InvariantCulture), value);
                break;
            case decimal number:
                WriteTagged("$decimal", number.ToString(CultureInfo.InvariantCulture));
                break;
            case DateTime time:
                WriteTagged("$time", time.ToString("yyyy-MM-ddTHH:mm:ss.ffffff", CultureInfo.InvariantCulture));
                break;
            case DateTimeOffset time:
                WriteTagged("$time", time.ToString("yyyy-MM-ddTHH:mm:ss.ffffffzzz", CultureInfo.InvariantCulture));
                break;
            case TimeSpan duration:
                json.WriteStartObject();
                json.WriteNumber("$duration", duration.Ticks / TimeSpan.TicksPerMicrosecond);
                json.WriteEndObject();
                break;
            case byte[] bytes:
                json.WriteStartObject();
                json.WriteBase64String("$bytes", bytes);
                json.WriteEndObject();
                break;
            default:
                WriteCompound(value, path, level + 1);
                break;
        }
    }

    private void WriteCompound(object value, string path, int level)
    {
        if (level > MostLevels)
        {
            throw new NotSupportedException($"{path} is nested deeper than {MostLevels} levels, or contains itself.");
        }

        if (value is IDictionary map)
        {
            WriteMap(map.Keys.Cast<object>().Select(k => (k as string ?? throw new NotSupportedException($"{path} has keys of type {k.GetType().Name}; dictionaries with keys that are strings can be shared."), map[k])), path, level);
        }
        else if (value is ITuple tuple)
        {
            WriteList(Enumerable.Range(0, tuple.Length).Select(i => tuple[i]), path, level);
        }
        else if (value is IEnumerable items)
        {
            WriteList(items.Cast<object?>(), path, level);
        }
        else if (IsRecord(value.GetType()))
        {
            WriteMap(value.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.GetIndexParameters().Length == 0).Select(p => (p.Name, p.GetValue(value))), path, level);
        }
        else
        {
            throw new NotSupportedException($"{path} is a {value.GetType().Name}. What can be shared with Python are numbers, strings, null, lists and dictionaries of these, records, arrays, tensors and data frames.");
        }
    }

    /// <summary>Types whose public properties are all there is to their values: records and anonymous types.</summary>
    private static bool IsRecord(Type type) =>
        type.GetMethod("<Clone>$") is not null
        || (type.Name.StartsWith("<>", StringComparison.Ordinal) && type.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false))
        || (type.IsValueType && type.GetMethod("PrintMembers", BindingFlags.NonPublic | BindingFlags.Instance) is not null);

    private void WriteMap(IEnumerable<(string Name, object? Value)> entries, string path, int level)
    {
        json.WriteStartObject();
        json.WriteStartObject("$map");
        foreach ((string name, object? item) in entries)
        {
            json.WritePropertyName(name);
            WritePlain(item, $"{path}[\"{name}\"]", level);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void WriteList(IEnumerable<object?> items, string path, int level)
    {
        json.WriteStartArray();
        int i = 0;
        foreach (object? item in items)
        {
            WritePlain(item, $"{path}[{i++}]", level);
        }

        json.WriteEndArray();
    }

    /// <summary>A number that stays a float: Python reads '1' as an integer.</summary>
    private void WriteNumber(double number, object original)
    {
        if (!double.IsFinite(number))
        {
            WriteTagged("$number", double.IsNaN(number) ? "nan" : number > 0 ? "inf" : "-inf");
            return;
        }

        string text = original is float single ? single.ToString("R", CultureInfo.InvariantCulture) : number.ToString("R", CultureInfo.InvariantCulture);
        json.WriteRawValue(text.AsSpan().IndexOfAny('.', 'E') < 0 ? text + ".0" : text);
    }

    private void WriteTagged(string tag, string text)
    {
        json.WriteStartObject();
        json.WriteString(tag, text);
        json.WriteEndObject();
    }
}
