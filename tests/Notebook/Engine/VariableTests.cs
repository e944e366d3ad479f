using System.Text.Json;
using ArKernel.Notebooks.Engine;

namespace ArKernel.Notebooks.Tests.Engine;

/// <summary>The table of variables, with the tensors that the command line's extension knows.</summary>
[Collection("engine")]
public sealed class VariableTests
{
    [Fact]
    public async Task The_panel_follows_what_later_cells_do_and_is_left_alone_when_they_do_nothing()
    {
        await using NotebookEngine engine = new(new EngineOptions { Inspector = new global::ArKernel.Cli.TensorInspector(), Initialize = () => global::ArKernel.Interactive.Extension.Load(_ => _ => { }, () => CancellationToken.None) });
        CellRun run = new(engine);
        await run.RunAsync("using TorchSharp; using static TorchSharp.torch; torch.set_num_threads(1); var small = torch.zeros(4, 2); static class PanelSink { public static List<object> Kept = []; }");
        DisplayData panel = (await run.RunAsync("#!who --panel")).Displays.First();
        Assert.False(panel.IsUpdate);
        Assert.Contains("small", panel.Data["text/html"], StringComparison.Ordinal);
        DisplayData grown = (await run.RunAsync("var large = torch.zeros(1000, dtype: ScalarType.Float64);")).Displays.Single();
        Assert.Equal((panel.DisplayId, true), (grown.DisplayId, grown.IsUpdate));
        string[] lines = [.. grown.Data["text/plain"].Split('\n').Select(l => string.Join(' ', l.Split(' ', StringSplitOptions.RemoveEmptyEntries)))];
        Assert.Matches(@"^\d+ variables, \d+ tensors alive after cell 3$", lines[0]);
        Assert.Equal(["large Tensor [1000] float64 cpu 8,000 cell 3", "small Tensor [4, 2] float32 cpu 32 cell 1"], lines.Where(l => l.Contains(" Tensor ", StringComparison.Ordinal)));
        Assert.Contains("<b>large</b>", grown.Data["text/html"], StringComparison.Ordinal);
        Assert.DoesNotContain("<b>small</b>", grown.Data["text/html"], StringComparison.Ordinal);
        CellOutcome leaking = await run.RunAsync("PanelSink.Kept.Add(torch.ones(2)); throw new Exception(\"after the leak\");");
        Assert.Contains("cell 4 left 1 tensor alive that no variable reaches", leaking.Displays.Single().Data["text/plain"], StringComparison.Ordinal);
        CellOutcome moved = await run.RunAsync("#!who --panel");
        Assert.NotEqual(panel.DisplayId, moved.Displays.First(d => !d.IsUpdate).DisplayId);
        Assert.All((await run.RunAsync("var more = 1;")).Displays, d => Assert.Equal(moved.Displays.First().DisplayId, d.DisplayId));
        Assert.Contains("known are --panel", (await run.RunAsync("#!who --pane")).Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tensors_have_shape_type_device_bytes_and_owner_and_what_a_cell_left_is_counted()
    {
        await using NotebookEngine engine = new(new EngineOptions { Inspector = new global::ArKernel.Cli.TensorInspector(), Initialize = () => global::ArKernel.Interactive.Extension.Load(_ => _ => { }, () => CancellationToken.None) });
        CellRun run = new(engine);
        Assert.True((await run.RunAsync("using TorchSharp; using static TorchSharp.torch; torch.set_num_threads(1); static List<object> hidden = [];")).Succeeded);
        Assert.True((await run.RunAsync("var weights = torch.zeros(4, 2); var pair = (1, torch.ones(3, torch.int64)); static class Sink { public static List<object> Kept = []; }")).Succeeded);
        string before = (await run.RunAsync("#!who")).Displays.Single().Data["text/plain"];
        Assert.DoesNotContain("left", before, StringComparison.Ordinal);
        string[] lines = [.. before.Split('\n').Select(l => string.Join(' ', l.Split(' ', StringSplitOptions.RemoveEmptyEntries)))];
        Assert.Contains("weights Tensor [4, 2] float32 cpu 32 cell 2", lines);
        Assert.Contains("pair ValueTuple<Int32, Tensor> 1 tensor int64 cpu 24 cell 2", lines);
        await run.RunAsync("for (int i = 0; i < 3; i++) Sink.Kept.Add(torch.ones(2));");
        string after = (await run.RunAsync("#!who")).Displays.Single().Data["text/plain"];
        Assert.Contains("cell 4 left 3 tensors alive that no variable reaches", after, StringComparison.Ordinal);
        JsonElement json = await engine.RequestAsync("variables", default, CancellationToken.None);
        JsonElement weights = json.GetProperty("variables").EnumerateArray().Single(v => v.GetProperty("name").GetString() == "weights");
        Assert.Equal(("[4, 2]", "float32", 32), (weights.GetProperty("shape").GetString(), weights.GetProperty("elementType").GetString(), weights.GetProperty("bytes").GetInt32()));
        Assert.Equal(3, json.GetProperty("left")[0].GetProperty("tensors").GetInt32());
    }
}
