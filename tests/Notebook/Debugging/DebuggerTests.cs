using System.Text;
using System.Text.Json;
using ArKernel.Notebooks.Debugging;
using ArKernel.Notebooks.Engine;

namespace ArKernel.Notebooks.Tests.Debugging;

public sealed class DebuggerTests : IAsyncDisposable
{
    private readonly NotebookEngine engine = new();

    public ValueTask DisposeAsync() => engine.DisposeAsync();

    [Fact]
    public async Task A_breakpoint_stops_before_its_line_and_shows_the_call_its_locals_and_watches()
    {
        const string Code = """
            int Twice(int number)
            {
                int doubled = number * 2;
                return doubled;
            }
            var start = 20;
            var answer = Twice(start + 1);
            answer
            """;
        DebugClient client = new(engine);
        await client.AttachAsync();
        JsonElement breakpoint = await client.BreakAsync(Code, 4);
        Assert.True(breakpoint.GetProperty("verified").GetBoolean());

        Task<bool> run = client.RunAsync(Code);
        Assert.Equal(4, await client.StoppedAsync());
        IReadOnlyList<JsonElement> frames = await client.FramesAsync();
        Assert.Equal(["Twice", "cell"], frames.Select(f => f.GetProperty("name").GetString()));
        Assert.Equal(7, frames[1].GetProperty("line").GetInt32());
        IReadOnlyDictionary<string, string> locals = await client.LocalsAsync();
        Assert.Equal("21", locals["number"]);
        Assert.Equal("42", locals["doubled"]);
        Assert.Equal("63", await client.EvaluateAsync("number + doubled"));
        Assert.Equal("20", await client.EvaluateAsync("start")); // a variable of the notebook

        await client.AskAsync("continue", new { threadId = 1 });
        Assert.True(await run);
        Assert.Equal("42", client.Outputs.OfType<ResultData>().Single().Data["text/plain"]);
    }

    [Fact]
    public async Task Steps_go_over_into_and_out_of_calls()
    {
        const string Code = """
            int Inner(int x)
            {
                x++;
                return x;
            }
            var a = 1;
            var b = Inner(a);
            var c = Inner(b);
            Console.WriteLine(c);
            """;
        DebugClient client = new(engine);
        await client.AttachAsync();
        await client.BreakAsync(Code, 6);
        Task<bool> run = client.RunAsync(Code);
        Assert.Equal(6, await client.StoppedAsync());
        await client.AskAsync("next");
        Assert.Equal(7, await client.StoppedAsync());
        await client.AskAsync("next"); // over the call
        Assert.Equal(8, await client.StoppedAsync());
        await client.AskAsync("stepIn");
        Assert.Equal(3, await client.StoppedAsync());
        await client.AskAsync("next");
        Assert.Equal(4, await client.StoppedAsync());
        await client.AskAsync("stepOut");
        Assert.Equal(9, await client.StoppedAsync());
        await client.AskAsync("continue");
        Assert.True(await run);
    }

    [Fact]
    public async Task Every_kind_of_body_can_be_stepped_through_and_means_what_it_meant()
    {
        const string Code = """
            using System.Runtime.CompilerServices;
            IEnumerable<int> Count(int n) { for (int i = 0; i < n; i++) yield return i; }
            int Square(int x) => x * x;
            void Shout(List<string> into) => into.Add("hey");
            async Task<int> LaterAsync(int x) { await Task.Yield(); return x; }
            async Task NothingAsync() => await Task.Yield();
            class Point(int x) { public int X { get; set; } = x; public int Twice { get { return X * 2; } } public static Point operator +(Point a, Point b) { return new(a.X + b.X); } }
            struct Pair { public int A; public Pair(int a) { A = a; } public readonly int Get() { return A; } }
            int Parse(string s, out bool good) { if (int.TryParse(s, out int v)) good = true; else good = false; return v; }
            ref int First(int[] a) { return ref a[0]; }
            static int Sum(ReadOnlySpan<int> items) { int s = 0; foreach (int i in items) s += i; return s; }
            var words = new List<string>();
            Shout(words);
            int[] numbers = [3, 4];
            First(numbers) = 7;
            Func<int, int> f = x => { int y = x + 1; return y; };
            int total = 0;
            foreach (int i in Count(4)) total += i;
            while (total < 10) total++;
            do total++; while (total < 12);
            if (total == 12) total += 0; else if (total > 99) total = 1; else total = 2;
            switch (total) { case 12: total += 1; break; default: break; }
            lock (words) total++;
            using (var stream = new MemoryStream()) stream.WriteByte(1);
            await NothingAsync();
            goto end;
            end: total++;
            var point = new Point(2) + new Point(3);
            int good2 = Parse("12", out bool good);
            $"{words[0]} {numbers[0]} {f(1)} {total} {await LaterAsync(5)} {point.Twice} {new Pair(4).Get()} {good2} {good} {Square(3)} {Sum(numbers)}"
            """;
        DebugClient client = new(engine);
        await client.AttachAsync();
        Assert.True(await client.RunAsync(Code), string.Join('\n', client.Outputs.OfType<CellError>().SelectMany(e => e.Traceback)));
        Assert.Equal("hey 7 2 15 5 10 4 12 True 9 11", client.Outputs.OfType<ResultData>().Single().Data["text/plain"]);

        // And again one step at a time: every stop can show its locals.
        DebugClient stepping = new(engine);
        await stepping.BreakAsync(Code, 12);
        Task<bool> run = stepping.RunAsync(Code);
        int stops = 0;
        await stepping.StoppedAsync();
        while (!run.IsCompleted && stops < 500)
        {
            stops++;
            await stepping.LocalsAsync();
            await stepping.AskAsync("stepIn");
            await Task.WhenAny(run, stepping.StoppedAsync());
        }

        Assert.True(await run);
        Assert.InRange(stops, 40, 200);
        Assert.Equal("hey 7 2 15 5 10 4 12 True 9 11", stepping.Outputs.OfType<ResultData>().Single().Data["text/plain"]);
    }

