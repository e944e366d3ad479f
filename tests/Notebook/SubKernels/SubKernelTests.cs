using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Engine.Sharing;
using ArKernel.Notebooks.Engine.Worker;
using ArKernel.Notebooks.Tests.Engine;

namespace ArKernel.Notebooks.Tests.SubKernels;

public sealed class SubKernelTests
{
    [Fact]
    public async Task Cells_of_a_connected_kernel_share_its_state_and_show_what_it_shows()
    {
        await using PythonKernel kernel = await PythonKernel.ConnectAsync();
        await kernel.PythonAsync("x = 20");
        CellOutcome outcome = await kernel.PythonAsync("""
            import sys
            print("out"); print("err", file=sys.stderr)
            from IPython.display import HTML, display, clear_output
            display(HTML("<b>bold</b>"))
            x + 1
            """);
        Assert.Equal("21", outcome.Result);
        Assert.Equal("out\n", outcome.StandardOutput);
        Assert.Equal("err\n", outcome.StandardError);
        Assert.Equal("<b>bold</b>", outcome.Displays.Single().Data["text/html"]);
        Assert.Single((await kernel.PythonAsync("clear_output(wait=True)")).Events.OfType<ClearOutput>(), c => c.Wait);
    }

    [Fact]
    public async Task A_kernel_can_be_used_in_the_cell_that_connects_it_with_lines_counted_right()
    {
        await using PythonKernel kernel = await PythonKernel.ConnectAsync();
        CellOutcome outcome = await kernel.RunAsync("int before = 5;\n#!connect jupyter --kernel-name python3 --as py2\nint after = before + 1;\n#!py2\n#!share after --from csharp\nprint(after * 7)\n#!csharp\nafter");
        Assert.Equal(("42\n", "6"), (outcome.StandardOutput, outcome.Result));
        outcome = await kernel.TryAsync("#!connect jupyter --kernel-name python3 --as py2\n\nthrow new Exception(\"here\");");
        Assert.Equal(("here", 3), (outcome.Error.Message, outcome.Error.Line));
        outcome = await kernel.TryAsync("#!connect jupyter --kernel-name python3 --as py2\n#!py3\n1");
        Assert.Equal(("UnknownCommand", 2), (outcome.Error.Name, outcome.Error.Line));
    }

    [Fact]
    public async Task Tensors_go_to_torch_in_Python_and_come_back()
    {
        await using PythonKernel kernel = await PythonKernel.ConnectAsync(TensorOptions());
        await kernel.RequireAsync("torch");
        await kernel.RunAsync("using TorchSharp; using static TorchSharp.torch; torch.set_num_threads(1);\nvar weights = torch.arange(6, float32).reshape(2, 3).t(); var flags = torch.tensor(new[] { true, false }); var counts = torch.tensor(new long[] { 1, -2 });");
        CellOutcome outcome = await kernel.PythonAsync("import torch\ntorch.set_num_threads(1)\n#!share weights --from csharp\n#!share flags --from csharp\n#!share counts --from csharp\n"
            + "print(*[(type(t).__module__ + '.' + type(t).__name__, str(t.dtype), tuple(t.shape), t.tolist()) for t in (weights, flags, counts)], sep='\\n')\n"
            + "product = weights.requires_grad_(True) @ torch.ones(2, 1)\nhalf = torch.tensor([0.5, 2], dtype=torch.float16)\nscalar = torch.tensor(3.5)");
        Assert.Equal(
            "('torch.Tensor', 'torch.float32', (3, 2), [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]])\n('torch.Tensor', 'torch.bool', (2,), [True, False])\n('torch.Tensor', 'torch.int64', (2,), [1, -2])\n",
            outcome.StandardOutput);
        outcome = await kernel.RunAsync("#!share product --from python\n#!share half --from python\n#!share scalar --from python\n"
            + "string Tell(Tensor t) => $\"{t.dtype} [{string.Join(\",\", t.shape)}] {string.Join(\" \", t.to_type(ScalarType.Float32).data<float>().ToArray())}\";\n$\"{Tell(product)}; {Tell(half)}; {Tell(scalar)}\"");
        Assert.Equal("Float32 [3,1] 3 5 7; Float16 [2] 0.5 2; Float32 [] 3.5", outcome.Result);
    }

    [Fact]
    public async Task Tensors_go_to_numpy_where_Python_has_no_torch_and_arrays_come_back_as_arrays()
    {
        await using PythonKernel kernel = await PythonKernel.ConnectAsync(TensorOptions());
        await kernel.RequireAsync("numpy");
        await kernel.RunAsync("using TorchSharp; using static TorchSharp.torch; torch.set_num_threads(1);\nvar weights = torch.arange(6, float32).reshape(2, 3).t();");
        CellOutcome outcome = await kernel.PythonAsync("import sys\nsys.modules['torch'] = None # as if it were not installed\n#!share weights --from csharp\nprint(type(weights).__module__, weights.dtype, weights.tolist())\nback = weights * 2");
        Assert.Equal("numpy float32 [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]\n", outcome.StandardOutput);
        Assert.Equal("Single[,] 10", (await kernel.RunAsync("#!share back --from python\n$\"{back.GetType().Name} {back[2, 1]}\"")).Result);
    }

