using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using System.Text.RegularExpressions;
using TorchSharp;

namespace ArKernel;

/// <summary>The native torch library cannot be loaded on this machine. The message names what is missing, and the remedy.</summary>
/// <param name="message">What is missing, and the remedy.</param>
/// <param name="inner">The loader's own words.</param>
public sealed class TorchUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Finds, checks and explains the native library under TorchSharp.</summary>
public static partial class TorchLibrary
{
    private const string NativeName = "LibTorchSharp";
    private static readonly Lock Gate = new();
    private static bool prepared;
    private static IntPtr loaded;

    /// <summary>
    /// Prepares for the first use of torch, without loading anything. It runs by itself when this assembly is first used; a host whose user may call
    /// torch before that calls it at start.
    /// <para>A first use of torch that fails because the native library cannot be loaded throws a <see cref="TorchUnavailableException"/>
    /// (as the inner exception of the TypeInitializationException of <c>torch</c>). Without this, TorchSharp reports any failure as a missing package reference, after
    /// it has copied half a gigabyte of libraries. A load that works is not slowed down.</para>
    /// <para>OpenMP's threads are told to spin for tens of microseconds, not for seconds, before they sleep (GOMP_SPINCOUNT), unless the user's environment says
    /// something: when other processes use the cores, two threads that spin for each other are ten to thirty times slower than one.</para>
    /// </summary>
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "It must run before torch is loaded, whatever of this library is used first.")]
    public static void Prepare()
    {
        lock (Gate)
        {
            if (prepared)
            {
                return;
            }

            prepared = true;
            if (OperatingSystem.IsLinux())
            {
                // OpenMP reads the environment when torch loads it. .NET's own SetEnvironmentVariable does not reach native code on Unix.
                if (Environment.GetEnvironmentVariable("OMP_WAIT_POLICY") is null)
                {
                    _ = SetNativeEnvironment("GOMP_SPINCOUNT", "10000", overwrite: 0);
                }
            }

            Assembly assembly = typeof(torch.Tensor).Assembly;

            // TorchSharp first tries to load the library by name, swallows every exception, and on failure goes its own way. The event is
            // raised when that load has failed; a handle, any handle, makes TorchSharp go on to its first native call, which asks the resolver.
            AssemblyLoadContext.GetLoadContext(assembly)!.ResolvingUnmanagedDll += (caller, name) =>
                caller == assembly && name == NativeName ? NativeLibrary.GetMainProgramHandle() : IntPtr.Zero;
            NativeLibrary.SetDllImportResolver(assembly, (name, caller, path) => name == NativeName ? Load(caller, path) : IntPtr.Zero);
        }
    }

    /// <summary>Loads the native library now.</summary>
    /// <exception cref="TorchUnavailableException">It cannot be loaded.</exception>
    public static void Preflight()
    {
        Prepare();
        try
        {
            torch.InitializeDeviceType(DeviceType.CPU);
        }
        catch (TypeInitializationException exception) when (exception.InnerException is TorchUnavailableException inner)
        {
            throw new TorchUnavailableException(inner.Message, exception);
        }
    }

    /// <summary>Says what a dynamic loader's error means for torch, and what to do.</summary>
    /// <param name="loaderText">The error text.</param>
    /// <param name="platform">The platform it came from.</param>
    internal static string Explain(string loaderText, OSPlatform platform)
    {
        const string Start = "The native torch library cannot be loaded: ";
        if (platform == OSPlatform.Windows)
        {
            return Start + "TorchSharp 0.107.0 is broken on Windows: its library calls functions that libtorch 2.10.0 for Windows does not have (TorchSharp issue 1567). " +
                "Use Linux, WSL 2 or the development container until a fixed TorchSharp is out.";
        }

        Match version = VersionNotFound().Match(loaderText);
        if (version.Success)
        {
            return Start + $"it needs the version {version.Groups["version"].Value} of {Path.GetFileName(version.Groups["library"].Value)}, which this system's copy is too old to have. " +
                "Use Ubuntu 24.04, Debian 13 or newer (the development container is one); or build your program as ArKernel's own programs are, by importing build/Torch.targets, " +
                "which adapts the library in the output folder to Debian 12 and Ubuntu 22.04.";
        }

        // The text lists every place that was tried; the library's own absence there says nothing when another one is what lacks.
        string? missing = MissingLibrary().Matches(loaderText)
            .Select(match => Path.GetFileName(match.Groups["library"].Value))
            .FirstOrDefault(library => !library.Contains(NativeName, StringComparison.Ordinal));
        if (missing is not null)
        {
            return Start + $"it needs the library {missing}, which this system does not have. " +
                (missing.StartsWith("libgomp", StringComparison.Ordinal)
                    ? "Install it (Debian and Ubuntu: apt-get install libgomp1)."
                    : missing.Contains("torch", StringComparison.Ordinal) || missing.StartsWith("libc10", StringComparison.Ordinal)
                        ? $"It is part of libtorch: {PackageAdvice}"
                        : "Install the package of your system that holds it.");
        }

        return Start + $"{NativeName} was not found beside the program. {PackageAdvice}";
    }

    private const string PackageAdvice =
        "The program must reference TorchSharp-cpu 0.107.0, or TorchSharp-cuda-linux 0.107.0 on a machine with an NVIDIA GPU " +
        "(64-bit Linux on x64 and macOS on Apple silicon are supported; Linux on ARM has no build).";

    private static IntPtr Load(Assembly caller, DllImportSearchPath? path)
    {
        if (loaded != IntPtr.Zero)
        {
            return loaded;
        }

        if (NativeLibrary.TryLoad(NativeName, caller, path, out loaded) && loaded != NativeLibrary.GetMainProgramHandle())
        {
            return loaded;
        }

        loaded = IntPtr.Zero;
        try
        {
            return loaded = NativeLibrary.Load(FindBeside(caller) ?? $"./lib{NativeName}.so", caller, path);
        }
        catch (Exception exception) when (exception is DllNotFoundException or BadImageFormatException)
        {
            OSPlatform platform = OperatingSystem.IsWindows() ? OSPlatform.Windows : OperatingSystem.IsMacOS() ? OSPlatform.OSX : OSPlatform.Linux;
            throw new TorchUnavailableException(Explain(exception.Message, platform), exception);
        }
    }

    /// <summary>The library's file, when it stands at a usual place: the loader's words for a full path are the clearest.</summary>
    private static string? FindBeside(Assembly caller)
    {
        string fileName = OperatingSystem.IsWindows() ? $"{NativeName}.dll" : OperatingSystem.IsMacOS() ? $"lib{NativeName}.dylib" : $"lib{NativeName}.so";
        string folder = Path.GetDirectoryName(caller.Location) is { Length: > 0 } place ? place : AppContext.BaseDirectory;
        return new[] { folder, Path.Combine(folder, "runtimes", RuntimeInformation.RuntimeIdentifier, "native") }
            .Select(candidate => Path.Combine(candidate, fileName))
            .FirstOrDefault(File.Exists);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetNativeEnvironment(string name, string value, int overwrite);

    [GeneratedRegex(@"(?<library>[^\s:]+): version [`'](?<version>[A-Z]+_[0-9.]+)' not found", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex VersionNotFound();

    [GeneratedRegex(@"(?<library>[^\s:]+): cannot open shared object file", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex MissingLibrary();
}
