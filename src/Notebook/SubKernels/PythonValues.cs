using System.Text.Json;
using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Engine.Sharing;

namespace ArKernel.Notebooks.SubKernels;

/// <summary>
/// Exchanges values with a kernel of Python. A file of JSON says what the value is; the numbers of arrays, tensors and frames lie in files of
/// their own, in shared memory where there is some: they are written once, and Python maps them instead of reading them.
/// </summary>
internal sealed class PythonValues(SubKernelLanguage kernel, TensorExchange? tensors) : IDisposable
{
    private static readonly string SharedMemory = Path.Combine(Path.DirectorySeparatorChar.ToString(), "dev", "shm");

    private ExchangeFolder? folder;

    /// <summary>The value of a variable there; null when there is none of that name.</summary>
    /// <exception cref="NotSupportedException">It is nothing that can be shared.</exception>
    public async Task<NotebookVariable?> GetAsync(string name, CellContext context)
    {
        ExchangeFolder exchange = await PrepareAsync(context);
        await CallAsync($"send({Literal(name)}, {Literal(exchange.Folders)})", context);
        object? value;
        try
        {
            using JsonDocument document = JsonDocument.Parse(await File.ReadAllBytesAsync(exchange.ValueFile, context.CancellationToken));
            if (!document.RootElement.EnumerateObject().Any())
            {
                return null;
            }

            value = PythonReader.Read(document.RootElement, tensors);
        }
        finally
        {
            exchange.Clear();
        }

        return new NotebookVariable(name, value?.GetType() ?? typeof(object), value);
    }

    /// <summary>Makes a variable there.</summary>
    /// <exception cref="NotSupportedException">The value is nothing that can be shared.</exception>
    public async Task SetAsync(NotebookVariable variable, CellContext context)
    {
        ExchangeFolder exchange = await PrepareAsync(context);
        try
        {
            await Task.Run(() =>
            {
                using FileStream file = File.Create(exchange.ValueFile);
                using Utf8JsonWriter writer = new(file);
                new PythonWriter(writer, exchange, tensors).Write(variable);
            });
            await CallAsync($"receive({Literal(variable.Name)}, {Literal(exchange.Folders[^1])})", context);
        }
        finally
        {
            exchange.Clear();
        }
    }

    public void Dispose() => folder?.Dispose();

    /// <summary>A string or list of strings as Python has it: JSON has the same form.</summary>
    private static string Literal<T>(T value) => JsonSerializer.Serialize(value, Jupyter.JupyterJson.Options);

    private async Task<ExchangeFolder> PrepareAsync(CellContext context)
    {
        if (folder is null)
        {
            using StreamReader reader = new(typeof(PythonValues).Assembly.GetManifestResourceStream("python/share.py")!);
            string source = Literal((await reader.ReadToEndAsync(context.CancellationToken)).ReplaceLineEndings("\n"));
            // A module of its own, so that the user's names stay the user's.
            string install = $"exec(compile({source}, '<arkernel>', 'exec'), vars(__import__('sys').modules.setdefault('_arkernel', type(__import__('sys'))('_arkernel'))))";
            if (await kernel.ExecuteAsync(install, silent: true, context) is { } error)
            {
                throw new CellFailedException(error);
            }

            folder = new ExchangeFolder(SharedMemory);
        }

        return folder;
    }

    private async Task CallAsync(string call, CellContext context)
    {
        switch (await kernel.ExecuteAsync($"__import__('sys').modules['_arkernel'].{call}", silent: true, context))
        {
            case { Name: "TypeError" } refusal:
                throw new NotSupportedException(refusal.Message);
            case { } error:
                throw new CellFailedException(error);
        }
    }
}

/// <summary>A folder for the values in exchange, and one in shared memory for their arrays. Only the user can look into them.</summary>
internal sealed class ExchangeFolder : IDisposable
{
    public ExchangeFolder(string sharedMemory)
    {
        Folders = Directory.Exists(sharedMemory) ? [Create(sharedMemory), Create(Path.GetTempPath())] : [Create(Path.GetTempPath())];
    }

    /// <summary>The folders, the one to be preferred first; the last one has room for anything.</summary>
    public IReadOnlyList<string> Folders { get; }

    /// <summary>The file that says what the value is.</summary>
    public string ValueFile => Path.Combine(Folders[^1], "value.json");

    /// <summary>A path for an array of that size.</summary>
    public string ArrayFile(long bytes) =>
        Path.Combine(Folders.FirstOrDefault(f => new DriveInfo(f).AvailableFreeSpace > 2 * bytes, Folders[^1]), Guid.NewGuid().ToString("N") + ".npy");

    /// <summary>Removes the files; what is mapped stays with who mapped it.</summary>
    public void Clear()
    {
        foreach (string file in Folders.SelectMany(Directory.EnumerateFiles))
        {
            try
            {
                File.Delete(file);
            }
            catch (IOException)
            {
                // Windows keeps a file that is mapped; it goes with the folder.
            }
        }
    }

    public void Dispose()
    {
        foreach (string folder in Folders)
        {
            try
            {
                Directory.Delete(folder, recursive: true);
            }
            catch (IOException)
            {
                // Left to the system, which empties its temporary folders.
            }
        }
    }

    private static string Create(string parent)
    {
        string path = Path.Combine(parent, $"arkernel-{Guid.NewGuid():N}");
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return path;
    }
}
