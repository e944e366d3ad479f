using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Tests.Engine;

namespace ArKernel.Notebooks.Tests.Languages;

[Collection("engine")]
public sealed class StaleTests : IAsyncDisposable
{
    private readonly NotebookEngine engine = new();
    private readonly CellRun run;

    public StaleTests() => run = new CellRun(engine);

    public ValueTask DisposeAsync() => engine.DisposeAsync();

    private async Task<List<CellEvent>> CellAsync(string id, string code)
    {
        List<CellEvent> events = [];
        bool succeeded = await engine.ExecuteAsync(new CellSubmission("csharp", code, id) { Id = id }, events.Add, CancellationToken.None);
        Assert.True(succeeded, string.Join('\n', events.OfType<CellError>().SelectMany(e => e.Traceback.Prepend(e.Message))));
        return events;
    }

    private async Task<string> StaleAsync() => (await run.RunAsync("#!stale")).Displays.Single().Data["text/plain"];

    [Fact]
    public async Task A_notebook_that_ran_from_top_to_bottom_is_not_stale()
    {
        await CellAsync("one", "int total = 0; List<int> list = [];");
        await CellAsync("two", "total += 1; list.Add(total);");
        await CellAsync("three", "total += list.Count; int Twice() => total * 2;");
        await CellAsync("four", "Twice()");
        Assert.Equal("No cell is stale.", await StaleAsync());
    }

    [Fact]
    public async Task Cells_after_a_changed_one_are_stale_transitively_and_run_again_in_order()
    {
        await CellAsync("one", "int x = 1;");
        await CellAsync("two", "int y = x + 1;");
        await CellAsync("three", "y * 10");
        await CellAsync("other", "int z = 5;");
        await CellAsync("one", "int x = 2;");
        string expected = "two: x was changed by one\nthree: y was changed by two, which is stale itself";
        Assert.Equal(expected, await StaleAsync());
        Assert.Equal(expected, (await run.RunAsync("#!rerun --dry-run")).Displays.Single().Data["text/plain"]);
        CellOutcome outcome = await run.RunAsync("#!rerun");
        Assert.True(outcome.Succeeded);
        Assert.Equal(["two", "three"], outcome.Displays.Select(d => d.Data["text/plain"]));
        Assert.Equal("30", outcome.Result);
        Assert.Equal("No cell is stale.", await StaleAsync());
        Assert.Contains("--dry-run is", (await run.RunAsync("#!rerun --now")).Error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("box.Value = 3;", true)]
    [InlineData("box.Items[0]++;", true)]
    [InlineData("box.Items.Add(1);", true)]
    [InlineData("box.Fill_()", true)]
    [InlineData("Box.Reset(ref box);", true)]
    [InlineData("(box, var rest) = (new Box(), 1);", true)]
    [InlineData("Change();", true)]
    [InlineData("var seen = box.Items.Contains(1);", false)]
    [InlineData("box.Display();", false)]
    [InlineData("box.Value + 1", false)]
    public async Task What_counts_as_a_change_of_a_variable(string code, bool changes)
    {
        await CellAsync("types", "class Box { public int Value; public List<int> Items = [0]; public int Fill_() => Value = 1; public static void Reset(ref Box b) => b = new(); }");
        await CellAsync("define", "Box box = new(); void Change() { box = new(); }");
        await CellAsync("touch", "int before = 1;");
        await CellAsync("use", "box.Value");
        await CellAsync("touch", code);
        Assert.Equal(changes ? "use: box was changed by touch" : "No cell is stale.", await StaleAsync());
    }

    [Fact]
    public async Task Methods_and_types_are_inputs_too()
    {
        await CellAsync("method", "int F(int a) => a;");
        await CellAsync("type", "record P(int X); static class PExtensions { public static int Twice(this int i) => 2 * i; }");
        await CellAsync("derived", "record Q(P Inner);");
        await CellAsync("call", "F(1)");
        await CellAsync("make", "new Q(null)");
        await CellAsync("extended", "1.Twice()");
        await CellAsync("method", "int F(int a) => a + 1;");
        Assert.Equal("call: F was changed by method", await StaleAsync());
        await run.RunAsync("#!rerun");
        await CellAsync("type", "record P(int X, int Y); static class PExtensions { public static int Twice(this int i) => i + i; }");
        Assert.Equal(
            "derived: type P was changed by type\nmake: type Q was changed by derived, which is stale itself\nextended: type PExtensions was changed by type",
            await StaleAsync());
    }

    [Fact]
    public async Task Without_ids_a_cell_that_defines_the_same_takes_the_place_of_the_earlier_one()
    {
        await run.RunAsync("int x = 1;");
        await run.RunAsync("x + 1");
        await run.RunAsync("int x = 2;");
        Assert.Equal("cell 2: x was changed by cell 3", await StaleAsync());
    }

    [Fact]
    public async Task A_cell_that_fails_when_run_again_is_named()
    {
        await CellAsync("one", "string text = \"1\";");
        await CellAsync("two", "int.Parse(text)");
        await CellAsync("one", "string text = \"q\";");
        CellOutcome outcome = await run.RunAsync("#!rerun");
        Assert.EndsWith("(in two, run again by #!rerun)", outcome.Error.Message, StringComparison.Ordinal);
    }
}
