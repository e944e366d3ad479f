using System.Collections;
using System.Linq.Expressions;
using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.Data.Analysis;

namespace ArKernel.Notebooks.Languages.Sql;

/// <summary>A value of a notebook seen as a table: how many rows it has, and for each column an expression of the row's number.</summary>
internal sealed class RowSource
{
    private RowSource(int rows) => Rows = rows;

    /// <summary>How many rows there are.</summary>
    public int Rows { get; }

    /// <summary>The row's number in the columns' expressions.</summary>
    public ParameterExpression Row { get; } = Expression.Parameter(typeof(int), "row");

    /// <summary>The columns' names, and their values as expressions of <see cref="Row"/>.</summary>
    public List<(string Name, Expression Value)> Columns { get; } = [];

    /// <summary>Whether a value of this type is one cell of a table, not a table.</summary>
    public static bool IsScalar(Type type) =>
        Nullable.GetUnderlyingType(type) is { } inner ? IsScalar(inner)
        : type.IsPrimitive || type.IsEnum || type == typeof(string) || type == typeof(decimal) || type == typeof(DateTime) || type == typeof(DateTimeOffset)
            || type == typeof(DateOnly) || type == typeof(TimeOnly) || type == typeof(TimeSpan) || type == typeof(Guid) || type == typeof(Int128)
            || type == typeof(System.Numerics.BigInteger) || type == typeof(Half) || type == typeof(byte[]);

    /// <summary>The table of a value; null when the value is none.</summary>
    /// <exception cref="NotSupportedException">It is nearly one; the message says what is in the way.</exception>
    public static RowSource? From(object? value, CancellationToken cancellationToken) => value switch
    {
        null or string => null,
        _ when value.GetType() == typeof(byte[]) => null, // not 'is': to the runtime an sbyte[] is one
        DataFrame frame => OfFrame(frame),
        Array { Rank: 2 } grid => OfGrid(grid),
        Array { Rank: > 2 } array => throw new NotSupportedException($"it has {array.Rank} dimensions, and a table has two"),
        IDictionary columns when ColumnType(columns) is not null => OfColumns(columns),
        IEnumerable sequence => OfRows(sequence, cancellationToken),
        _ => null,
    };

    private static RowSource OfFrame(DataFrame frame)
    {
        RowSource source = new(checked((int)frame.Rows.Count));
        foreach (DataFrameColumn column in frame.Columns)
        {
            // The typed indexer is declared on the column's own class or, for VBuffer and the like, only on the base one.
            PropertyInfo item = column.GetType().GetProperties()
                .Where(p => p.GetIndexParameters() is [{ ParameterType: var index }] && index == typeof(long))
                .OrderBy(p => p.PropertyType == typeof(object))
                .First();
            source.Columns.Add((column.Name, Expression.Property(Expression.Constant(column), item, Expression.Convert(source.Row, typeof(long)))));
        }

        return source;
    }

    private static RowSource OfGrid(Array grid)
    {
        RowSource source = new(grid.GetLength(0));
        for (int column = 0; column < grid.GetLength(1); column++)
        {
            source.Columns.Add((FormattableString.Invariant($"c{column}"), Expression.ArrayIndex(Expression.Constant(grid), source.Row, Expression.Constant(column))));
        }

        return source;
    }

    /// <summary>What the columns of a dictionary of columns, such as one of <c>double[]</c> by name, consist of.</summary>
    private static Type? ColumnType(IDictionary columns) =>
        Interface(columns.GetType(), typeof(IDictionary<,>)) is { } dictionary && dictionary.GetGenericArguments() is [var key, var value]
            && key == typeof(string) && Interface(value, typeof(IList<>)) is { } list && value != typeof(byte[]) && IsScalar(list.GetGenericArguments()[0])
            ? list.GetGenericArguments()[0]
            : null;

    private static RowSource OfColumns(IDictionary columns)
    {
        int[] lengths = [.. columns.Values.Cast<object>().Select(c => ((ICollection)c).Count)];
        if (lengths.Distinct().Count() > 1)
        {
            throw new NotSupportedException($"its columns differ in length ({string.Join(", ", lengths.Take(8))})");
        }

        RowSource source = new(lengths.FirstOrDefault());
        Type list = typeof(IReadOnlyList<>).MakeGenericType(ColumnType(columns)!);
        foreach (DictionaryEntry entry in columns)
        {
            source.Columns.Add(((string)entry.Key, Expression.Property(Expression.Constant(entry.Value, list), "Item", source.Row)));
        }

        return source;
    }