    [Fact]
    public async Task Displays_are_updated_in_place_and_images_arrive()
    {
        await using PythonKernel kernel = await PythonKernel.ConnectAsync();
        CellOutcome outcome = await kernel.PythonAsync("""
            from IPython.display import display, Image
            import base64
            handle = display("first", display_id=True)
            handle.update("second")
            display(Image(data=base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")))
            """);
        DisplayData[] displays = [.. outcome.Displays];
        Assert.StartsWith("iVBORw0KGgo", displays[^1].Data["image/png"], StringComparison.Ordinal);
        Assert.All(displays[..^1], d => Assert.Equal(displays[0].DisplayId, d.DisplayId));
        Assert.Equal("'second'", displays[^2].Data["text/plain"]);
    }

    [Fact]
    public async Task An_exception_is_the_cells_error_with_its_traceback_and_ends_the_cell()
    {
        await using PythonKernel kernel = await PythonKernel.ConnectAsync();
        CellOutcome outcome = await kernel.TryAsync("var before = 1;\n#!python\ndef f():\n    return 1 / 0\nf()\n#!csharp\nvar after = 1;");
        Assert.Equal("ZeroDivisionError", outcome.Error.Name);
        Assert.Equal("division by zero", outcome.Error.Message);
        Assert.Contains(outcome.Error.Traceback, l => l.Contains("return", StringComparison.Ordinal));
        Assert.Equal("1", (await kernel.RunAsync("before")).Result);
        Assert.False((await kernel.TryAsync("after")).Succeeded);
    }

    [Fact]
    public async Task Questions_reach_the_user()
    {
        await using PythonKernel kernel = await PythonKernel.ConnectAsync();
        List<CellEvent> events = [];
        bool succeeded = await kernel.Engine.ExecuteAsync(new CellSubmission("csharp", "#!python\nname = input('who? ')\nprint(name[::-1])", "cell") { AllowsInput = true }, Add, default);
        Assert.True(succeeded);
        Assert.Equal("who? ", events.OfType<InputRequest>().Single().Prompt);
        Assert.Contains("adA", string.Concat(events.OfType<StreamText>().Select(s => s.Text)), StringComparison.Ordinal);

        // A front that cannot ask makes Python say so, instead of waiting for ever.
        Assert.Equal("StdinNotImplementedError", (await kernel.TryAsync("#!python\ninput()")).Error.Name);

        void Add(CellEvent output)
        {
            events.Add(output);
            if (output is InputRequest)
            {
                _ = kernel.Engine.RequestAsync("input", JsonSerializer.SerializeToElement(new { text = "Ada" }), default);
            }
        }
    }

    [Fact]
    public async Task An_interrupt_stops_the_code_and_keeps_the_state()
    {
        await using PythonKernel kernel = await PythonKernel.ConnectAsync();
        await kernel.PythonAsync("kept = 7");
        foreach (string loop in (string[])["while True: pass", "import time; time.sleep(600)"])
        {
            CellOutcome outcome = await kernel.TryAsync("#!python\n" + loop, timeout: TimeSpan.FromMilliseconds(300));
            Assert.Equal("TimeoutException", outcome.Error.Name);
            Assert.Equal("7", (await kernel.PythonAsync("kept")).Result);
        }
    }

    [Fact]
    public async Task A_kernel_that_ignores_the_interrupt_is_ended_and_the_rest_lives()
    {
        await using PythonKernel kernel = await PythonKernel.ConnectAsync();
        await kernel.RunAsync("var mine = 3;");
        CellOutcome outcome = await kernel.TryAsync("#!python\nimport time\nwhile True:\n    try:\n        time.sleep(1)\n    except KeyboardInterrupt:\n        pass", timeout: TimeSpan.FromMilliseconds(300));
        Assert.Equal("TimeoutException", outcome.Error.Name);
        Assert.Equal("3", (await kernel.RunAsync("mine")).Result);
        Assert.Equal("KernelDied", (await kernel.TryAsync("#!python\n1")).Error.Name);
        await kernel.RunAsync("#!connect jupyter --kernel-name python3 --as python");
        Assert.Equal("1", (await kernel.PythonAsync("1")).Result);
    }

    [Fact]
    public async Task The_death_of_the_kernel_is_one_error_that_says_what_is_lost()
    {
        await using PythonKernel kernel = await PythonKernel.ConnectAsync();
        CellError error = (await kernel.TryAsync("#!python\nimport os; os._exit(3)")).Error;
        Assert.Equal("KernelDied", error.Name);
        Assert.Contains("exit code 3", error.Message, StringComparison.Ordinal);
        Assert.Contains("#!connect jupyter --kernel-name python3 --as python", error.Message, StringComparison.Ordinal);
        Assert.Equal("2", (await kernel.RunAsync("1 + 1")).Result);
    }

