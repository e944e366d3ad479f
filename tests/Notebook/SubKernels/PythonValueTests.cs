using System.Numerics;
using ArKernel.Notebooks.SubKernels;
using ArKernel.Notebooks.Tests.Languages;
using CsCheck;
using Microsoft.Data.Analysis;

namespace ArKernel.Notebooks.Tests.SubKernels;

public sealed class PythonValueTests
{
    public record Point(int X, double Y);

    [Fact]
    public async Task Scalars_strings_lists_and_dictionaries_go_to_Python()
    {
        await using PythonKernel kernel = await PythonKernel.ConnectAsync();
        (object? Value, string Expected)[] values =
        [
            (null, "None"), (true, "True"), (42, "42"), (long.MinValue, "-9223372036854775808"), (ulong.MaxValue, "18446744073709551615"),
            (BigInteger.Pow(2, 100), "1267650600228229401496703205376"), (1.0, "1.0"), (0.1, "0.1"), (1e300, "1e+300"), (double.NaN, "nan"),
            (double.NegativeInfinity, "-inf"), (1.5f, "1.5"), ("ä😀\"'\\\n", "'ä😀\"\\'\\\\\\n'"), ('c', "'c'"), (12.50m, "Decimal('12.50')"),
            (new byte[] { 0, 255 }, "b'\\x00\\xff'"), (new DateTime(2024, 1, 2, 3, 4, 5), "datetime.datetime(2024, 1, 2, 3, 4, 5)"),
            (TimeSpan.FromSeconds(1.5), "datetime.timedelta(seconds=1, microseconds=500000)"), (DayOfWeek.Friday, "'Friday'"),
            (new List<object?> { 1, "a", null, 2.0 }, "[1, 'a', None, 2.0]"), (new[] { "x", "y" }, "['x', 'y']"), ((1, "b"), "[1, 'b']"),
            (new Dictionary<string, object> { ["k"] = new List<int> { 1 }, ["$n"] = double.NaN }, "{'k': [1], '$n': nan}"),
            (new Point(1, 2), "{'X': 1, 'Y': 2.0}"), (new { A = new Point(3, 4) }, "{'A': {'X': 3, 'Y': 4.0}}"),
        ];
        foreach ((object? value, string expected) in values)
        {
            await kernel.SetAsync("shared", value);
            Assert.Equal(expected, (await kernel.PythonAsync("print(repr(shared), end='')")).StandardOutput);
        }
    }

    [Fact]
    public async Task Scalars_strings_lists_and_dictionaries_come_from_Python()
    {
        await using PythonKernel kernel = await PythonKernel.ConnectAsync();
        (string Code, object? Value)[] values =
        [
            ("None", null), ("True", true), ("42", 42), ("2**40", 1L << 40), ("2**100", BigInteger.Pow(2, 100)), ("1.0", 1.0), ("float('inf')", double.PositiveInfinity),
            ("'ä😀\\n'", "ä😀\n"), ("[1, 2, 3]", new[] { 1, 2, 3 }), ("[1, 2**40]", new[] { 1L, 1L << 40 }), ("[1, 2.5]", new[] { 1, 2.5 }), ("['a', None]", new[] { "a", null }),
            ("(1, 'a', None)", new object?[] { 1, "a", null }), ("[[1, 2], [3]]", new[] { new[] { 1, 2 }, [3] }), ("b'\\x00\\xff'", new byte[] { 0, 255 }), ("[]", Array.Empty<object>()),
            ("{'a': 1, 'b': 2}", new Dictionary<string, int> { ["a"] = 1, ["b"] = 2 }), ("__import__('datetime').datetime(2024, 1, 2, 3, 4, 5, 6)", new DateTime(2024, 1, 2, 3, 4, 5).AddMicroseconds(6)),
        ];
        foreach ((string code, object? value) in values)
        {
            await kernel.PythonAsync("given = " + code);
            object? got = await kernel.GetAsync("given");
            Assert.Equal(value?.GetType(), got?.GetType());
            Assert.Equal(value, got);
        }

        Assert.True(double.IsNaN((double)(await GetAsync(kernel, "float('nan')"))!));
        Assert.Null(await kernel.GetAsync("no_such_name"));
    }

