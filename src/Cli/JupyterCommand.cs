using System.CommandLine;
using System.Diagnostics;
using ArKernel.Notebooks.Jupyter;

namespace ArKernel.Cli;

/// <summary><c>arkernel jupyter install</c> and <c>uninstall</c>: tells Jupyter of the kernels, and takes that back.</summary>
internal static class JupyterCommand
{
    public static Command Create()
    {
        var user = new Option<bool>("--user") { Description = "For the current user (the default)." };
        var prefix = new Option<string?>("--prefix") { Description = "Below PREFIX/share/jupyter.", HelpName = "folder" };
        var sysPrefix = new Option<bool>("--sys-prefix") { Description = "Below the prefix of the Python that 'python3' starts, such as a virtual environment." };
        var noAlias = new Option<bool>("--no-alias") { Description = "Leave out the names .net-csharp and .net-fsharp, which old .NET Interactive notebooks ask for." };
        var install = new Command("install", "Installs the kernels 'C# (ArKernel)' and 'F# (ArKernel)'.") { user, prefix, sysPrefix, noAlias };
        install.SetAction(parsed => Run(() => Install(KernelSpecs.At(Folder(parsed.GetValue(prefix), parsed.GetValue(sysPrefix))), !parsed.GetValue(noAlias))));
        var uninstall = new Command("uninstall", "Removes what install put there.") { user, prefix, sysPrefix };
        uninstall.SetAction(parsed => Run(() => Uninstall(KernelSpecs.At(Folder(parsed.GetValue(prefix), parsed.GetValue(sysPrefix))))));
        foreach (Command command in (Command[])[install, uninstall])
        {
            command.Validators.Add(result =>
            {
                if (Convert.ToInt32(result.GetValue(user)) + Convert.ToInt32(result.GetValue(sysPrefix)) + (result.GetValue(prefix) is null ? 0 : 1) > 1)
                {
                    result.AddError("--user, --prefix and --sys-prefix exclude each other.");
                }
            });
        }

        return new Command("jupyter", "Installs the kernels in Jupyter, or removes them.") { install, uninstall };
    }

    private static int Run(Action action)
    {
        try
        {
            action();
            return ExitCode.Success;
        }
        catch (Exception exception) when (exception is JupyterException or IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"arkernel: {exception.Message}");
            return ExitCode.Failure;
        }
    }

    private static void Install(KernelSpecs specs, bool withAliases)
    {
        foreach ((string language, string name, string alias) in Kernels)
        {
            string[] command = [.. Self, "kernel", "--language", language, "--connection-file", "{connection_file}"];
            specs.Write($"arkernel-{language}", $"{name} (ArKernel)", name, command);
            Console.WriteLine($"installed arkernel-{language} in {specs.Folder}");
            if (!withAliases)
            {
                continue;
            }

            if (specs.IsFree(alias))
            {
                specs.Write(alias, $"{name} (ArKernel as {alias})", name, command);
                Console.WriteLine($"installed {alias} in {specs.Folder}");
            }
            else
            {
                Console.WriteLine($"{alias} in {specs.Folder} is somebody else's and was left alone");
            }
        }
    }

    private static void Uninstall(KernelSpecs specs)
    {
        foreach (string name in Kernels.SelectMany(k => (string[])[$"arkernel-{k.Language}", k.Alias]))
        {
            if (specs.Remove(name))
            {
                Console.WriteLine($"removed {name} from {specs.Folder}");
            }
        }
    }

    private static (string Language, string Name, string Alias)[] Kernels => [("csharp", "C#", ".net-csharp"), ("fsharp", "F#", ".net-fsharp")];

    /// <summary>How to start this program again, whatever the path of the one who does.</summary>
    private static string[] Self => Path.GetFileNameWithoutExtension(Environment.ProcessPath!).Equals("dotnet", StringComparison.OrdinalIgnoreCase)
        ? [Environment.ProcessPath!, typeof(JupyterCommand).Assembly.Location]
        : [Environment.ProcessPath!];

    private static string Folder(string? prefix, bool sysPrefix) =>
        prefix is not null ? Path.Combine(Path.GetFullPath(prefix), "share", "jupyter")
        : sysPrefix ? Path.Combine(PythonPrefix(), "share", "jupyter")
        : JupyterPaths.UserData;

    private static string PythonPrefix()
    {
        try
        {
            ProcessStartInfo start = new(OperatingSystem.IsWindows() ? "python" : "python3", ["-c", "import sys; print(sys.prefix)"]) { RedirectStandardOutput = true, UseShellExecute = false };
            using Process python = Process.Start(start)!;
            string prefix = python.StandardOutput.ReadToEnd().Trim();
            python.WaitForExit();
            return python.ExitCode == 0 && prefix.Length > 0 ? prefix : throw new JupyterException("--sys-prefix: python3 did not tell its prefix. Give the folder with --prefix.");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new JupyterException("--sys-prefix: there is no python3 on the path. Give the folder with --prefix.");
        }
    }
}
