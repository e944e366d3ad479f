using System.Text.Json;
using ArKernel.Notebooks.Engine;

namespace ArKernel.Notebooks.Tests.Engine;

/// <summary>The table of variables, with the tensors that the command line's extension knows.</summary>
[Collection("engine")]
public sealed class VariableTests
{
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
