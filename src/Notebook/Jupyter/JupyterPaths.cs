namespace ArKernel.Notebooks.Jupyter;

/// <summary>Where Jupyter keeps its data.</summary>
public static class JupyterPaths
{
    /// <summary>The current user's data folder: <c>JUPYTER_DATA_DIR</c>, or the system's usual place.</summary>
    public static string UserData
    {
        get
        {
            if (Variable("JUPYTER_DATA_DIR") is { } folder)
            {
                return folder;
            }

            string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);
            return OperatingSystem.IsWindows() ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData), "jupyter")
                : OperatingSystem.IsMacOS() ? Path.Combine(home, "Library", "Jupyter")
                : Path.Combine(Variable("XDG_DATA_HOME") ?? Path.Combine(home, ".local", "share"), "jupyter");
        }
    }

    /// <summary>
    /// The folders that are searched for kernels, the first one first: <c>JUPYTER_PATH</c>, the active environment's, the user's, the system's,
    /// those of the Python on the search path.
    /// </summary>
    public static IReadOnlyList<string> Data =>
    [
        .. Variable("JUPYTER_PATH")?.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries) ?? [],
        .. new[] { Variable("VIRTUAL_ENV"), Variable("CONDA_PREFIX") }.OfType<string>().Select(Shared),
        UserData,
        .. OperatingSystem.IsWindows()
            ? (string[])[Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.CommonApplicationData), "jupyter")]
            : ["/usr/local/share/jupyter", "/usr/share/jupyter"],
        .. new[] { PythonPrefix() }.OfType<string>().Select(Shared),
    ];

    private static string Shared(string prefix) => Path.Combine(prefix, "share", "jupyter");

    /// <summary>The folder in which the Python of the search path is installed.</summary>
    private static string? PythonPrefix()
    {
        string name = OperatingSystem.IsWindows() ? "python.exe" : "python3";
        string? python = Variable("PATH")?.Split(Path.PathSeparator).Select(f => Path.Combine(f, name)).FirstOrDefault(File.Exists);
        return python is null ? null : OperatingSystem.IsWindows() ? Path.GetDirectoryName(python) : Path.GetDirectoryName(Path.GetDirectoryName(python));
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