    private static RowSource OfRows(IEnumerable sequence, CancellationToken cancellationToken)
    {
        Type declared = Interface(sequence.GetType(), typeof(IEnumerable<>))?.GetGenericArguments()[0] ?? typeof(object);
        // A sequence may be run through once only, and a list may change: the rows are gathered first.
        Array rows = (Array)Gather.MakeGenericMethod(declared).Invoke(null, BindingFlags.DoNotWrapExceptions, null, [sequence, cancellationToken], null)!;
        RowSource source = new(rows.Length);
        Expression row = Expression.ArrayIndex(Expression.Constant(rows), source.Row);
        Type type = declared;
        if (!IsScalar(type) && (type.IsAbstract || type == typeof(object)) && !typeof(IEnumerable).IsAssignableFrom(type))
        {
            Type[] types = [.. rows.Cast<object?>().OfType<object>().Select(r => r.GetType()).Distinct().Take(2)];
            if (types is [var only])
            {
                type = only;
            }
            else if (types.Length == 2 && Members(type).Count == 0)
            {
                throw new NotSupportedException($"its elements are of several types ({types[0].Name}, {types[1].Name}, …) and have no members in common");
            }

            row = type == declared ? row : Expression.Convert(row, type);
        }

        if (IsScalar(type))
        {
            source.Columns.Add(("value", row));
        }
        else if (type.IsArray && IsScalar(type.GetElementType()!))
        {
            int width = rows.Cast<Array?>().Max(r => r?.Length) ?? 0;
            for (int i = 0; i < width; i++)
            {
                Expression index = Expression.Constant(i);
                Expression isThere = Expression.AndAlso(
                    Expression.ReferenceNotEqual(row, Expression.Constant(null)),
                    Expression.LessThan(index, Expression.ArrayLength(row)));
                source.Columns.Add((FormattableString.Invariant($"c{i}"), If(isThere, Expression.ArrayIndex(row, index))));
            }
        }
        else
        {
            source.AddMembers(row, type);
            if (source.Columns.Count == 0)
            {
                throw new NotSupportedException($"its elements, of type {type.Name}, have no public properties or fields");
            }
        }

        return source;
    }

    private void AddMembers(Expression row, Type type)
    {
        foreach (MemberInfo member in Members(type))
        {
            Expression value = Expression.MakeMemberAccess(row, member);
            bool isPair = type.IsGenericType && type.GetGenericTypeDefinition() == typeof(KeyValuePair<,>);
            if (member.Name == "Rest" && value.Type.IsAssignableTo(typeof(ITuple)))
            {
                AddMembers(value, value.Type); // a tuple of more than seven
            }
            else if (isPair && member.Name == "Value" && !IsScalar(value.Type) && !typeof(IEnumerable).IsAssignableFrom(value.Type) && Members(value.Type).Count > 0)
            {
                AddMembers(value, value.Type); // a dictionary of objects: the key beside their members
            }
            else
            {
                // A missing row has no members: its columns are null.
                Columns.Add((member.Name, type.IsValueType ? value : If(Expression.ReferenceNotEqual(row, Expression.Constant(null)), value)));
            }
        }
    }

    /// <summary>The value where the condition holds, else null.</summary>
    private static ConditionalExpression If(Expression condition, Expression value)
    {
        Type nullable = value.Type.IsValueType && Nullable.GetUnderlyingType(value.Type) is null ? typeof(Nullable<>).MakeGenericType(value.Type) : value.Type;
        return Expression.Condition(condition, value.Type == nullable ? value : Expression.Convert(value, nullable), Expression.Default(nullable));
    }

    private static List<MemberInfo> Members(Type type) =>
    [
        .. type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => p.GetMethod is { IsPublic: true } && p.GetIndexParameters().Length == 0 && !p.PropertyType.IsByRefLike && !p.PropertyType.IsPointer)
            .DistinctBy(p => p.Name, StringComparer.Ordinal),
        .. type.GetFields(BindingFlags.Public | BindingFlags.Instance).Where(f => !f.FieldType.IsPointer),
    ];

    private static Type? Interface(Type type, Type definition) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == definition
            ? type
            : Array.Find(type.GetInterfaces(), i => i.IsGenericType && i.GetGenericTypeDefinition() == definition);

    private static readonly MethodInfo Gather = typeof(RowSource).GetMethod(nameof(ToArray), BindingFlags.NonPublic | BindingFlags.Static)!;

    private static T[] ToArray<T>(IEnumerable sequence, CancellationToken cancellationToken)
    {
        if (sequence is T[] array)
        {
            return array;
        }

        List<T> rows = [];
        foreach (T row in sequence)
        {
            if ((rows.Count & 0xFFF) == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            rows.Add(row);
        }

        return [.. rows];
    }
}
