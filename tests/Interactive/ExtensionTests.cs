using System.Diagnostics;
using System.IO.Compression;
using System.Reflection;
using ArKernel.Training;
using Microsoft.DotNet.Interactive.Formatting;

namespace ArKernel.Interactive.Tests;

public sealed class ExtensionTests
{
    [Fact]
    public void Loading_again_replaces_the_functions_and_nothing_else()
    {
        (Func<TrainingRun, IDisposable>? view, Func<ScalingSweep, IDisposable>? sweeps, Func<CancellationToken> cancellation) = (TrainingView.Default, ScalingSweep.DefaultView, TrainingRun.DefaultCancellation);
        int formatters = Formatter.RegisteredFormatters(false).Count();
        try
        {
            using CancellationTokenSource source = new();
            List<object> shown = [];
            Extension.Load(
                value =>
                {
                    shown.Add(value);
                    return shown.Add;
                },
                () => source.Token);
            source.Cancel();
            TrainingRun run = Examples.Run(1000);
            Assert.Equal(TrainingEnd.Cancelled, run.Run().End);
            Assert.Equal(2, shown.Count); // the start and the end
            Assert.Equal(formatters, Formatter.RegisteredFormatters(false).Count());
        }
        finally
        {
            (TrainingView.Default, ScalingSweep.DefaultView, TrainingRun.DefaultCancellation) = (view, sweeps, cancellation);
        }
    }

    /// <summary>In a process of its own, as what this one has loaded depends on the tests before.</summary>
    [Fact]
    public void Loading_brings_in_neither_torchs_library_nor_Plotly_nor_data_frames()
    {
        using Process child = Process.Start(new ProcessStartInfo(Environment.ProcessPath!) { UseShellExecute = false, RedirectStandardOutput = true, Environment = { [LoadProbe.Variable] = "1" } })!;
        string output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Assert.Contains("probed", lines);
        Assert.Contains("ArKernel.Interactive", lines);
        Assert.DoesNotContain(lines, name => name.Contains("Plotly", StringComparison.Ordinal) || name.Contains("FSharp", StringComparison.Ordinal)
            || name == "Microsoft.Data.Analysis" || name.Contains("libtorch", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public void The_package_brings_a_script_that_loads_the_extension()
    {
        string root = Root();
        string folder = Path.Combine(Path.GetTempPath(), $"arkernel-pack-{Guid.NewGuid():N}");
        try
        {
            string configuration = AppContext.BaseDirectory.Contains("Release", StringComparison.Ordinal) ? "Release" : "Debug";
            using Process pack = Process.Start(new ProcessStartInfo("dotnet", ["pack", Path.Combine(root, "extensions/ArKernel.Interactive"), "-c", configuration, "--no-build", "-o", folder, "-nologo", "-v", "q"]) { UseShellExecute = false, RedirectStandardOutput = true })!;
            string output = pack.StandardOutput.ReadToEnd();
            pack.WaitForExit();
            Assert.True(pack.ExitCode == 0, output);
            using ZipArchive package = ZipFile.OpenRead(Directory.GetFiles(folder, "ArKernel.Interactive.*.nupkg").Single());
            ZipArchiveEntry script = package.GetEntry("interactive-extensions/dotnet/extension.dib")!;
            using StreamReader reader = new(script.Open());
            string text = reader.ReadToEnd();
            Assert.StartsWith("#!csharp", text, StringComparison.Ordinal);
            Assert.Contains("ArKernel.Interactive.Extension.Load(", text, StringComparison.Ordinal);
            // The script is compiled in the host; what it calls must be what there is.
            MethodInfo load = typeof(Extension).GetMethod(nameof(Extension.Load))!;
            Assert.Equal([typeof(Func<object, Action<object>>), typeof(Func<CancellationToken>)], load.GetParameters().Select(parameter => parameter.ParameterType));
            string[] assemblies = [.. package.Entries.Where(entry => entry.FullName.StartsWith("lib/net10.0/", StringComparison.Ordinal)).Select(entry => entry.Name)];
            Assert.Contains("ArKernel.Interactive.dll", assemblies);
        }
        finally
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    private static string Root()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "ArKernel.slnx")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests run outside the repository.");
        }

        return folder;
    }
}

/// <summary>Turns this program into one that loads the extension, lists what came with it and ends.</summary>
internal static class LoadProbe
{
    public const string Variable = "ARKERNEL_LOAD_PROBE";

    public static bool IsWanted => Environment.GetEnvironmentVariable(Variable) == "1";

    public static void Run()
    {
        Extension.Load(_ => _ => { }, () => CancellationToken.None);
        foreach (string name in AppDomain.CurrentDomain.GetAssemblies().Select(assembly => assembly.GetName().Name!))
        {
            Console.WriteLine(name);
        }

        foreach (ProcessModule module in Process.GetCurrentProcess().Modules)
        {
            Console.WriteLine(module.ModuleName);
        }

        Console.WriteLine("probed");
        Environment.Exit(0);
    }
}
