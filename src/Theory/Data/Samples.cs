using System.Globalization;
using MathNet.Numerics.LinearAlgebra;
using Microsoft.Data.Analysis;

namespace ArKernel.Theory;

/// <summary>
/// Real samples, [samples, variables]: what every estimator on real numbers takes. Arrays and Math.NET's vectors and matrices convert by
/// themselves; columns of a data frame come with <see cref="Of"/>. For a process the rows are the times, in order.
/// </summary>
public sealed class Samples
{
    private readonly double[] values; // by row

    private Samples(double[] values, int count, int variables, IReadOnlyList<string>? names)
    {
        (this.values, Count, Variables) = (values, count, variables);
        Names = names ?? [.. Enumerable.Range(0, variables).Select(i => string.Create(CultureInfo.InvariantCulture, $"x{i}"))];
        for (int i = 0; i < values.Length; i++)
        {
            if (!double.IsFinite(values[i]))
            {
                throw new NotFiniteException($"Sample {i / variables} has the value {values[i]} in '{Names[i % variables]}'.", "Remove such samples, or impute the values, first.");
            }
        }
    }

    /// <summary>The number of samples.</summary>
    public int Count { get; }

    /// <summary>The number of variables in a sample.</summary>
    public int Variables { get; }

    /// <summary>The variables' names: those of a data frame's columns, otherwise x0, x1, ….</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>One number.</summary>
    /// <param name="sample">The sample's index.</param>
    /// <param name="variable">The variable's index.</param>
    public double this[int sample, int variable] => values[sample * Variables + variable];

    /// <summary>The numbers of a sample.</summary>
    internal ReadOnlySpan<double> Row(int sample) => values.AsSpan(sample * Variables, Variables);

    /// <summary>The values of one variable.</summary>
    /// <param name="variable">Its index.</param>
    public double[] Column(int variable)
    {
        double[] column = new double[Count];
        for (int i = 0; i < column.Length; i++)
        {
            column[i] = this[i, variable];
        }

        return column;
    }

    /// <summary>Some of the variables, in the given order.</summary>
    /// <param name="variables">Their indices.</param>
    public Samples Select(params ReadOnlySpan<int> variables)
    {
        double[] selected = new double[Count * variables.Length];
        string[] names = new string[variables.Length];
        for (int j = 0; j < variables.Length; j++)
        {
            names[j] = Names[variables[j]];
            for (int i = 0; i < Count; i++)
            {
                selected[i * variables.Length + j] = this[i, variables[j]];
            }
        }

        return new Samples(selected, Count, variables.Length, names);
    }

    /// <summary>A range of the samples, in order.</summary>
    /// <param name="start">The first sample.</param>
    /// <param name="count">How many.</param>
    public Samples Slice(int start, int count) => new(values[(start * Variables)..((start + count) * Variables)], count, Variables, Names);

    /// <summary>The values at the <paramref name="lags"/> times before each time from <paramref name="start"/> on, [time, lag · variables].</summary>
    internal Samples Past(int lags, int start)
    {
        Samples[] shifted = [.. Enumerable.Range(1, lags).Select(lag => Slice(start - lag, Count - start).Named([.. Names.Select(name => string.Create(CultureInfo.InvariantCulture, $"{name} at lag {lag}"))]))];
        return Join(shifted);
    }

    /// <summary>The same samples in another order.</summary>
    /// <param name="order">The index of the sample to stand at each place.</param>
    internal Samples Reorder(int[] order)
    {
        double[] reordered = new double[values.Length];
        for (int i = 0; i < order.Length; i++)
        {
            Row(order[i]).CopyTo(reordered.AsSpan(i * Variables));
        }

        return new Samples(reordered, order.Length, Variables, Names);
    }

