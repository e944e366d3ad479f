using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using ArKernel.Notebooks.Jupyter;
using Channel = ArKernel.Notebooks.Jupyter.Channel;

namespace ArKernel.Notebooks.Tests.Jupyter;

/// <summary>The built program as a Jupyter server starts it.</summary>
public sealed class KernelCommandTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string folder = Directory.CreateTempSubdirectory("arkernel-kernel").FullName;
    private readonly ConnectionInformation connection = TestKernel.NewConnection();

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task It_runs_cells_in_its_folder_completes_their_names_and_leaves_nothing_behind()
    {
        using Process kernel = Start();
        using TestKernelClient client = new(connection);
        await client.Next(m => m.Type == "iopub_welcome", "welcome");
        Exchange information = await client.RequestAsync("kernel_info_request");
        Assert.Equal(("5.5", "C#"), ((string?)information.Reply["protocol_version"], (string?)information.Reply["language_info"]!["name"]));
        Exchange cell = await client.ExecuteAsync("int answerToAll = 42; Console.WriteLine(Environment.CurrentDirectory); Environment.ProcessId");
        Assert.Equal(new DirectoryInfo(folder).Name, new DirectoryInfo(cell.Printed.Trim()).Name);
        using Process worker = Process.GetProcessById(int.Parse(cell.Result!, CultureInfo.InvariantCulture));
        Assert.NotEqual(kernel.Id, worker.Id);
        Exchange completion = await client.RequestAsync("complete_request", new JsonObject { ["code"] = "\"😀\" + answerTo", ["cursor_pos"] = 14 });
        Assert.Equal(["answerToAll"], completion.Reply["matches"]!.AsArray().Select(m => (string?)m));
        Assert.Equal((6, 14), ((int)completion.Reply["cursor_start"]!, (int)completion.Reply["cursor_end"]!)); // the emoji is one
        Exchange inspection = await client.RequestAsync("inspect_request", new JsonObject { ["code"] = "\"😀\" + answerToAll", ["cursor_pos"] = 10, ["detail_level"] = 0 });
        Assert.Contains("answerToAll", (string?)inspection.Reply["data"]!["text/plain"], StringComparison.Ordinal);
        Assert.Equal("incomplete", (await client.RequestAsync("is_complete_request", new JsonObject { ["code"] = "if (true) {" })).Status);
        Assert.Equal("ok", (await client.RequestAsync("shutdown_request", new JsonObject { ["restart"] = false }, Channel.Control)).Status);
        Assert.True(kernel.WaitForExit(Patience) && worker.WaitForExit(Patience));
        Assert.Equal((0, ""), (kernel.ExitCode, await kernel.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken)));
    }

    [Fact]
    public async Task It_ends_with_the_server_that_started_it_whatever_a_cell_does()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs the program 'sleep'");
        using var server = Process.Start("sleep", ["600"]);
        using Process kernel = Start(server.Id);
        using TestKernelClient client = new(connection);
        await client.Next(m => m.Type == "iopub_welcome", "welcome");
        using Process worker = Process.GetProcessById(int.Parse((await client.ExecuteAsync("Environment.ProcessId")).Result!, CultureInfo.InvariantCulture));
        client.SendExecute("Console.WriteLine(\"on\"); while (true) { }");
        await client.Next(m => m.Type == "stream", "the cell's start");
        server.Kill();
        Assert.True(kernel.WaitForExit(Patience) && worker.WaitForExit(Patience));
    }

    [Fact]
    public async Task A_port_that_is_taken_is_one_line_and_an_exit_code()
    {
        await using TestKernel other = await TestKernel.StartAsync(connection);
        using Process kernel = Start();
        string error = await kernel.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.True(kernel.WaitForExit(Patience));
        Assert.NotEqual(0, kernel.ExitCode);
        Assert.Contains("shell_port", Assert.Single(error.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    private Process Start(int? parent = null)
    {
        string file = Path.Combine(folder, "connection.json");
        connection.Write(file);
        ProcessStartInfo start = new("dotnet", [Path.Combine(AppContext.BaseDirectory, "ArKernel.Cli.dll"), "kernel", "--language", "csharp", "-f", file])
        {
            WorkingDirectory = folder, UseShellExecute = false, RedirectStandardError = true, RedirectStandardInput = true,
        };
        start.Environment["ARKERNEL_HOME"] = folder;
        start.Environment["JPY_PARENT_PID"] = parent?.ToString(CultureInfo.InvariantCulture);
        return Process.Start(start)!;
    }
}
