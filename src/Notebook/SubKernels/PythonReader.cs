using System.Globalization;
using System.Numerics;
using System.Text.Json;
using ArKernel.Notebooks.Engine.Sharing;
using ArKernel.Notebooks.Languages;
using Microsoft.Data.Analysis;

namespace ArKernel.Notebooks.SubKernels;

/// <summary>Makes .NET values of what Python has written.</summary>
internal static class PythonReader
{
    /// <summary>The value; lists become arrays of the type their elements have in common.</summary>
    public static object? Read(JsonElement encoded, TensorExchange? tensors)
    {
        JsonProperty kind = encoded.EnumerateObject().First();
        switch (kind.Name)
        {
            case "array":
                return ReadArray(kind.Value.GetString()!);
            case "tensor" when tensors is null:
                return ReadArray(kind.Value.GetString()!);
            case "tensor":
                using (FileStream file = File.OpenRead(kind.Value.GetString()!))
                {
                    (string type, long[] shape) = NumpyFile.ReadHeader(file);
                    return tensors.Read(type, shape, file);
                }

            case "frame":
                return FrameColumns.Combine(kind.Value.EnumerateArray().Select(Column));
            default:
                return Plain(kind.Value);
        }
    }

    private static object ReadArray(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1);
        return NumpyFile.Read(file);
    }

    private static object? Plain(JsonElement plain)
    {
        switch (plain.ValueKind)
        {
            case JsonValueKind.Null:
                return null;
            case JsonValueKind.True or JsonValueKind.False:
                return plain.GetBoolean();
            case JsonValueKind.String:
                return plain.GetString();
            case JsonValueKind.Number when plain.GetRawText().AsSpan().IndexOfAny('.', 'e', 'E') >= 0:
                return plain.GetDouble();
            case JsonValueKind.Number:
                return plain.TryGetInt32(out int number) ? (object)number : plain.GetInt64();
            case JsonValueKind.Array:
                return Unify([.. plain.EnumerateArray().Select(Plain)]);
        }

        JsonProperty kind = plain.EnumerateObject().First();
        switch (kind.Name)
        {
            case "$map":
                (string Name, object? Value)[] entries = [.. kind.Value.EnumerateObject().Select(p => (p.Name, Plain(p.Value)))];
                Array values = Unify([.. entries.Select(e => e.Value)]);
                Type type = typeof(Dictionary<,>).MakeGenericType(typeof(string), values.GetType().GetElementType()!);
                System.Collections.IDictionary map = (System.Collections.IDictionary)Activator.CreateInstance(type)!;
                for (int i = 0; i < entries.Length; i++)
                {
                    map[entries[i].Name] = values.GetValue(i);
                }

                return map;
            case "$integer":
                return BigInteger.Parse(kind.Value.GetString()!, CultureInfo.InvariantCulture);
            case "$bytes":
                return kind.Value.GetBytesFromBase64();
            case "$time":
                string text = kind.Value.GetString()!;
                if (text.Length > 19 && text.AsSpan(19).IndexOfAny('+', '-') >= 0)
                {
                    return DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
                }

                return DateTime.Parse(text, CultureInfo.InvariantCulture);
            default:
                return kind.Value.GetString() switch { "inf" => double.PositiveInfinity, "-inf" => double.NegativeInfinity, _ => double.NaN };
        }
    }

    private static Array Unify(object?[] items)
    {
        Type[] types = [.. items.Select(i => i?.GetType() ?? typeof(object)).Distinct()];
        Type common = types.Length == 1 ? types[0]
            : types.Length == 0 || types.Except([typeof(int), typeof(long), typeof(double)]).Any() ? typeof(object)
            : types.Contains(typeof(double)) ? typeof(double)
            : typeof(long);
        if (common == typeof(object))
        {
            return items.All(i => i is null or string) && items.Any(i => i is string) ? Array.ConvertAll(items, i => (string?)i) : items;
        }

        Array array = Array.CreateInstance(common, items.Length);
        for (int i = 0; i < items.Length; i++)
        {
            array.SetValue(items[i]!.GetType() == common ? items[i] : Convert.ChangeType(items[i], common, CultureInfo.InvariantCulture), i);
        }

        return array;
    }

    private static DataFrameColumn Column(JsonElement column)
    {
        string name = column.GetProperty("name").GetString()!;
        bool[]? missing = column.TryGetProperty("missing", out JsonElement mask) ? (bool[])ReadArray(mask.GetString()!) : null;
        if (column.TryGetProperty("texts", out JsonElement texts))
        {
            return new StringDataFrameColumn(name, texts.EnumerateArray().Select(t => t.GetString()));
        }

        if (column.TryGetProperty("times", out JsonElement times))
        {
            long[] nanoseconds = (long[])ReadArray(times.GetString()!);
            return column.TryGetProperty("utc", out _)
                ? Converted(name, nanoseconds, missing, t => new DateTimeOffset(DateTime.UnixEpoch.AddTicks(t / 100)))
                : new DateTimeDataFrameColumn(name, nanoseconds.Select((t, i) => missing?[i] == true ? (DateTime?)null : DateTime.SpecifyKind(DateTime.UnixEpoch.AddTicks(t / 100), DateTimeKind.Unspecified)));
        }

        if (column.TryGetProperty("durations", out JsonElement durations))
        {
            return Converted(name, (long[])ReadArray(durations.GetString()!), missing, t => new TimeSpan(t / 100));
        }

        Array values = (Array)ReadArray(column.GetProperty("values").GetString()!);
        byte[] bytes = new byte[Buffer.ByteLength(values)];
        Buffer.BlockCopy(values, 0, bytes, 0, bytes.Length);
        byte[] present = new byte[(values.Length + 7) / 8];
        for (int i = 0; i < values.Length; i++)
        {
            present[i >> 3] |= (byte)(missing?[i] == true ? 0 : 1 << (i & 7));
        }

        return FrameColumns.Wrap(name, values.GetType().GetElementType()!, bytes, present, values.Length, missing?.Count(m => m) ?? 0);
    }

    private static PrimitiveDataFrameColumn<T> Converted<T>(string name, long[] values, bool[]? missing, Func<long, T> convert)
        where T : unmanaged =>
        new(name, values.Select((v, i) => missing?[i] == true ? (T?)null : convert(v)));
}
