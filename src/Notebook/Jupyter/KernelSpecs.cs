using System.Text.Json;
using System.Text.Json.Nodes;
using ArKernel.Notebooks.Engine.Worker;

namespace ArKernel.Notebooks.Jupyter;

/// <summary>The kernelspecs of this program in one of Jupyter's data folders.</summary>
public sealed class KernelSpecs
{
    private const string Marker = "arkernel"; // in the metadata: this folder is ours to replace and to remove

    private static readonly string[] Logos = ["logo-32x32.png", "logo-64x64.png", "logo-svg.svg"];

    private KernelSpecs(string folder) => Folder = folder;

    /// <summary>The folder, <c>…/jupyter/kernels</c>.</summary>
    public string Folder { get; }

    /// <summary>The kernelspecs below a data folder.</summary>
    /// <param name="dataFolder">The data folder, <c>…/jupyter</c>.</param>
    /// <returns>The kernelspecs.</returns>
    public static KernelSpecs At(string dataFolder) => new(Path.Combine(dataFolder, "kernels"));

    /// <summary>Whether a name is nobody's or ours.</summary>
    /// <param name="name">The kernel's name.</param>
    /// <returns>True when it may be written.</returns>
    public bool IsFree(string name) => !Directory.Exists(PathOf(name)) || IsOurs(name);

    /// <summary>Writes a kernelspec.</summary>
    /// <param name="name">The kernel's name.</param>
    /// <param name="displayName">What front ends show.</param>
    /// <param name="language">The language's name.</param>
    /// <param name="command">What starts the kernel, with <c>{connection_file}</c>.</param>
    public void Write(string name, string displayName, string language, IEnumerable<string> command)
    {
        string temporary = PathOf(name) + "." + Guid.NewGuid().ToString("N") + ".tmp";
        Directory.CreateDirectory(temporary);
        try
        {
            JsonObject spec = new()
            {
                ["argv"] = new JsonArray([.. command.Select(a => (JsonNode)a)]),
                ["display_name"] = displayName,
                ["language"] = language,
                ["interrupt_mode"] = "message",
                ["kernel_protocol_version"] = JupyterMessage.ProtocolVersion,
                ["env"] = new JsonObject(RuntimeSettings.Common.Select(s => KeyValuePair.Create<string, JsonNode?>(s.Key, s.Value))),
                ["metadata"] = new JsonObject { ["debugger"] = true, ["supported_encryption"] = new JsonArray("curve"), [Marker] = KernelInformation.Version },
            };
            File.WriteAllText(Path.Combine(temporary, "kernel.json"), spec.ToJsonString(new JsonSerializerOptions { WriteIndented = true, Encoder = JupyterJson.Options.Encoder }));
            foreach (string logo in Logos)
            {
                using Stream picture = typeof(KernelSpecs).Assembly.GetManifestResourceStream("kernelspec/" + logo)!;
                using FileStream file = File.Create(Path.Combine(temporary, logo));
                picture.CopyTo(file);
            }

            Remove(name);
            Directory.Move(temporary, PathOf(name));
        }
        catch
        {
            Directory.Delete(temporary, recursive: true);
            throw;
        }
    }

    /// <summary>Removes a kernelspec of ours.</summary>
    /// <param name="name">The kernel's name.</param>
    /// <returns>Whether there was one.</returns>
    public bool Remove(string name)
    {
        if (!IsOurs(name))
        {
            return false;
        }

        Directory.Delete(PathOf(name), recursive: true);
        return true;
    }

    private string PathOf(string name) => Path.Combine(Folder, name);

    private bool IsOurs(string name)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(Path.Combine(PathOf(name), "kernel.json")))?["metadata"]?[Marker] is not null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            return false;
        }
    }
}
