namespace ArKernel.Notebooks.Jupyter;

/// <summary>Where Jupyter keeps its data.</summary>
public static class JupyterPaths
{
    /// <summary>The current user's data folder: <c>JUPYTER_DATA_DIR</c>, or the system's usual place.</summary>
    public static string UserData
    {
        get
        {
            if (Environment.GetEnvironmentVariable("JUPYTER_DATA_DIR") is { Length: > 0 } folder)
            {
                return folder;
            }

            string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);
            return OperatingSystem.IsWindows() ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData), "jupyter")
                : OperatingSystem.IsMacOS() ? Path.Combine(home, "Library", "Jupyter")
                : Path.Combine(Environment.GetEnvironmentVariable("XDG_DATA_HOME") is { Length: > 0 } data ? data : Path.Combine(home, ".local", "share"), "jupyter");
        }
    }

    /// <summary>The folders that are searched for kernels, the first one first: <c>JUPYTER_PATH</c>, the user's, the system's.</summary>
    public static IReadOnlyList<string> Data =>
    [
        .. (Environment.GetEnvironmentVariable("JUPYTER_PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries),
        UserData,
        .. OperatingSystem.IsWindows()
            ? (string[])[Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.CommonApplicationData), "jupyter")]
            : ["/usr/local/share/jupyter", "/usr/share/jupyter"],
    ];
}
