namespace ArKernel.Data;

/// <summary>Finds the data sets that come with ArKernel.</summary>
public static class DataFolder
{
    /// <summary>The environment variable that names a folder to look in first.</summary>
    public const string Variable = "ARKERNEL_DATA";

    /// <summary>
    /// Finds a data file: in the folder that ARKERNEL_DATA names, else in a <c>data</c> folder of the current directory or one above it, else in
    /// one of the program's folder or one above it.
    /// </summary>
    /// <param name="fileName">The file's name, such as <c>moby-dick.txt.gz</c>.</param>
    /// <returns>The full path.</returns>
    /// <exception cref="FileNotFoundException">It is in none of them; the message lists them.</exception>
    public static string Find(string fileName)
    {
        List<string> folders = [];
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
        {
            folders.Add(Path.GetFullPath(named));
        }

        foreach (string start in new[] { Directory.GetCurrentDirectory(), AppContext.BaseDirectory })
        {
            for (DirectoryInfo? folder = new(start); folder is not null; folder = folder.Parent)
            {
                folders.Add(Path.Combine(folder.FullName, "data"));
            }
        }

        folders = [.. folders.Distinct(StringComparer.Ordinal)];
        return folders.Select(folder => Path.Combine(folder, fileName)).FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException(
                $"The data file '{fileName}' is in none of these folders: {string.Join(", ", folders)}. " +
                $"It comes with ArKernel's source repository, in its folder data; set {Variable} to that folder.",
                fileName);
    }
}
