using System.CommandLine;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ArKernel.Cli;

/// <summary><c>arkernel info</c>: what a report of a problem needs to say.</summary>
internal static class InfoCommand
{
    public static Command Create()
    {
        var command = new Command("info", "Shows versions, devices, threads and memory.");
        command.SetAction(_ => Show());
        return command;
    }

    private static int Show()
    {
        Line("ArKernel", Version(typeof(InfoCommand).Assembly));
        Line(".NET", $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier}");
        Line("OS", $"{RuntimeInformation.OSDescription} ({RuntimeInformation.OSArchitecture})");
        Line("Processors", $"{Environment.ProcessorCount}");
        Line("Memory", $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1 << 30):0.0} GiB for this process");
        try
        {
            ShowTorch();
        }
        catch (Exception error)
        {
            Line("torch", "cannot be loaded: " + error.GetBaseException().Message);
        }

        return ExitCode.Success;
    }

    /// <summary>In a method of its own, as the runtime may load TorchSharp when it compiles the method.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ShowTorch()
    {
        Line("TorchSharp", Version(typeof(TorchSharp.torch).Assembly));
        using (TorchSharp.torch.Tensor one = TorchSharp.torch.ones(1))
        {
            Line("torch", TorchSharp.torch.__version__);
        }

        int cuda = TorchSharp.torch.cuda.is_available() ? TorchSharp.torch.cuda.device_count() : 0;
        var devices = new List<string> { "cpu" };
        devices.AddRange(Enumerable.Range(0, cuda).Select(i => $"cuda:{i}"));
        if (TorchSharp.torch.mps_is_available())
        {
            devices.Add("mps");
        }

        Line("Devices", string.Join(", ", devices));
        Line("Threads", $"{TorchSharp.torch.get_num_threads()} in an operation, {TorchSharp.torch.get_num_interop_threads()} between operations");
    }

    private static string Version(Assembly assembly)
    {
        string version = assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? assembly.GetName().Version?.ToString() ?? "unknown";
        return version.Split('+')[0];
    }

    private static void Line(string name, string value) => Console.WriteLine($"{name,-12}{value}");
}
