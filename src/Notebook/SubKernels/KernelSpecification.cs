using System.Text.Json;
using ArKernel.Notebooks.Jupyter;

namespace ArKernel.Notebooks.SubKernels;

/// <summary>An installed Jupyter kernel: what its <c>kernel.json</c> says.</summary>
/// <param name="Name">The name of its folder, by which it is asked for.</param>
/// <param name="Folder">Its folder.</param>
/// <param name="Arguments">The program and its arguments; <c>{connection_file}</c> stands for the connection file.</param>
/// <param name="Language">Its language.</param>
/// <param name="IsInterruptedByMessage">Whether it is interrupted by a message, not by a signal.</param>
/// <param name="Environment">What it wants in its environment.</param>
internal sealed record KernelSpecification(
    string Name, string Folder, IReadOnlyList<string> Arguments, string Language, bool IsInterruptedByMessage, IReadOnlyDictionary<string, string> Environment)
{
    /// <summary>The kernels of this machine by name. The folders are those that Jupyter looks into; no Python is needed to find them.</summary>
    public static IReadOnlyDictionary<string, KernelSpecification> FindAll()
    {
        Dictionary<string, KernelSpecification> found = new(StringComparer.OrdinalIgnoreCase);
        foreach (string folder in JupyterPaths.Data.Select(f => Path.Combine(f, "kernels")).Where(Directory.Exists))
        {
            foreach (string kernel in Subfolders(folder))
            {
                if (Read(kernel) is { } specification)
                {
                    found.TryAdd(specification.Name, specification); // the first folder that has a name wins
                }
            }
        }

        return found;
    }

    private static KernelSpecification? Read(string folder)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "kernel.json")));
            JsonElement json = document.RootElement;
            string[] arguments = [.. json.GetProperty("argv").EnumerateArray().Select(a => a.GetString()!.Replace("{resource_dir}", folder, StringComparison.Ordinal))];
            Dictionary<string, string> environment = new(StringComparer.Ordinal);
            if (json.TryGetProperty("env", out JsonElement variables))
            {
                foreach (JsonProperty variable in variables.EnumerateObject())
                {
                    environment[variable.Name] = variable.Value.ToString();
                }
            }

            return arguments.Length == 0 ? null : new KernelSpecification(
                Path.GetFileName(folder), folder, arguments, Text(json, "language"), Text(json, "interrupt_mode") == "message", environment);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null; // a broken specification hides no other
        }
    }

    private static string Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static string[] Subfolders(string folder)
    {
        try
        {
            return Directory.GetDirectories(folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