    [Fact]
    public async Task Arrays_of_every_type_and_rank_keep_type_shape_and_values_both_ways()
    {
        await using PythonKernel kernel = await PythonKernel.ConnectAsync();
        await kernel.RequireAsync("numpy");
        Random random = new(1);
        (Array Array, string Type)[] arrays =
        [
            (new[] { true, false }, "bool"), (new sbyte[] { -1, 2 }, "int8"), (new short[] { -300 }, "int16"), (new ushort[] { 60000 }, "uint16"),
            (new[] { int.MinValue, 5 }, "int32"), (new[] { uint.MaxValue }, "uint32"), (new[] { long.MinValue, 7 }, "int64"), (new[] { ulong.MaxValue }, "uint64"), (new[] { (Half)1.5 }, "float16"),
            (new[] { 1.5f, float.NaN }, "float32"), (new[] { 0.1, double.NegativeInfinity }, "float64"), (new[] { new Complex(1, -2) }, "complex128"),
            (Array.Empty<double>(), "float64"), (new float[2, 3] { { 1, 2, 3 }, { 4, 5, 6 } }, "float32"), (new long[2, 2, 2] { { { 1, 2 }, { 3, 4 } }, { { 5, 6 }, { 7, 8 } } }, "int64"),
            (new int[3, 0], "int32"), (Enumerable.Range(0, 100_000).Select(_ => random.NextDouble()).ToArray(), "float64"),
        ];
        foreach ((Array array, string type) in arrays)
        {
            string shape = string.Join(", ", Enumerable.Range(0, array.Rank).Select(array.GetLength)) + (array.Rank == 1 ? "," : "");
            Assert.Equal($"('{type}', ({shape}), True)", await kernel.DescribeAsync(array, "(shared.dtype.name, shared.shape, shared.flags.writeable)"));
            object? back = await kernel.GetAsync("shared");
            Assert.Equal(array.GetType(), back!.GetType());
            Assert.Equal(array, back);
        }
    }

    [Fact]
    public async Task Arrays_that_Python_lays_out_otherwise_come_with_the_right_values()
    {
        await using PythonKernel kernel = await PythonKernel.ConnectAsync();
        await kernel.RequireAsync("numpy");
        Assert.Equal(new long[,] { { 0, 3 }, { 1, 4 }, { 2, 5 } }, await GetAsync(kernel, "numpy.arange(6).reshape(2, 3).T"));
        Assert.Equal(new long[] { 4, 2, 0 }, await GetAsync(kernel, "numpy.arange(6)[4::-2]"));
        Assert.Equal(new[] { 1, 256 }, await GetAsync(kernel, "numpy.array([1, 256], dtype='>i4')"));
        Assert.Equal(2.5, await GetAsync(kernel, "numpy.float32(2.5)"));
        Assert.Equal(3, await GetAsync(kernel, "numpy.array(3)"));
        Assert.Equal(new[] { "a", "b" }, await GetAsync(kernel, "numpy.array(['a', 'b'])"));
    }

    [Fact]
    public async Task Data_frames_keep_types_and_nulls_both_ways()
    {
        await using PythonKernel kernel = await PythonKernel.ConnectAsync();
        await kernel.RequireAsync("pandas");
        DataFrame frame = new(
            new Int32DataFrameColumn("whole", [1, 2, 3]), new Int64DataFrameColumn("gaps", [1L, null, 3L]), new DoubleDataFrameColumn("x", [0.5, null, -1.5]),
            new BooleanDataFrameColumn("flag", [true, null, false]), new StringDataFrameColumn("name", ["ä", null, "c"]),
            new DateTimeDataFrameColumn("when", [new DateTime(2024, 1, 2, 3, 4, 5), null, new DateTime(1999, 12, 31)]),
            new PrimitiveDataFrameColumn<TimeSpan>("long", [TimeSpan.FromHours(1), null, TimeSpan.Zero]),
            new PrimitiveDataFrameColumn<DateTimeOffset>("utc", [new DateTimeOffset(2024, 1, 1, 2, 0, 0, TimeSpan.Zero), null, DateTimeOffset.UnixEpoch]));
        Assert.Equal(
            "['int32', 'Int64', 'float64', 'boolean', 'object', 'datetime64[ns]', 'timedelta64[ns]', 'datetime64[ns, UTC]']",
            await kernel.DescribeAsync(frame, "[str(t) for t in shared.dtypes]") is { } types ? types.Replace("\n ", " ", StringComparison.Ordinal) : null);
        Assert.Equal("[0, 1, 1, 1, 1, 1, 1, 1]", (await kernel.PythonAsync("shared.isna().sum().tolist()")).Result);
        Assert.Equal("Timestamp('2024-01-02 03:04:05')", (await kernel.PythonAsync("shared.when[0]")).Result);
        DataFrame back = (DataFrame)(await kernel.GetAsync("shared"))!;
        Assert.Equal(FrameText.Describe(frame), FrameText.Describe(back));
    }

