using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.SubKernels;
using ArKernel.Notebooks.Tests.Engine;

namespace ArKernel.Notebooks.Tests.SubKernels;

/// <summary>An engine connected to the Python kernel of this machine; tests that need it are skipped, with the reason, where there is none.</summary>
internal sealed class PythonKernel : IAsyncDisposable
{
    private readonly CellRun cells;

    private PythonKernel(NotebookEngine engine)
    {
        Engine = engine;
        cells = new CellRun(engine);
    }

    public NotebookEngine Engine { get; }

    public static async Task<PythonKernel> ConnectAsync(EngineOptions? options = null)
    {
        Assert.SkipUnless(KernelSpecification.FindAll().ContainsKey("python3"), "No Jupyter kernel is named python3: install ipykernel (Debian: python3-ipykernel).");
        PythonKernel kernel = new(new NotebookEngine(options));
        await kernel.RunAsync("#!connect jupyter --kernel-name python3 --as python");
        return kernel;
    }

    public Task<CellOutcome> TryAsync(string source, TimeSpan? timeout = null, CancellationToken cancellation = default) => cells.RunAsync(source, timeout: timeout, cancellation: cancellation);

    public async Task<CellOutcome> RunAsync(string source)
    {
        CellOutcome outcome = await cells.RunAsync(source);
        Assert.True(outcome.Succeeded, string.Join('\n', outcome.Events.OfType<CellError>().SelectMany(e => e.Traceback.Prepend(e.Message))));
        return outcome;
    }

    public Task<CellOutcome> PythonAsync(string code) => RunAsync("#!python\n" + code);

    public async Task<object?> GetAsync(string name) => (await Python.GetAsync(name, Context))?.Value;

    public Task SetAsync(string name, object? value) => Python.SetAsync(new NotebookVariable(name, value?.GetType() ?? typeof(object), value), Context);

    /// <summary>What Python says of a value that it was given.</summary>
    public async Task<string> DescribeAsync(object? value, string expression)
    {
        await SetAsync("shared", value);
        return (await PythonAsync(expression)).Result!;
    }

    public async Task RequireAsync(string module)
    {
        bool there = (await TryAsync($"#!python\nimport {module}")).Succeeded;
        Assert.SkipUnless(there, $"The Python kernel has no {module}.");
    }

    public ValueTask DisposeAsync() => Engine.DisposeAsync();

    private SubKernelLanguage Python => Engine.Languages.OfType<SubKernelLanguage>().Single();

    private CellContext Context => new(Engine, new CellSubmission("csharp", "", "test"), new CellOutput(_ => { }), CancellationToken.None);
}
