using System.Globalization;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace ArKernel;

/// <summary>Where and in what precision models compute. Nothing else in the library names a device.</summary>
public static class Compute
{
    /// <summary>The device that models are put on unless told otherwise: CUDA where there is a GPU, else MPS on Apple silicon, else the CPU.</summary>
    public static Device Device
    {
        get => field ??= cuda.is_available() ? CUDA : mps_is_available() ? MPS : CPU;
        set;
    }

    /// <summary>
    /// The dtype of parameters and activations unless told otherwise: float32 on every device. bfloat16 is a choice to make, never one made
    /// for the user: on a CPU without bfloat16 units it is slower than float32.
    /// </summary>
    public static ScalarType DType { get; set; } = ScalarType.Float32;

    /// <summary>
    /// The number of threads one torch operation uses on the CPU. As many as there are idle cores is best; when other processes compete for
    /// them, 1 is much faster than more, because OpenMP's threads spin while they wait for each other.
    /// </summary>
    public static int Threads
    {
        get => get_num_threads();
        set => set_num_threads(value > 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "The number of threads must be positive."));
    }

    /// <summary>The facts of this machine that results and speed depend on, in the order to show them.</summary>
    public static IReadOnlyList<(string Name, string Value)> Facts()
    {
        try
        {
            TorchLibrary.Preflight();
        }
        catch (TorchUnavailableException exception)
        {
            return [("ArKernel", Version(typeof(Compute))), (".NET", Environment.Version.ToString()), ("system", RuntimeInformation.OSDescription), ("torch", exception.Message)];
        }

        var devices = new List<string> { $"cpu ({Environment.ProcessorCount} cores, {RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()})" };
        if (cuda.is_available())
        {
            devices.AddRange(Enumerable.Range(0, cuda.device_count()).Select(index => $"cuda:{index}"));
        }

        if (mps_is_available())
        {
            devices.Add("mps");
        }

        GCMemoryInfo memory = GC.GetGCMemoryInfo();
        return
        [
            ("ArKernel", Version(typeof(Compute))),
            (".NET", Environment.Version.ToString()),
            ("system", RuntimeInformation.OSDescription),
            ("TorchSharp", Version(typeof(torch))),
            ("libtorch", __version__),
            ("devices", string.Join(", ", devices)),
            ("device used", Device.ToString()),
            ("dtype", DType.ToString()),
            ("threads", Threads.ToString(CultureInfo.InvariantCulture)),
            ("memory", $"{Gibibytes(memory.TotalAvailableMemoryBytes)} available to the process, {Gibibytes(Environment.WorkingSet)} used"),
        ];
    }

    /// <summary>The facts of this machine as text, a line each.</summary>
    public static string Describe()
    {
        IReadOnlyList<(string Name, string Value)> facts = Facts();
        int width = facts.Max(fact => fact.Name.Length) + 2;
        return string.Join('\n', facts.Select(fact => fact.Name.PadRight(width) + fact.Value));
    }

    private static string Gibibytes(long bytes) => (bytes / (double)(1 << 30)).ToString("0.0", CultureInfo.InvariantCulture) + " GiB";

    private static string Version(Type type)
    {
        var attribute = (System.Reflection.AssemblyInformationalVersionAttribute?)Attribute.GetCustomAttribute(
            type.Assembly, typeof(System.Reflection.AssemblyInformationalVersionAttribute));
        return (attribute?.InformationalVersion ?? "unknown").Split('+')[0];
    }
}