    [Fact]
    public async Task Frames_of_pandas_come_with_their_index_categories_and_series()
    {
        await using PythonKernel kernel = await PythonKernel.ConnectAsync();
        await kernel.RequireAsync("pandas");
        await kernel.PythonAsync("""
            import pandas
            indexed = pandas.DataFrame({"n": [1.0, float("nan")], "c": pandas.Categorical(["u", "v"])}, index=pandas.Index(["a", "b"], name="key"))
            series = pandas.Series([1, 2], name="s")
            empty = pandas.DataFrame({"a": pandas.Series([], dtype="int64")})
            """);
        Assert.Equal("key:String n:Double c:String\na 1 u\nb null v", FrameText.Describe((DataFrame)(await kernel.GetAsync("indexed"))!));
        Assert.Equal("s:Int64\n1\n2", FrameText.Describe((DataFrame)(await kernel.GetAsync("series"))!));
        Assert.Equal("a:Int64", FrameText.Describe((DataFrame)(await kernel.GetAsync("empty"))!));
        Assert.Equal("(0, 1)", await kernel.DescribeAsync(await kernel.GetAsync("empty"), "shared.shape"));
    }

    [Fact]
    public async Task Sql_reads_frames_of_Python()
    {
        FrameText.Register();
        await using PythonKernel kernel = await PythonKernel.ConnectAsync();
        await kernel.RequireAsync("pandas");
        await kernel.PythonAsync("import pandas; sales = pandas.DataFrame({'town': ['x', 'y', 'x'], 'amount': [1.5, 2.0, 3.0]})");
        Assert.Equal("town:String total:Double\nx 4.5\ny 2", (await kernel.RunAsync("#!sql\nSELECT town, sum(amount) AS total FROM sales GROUP BY town ORDER BY town")).Result);
    }

    [Fact]
    public async Task What_cannot_be_shared_is_refused_by_name_and_the_kernel_lives()
    {
        await using PythonKernel kernel = await PythonKernel.ConnectAsync();
        await kernel.PythonAsync("stream = open('/dev/null'); nested = {'a': [1, stream]}; keyed = {1: 2}");
        Assert.Contains("stream is a _io.TextIOWrapper", (await Assert.ThrowsAsync<NotSupportedException>(() => kernel.GetAsync("stream"))).Message, StringComparison.Ordinal);
        Assert.Contains("nested['a'][1]", (await Assert.ThrowsAsync<NotSupportedException>(() => kernel.GetAsync("nested"))).Message, StringComparison.Ordinal);
        Assert.Contains("key 1", (await Assert.ThrowsAsync<NotSupportedException>(() => kernel.GetAsync("keyed"))).Message, StringComparison.Ordinal);
        Assert.Contains("item[0] is a MemoryStream", (await Assert.ThrowsAsync<NotSupportedException>(() => kernel.SetAsync("item", new object[] { new MemoryStream() }))).Message, StringComparison.Ordinal);
        List<object> cycle = [];
        cycle.Add(cycle);
        await Assert.ThrowsAsync<NotSupportedException>(() => kernel.SetAsync("cycle", cycle));
        Assert.Equal("2", (await kernel.PythonAsync("1 + 1")).Result);
    }

    [Fact]
    public async Task A_large_array_is_mapped_from_a_file_that_is_gone_already()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux tells what a process has mapped.");
        await using PythonKernel kernel = await PythonKernel.ConnectAsync();
        await kernel.RequireAsync("numpy");
        await kernel.SetAsync("big", new double[1_000_000]);
        Assert.Equal("[True]", (await kernel.PythonAsync("[l.endswith('(deleted)\\n') for l in open('/proc/self/maps') if 'arkernel' in l]")).Result);
        Assert.Equal("1.0", (await kernel.PythonAsync("big[5] = 1; float(big.sum())")).Result);
    }

    [Fact]
    public void Npy_files_are_read_as_they_were_written() => Gen.Double[0, 50].Array2D[Gen.Int[0, 20], Gen.Int[0, 20]].Sample(array =>
    {
        using MemoryStream stream = new();
        NumpyFile.Write(stream, array);
        Assert.Equal(0, (stream.Length - Buffer.ByteLength(array)) % 64);
        stream.Position = 0;
        Assert.Equal(array, NumpyFile.Read(stream));
    });

    private static async Task<object?> GetAsync(PythonKernel kernel, string expression)
    {
        await kernel.PythonAsync($"given = {expression}");
        return await kernel.GetAsync("given");
    }
}