    [Fact]
    public async Task A_condition_decides_whether_its_breakpoint_stops()
    {
        const string Code = """
            int seen = 0;
            for (int i = 0; i < 10; i++)
            {
                seen += i;
            }
            """;
        DebugClient client = new(engine);
        await client.AttachAsync();
        await client.BreakAsync(Code, 4, "i == 7");
        Task<bool> run = client.RunAsync(Code);
        Assert.Equal(4, await client.StoppedAsync());
        Assert.Equal("7", (await client.LocalsAsync())["i"]);
        Assert.Equal("21", await client.EvaluateAsync("seen"));
        await client.AskAsync("continue");
        Assert.True(await run);
    }

    [Fact]
    public async Task Members_and_this_can_be_looked_at_and_copied_to_the_notebook()
    {
        const string Code = """
            class Counter { public int Value; public void Up() { Value++; var log = new List<int> { Value, 5 }; Console.WriteLine(log.Count); } }
            var counter = new Counter();
            counter.Up();
            """;
        DebugClient client = new(engine);
        await client.AttachAsync();
        await client.BreakAsync(Code, 3);
        Task<bool> run = client.RunAsync(Code);
        await client.StoppedAsync();
        for (int i = 0; i < 3; i++)
        {
            await client.AskAsync("stepIn");
            await client.StoppedAsync();
        }

        Assert.Equal("1", await client.EvaluateAsync("this.Value"));
        JsonElement scopes = (await client.AskAsync("scopes", new { frameId = 1 })).GetProperty("scopes");
        JsonElement log = (await client.AskAsync("variables", new { variablesReference = scopes[0].GetProperty("variablesReference").GetInt32() }))
            .GetProperty("variables").EnumerateArray().Single(v => v.GetProperty("name").GetString() == "log");
        JsonElement items = (await client.AskAsync("variables", new { variablesReference = log.GetProperty("variablesReference").GetInt32() })).GetProperty("variables");
        Assert.Equal(["1", "5"], items.EnumerateArray().Select(i => i.GetProperty("value").GetString()));
        JsonElement rich = await client.AskAsync("richInspectVariables", new { variableName = "log", frameId = 1 });
        Assert.Contains("text/plain", rich.GetProperty("data").EnumerateObject().Select(p => p.Name));
        await client.AskAsync("continue");
        Assert.True(await run);
        Assert.Contains("counter", (await client.AskAsync("inspectVariables")).GetProperty("variables").EnumerateArray().Select(v => v.GetProperty("name").GetString()));
    }

    [Fact]
    public async Task An_interrupt_ends_a_cell_that_stands_and_detaching_lets_one_run_on()
    {
        const string Code = "var here = 1;\nhere++;\nhere";
        DebugClient client = new(engine);
        await client.AttachAsync();
        await client.BreakAsync(Code, 2);
        using CancellationTokenSource interrupt = new();
        Task<bool> run = client.RunAsync(Code, interrupt.Token);
        await client.StoppedAsync();
        await interrupt.CancelAsync();
        Assert.False(await run);
        Assert.Equal("Interrupted", client.Outputs.OfType<CellError>().Single().Name);

        run = client.RunAsync(Code);
        await client.StoppedAsync();
        await client.AskAsync("disconnect");
        Assert.True(await run);
    }

    [Fact]
    public async Task Line_numbers_of_errors_and_stack_traces_are_those_of_the_cell()
    {
        const string Code = """
            int Fail(int x)
                =>
                    x / (x - x);

            var ok = 1;
            if (ok == 1)
                Fail(
                    ok);
            """;
        DebugClient plain = new(engine), debugging = new(engine);
        Assert.False(await plain.RunAsync(Code));
        await debugging.AttachAsync();
        Assert.False(await debugging.RunAsync(Code));
        Assert.Equal(plain.Outputs.OfType<CellError>().Single().Traceback, debugging.Outputs.OfType<CellError>().Single().Traceback);
        Assert.False(await debugging.RunAsync("\nvar x = nowhere;"));
        Assert.Equal(2, debugging.Outputs.OfType<CellError>().Last().Line);
    }

    [Fact]
    public async Task A_request_that_cannot_be_served_says_why()
    {
        DebugClient client = new(engine);
        foreach ((string command, object? arguments) in ((string, object?)[])[("stackTrace", null), ("evaluate", new { }), ("fly", null), ("variables", new { variablesReference = 9 }), ("setBreakpoints", null)])
        {
            JsonElement response = await client.TryAsync(command, arguments);
            Assert.False(response.GetProperty("success").GetBoolean());
            Assert.NotEmpty(response.GetProperty("message").GetString()!);
        }
    }

    // The figures are those of ipykernel's implementation, whose scheme Jupyter's front ends follow.
    [Theory]
    [InlineData("", 3990065800)]
    [InlineData("a", 2167009006)]
    [InlineData("ab", 2805137849)]
    [InlineData("var x = 1;", 3444436925)]
    [InlineData("print 'hällo'", 2599521423)]
    public void Cells_are_named_by_the_hash_that_front_ends_use(string code, uint hash) =>
        Assert.Equal(hash, DebugSources.Murmur2(Encoding.UTF8.GetBytes(code), DebugSources.HashSeed));
}
