using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Tests.Engine;

namespace ArKernel.Notebooks.Tests.Languages;

public sealed class SqlTests : IAsyncLifetime
{
    private readonly NotebookEngine engine = new();
    private readonly CellRun cells;

    public SqlTests()
    {
        FrameText.Register();
        cells = new CellRun(engine);
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => engine.DisposeAsync();

    [Fact]
    public async Task A_query_reads_a_list_of_records_of_a_cell()
    {
        await RunAsync("""
            record Person(string Name, int Age, double? Height);
            var people = new List<Person> { new("Ada", 36, 1.65), new("Alan", 41, null), new("Grace", 85, 1.68) };
            """);
        Assert.Equal(
            ["Name:String twice:Int32 Height:Double", "Alan 82 null", "Grace 170 1.68"],
            await TableAsync("SELECT Name, Age * 2 AS twice, Height FROM people WHERE Age > 40 ORDER BY Age"));
    }

    [Fact]
    public async Task Every_shape_of_collection_is_a_table()
    {
        await RunAsync("""
            using System.Collections.Generic;
            var anonymous = new[] { new { A = 1, B = "x" }, null, new { A = 2, B = "y" } };
            var tuples = new[] { (1, "one"), (2, "two") };
            var wide = new[] { (1, 2, 3, 4, 5, 6, 7, 8, 9) };
            IEnumerable<int> Lazy() { for (int i = 0; i < 5; i++) yield return i; }
            var scalars = Lazy();
            var grid = new double[,] { { 1, 2, 3 }, { 4, 5, 6 } };
            var jagged = new[] { new[] { 1 }, new[] { 2, 3 } };
            var byName = new Dictionary<string, int> { ["a"] = 1, ["b"] = 2 };
            var columns = new Dictionary<string, double[]> { ["u"] = [1, 2], ["v"] = [3, 4] };
            record Point(int X, int Y);
            var points = new Dictionary<string, Point> { ["p"] = new(1, 2) };
            """);
        Assert.Equal(["A:Int32 B:String", "1 x", "null null", "2 y"], await TableAsync("FROM anonymous"));
        Assert.Equal(["Item1:Int32 Item2:String", "1 one", "2 two"], await TableAsync("FROM tuples"));
        Assert.Equal("1 2 3 4 5 6 7 8 9", (await TableAsync("FROM wide"))[1]);
        Assert.Equal(["value:Int32", "0", "1", "2", "3", "4"], await TableAsync("FROM scalars"));
        Assert.Equal(["c0:Double c1:Double c2:Double", "1 2 3", "4 5 6"], await TableAsync("FROM grid"));
        Assert.Equal(["c0:Int32 c1:Int32", "1 null", "2 3"], await TableAsync("FROM jagged"));
        Assert.Equal(["Key:String Value:Int32", "a 1", "b 2"], await TableAsync("FROM byName"));
        Assert.Equal(["u:Double v:Double", "1 3", "2 4"], await TableAsync("FROM columns"));
        Assert.Equal(["Key:String X:Int32 Y:Int32", "p 1 2"], await TableAsync("FROM points"));
    }

    [Fact]
    public async Task Every_type_of_value_comes_back_as_it_went()
    {
        await RunAsync("""
            enum Colour { Red, Green }
            var row = new[] { new
            {
                A = true, B = (byte)200, C = (sbyte)-5, D = (short)-300, E = (ushort)60000, F = uint.MaxValue, G = long.MinValue, H = ulong.MaxValue,
                I = 1.5f, J = double.NaN, K = -12.3450m, L = "ä😀'", M = 'z', N = new DateTime(2024, 2, 29, 12, 34, 56).AddTicks(1234560),
                O = new DateTimeOffset(2024, 1, 1, 0, 0, 0, TimeSpan.FromHours(2)), P = new DateOnly(1969, 7, 20), Q = new TimeOnly(23, 59, 59),
                R = TimeSpan.FromHours(-30.5), S = Guid.Parse("00112233-4455-6677-8899-aabbccddeeff"), T = Colour.Green, U = (int?)null, V = new byte[] { 1, 255 },
                W = new[] { 1f, 2.5f }, X = (Colour?)Colour.Red,
            } };
            """);
        Assert.Equal(
            [
                "A:Boolean True", "B:Byte 200", "C:SByte -5", "D:Int16 -300", "E:UInt16 60000", "F:UInt32 4294967295", "G:Int64 -9223372036854775808",
                "H:UInt64 18446744073709551615", "I:Single 1.5", "J:Double NaN", "K:Decimal -12.3450", "L:String ä😀'", "M:String z", "N:DateTime 2024-02-29T12:34:56.123456",
                "O:DateTimeOffset 2023-12-31T22:00:00+00:00", "P:DateTime 1969-07-20T00:00:00", "Q:TimeSpan 23:59:59", "R:TimeSpan -1.06:30:00",
                "S:Guid 00112233-4455-6677-8899-aabbccddeeff", "T:String Green", "U:Int32 null", "V:String 01FF", "W:String [1,2.5]", "X:String Red",
            ],
            (await TableAsync("FROM \"row\"")) is [var names, var values] ? names.Split(' ').Zip(values.Split(' '), (n, v) => $"{n} {v}") : []);
        Assert.Equal(["B:String", "00112233-4455-6677-8899-aabbccddeeff"], await TableAsync("SELECT S::VARCHAR AS B FROM \"row\""));
        Assert.Equal(["s:Double", "3.5"], await TableAsync("SELECT list_sum(W::DOUBLE[]) AS s FROM \"row\""));
    }

    [Fact]
    public async Task Results_have_frame_types_also_where_sql_has_richer_ones()
    {
        Assert.Equal(["s:Int64", "3"], await TableAsync("SELECT sum(x) AS s FROM (VALUES (1), (2)) t(x)"));
        Assert.Equal(["d:Decimal", "1.50"], await TableAsync("SELECT 1.50::DECIMAL(10, 2) AS d"));
        Assert.Equal(["l:String", "[1, null, 3]"], await TableAsync("SELECT [1, NULL, 3] AS l"));
        Assert.Equal(["s:String", """{"a": 1, "b": "x\u0022"}"""], await TableAsync("""SELECT {'a': 1, 'b': 'x"'} AS s"""));
        Assert.Equal(["m:String", """{"k": [1.5]}"""], await TableAsync("SELECT MAP {'k': [1.5]} AS m"));
        Assert.Equal(["a:String", "[1, 2]"], await TableAsync("SELECT [1, 2]::INTEGER[2] AS a"));
        Assert.Equal(["t:String", "[\"2024-01-02\"]"], await TableAsync("SELECT [DATE '2024-01-02'] AS t"));
        Assert.Equal(["e:String", "b"], await TableAsync("CREATE TYPE letters AS ENUM ('a', 'b'); SELECT 'b'::letters AS e"));
        Assert.Equal(["a:Int32 a_1:Int32", "1 2"], await TableAsync("SELECT 1 AS a, 2 AS a"));
        Assert.Equal(["i:DateTime", "9999-12-31T23:59:59.9999999"], await TableAsync("SELECT 'infinity'::TIMESTAMP AS i"));
        Assert.Equal(["x:Int32"], await TableAsync("SELECT 1 AS x WHERE false"));
    }

    [Fact]
    public async Task A_data_frame_is_a_table()
    {
        await RunAsync("""
            using Microsoft.Data.Analysis;
            var frame = new DataFrame(new Int32DataFrameColumn("n", new int?[] { 1, null, 3 }), new StringDataFrameColumn("s", new[] { "a", null, "c" }),
                new DoubleDataFrameColumn("x", new[] { 0.5, 1.5, 2.5 }), new PrimitiveDataFrameColumn<DateTime>("t", new DateTime?[] { new(2020, 1, 1), null, null }));
            """);
        Assert.Equal(["n:Int32 s:String x:Double t:DateTime", "1 a 0.5 2020-01-01T00:00:00", "null null 1.5 null", "3 c 2.5 null"], await TableAsync("FROM frame"));
        Assert.Equal(["x:Double", "4.5"], await TableAsync("SELECT sum(x) AS x FROM FRAME"));
    }

    [Fact]
    public async Task A_million_rows_arrive_whole()
    {
        await RunAsync("""
            using Microsoft.Data.Analysis;
            int n = 1_000_000;
            var big = new DataFrame(new Int64DataFrameColumn("id", Enumerable.Range(0, n).Select(i => (long)i)), new DoubleDataFrameColumn("x", Enumerable.Range(0, n).Select(i => i * 0.5)),
                new StringDataFrameColumn("s", Enumerable.Range(0, n).Select(i => i % 7 == 0 ? null : $"key {i % 1000}")));
            """);
        Assert.Equal(
            ["n:Int64 ids:Int64 xs:Double some:Int64 keys:Int64", "1000000 499999500000 249999750000 857142 1000"],
            await TableAsync("SELECT count(*) AS n, sum(id) AS ids, sum(x) AS xs, count(s) AS some, count(DISTINCT s) AS keys FROM big"));
        Assert.Equal(["id:Int64 x:Double s:String", "0 0 null", "1 0.5 key 1"], (await TableAsync("FROM big"))[..3]);
    }

    [Fact]
    public async Task Tables_stay_and_variables_are_read_anew_by_every_cell()
    {
        await RunAsync("var numbers = new List<int> { 1, 2 };");
        await RunAsync("#!sql\nCREATE TABLE kept AS SELECT value FROM numbers;\nCREATE VIEW live AS SELECT sum(value) AS total FROM numbers;");
        await RunAsync("numbers.Add(10);");
        Assert.Equal(["value:Int32", "1", "2"], await TableAsync("FROM kept"));
        Assert.Equal(["total:Int64", "13"], await TableAsync("FROM live"));
        Assert.Equal("1 row changed", (await RunAsync("#!sql\nINSERT INTO kept VALUES (3)")).Displays.Single().Data["text/plain"]);
        Assert.Equal(["c:Int64", "3"], await TableAsync("SELECT count(*) AS c FROM kept"));
    }

    [Fact]
    public async Task A_table_of_the_session_hides_a_variable_of_its_name()
    {
        await RunAsync("var twice = new[] { 1 };");
        await RunAsync("#!sql\nCREATE TABLE twice AS SELECT value + 100 AS value FROM twice;");
        Assert.Equal(["value:Int32", "101"], await TableAsync("FROM twice"));
    }

    [Fact]
    public async Task A_cell_of_several_statements_shows_every_result()
    {
        CellOutcome outcome = await RunAsync("#!sql\nSELECT 1 AS a; CREATE TABLE t(x INT); INSERT INTO t VALUES (1), (2); SELECT sum(x) AS b FROM t;");
        Assert.Equal(2, outcome.Displays.Count());
        Assert.Single(outcome.Events.OfType<ResultData>());
    }

    [Fact]
    public async Task Files_are_tables()
    {
        string path = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N"));
        try
        {
            await File.WriteAllTextAsync(path + ".csv", "a,b\n1,x\n2,y\n");
            await RunAsync($"#!sql\nCOPY (SELECT a * 2 AS a, b FROM '{path}.csv') TO '{path}.parquet'");
            Assert.Equal(["a:Int64 b:String", "2 x", "4 y"], await TableAsync($"FROM '{path}.parquet'"));
        }
        finally
        {
            File.Delete(path + ".csv");
            File.Delete(path + ".parquet");
        }
    }

    [Fact]
    public async Task Errors_say_where()
    {
        CellError parser = (await cells.RunAsync("#!sql\nSELECT 1;\nSELECT 'ä😀' selec 2")).Error;
        Assert.Equal(("ParserError", 3), (parser.Name, parser.Line));
        Assert.Equal("    SELECT 'ä😀' selec 2", parser.Traceback[1]);
        Assert.Equal(parser.Traceback[1].IndexOf('2'), parser.Traceback[2].IndexOf('^'));

        CellError table = (await cells.RunAsync("var x = 1;\n#!sql\n\nSELECT *\nFROM nowhere")).Error;
        Assert.Equal(("CatalogError", 5), (table.Name, table.Line));
        Assert.Contains("nowhere", table.Message, StringComparison.Ordinal);
        Assert.Contains("variable", table.Message, StringComparison.Ordinal);

        CellError column = (await cells.RunAsync("#!sql\nSELECT 'ä😀', nothing FROM range(3)")).Error;
        Assert.Equal(column.Traceback[1].IndexOf("nothing", StringComparison.Ordinal), column.Traceback[2].IndexOf('^'));

        CellError conversion = (await cells.RunAsync("#!sql\nSELECT CAST('x' AS INT)")).Error;
        Assert.Equal(("ConversionError", 2), (conversion.Name, conversion.Line));
    }

    [Fact]
    public async Task A_variable_that_is_no_table_and_one_that_is_written_to_are_refused()
    {
        await RunAsync("var number = 5; var cube = new int[1, 1, 1]; var list = new[] { 1 }; var uneven = new Dictionary<string, int[]> { [\"a\"] = [1], [\"b\"] = [] };");
        Assert.Contains("'number' is no table: it is a Int32", (await cells.RunAsync("#!sql\nFROM number")).Error.Message, StringComparison.Ordinal);
        Assert.Contains("3 dimensions", (await cells.RunAsync("#!sql\nFROM cube")).Error.Message, StringComparison.Ordinal);
        Assert.Contains("differ in length", (await cells.RunAsync("#!sql\nFROM uneven")).Error.Message, StringComparison.Ordinal);
        foreach (string statement in (string[])["INSERT INTO list VALUES (1)", "UPDATE list SET value = 2", "DELETE FROM list"])
        {
            Assert.Contains("can be read, not changed", (await cells.RunAsync("#!sql\n" + statement)).Error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(["value:Int32", "1"], await TableAsync("FROM list"));
    }

    [Fact]
    public async Task An_exception_of_a_lazy_sequence_is_the_cells_error_and_the_session_lives()
    {
        await RunAsync("IEnumerable<int> Broken() { yield return 1; throw new InvalidOperationException(\"no more\"); } var broken = Broken();");
        CellError error = (await cells.RunAsync("#!sql\nFROM broken")).Error;
        Assert.Equal("InvalidOperationException", error.Name);
        Assert.Contains("no more", error.Message, StringComparison.Ordinal);
        Assert.Equal(["x:Int32", "1"], await TableAsync("SELECT 1 AS x"));
    }

    [Fact]
    public async Task A_long_query_is_interrupted_and_the_session_lives()
    {
        await RunAsync("#!sql\nCREATE TABLE before AS SELECT 42 AS x");
        using CancellationTokenSource interrupt = new(TimeSpan.FromMilliseconds(300));
        CellOutcome outcome = await cells.RunAsync("#!sql\nSELECT count(*) FROM range(100000000) a, range(100000000) b WHERE a.range + b.range = -1", cancellation: interrupt.Token);
        Assert.Equal("Interrupted", outcome.Error.Name);
        Assert.Equal(["x:Int32", "42"], await TableAsync("FROM before"));
    }

    [Fact]
    public async Task An_endless_sequence_is_interrupted()
    {
        await RunAsync("IEnumerable<int> Endless() { while (true) yield return 0; } var endless = Endless();");
        CellOutcome outcome = await cells.RunAsync("#!sql\nFROM endless", timeout: TimeSpan.FromMilliseconds(200));
        Assert.Equal("TimeoutException", outcome.Error.Name);
    }

    [Theory]
    [InlineData("--name result")]
    [InlineData("--into=result")]
    public async Task The_result_is_a_data_frame_for_cells_of_other_languages(string options)
    {
        await RunAsync($"#!sql {options}\nSELECT 0 AS first; SELECT range AS n, range * 0.5::DOUBLE AS half FROM range(4);");
        Assert.Equal("4 3", (await RunAsync("result.Rows.Count + \" \" + result.Columns.GetDoubleColumn(\"half\").Sum()")).Result);
        Assert.Equal(["s:Int64", "6"], await TableAsync("SELECT sum(n) AS s FROM result"));
        Assert.Contains("no statement", (await cells.RunAsync($"#!sql {options}\nCREATE TABLE nothing(x INT)")).Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Values_are_shared_with_sql_as_tables_and_back()
    {
        await RunAsync("var squares = new[] { (1, 1), (2, 4) };\n#!sql\n#!share squares --from csharp --as pairs\n#!csharp\n#!share pairs --from sql --as back");
        await RunAsync("squares = null;");
        Assert.Equal(["Item1:Int32 Item2:Int32", "1 1", "2 4"], await TableAsync("FROM pairs"));
        Assert.Equal("2", (await RunAsync("back.Rows.Count")).Result);
    }

    [Fact]
    public async Task Unknown_options_are_refused()
    {
        Assert.Contains("--name", (await cells.RunAsync("#!sql --nam x\nSELECT 1")).Error.Message, StringComparison.Ordinal);
        Assert.Contains("--name", (await cells.RunAsync("#!sql --name 1x\nSELECT 1")).Error.Message, StringComparison.Ordinal);
    }

    private async Task<CellOutcome> RunAsync(string source)
    {
        CellOutcome outcome = await cells.RunAsync(source);
        Assert.True(outcome.Succeeded, string.Join('\n', outcome.Events.OfType<CellError>().SelectMany(e => e.Traceback.Prepend(e.Message))));
        return outcome;
    }

    private async Task<string[]> TableAsync(string sql) => (await RunAsync("#!sql\n" + sql)).Result!.Split('\n');
}