    [Fact]
    public async Task Connecting_again_keeps_the_kernel()
    {
        await using PythonKernel kernel = await PythonKernel.ConnectAsync();
        await kernel.PythonAsync("kept = 5");
        await kernel.RunAsync("#!connect jupyter --kernel-name python3 --as python");
        Assert.Equal("5", (await kernel.PythonAsync("kept")).Result);
    }

    [Fact]
    public async Task Two_kernels_live_side_by_side()
    {
        await using PythonKernel kernel = await PythonKernel.ConnectAsync();
        await kernel.RunAsync("#!connect jupyter --kernel-spec python3 --kernel-name other");
        await kernel.PythonAsync("x = 1");
        await kernel.RunAsync("#!other\nx = 2");
        Assert.Equal("1", (await kernel.PythonAsync("x")).Result);
        Assert.Equal("2", (await kernel.RunAsync("#!other\nx")).Result);
    }

    [Fact]
    public async Task An_unknown_kernel_and_a_wrong_line_are_refused_with_what_there_is()
    {
        await using NotebookEngine engine = new();
        CellRun cells = new(engine);
        Assert.Contains("no Jupyter kernel is named 'nothing'", (await cells.RunAsync("#!connect jupyter --kernel-name nothing")).Error.Message, StringComparison.Ordinal);
        Assert.Contains("--kernel-name is missing", (await cells.RunAsync("#!connect jupyter")).Error.Message, StringComparison.Ordinal);
        Assert.Contains("Jupyter kernels", (await cells.RunAsync("#!connect mssql --kernel-name x")).Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_specification_in_JUPYTER_PATH_is_found_and_one_that_cannot_start_says_why()
    {
        string folder = Directory.CreateTempSubdirectory("arkernel-test-").FullName;
        string? before = Environment.GetEnvironmentVariable("JUPYTER_PATH");
        try
        {
            foreach ((string name, string json) in ((string, string)[])[("broken-test", "{"), ("dies-test", """{"argv": ["sh", "-c", "echo no such luck >&2; exit 9", "{connection_file}"], "language": "none"}""")])
            {
                Directory.CreateDirectory(Path.Combine(folder, "kernels", name));
                await File.WriteAllTextAsync(Path.Combine(folder, "kernels", name, "kernel.json"), json);
            }

            Environment.SetEnvironmentVariable("JUPYTER_PATH", folder);
            await using NotebookEngine engine = new();
            CellRun cells = new(engine);
            CellError dies = (await cells.RunAsync("#!connect jupyter --kernel-name dies-test")).Error;
            Assert.Contains("exit code 9", dies.Message, StringComparison.Ordinal);
            Assert.Contains("no such luck", dies.Message, StringComparison.Ordinal);
            CellError broken = (await cells.RunAsync("#!connect jupyter --kernel-name broken-test")).Error;
            Assert.Contains("dies-test", broken.Message, StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable("JUPYTER_PATH", before);
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task The_kernel_ends_with_the_engine()
    {
        int id;
        await using (PythonKernel kernel = await PythonKernel.ConnectAsync())
        {
            id = int.Parse((await kernel.PythonAsync("import os; os.getpid()")).Result!, CultureInfo.InvariantCulture);
            Assert.True(IsAlive(id));
        }

        await WaitAsync(() => !IsAlive(id));
    }

    [Fact]
    public async Task The_kernel_ends_with_a_worker_that_is_killed()
    {
        await using (await PythonKernel.ConnectAsync())
        {
            // Skips where there is no kernel.
        }

        await using WorkerProcess worker = await WorkerProcess.StartAsync(WorkerTests.Start, default);
        CellRun cells = new(worker);
        CellOutcome connected = await cells.RunAsync("#!connect jupyter --kernel-name python3 --as python");
        Assert.True(connected.Succeeded, string.Join('\n', connected.Events.OfType<CellError>().Select(e => e.Message)));
        int kernel = int.Parse((await cells.RunAsync("#!python\nimport os, signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN); os.getpid()")).Result!, CultureInfo.InvariantCulture);
        int process = int.Parse((await cells.RunAsync("Environment.ProcessId")).Result!, CultureInfo.InvariantCulture);
        using Process killed = Process.GetProcessById(process);
        killed.Kill();
        await WaitAsync(() => !IsAlive(kernel));
    }

    private static async Task WaitAsync(Func<bool> condition)
    {
        for (int i = 0; i < 200 && !condition(); i++)
        {
            await Task.Delay(50);
        }

        Assert.True(condition());
    }

    private static bool IsAlive(int id)
    {
        try
        {
            // A killed child of a killed process may stay as an entry that nobody has collected.
            return !File.ReadAllText($"/proc/{id}/stat").Split(')')[1].TrimStart().StartsWith('Z');
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static EngineOptions TensorOptions() => new()
    {
        Tensors = new TensorExchange(global::ArKernel.Interactive.TensorBytes.Describe, global::ArKernel.Interactive.TensorBytes.Write, global::ArKernel.Interactive.TensorBytes.Read),
    };
}
