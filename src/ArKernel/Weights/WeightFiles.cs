using System.Text.Json;
using static TorchSharp.torch;

namespace ArKernel.Weights;

/// <summary>
/// The tensors of a model as published: one safetensors file, or several with an index (<c>model.safetensors.index.json</c>, whose
/// <c>weight_map</c> says which file holds which tensor), in a folder.
/// </summary>
public sealed class WeightFiles : IDisposable
{
    private const string SingleName = "model.safetensors";
    private const string IndexName = "model.safetensors.index.json";
    private readonly Dictionary<string, SafeTensors> holders = new(StringComparer.Ordinal);
    private readonly List<SafeTensors> files = [];

    private WeightFiles(string path) => Path = path;

    /// <summary>Where the weights came from.</summary>
    public string Path { get; }

    /// <summary>The names of all tensors.</summary>
    public IReadOnlyCollection<string> Names => holders.Keys;

    /// <summary>Opens a safetensors file, an index file, or a folder that holds one of them.</summary>
    /// <param name="path">The file or folder.</param>
    /// <exception cref="SafeTensorsException">A file is malformed, or the index and the files disagree.</exception>
    /// <exception cref="FileNotFoundException">There are no weights, or a file that the index names is missing.</exception>
    public static WeightFiles Open(string path)
    {
        if (Directory.Exists(path))
        {
            string single = System.IO.Path.Combine(path, SingleName), index = System.IO.Path.Combine(path, IndexName);
            path = File.Exists(single) ? single
                : File.Exists(index) ? index
                : throw new FileNotFoundException($"'{path}' has neither {SingleName} nor {IndexName}.", path);
        }

        var weights = new WeightFiles(path);
        try
        {
            if (path.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
            {
                weights.OpenIndex(path);
            }
            else
            {
                weights.Add(SafeTensors.Open(path), names: null, path);
            }

            return weights;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>Whether there is a tensor of that name.</summary>
    /// <param name="name">The name.</param>
    public bool Contains(string name) => holders.ContainsKey(name);

    /// <summary>The shape of a tensor, without reading it.</summary>
    /// <param name="name">The name.</param>
    public IReadOnlyList<long> ShapeOf(string name) => Holder(name).Entries[name].Shape;

    /// <summary>Reads a tensor to the CPU; the caller owns it.</summary>
    /// <param name="name">The name.</param>
    /// <exception cref="SafeTensorsException">There is no tensor of that name.</exception>
    public Tensor Load(string name) => Holder(name).Load(name);

    /// <inheritdoc/>
    public void Dispose() => files.ForEach(file => file.Dispose());

    private SafeTensors Holder(string name) =>
        holders.TryGetValue(name, out SafeTensors? file) ? file : throw new SafeTensorsException($"'{Path}' has no tensor '{name}'.");

    private void OpenIndex(string index)
    {
        Dictionary<string, string> map;
        try
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(index));
            map = json.RootElement.GetProperty("weight_map").EnumerateObject()
                .ToDictionary(entry => entry.Name, entry => entry.Value.GetString()!, StringComparer.Ordinal);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or ArgumentException)
        {
            throw new SafeTensorsException($"'{index}' is no index of safetensors files (an object with a weight_map from name to file): {exception.Message}", exception);
        }

        string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(index))!;
        foreach (IGrouping<string, string> group in map.GroupBy(entry => entry.Value, entry => entry.Key, StringComparer.Ordinal))
        {
            if (group.Key is null || group.Key != System.IO.Path.GetFileName(group.Key))
            {
                throw new SafeTensorsException($"'{index}' names the file '{group.Key}', which is not a plain file name beside the index.");
            }

            string file = System.IO.Path.Combine(folder, group.Key);
            if (!File.Exists(file))
            {
                throw new FileNotFoundException($"'{index}' names the file '{group.Key}', which is not beside it.", file);
            }

            Add(SafeTensors.Open(file), [.. group], file);
        }
    }

    private void Add(SafeTensors file, string[]? names, string path)
    {
        files.Add(file);
        foreach (string name in names ?? [.. file.Entries.Keys])
        {
            if (!file.Entries.ContainsKey(name))
            {
                throw new SafeTensorsException($"The index '{Path}' says that '{path}' holds '{name}', but it does not.");
            }

            holders.Add(name, file);
        }
    }
}
