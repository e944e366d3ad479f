using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Engine.Sharing;
using ArKernel.Notebooks.Jupyter;

namespace ArKernel.Notebooks.SubKernels;

/// <summary><c>#!connect jupyter --kernel-name python3 --as python</c>: from then on <c>#!python</c> cells run in that kernel.</summary>
internal static class ConnectMagic
{
    public static Magic Create(NotebookEngine engine, EngineOptions options) =>
        new("connect", "Runs cells in another Jupyter kernel: #!connect jupyter --kernel-name KERNEL [--as NAME].", (text, context) => ConnectAsync(text, engine, options, context))
        {
            AddsLanguage = true,
            Options = new Dictionary<string, string>(StringComparer.Ordinal) { ["--kernel-name"] = "The kernel, as it is installed.", ["--as"] = "What cells call it." },
        };

    private static async Task<Action?> ConnectAsync(string text, NotebookEngine engine, EngineOptions options, CellContext context)
    {
        (string kernel, string name) = Parse(text);
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

    private static (string Kernel, string Name) Parse(string text)
    {
        MagicArguments arguments = new("connect", text, ["--kernel-name", "--kernel-spec", "--as"]);
        if (arguments.Words is not ["jupyter"])
        {
            throw arguments.Error("what can be connected to are Jupyter kernels: #!connect jupyter --kernel-name KERNEL [--as NAME]");
        }

        // Notebooks of .NET Interactive name the kernel with --kernel-spec, and the language with --kernel-name.
        string kernel = arguments.Required("--kernel-name");
        return arguments["--kernel-spec"] is { } specification ? (specification, arguments["--as"] ?? kernel) : (kernel, arguments["--as"] ?? "");
    }

    private static CellFailedException Failure(string message) => new(new CellError("ConnectError", message, [], null));
}