    /// <summary>The variables of several sets of samples side by side.</summary>
    /// <param name="parts">Sets of as many samples each.</param>
    /// <exception cref="ArgumentException">The sets have different numbers of samples.</exception>
    public static Samples Join(params ReadOnlySpan<Samples> parts)
    {
        int count = parts[0].Count;
        int variables = 0;
        foreach (Samples part in parts)
        {
            if (part.Count != count)
            {
                throw new ArgumentException($"{count} samples of '{string.Join(", ", parts[0].Names)}' cannot be paired with {part.Count} of '{string.Join(", ", part.Names)}'; there must be as many.");
            }

            variables += part.Variables;
        }

        double[] joined = new double[count * variables];
        string[] names = new string[variables];
        int offset = 0;
        foreach (Samples part in parts)
        {
            for (int j = 0; j < part.Variables; j++)
            {
                names[offset + j] = part.Names[j];
            }

            for (int i = 0; i < count; i++)
            {
                part.Row(i).CopyTo(joined.AsSpan(i * variables + offset));
            }

            offset += part.Variables;
        }

        // Names tell variables apart; where two are called the same, all are numbered instead.
        return new Samples(joined, count, variables, names.Distinct(StringComparer.Ordinal).Count() == variables ? names : null);
    }

    /// <summary>Numeric columns of a data frame.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="columns">The columns' names; none takes all of them.</param>
    /// <exception cref="ArgumentException">A column is not there, or not numeric.</exception>
    /// <exception cref="NotFiniteException">A value is null, NaN or infinite.</exception>
    public static Samples Of(DataFrame frame, params IReadOnlyList<string> columns)
    {
        IReadOnlyList<string> names = columns.Count > 0 ? columns : [.. frame.Columns.Select(column => column.Name)];
        int count = checked((int)frame.Rows.Count);
        double[] cells = new double[count * names.Count];
        for (int j = 0; j < names.Count; j++)
        {
            DataFrameColumn column = Find(frame, names[j]);
            if (!column.IsNumericColumn())
            {
                throw new ArgumentException($"Column '{names[j]}' holds {column.DataType.Name}, not numbers; Symbols.Of reads such columns.");
            }

            for (int i = 0; i < count; i++)
            {
                cells[i * names.Count + j] = column[i] is { } value ? Convert.ToDouble(value, CultureInfo.InvariantCulture) : double.NaN;
            }
        }

        return new Samples(cells, count, names.Count, [.. names]);
    }

    /// <summary>The same samples under other names.</summary>
    /// <param name="names">A name a variable.</param>
    /// <exception cref="ArgumentException">There are not as many names as variables.</exception>
    public Samples Named(params IReadOnlyList<string> names) => names.Count == Variables
        ? new Samples(values, Count, Variables, [.. names])
        : throw new ArgumentException($"{names.Count} names were given for {Variables} variables.");

    /// <summary>The samples as a matrix, [samples, variables].</summary>
    public Matrix<double> ToMatrix() => Matrix<double>.Build.Dense(Count, Variables, (i, j) => this[i, j]);

    /// <summary>The samples as an array, [samples, variables].</summary>
    public double[,] ToArray()
    {
        double[,] array = new double[Count, Variables];
        Buffer.BlockCopy(values, 0, array, 0, values.Length * sizeof(double));
        return array;
    }

    /// <summary>The samples as a data frame, a column a variable.</summary>
    public DataFrame ToDataFrame() => new(Enumerable.Range(0, Variables).Select(j => new DoubleDataFrameColumn(Names[j], Column(j))));

    /// <summary>Samples of one variable.</summary>
    public static implicit operator Samples(double[] values) => new([.. values], values.Length, 1, null);

    /// <summary>Samples of several variables, [samples, variables].</summary>
    public static implicit operator Samples(double[,] values)
    {
        double[] flat = new double[values.Length];
        Buffer.BlockCopy(values, 0, flat, 0, flat.Length * sizeof(double));
        return new Samples(flat, values.GetLength(0), values.GetLength(1), null);
    }

    /// <summary>Samples of one variable.</summary>
    public static implicit operator Samples(Vector<double> values) => values.ToArray();

    /// <summary>Samples of several variables, a row a sample.</summary>
    public static implicit operator Samples(Matrix<double> values) => values.ToArray();

    internal static DataFrameColumn Find(DataFrame frame, string name) => frame.Columns.FirstOrDefault(column => column.Name == name)
        ?? throw new ArgumentException($"There is no column '{name}'; there are {string.Join(", ", frame.Columns.Select(column => $"'{column.Name}'"))}.");
}
