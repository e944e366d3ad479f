using System.Diagnostics;
using System.Text.Json.Nodes;

namespace ArKernel.Notebooks.Tests.Cli;

public sealed class JupyterCommandTests : IDisposable
{
    private static readonly string[] All = [".net-csharp", ".net-fsharp", "arkernel-csharp", "arkernel-fsharp"];

    private readonly string folder = Directory.CreateTempSubdirectory("arkernel-jupyter").FullName;

    private string Kernels => Path.Combine(folder, "kernels");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task What_is_installed_can_be_started_and_uninstall_takes_all_of_it_back()
    {
        for (int i = 0; i < 2; i++) // a second time replaces the first
        {
            Assert.Equal(0, (await ArkernelAsync("jupyter", "install")).Code);
        }

        Assert.Equal(All, Installed());
        foreach (string name in All)
        {
            JsonNode spec = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Kernels, name, "kernel.json"), TestContext.Current.CancellationToken))!;
            string[] command = [.. spec["argv"]!.AsArray().Select(a => (string)a!)];
            Assert.True(File.Exists(command[0]), command[0]);
            Assert.Equal(["kernel", "--language", name.EndsWith("fsharp", StringComparison.Ordinal) ? "fsharp" : "csharp", "--connection-file", "{connection_file}"], command[^5..]);
            Assert.All(command[1..^5], part => Assert.True(File.Exists(part), part));
            Assert.Equal("message", (string?)spec["interrupt_mode"]);
            Assert.Equal("5.5", (string?)spec["kernel_protocol_version"]);
            Assert.Equal("curve", (string?)spec["metadata"]!["supported_encryption"]![0]);
            byte[] logo = await File.ReadAllBytesAsync(Path.Combine(Kernels, name, "logo-64x64.png"), TestContext.Current.CancellationToken);
            Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], logo[..4]);
        }

        Assert.Equal(0, (await ArkernelAsync("jupyter", "uninstall")).Code);
        Assert.Empty(Installed());
    }

    [Fact]
    public async Task A_name_that_somebody_else_holds_is_left_alone_with_a_line_that_says_so()
    {
        string other = Path.Combine(Kernels, ".net-csharp");
        Directory.CreateDirectory(other);
        string spec = Path.Combine(other, "kernel.json");
        await File.WriteAllTextAsync(spec, "{\"argv\":[\"dotnet\"],\"display_name\":\".NET (C#)\",\"language\":\"C#\"}", TestContext.Current.CancellationToken);
        (int code, string output, _) = await ArkernelAsync("jupyter", "install");
        Assert.Equal(0, code);
        Assert.Single(output.Split('\n'), l => l.StartsWith(".net-csharp", StringComparison.Ordinal) && l.Contains("left alone", StringComparison.Ordinal));
        await ArkernelAsync("jupyter", "uninstall");
        Assert.Equal([".net-csharp"], Installed());
        Assert.Contains("\"dotnet\"", await File.ReadAllTextAsync(spec, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_prefix_without_aliases_holds_the_two_kernels_alone()
    {
        Assert.Equal(0, (await ArkernelAsync("jupyter", "install", "--prefix", folder, "--no-alias")).Code);
        Assert.Equal(["arkernel-csharp", "arkernel-fsharp"], Directory.GetDirectories(Path.Combine(folder, "share", "jupyter", "kernels")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.NotEqual(0, (await ArkernelAsync("jupyter", "install", "--prefix", folder, "--user")).Code);
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_is_one_clear_error()
    {
        await File.WriteAllTextAsync(Kernels, "a file where the folder should be", TestContext.Current.CancellationToken);
        (int code, _, string error) = await ArkernelAsync("jupyter", "install");
        Assert.Equal(1, code);
        Assert.StartsWith("arkernel: ", error, StringComparison.Ordinal);
        Assert.Contains(Kernels, error, StringComparison.Ordinal);
        Assert.Single(error.Trim().Split('\n'));
    }

    [Fact]
    public async Task Jupyter_lists_what_was_installed()
    {
        const string Jupyter = "/usr/bin/jupyter-kernelspec";
        Assert.SkipUnless(File.Exists(Jupyter), "Jupyter is not installed.");
        await ArkernelAsync("jupyter", "install");
        (int code, string output, string error) = await RunAsync(Jupyter, "list");
        Assert.True(code == 0, error);
        Assert.All(All, name => Assert.Contains(name, output, StringComparison.Ordinal));
    }

    private IEnumerable<string?> Installed() => Directory.GetDirectories(Kernels).Select(Path.GetFileName).Order(StringComparer.Ordinal);

    private Task<(int Code, string Output, string Error)> ArkernelAsync(params string[] arguments) =>
        RunAsync("dotnet", [Path.Combine(AppContext.BaseDirectory, "ArKernel.Cli.dll"), .. arguments]);

    private async Task<(int Code, string Output, string Error)> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["JUPYTER_DATA_DIR"] = folder;
        using var process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, (await output).ReplaceLineEndings("\n"), (await error).ReplaceLineEndings("\n"));
    }
}
