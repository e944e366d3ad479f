using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Jupyter;

namespace ArKernel.Notebooks.SubKernels;

/// <summary><c>#!connect jupyter --kernel-name python3 --as python</c>: from then on <c>#!python</c> cells run in that kernel.</summary>
internal static class ConnectMagic
{
    private const string Usage = "#!connect jupyter --kernel-name KERNEL [--as NAME]";

    public static Magic Create(NotebookEngine engine, EngineOptions options) =>
        new("connect", $"Runs cells in another Jupyter kernel: {Usage}.", (arguments, context) => ConnectAsync(arguments, engine, options, context));

    private static async Task<Action?> ConnectAsync(string arguments, NotebookEngine engine, EngineOptions options, CellContext context)
    {
        (string kernel, string name) = Parse(arguments);
        IReadOnlyDictionary<string, KernelSpecification> installed = KernelSpecification.FindAll();
        if (!installed.TryGetValue(kernel, out KernelSpecification? specification))
        {
            string known = installed.Count == 0 ? "No kernel is installed; ipykernel, for one, is installed with 'pip install ipykernel' and 'python -m ipykernel install --user'." : $"Installed are: {string.Join(", ", installed.Keys.Order(StringComparer.Ordinal))}.";
            throw Failure($"#!connect: no Jupyter kernel is named '{kernel}'. {known}");
        }

        name = name.Length > 0 ? name : specification.Language.Length > 0 ? specification.Language.ToLowerInvariant() : kernel;
        switch (engine.Languages.FirstOrDefault(l => l.Names.Contains(name, StringComparer.OrdinalIgnoreCase)))
        {
            case SubKernelLanguage { IsAlive: true } same when same.KernelName == specification.Name:
                context.DisplayRendered(Rendering.Text($"#!{name} is connected to the kernel '{kernel}' already."));
                return null;
            case SubKernelLanguage other:
                other.Dispose();
                break;
            case not null:
                throw Failure($"#!connect: '{name}' is the name of a language of the notebook. Choose another one: --as {name}2.");
        }

        try
        {
            engine.Add(await SubKernelLanguage.StartAsync(name, specification, options.Tensors, context.CancellationToken));
        }
        catch (JupyterException exception)
        {
            throw Failure($"#!connect: {exception.Message}");
        }

        context.DisplayRendered(Rendering.Text($"#!{name} cells run in the kernel '{kernel}'."));
        return null;
    }

    private static (string Kernel, string Name) Parse(string arguments)
    {
        string[] words = [.. arguments.Replace('=', ' ').Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries).Select(w => w.Trim('"', '\''))];
        Dictionary<string, string> given = new(StringComparer.Ordinal);
        for (int i = 1; i + 1 < words.Length; i += 2)
        {
            given[words[i]] = words[i + 1];
        }

        if (words is not ["jupyter", ..] || words.Length % 2 == 0 || given.Keys.Any(k => k is not ("--kernel-name" or "--kernel-spec" or "--as")) || !given.TryGetValue("--kernel-name", out string? kernel))
        {
            throw Failure($"'#!connect {arguments}' is not understood. Its form is {Usage}.");
        }

        // Notebooks of .NET Interactive name the kernel with --kernel-spec, and the language with --kernel-name.
        return given.TryGetValue("--kernel-spec", out string? specification) ? (specification, given.GetValueOrDefault("--as", kernel)) : (kernel, given.GetValueOrDefault("--as", ""));
    }

    private static CellFailedException Failure(string message) => new(new CellError("ConnectError", message, message.Split('\n'), null));
}
