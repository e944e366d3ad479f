using System.Diagnostics;
using System.Globalization;
using ArKernel.Notebooks.Documents;

namespace ArKernel.Notebooks.Tests.Cli;

/// <summary>The built program as a user runs it.</summary>
public sealed class CommandLineTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("arkernel-cli").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_run_sets_parameters_writes_notebook_and_page_and_leaves_the_source_alone()
    {
        string path = Save("n.ipynb", ("int epochs = 10;", "parameters"), ("for (int i = 0; i < 1_000_000; i++) Console.WriteLine(i);", null), ("epochs * 7", null), ("File.Exists(\"n.ipynb\")", null));
        string before = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        (int code, string output, string error) = await Arkernel("run", "n.ipynb", "-p", "epochs=6", "--html", "page.html");
        Assert.True(code == 0, error);
        Assert.Contains("n.executed.ipynb written", output, StringComparison.Ordinal);
        Assert.Contains("cell 1 of 5", error, StringComparison.Ordinal);
        NotebookDocument executed = NotebookFile.Load(Path.Combine(folder, "n.executed.ipynb"));
        CellOutput lines = Assert.Single(executed.Cells[2].Outputs);
        Assert.Equal(1_000_000, lines.Text!.Count(c => c == '\n'));
        Assert.Equal("42", (string?)executed.Cells[3].Outputs.Single().Data!["text/plain"]);
        Assert.Equal("True", (string?)executed.Cells[4].Outputs.Single().Data!["text/plain"]); // cells run in the notebook's folder
        Assert.Equal(before, await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken));
        Assert.Contains("<!doctype html>", await File.ReadAllTextAsync(Path.Combine(folder, "page.html"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(3, Directory.GetFiles(folder).Length); // no temporary files
    }

    [Fact]
    public async Task F_sharp_notebooks_run_in_both_formats()
    {
        const string Script = "let squares = [ for i in 1 .. 3 -> i * i ]", Wrong = "let text : string = List.sum squares";
        string meta = "#!meta\n\n{\"kernelInfo\":{\"defaultKernelName\":\"fsharp\",\"items\":[{\"name\":\"fsharp\",\"languageName\":\"F#\",\"aliases\":[\"f#\",\"F#\"]}]}}\n\n";
        await File.WriteAllTextAsync(Path.Combine(folder, "n.dib"), $"{meta}#!fsharp\n\n{Script}\n\n#!csharp\n\n#!share squares --from fsharp\nsquares.Length\n\n#!fsharp\n\nList.sum squares * 3\n", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            Path.Combine(folder, "n.ipynb"),
            $$$"""
            {"cells": [{"cell_type": "code", "execution_count": null, "metadata": {}, "outputs": [], "source": "{{{Script}}}"},
                       {"cell_type": "code", "execution_count": null, "metadata": {}, "outputs": [], "source": "List.sum squares * 3"},
                       {"cell_type": "code", "execution_count": null, "metadata": {}, "outputs": [], "source": "\n{{{Wrong}}}"}],
             "metadata": {"kernelspec": {"display_name": ".NET (F#)", "language": "F#", "name": ".net-fsharp"}}, "nbformat": 4, "nbformat_minor": 4}
            """,
            TestContext.Current.CancellationToken);

        (int code, _, string error) = await Arkernel("run", "n.dib", "--quiet", "--output", "dib.ipynb");
        Assert.True(code == 0, error);
        Assert.Equal(["3", "42"], NotebookFile.Load(Path.Combine(folder, "dib.ipynb")).Cells.SelectMany(c => c.Outputs).Select(o => (string?)o.Data!["text/plain"]));
        (code, _, error) = await Arkernel("run", "n.ipynb", "--quiet");
        Assert.Equal(1, code);
        Assert.StartsWith("n.ipynb: cell 3, line 2: FS0001: ", error, StringComparison.Ordinal);
        Assert.Equal("42", (string?)NotebookFile.Load(Path.Combine(folder, "n.executed.ipynb")).Cells[1].Outputs.Single().Data!["text/plain"]);
    }

    [Fact]
    public async Task A_lock_is_written_into_the_notebook_and_a_run_that_would_differ_from_it_does_not_begin()
    {
        string path = Save("n.ipynb", ("#r \"nuget: Humanizer.Core, 3.0.*\"\nFile.WriteAllText(\"ran\", \"\");", null));
        Assert.Equal((2, "n.ipynb: the notebook has no lock of its packages. Make one with 'arkernel run --lock'.\n"), await Error("--locked"));
        Assert.Equal((0, ""), await Error("--lock"));
        string text = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        Assert.Contains("\"sha512\": ", text, StringComparison.Ordinal);
        Assert.Empty(NotebookFile.Load(path).Cells[0].Outputs);
        Assert.Equal((0, ""), await Error("--locked"));

        File.Delete(Path.Combine(folder, "ran"));
        await File.WriteAllTextAsync(path, text.Replace("\"sha512\": \"", "\"sha512\": \"00", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        (int code, string error) = await Error("--locked");
        Assert.Equal(1, code);
        Assert.StartsWith("n.ipynb: not as locked: Humanizer.Core 3.0.10 has another content", error, StringComparison.Ordinal);
        Assert.EndsWith("n.ipynb: no cell was run. 'arkernel run --lock' makes the lock anew.\n", error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(folder, "ran")));

        async Task<(int Code, string Error)> Error(string option)
        {
            (int exit, _, string message) = await Arkernel("run", "n.ipynb", option, "--quiet", "--no-save");
            return (exit, message);
        }
    }

    [Fact]
    public async Task A_failing_cell_is_named_with_its_line_and_what_ran_is_written()
    {
        Save("n.ipynb", ("Console.WriteLine(\"before\");", null), ("// comment\nthrow new InvalidOperationException(\"bad\");", null), ("1", null));
        (int code, _, string error) = await Arkernel("run", "n.ipynb", "--quiet", "--in-place");
        Assert.Equal((1, "n.ipynb: cell 2, line 2: InvalidOperationException: bad\n"), (code, error));
        NotebookDocument executed = NotebookFile.Load(Path.Combine(folder, "n.ipynb"));
        Assert.Equal("before\n", executed.Cells[0].Outputs.Single().Text);
        Assert.Equal("InvalidOperationException", executed.Cells[1].Outputs.Single().ErrorName);
        Assert.Empty(executed.Cells[2].Outputs);
    }

    [Fact]
    public async Task A_cell_that_does_not_compile_is_named_with_its_line_and_the_compilers_code()
    {
        Save("n.ipynb", ("int y = 1;\nundefined + 1", null));
        (int code, _, string error) = await Arkernel("run", "n.ipynb", "--quiet", "--no-save");
        Assert.Equal(1, code);
        Assert.StartsWith("n.ipynb: cell 1, line 2: CS0103: ", error, StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(folder));
    }

    [Theory]
    [InlineData("Environment.Exit(3);", "WorkerDied")]
    [InlineData("int F(int n) => F(n + 1) + 1;\nF(0)", "stack")]
    [InlineData("while (true) { }", "TimeoutException")]
    public async Task A_cell_that_takes_the_worker_with_it_or_never_ends_costs_only_itself(string source, string expected)
    {
        Save("n.ipynb", ("Console.WriteLine(\"before\");", null), (source, null));
        (int code, _, string error) = await Arkernel("run", "n.ipynb", "--quiet", "--timeout", "10");
        Assert.Equal(1, code);
        Assert.StartsWith("n.ipynb: cell 2", error, StringComparison.Ordinal);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        NotebookDocument executed = NotebookFile.Load(Path.Combine(folder, "n.executed.ipynb"));
        Assert.Equal("before\n", executed.Cells[0].Outputs.Single().Text);
        Assert.Equal("error", executed.Cells[1].Outputs[^1].Type);
    }

    [Theory]
    [InlineData("while (true) { }")]
    [InlineData("[System.Runtime.InteropServices.DllImport(\"libc\")] static extern uint sleep(uint seconds);\nwhile (true) { sleep(1000); }")]
    [InlineData("for (int i = 0; i < 100; i++) { new System.Threading.Thread(() => System.Threading.Thread.Sleep(-1)).Start(); _ = Task.Run(() => System.Threading.Thread.Sleep(-1)); }\nSystem.Threading.Thread.Sleep(-1);")]
    public async Task A_worker_ends_with_its_front_however_that_ends_and_whatever_the_cell_does(string source)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The native call is of the C library of other systems.");
        string mark = Path.Combine(folder, "worker");
        Save("n.ipynb", ($"File.WriteAllText(@\"{mark}.new\", Environment.ProcessId.ToString()); File.Move(@\"{mark}.new\", @\"{mark}\");", null), (source, null));
        Process? worker = null;
        (int code, _, string error) = await Arkernel(["run", "n.ipynb", "--quiet", "--no-save"], async front =>
        {
            while (!File.Exists(mark) && !front.HasExited)
            {
                await Task.Delay(20);
            }

            if (!File.Exists(mark))
            {
                return;
            }

            await Task.Delay(500); // into the second cell
            worker = Process.GetProcessById(int.Parse(await File.ReadAllTextAsync(mark), CultureInfo.InvariantCulture));
            front.Kill();
        });
        using (worker)
        {
            Assert.True(worker is not null, $"The command ended with {code} before its first cell did: {error}");
            Assert.True(worker.WaitForExit(TimeSpan.FromSeconds(20)));
        }
    }

    [Fact]
    public async Task Ctrl_C_ends_the_run_with_130_and_what_ran_is_written()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no SIGINT to send.");
        string mark = Path.Combine(folder, "running");
        Save("n.ipynb", ("Console.WriteLine(\"before\");", null), ($"File.WriteAllText(@\"{mark}\", \"\");\nSystem.Threading.Thread.Sleep(TimeSpan.FromMinutes(5));", null));
        (int code, _, string error) = await Arkernel(["run", "n.ipynb", "--quiet"], async process =>
        {
            while (!File.Exists(mark) && !process.HasExited)
            {
                await Task.Delay(20, TestContext.Current.CancellationToken);
            }

            using var kill = Process.Start("kill", ["-INT", process.Id.ToString(CultureInfo.InvariantCulture)]);
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        });
        Assert.Equal(130, code);
        Assert.StartsWith("n.ipynb: cell 2", error, StringComparison.Ordinal);
        NotebookDocument executed = NotebookFile.Load(Path.Combine(folder, "n.executed.ipynb"));
        Assert.Equal("before\n", executed.Cells[0].Outputs.Single().Text);
        Assert.Equal("Interrupted", executed.Cells[1].Outputs[^1].ErrorName);
    }

    [Fact]
    public async Task Wrong_usage_and_unreadable_notebooks_exit_with_2_and_say_what_to_do()
    {
        Save("n.ipynb", ("int epochs = 10;", "parameters"));
        await File.WriteAllTextAsync(Path.Combine(folder, "text.ipynb"), "hello", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(folder, "old.ipynb"), "{\"nbformat\": 3, \"worksheets\": []}", TestContext.Current.CancellationToken);
        foreach ((string[] arguments, string expected) in new (string[], string)[]
        {
            ([], "--help"),
            (["run"], "run --help"),
            (["run", "n.ipynb", "--timeout", "soon"], "'soon'"),
            (["run", "n.ipynb", "--in-place", "--no-save"], "exclude"),
            (["run", "n.ipynb", "-p", "epoch=1"], "int epochs = 10"),
            (["run", "n.ipynb", "-p", "epochs=1.5"], "int epochs = 10"),
            (["run", "missing.ipynb"], "missing.ipynb: there is no such file."),
            (["run", "text.ipynb"], "text.ipynb: line 1, column 1: not valid JSON"),
            (["run", "old.ipynb"], "nbconvert"),
            (["run", "n.txt"], ".ipynb, .dib or .cs"),
            (["convert", "text.ipynb", "x.dib"], "not valid JSON"),
        })
        {
            (int code, string output, string error) = await Arkernel(arguments);
            Assert.Equal((2, ""), (code, output));
            Assert.Contains(expected, error, StringComparison.Ordinal);
        }

        Assert.Equal(3, Directory.GetFiles(folder).Length);
    }

    [Fact]
    public async Task A_full_disk_or_a_folder_that_takes_no_file_is_one_error_and_loses_nothing()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "needs /dev/full");
        Save("n.ipynb", ("1", null));
        File.CreateSymbolicLink(Path.Combine(folder, "full.ipynb"), "/dev/full");
        (int code, _, string error) = await Arkernel("run", "n.ipynb", "--quiet", "--output", "full.ipynb");
        string[] lines = error.TrimEnd().Split('\n');
        string rescue = lines[^1].Split(" written to ")[1].Split(" instead")[0];
        Assert.Equal(1, NotebookFile.Load(rescue).Cells[0].ExecutionCount);
        File.Delete(rescue);
        Assert.Equal((1, 2), (code, lines.Length));
        Assert.StartsWith("full.ipynb: cannot be written: No space left", lines[0], StringComparison.Ordinal);
        (code, _, error) = await Arkernel("run", "n.ipynb", "--output", "/proc/out.ipynb");
        Assert.Equal(1, code);
        Assert.StartsWith("/proc/out.ipynb: nothing can be written in the folder '/proc'", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Converting_and_asking_for_information_work_from_the_command_line()
    {
        Save("n.ipynb", ("#r \"nuget: MathNet.Numerics, 5.0.0\"", null), ("1 + 1", null));
        Assert.Equal(0, (await Arkernel("convert", "n.ipynb", "a.dib")).Code);
        Assert.Equal(0, (await Arkernel("convert", "a.dib", "b.cs")).Code);
        Assert.Equal(0, (await Arkernel("convert", "b.cs", "c.ipynb")).Code);
        Assert.Equal(
            string.Join('|', NotebookFile.Load(Path.Combine(folder, "n.ipynb")).Cells.Select(cell => cell.Source)),
            string.Join('|', NotebookFile.Load(Path.Combine(folder, "c.ipynb")).Cells.Select(cell => cell.Source)));
        (int code, string output, _) = await Arkernel("info");
        Assert.Equal(0, code);
        Assert.Matches(@"torch +2\.\d+", output);
        Assert.Contains("cpu", output, StringComparison.Ordinal);
        Assert.StartsWith("0.", (await Arkernel("--version")).Output, StringComparison.Ordinal);
        Assert.Contains("convert", (await Arkernel("--help")).Output, StringComparison.Ordinal);
    }

    private string Save(string name, params (string Source, string? Tag)[] cells)
    {
        var document = new NotebookDocument();
        foreach ((string source, string? tag) in cells)
        {
            NotebookCell cell = document.Add(CellKind.Code, source);
            if (tag is not null)
            {
                cell.Metadata["tags"] = new System.Text.Json.Nodes.JsonArray(tag);
            }
        }

        string path = Path.Combine(folder, name);
        NotebookFile.Save(document, path);
        return path;
    }

    private Task<(int Code, string Output, string Error)> Arkernel(params string[] arguments) => Arkernel(arguments, _ => Task.CompletedTask);

    private async Task<(int Code, string Output, string Error)> Arkernel(string[] arguments, Func<Process, Task> meanwhile)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "ArKernel.Cli.dll");
        var start = new ProcessStartInfo("dotnet", [program, .. arguments])
        {
            WorkingDirectory = folder, UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true,
        };
        using var process = Process.Start(start)!;
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromMinutes(5)); // a command that never ends fails its test
        CancellationToken cancellation = patience.Token;
        Task<string> output = process.StandardOutput.ReadToEndAsync(cancellation), error = process.StandardError.ReadToEndAsync(cancellation);
        await meanwhile(process);
        await process.WaitForExitAsync(cancellation);
        return (process.ExitCode, (await output).ReplaceLineEndings("\n"), (await error).ReplaceLineEndings("\n"));
    }
}
