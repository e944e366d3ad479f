using MathNet.Numerics.LinearAlgebra;
using Microsoft.Data.Analysis;

namespace ArKernel.Theory.Tests.Data;

public sealed class DataTests
{
    [Fact]
    public void Arrays_matrices_vectors_and_frames_are_the_same_samples()
    {
        double[,] array = { { 1, 2 }, { 3, 4 }, { 5, 6 } };
        DataFrame frame = new(new DoubleDataFrameColumn("a", new double[] { 1, 3, 5 }), new Int32DataFrameColumn("b", new[] { 2, 4, 6 }), new StringDataFrameColumn("c", ["p", "q", "p"]));
        foreach (Samples samples in new Samples[] { array, Matrix<double>.Build.DenseOfArray(array), Samples.Of(frame, "a", "b"), Samples.Join(new double[] { 1, 3, 5 }, Vector<double>.Build.Dense([2, 4, 6])) })
        {
            Assert.Equal(array, samples.ToArray());
            Assert.Equal((3, 2), (samples.Count, samples.Variables));
            Assert.Equal([2, 4, 6], samples.Column(1));
            Assert.Equal(array, samples.ToMatrix().ToArray());
            Assert.Equal(array, Samples.Of(samples.ToDataFrame()).ToArray());
            Assert.Equal(new double[,] { { 4 }, { 6 } }, samples.Select(1).Slice(1, 2).ToArray());
        }

        Assert.Equal(["b", "a"], Samples.Of(frame, "b", "a").Names);
        Assert.Contains("'c' holds String", Assert.Throws<ArgumentException>(() => Samples.Of(frame)).Message, StringComparison.Ordinal);
        Assert.Contains("no column 'd'", Assert.Throws<ArgumentException>(() => Samples.Of(frame, "d")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Samples_that_are_no_numbers_are_refused_with_their_place()
    {
        Assert.Contains("Sample 1 has the value NaN in 'x1'", Assert.Throws<NotFiniteException>(() => (Samples)new double[,] { { 1, 2 }, { 3, double.NaN } }).Problem, StringComparison.Ordinal);
        DataFrame frame = new(new DoubleDataFrameColumn("a", new double?[] { 1, null }));
        Assert.Contains("'a'", Assert.Throws<NotFiniteException>(() => Samples.Of(frame, "a")).Problem, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Samples.Join(new double[] { 1 }, new double[] { 1, 2 }));
    }

    [Fact]
    public void Integers_bytes_text_and_columns_are_symbols()
    {
        Assert.Equal([2, 0, 1], ((Symbols)new[] { 2, 0, 1 }).Span);
        Assert.Equal(256, ((Symbols)new byte[] { 7 }).Alphabet);
        Symbols text = "banana";
        Assert.Equal([1, 0, 2, 0, 2, 0], text.Span);
        DataFrame frame = new(new StringDataFrameColumn("s", ["y", "x", "z"]), new DoubleDataFrameColumn("d", new double[] { 0.5, -1, 0.5 }), new StringDataFrameColumn("n", ["y", null!, "z"]));
        Assert.Equal([1, 0, 2], Symbols.Of(frame, "s").Span);
        Assert.Equal([1, 0, 1], Symbols.Of(frame, "d").Span);
        Assert.Throws<NotFiniteException>(() => Symbols.Of(frame, "n"));
        Assert.Contains("Symbol -1 at index 1", Assert.Throws<ArgumentException>(() => (Symbols)new[] { 0, -1 }).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pair_of_sequences_is_a_sequence_of_pairs()
    {
        Symbols pair = Symbols.Pair(new[] { 0, 1, 2 }, new[] { 1, 0, 1 });
        Assert.Equal(6, pair.Alphabet);
        Assert.Equal([3, 1, 5], pair.Span);
        Assert.Throws<ArgumentException>(() => Symbols.Pair(new[] { 0 }, new[] { 0, 1 }));
        Assert.Throws<ArgumentException>(() => Symbols.Pair(new Symbols([0], 1 << 20), new Symbols([0], 1 << 20)));
    }

    [Fact]
    public void Bins_hold_equal_counts_and_equal_values_share_one()
    {
        double[] values = [.. Enumerable.Range(0, 1000).Select(i => Math.Sin(i * 1.7))];
        Symbols bins = Symbols.Quantise(values, 8);
        Assert.All(bins.Span.ToArray().CountBy(bin => bin), bin => Assert.Equal(125, bin.Value));
        Assert.Equal([1, 1, 1, 1], Symbols.Quantise(new double[] { 5, 5, 5, 5 }, 2).Span);
        Assert.Throws<ArgumentException>(() => Symbols.Quantise(new double[] { 1, 2 }, 1));
    }
}
