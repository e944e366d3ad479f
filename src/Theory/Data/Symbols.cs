using Microsoft.Data.Analysis;

namespace ArKernel.Theory;

/// <summary>
/// A sequence of symbols 0..Alphabet-1: what every estimator on discrete data takes. Arrays of integers or bytes and strings convert by
/// themselves; a column of a data frame comes with <see cref="Of"/>.
/// </summary>
public sealed class Symbols
{
    private readonly int[] values;

    /// <summary>Symbols of a known alphabet, of which some may not occur.</summary>
    /// <param name="values">The sequence.</param>
    /// <param name="alphabet">The number of different symbols.</param>
    /// <exception cref="ArgumentException">A value is not one of 0..alphabet-1.</exception>
    public Symbols(ReadOnlySpan<int> values, int alphabet)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if ((uint)values[i] >= (uint)alphabet)
            {
                throw new ArgumentException($"Symbol {values[i]} at index {i} is not one of 0..{alphabet - 1}.");
            }
        }

        (this.values, Alphabet) = (values.ToArray(), alphabet);
    }

    /// <summary>The number of different symbols.</summary>
    public int Alphabet { get; }

    /// <summary>The length of the sequence.</summary>
    public int Count => values.Length;

    /// <summary>The symbol at an index.</summary>
    public int this[int index] => values[index];

    /// <summary>The sequence.</summary>
    public ReadOnlySpan<int> Span => values;

    /// <summary>A part of the sequence, over the same alphabet.</summary>
    /// <param name="start">The first index.</param>
    /// <param name="count">How many.</param>
    public Symbols Slice(int start, int count) => new(Span.Slice(start, count), Alphabet);

    /// <summary>The pairs of two sequences as one: the pair (a, b) is the symbol a + b · (alphabet of the first).</summary>
    /// <param name="first">One sequence.</param>
    /// <param name="second">A sequence of the same length.</param>
    /// <exception cref="ArgumentException">The lengths differ, or there are more than 2³¹ different pairs.</exception>
    public static Symbols Pair(Symbols first, Symbols second)
    {
        if (first.Count != second.Count)
        {
            throw new ArgumentException($"A sequence of {first.Count} symbols cannot be paired with one of {second.Count}; the lengths must be equal.");
        }

        if ((long)first.Alphabet * second.Alphabet > int.MaxValue)
        {
            throw new ArgumentException($"{first.Alphabet} times {second.Alphabet} different pairs are too many; quantise first.");
        }

        int[] pairs = new int[first.Count];
        for (int i = 0; i < pairs.Length; i++)
        {
            pairs[i] = first[i] + first.Alphabet * second[i];
        }

        return new Symbols(pairs, first.Alphabet * second.Alphabet);
    }

    /// <summary>A column of a data frame; each different value becomes a symbol, numbered in ascending order.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="column">The column's name.</param>
    /// <exception cref="ArgumentException">There is no such column.</exception>
    /// <exception cref="NotFiniteException">A value is null.</exception>
    public static Symbols Of(DataFrame frame, string column)
    {
        DataFrameColumn found = Samples.Find(frame, column);
        object[] cells = new object[found.Length];
        for (int i = 0; i < cells.Length; i++)
        {
            cells[i] = found[i] ?? throw new NotFiniteException($"Row {i} of column '{column}' is null.", "Remove such rows, or give them a value of their own, first.");
        }

        object[] alphabet = [.. cells.Distinct().Order(Comparer<object>.Create((a, b) => a is string text ? string.CompareOrdinal(text, (string)b) : Comparer<object>.Default.Compare(a, b)))];
        Dictionary<object, int> codes = alphabet.Index().ToDictionary(entry => entry.Item, entry => entry.Index);
        return new Symbols([.. cells.Select(cell => codes[cell])], alphabet.Length);
    }

    /// <summary>Real samples of one variable in bins of equal count: the j-th of them holds the ranks from j/bins to (j+1)/bins.</summary>
    /// <param name="samples">Samples of one variable.</param>
    /// <param name="bins">The number of bins.</param>
    /// <exception cref="ArgumentException">There are several variables, or fewer than two bins.</exception>
    public static Symbols Quantise(Samples samples, int bins)
    {
        if (samples.Variables != 1 || bins < 2)
        {
            throw new ArgumentException($"{samples.Variables} variables and {bins} bins were given; there must be one variable and two bins or more.");
        }

        double[] column = samples.Column(0);
        double[] sorted = [.. column.Order()];
        // Equal values share a bin: that of the first of them.
        double[] edges = [.. Enumerable.Range(1, bins - 1).Select(j => sorted[(int)((long)j * sorted.Length / bins)])];
        return new Symbols([.. column.Select(value => Bin(edges, value))], bins);
    }

    /// <summary>Integers from 0; the alphabet ends with the largest.</summary>
    public static implicit operator Symbols(int[] values) => new(values, values.Length == 0 ? 1 : Math.Max(values.Max(), 0) + 1);

    /// <summary>Bytes; the alphabet has all 256.</summary>
    public static implicit operator Symbols(byte[] values) => new([.. values.Select(value => (int)value)], 256);

    /// <summary>Text; the alphabet is its different characters in ascending order.</summary>
    public static implicit operator Symbols(string text)
    {
        char[] alphabet = [.. text.Distinct().Order()];
        return new Symbols([.. text.Select(character => Array.BinarySearch(alphabet, character))], Math.Max(1, alphabet.Length));
    }

    private static int Bin(double[] edges, double value)
    {
        int bin = 0;
        while (bin < edges.Length && value >= edges[bin])
        {
            bin++;
        }

        return bin;
    }
}
