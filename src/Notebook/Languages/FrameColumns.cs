using Microsoft.Data.Analysis;

namespace ArKernel.Notebooks.Languages;

/// <summary>Makes columns of data frames from memory, without a copy of each value.</summary>
internal static class FrameColumns
{
    /// <summary>A column over values and a bitmap of those that are present, as Arrow lays them out.</summary>
    /// <param name="name">The column's name.</param>
    /// <param name="type">The type of its values.</param>
    /// <param name="values">The values, those that are absent too.</param>
    /// <param name="present">A bit for each value, the lowest first.</param>
    /// <param name="length">How many values there are.</param>
    /// <param name="absent">How many of them are absent.</param>
    public static DataFrameColumn Wrap(string name, Type type, byte[] values, byte[] present, int length, int absent)
    {
        // The classes with names of their own are what GetDoubleColumn and casts in cells look for.
        return Type.GetTypeCode(type) switch
        {
            TypeCode.Boolean => new BooleanDataFrameColumn(name, values, present, length, absent),
            TypeCode.SByte => new SByteDataFrameColumn(name, values, present, length, absent),
            TypeCode.Byte => new ByteDataFrameColumn(name, values, present, length, absent),
            TypeCode.Int16 => new Int16DataFrameColumn(name, values, present, length, absent),
            TypeCode.UInt16 => new UInt16DataFrameColumn(name, values, present, length, absent),
            TypeCode.Int32 => new Int32DataFrameColumn(name, values, present, length, absent),
            TypeCode.UInt32 => new UInt32DataFrameColumn(name, values, present, length, absent),
            TypeCode.Int64 => new Int64DataFrameColumn(name, values, present, length, absent),
            TypeCode.UInt64 => new UInt64DataFrameColumn(name, values, present, length, absent),
            TypeCode.Single => new SingleDataFrameColumn(name, values, present, length, absent),
            TypeCode.Double => new DoubleDataFrameColumn(name, values, present, length, absent),
            _ => throw new NotSupportedException($"Columns of {type.Name} cannot be made from memory."),
        };
    }

    /// <summary>A frame whose columns all have names, and different ones.</summary>
    public static DataFrame Combine(IEnumerable<DataFrameColumn> columns)
    {
        HashSet<string> names = new(StringComparer.Ordinal);
        List<DataFrameColumn> all = [];
        foreach (DataFrameColumn column in columns)
        {
            string name = column.Name;
            for (int i = 1; !names.Add(name); i++)
            {
                name = FormattableString.Invariant($"{column.Name}_{i}");
            }

            if (name != column.Name)
            {
                column.SetName(name);
            }

            all.Add(column);
        }

        return new DataFrame(all);
    }
}
