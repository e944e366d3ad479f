using ArKernel.Kernel.Tests;

[assembly: AssemblyFixture(typeof(Jupyter))]

namespace ArKernel.Kernel.Tests;

/// <summary>
/// A Jupyter of the tests' own, with the kernels that <c>./arkernel jupyter install</c> puts into a temporary prefix: what a user has,
/// so also the program that <c>./arkernel</c> publishes, which is built here once if it is older than its sources.
/// </summary>
public sealed class Jupyter : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("arkernel-jupyter-");
    private readonly Lazy<IReadOnlyDictionary<string, string>> environment;

    public Jupyter() => environment = new Lazy<IReadOnlyDictionary<string, string>>(Install);

    public static string Root { get; } = FindRoot();

    /// <summary>What sets clients to this Jupyter.</summary>
    internal IReadOnlyDictionary<string, string> Environment => environment.Value;

    /// <summary>Runs one of Debian's clients, or skips the test when the machine has none.</summary>
    internal Command Run(string program, string[] arguments, int patience = 120, string? workingDirectory = null)
    {
        Require(program);
        return Command.Run(new CommandLine(program, arguments) { Environment = Environment, WorkingDirectory = workingDirectory }, TimeSpan.FromSeconds(patience));
    }

    /// <summary>A file of a new folder that goes with the fixture.</summary>
    internal string NewFolder(string name) => folder.CreateSubdirectory($"{name}-{Guid.NewGuid():N}").FullName;

    public void Dispose() => folder.Delete(recursive: true);

    /// <summary>Skips a test where a program is not installed; in continuous integration that is a failure.</summary>
    internal static void Require(string program)
    {
        if (!File.Exists(program))
        {
            SkipUnlessCi($"{program} is not installed");
        }
    }

    /// <summary>Skips a test where a module of Debian's Python is not installed; in continuous integration that is a failure.</summary>
    internal static void RequireModule(string module)
    {
        Require("/usr/bin/python3");
        if (Command.Run(new CommandLine("/usr/bin/python3", "-c", $"import {module}"), TimeSpan.FromSeconds(60)).ExitCode != 0)
        {
            SkipUnlessCi($"Debian's Python has no module {module}");
        }
    }

    private static void SkipUnlessCi(string reason)
    {
        Assert.False(System.Environment.GetEnvironmentVariable("CI") == "true", $"Under CI nothing is skipped: {reason}.");
        Assert.Skip(reason);
    }

    private Dictionary<string, string> Install()
    {
        string prefix = folder.CreateSubdirectory("prefix").FullName;
        Command install = Command.Run(new CommandLine(Path.Combine(Root, "arkernel"), "jupyter", "install", "--prefix", prefix), TimeSpan.FromMinutes(15));
        Assert.True(install.ExitCode == 0, $"{install.Output}\n{install.Error}");
        string Make(string name) => folder.CreateSubdirectory(name).FullName;
        return new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["JUPYTER_PATH"] = Path.Combine(prefix, "share", "jupyter"),
            ["JUPYTER_DATA_DIR"] = Make("data"),
            ["JUPYTER_CONFIG_DIR"] = Make("config"),
            ["JUPYTER_RUNTIME_DIR"] = Make("runtime"),
            ["IPYTHONDIR"] = Make("ipython"),
            ["ARKERNEL_HOME"] = Make("arkernel"),
            ["PYTHONDONTWRITEBYTECODE"] = "1",
        };
    }

    private static string FindRoot()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "ArKernel.slnx")))
        {
            directory = Path.GetDirectoryName(directory);
        }

        return directory ?? throw new InvalidOperationException("These tests run from a checkout.");
    }
}
