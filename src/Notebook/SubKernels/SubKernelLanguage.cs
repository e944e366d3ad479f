using System.Globalization;
using System.Text.Json.Nodes;
using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Engine.Sharing;
using ArKernel.Notebooks.Jupyter;

namespace ArKernel.Notebooks.SubKernels;

/// <summary>Cells that run in another Jupyter kernel, a child process of this one.</summary>
internal sealed class SubKernelLanguage : ISharesValues, IDisposable
{
    // An interrupted kernel that does not stop is ended before the front's patience with this whole process is.
    private static readonly TimeSpan InterruptPatience = TimeSpan.FromSeconds(1.5);

    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);

    private readonly KernelSpecification specification;
    private readonly SubKernelProcess process;
    private readonly SubKernelClient client;
    private readonly PythonValues? values;

    private SubKernelLanguage(string name, KernelSpecification specification, SubKernelProcess process, SubKernelClient client, string language, TensorExchange? tensors)
    {
        Names = [name];
        this.specification = specification;
        this.process = process;
        this.client = client;
        Language = language;
        values = language == "python" ? new PythonValues(this, tensors) : null;
    }

    public IReadOnlyList<string> Names { get; }

    public bool IsCode => false;

    public IEnumerable<NotebookVariable> Variables => [];

    /// <summary>The programming language, as the kernel itself calls it.</summary>
    public string Language { get; }

    /// <summary>Whether the kernel's process runs.</summary>
    public bool IsAlive => !process.Exited.IsCompleted;

    /// <summary>Which kernel it is.</summary>
    public string KernelName => specification.Name;

    /// <summary>Starts a kernel and waits until it answers.</summary>
    /// <exception cref="JupyterException">It cannot be started, or does not answer.</exception>
    public static async Task<SubKernelLanguage> StartAsync(string name, KernelSpecification specification, TensorExchange? tensors, CancellationToken cancellationToken)
    {
        SubKernelProcess started = SubKernelProcess.Start(specification);
        SubKernelClient connected = new(started.Connection);
        try
        {
            using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(StartPatience);
            Task<JsonObject> ready = connected.WaitUntilReadyAsync(patience.Token);
            if (await Task.WhenAny(ready, started.Exited) == started.Exited)
            {
                await patience.CancelAsync();
                throw new JupyterException($"The kernel '{specification.Name}' ended while it started, with exit code {await started.Exited}.\n{started.LastOutput}".TrimEnd());
            }

            JsonObject information = await ready;
            string language = information["language_info"] is JsonObject of ? JupyterMessage.Text(of, "name") : specification.Language;
            return new SubKernelLanguage(name, specification, started, connected, language.ToLowerInvariant(), tensors);
        }
        catch (Exception exception)
        {
            connected.Dispose();
            started.Dispose();
            if (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                throw new JupyterException($"The kernel '{specification.Name}' did not answer within {StartPatience.TotalSeconds:0} s.\n{started.LastOutput}".TrimEnd());
            }

            throw;
        }
    }

    public void WarmUp(CancellationToken hurry)
    {
    }

    public void AddReferences(IReadOnlyList<string> paths)
    {
    }

    public Task<CellError?> RunAsync(string code, CellContext context) => ExecuteAsync(code, silent: false, context);

    public async Task<NotebookVariable?> GetAsync(string name, CellContext context) => await Values("Reading").GetAsync(name, context);

    public Task SetAsync(NotebookVariable variable, CellContext context) => Values("Setting").SetAsync(variable, context);

    /// <summary>Runs code; silent code leaves no trace in the kernel's history and counts no cell.</summary>
    public async Task<CellError?> ExecuteAsync(string code, bool silent, CellContext context)
    {
        if (!IsAlive)
        {
            return Dead("has ended");
        }

        SubKernelExecution execution = new(client, context);
        execution.Start(code, silent);
        using CancellationTokenRegistration interruption = context.CancellationToken.Register(() => _ = InterruptAsync(execution));
        if (await Task.WhenAny(execution.Ended, process.Exited) == process.Exited && !execution.Ended.IsCompleted)
        {
            return context.CancellationToken.IsCancellationRequested ? Dead("did not stop when it was interrupted and was ended") : Dead("has died");
        }

        return await execution.Ended;
    }

    public void Dispose()
    {
        try
        {
            client.Send(Channel.Control, "shutdown_request", new JsonObject { ["restart"] = false }, (_, _) => { });
            process.EndAsync().GetAwaiter().GetResult();
        }
        finally
        {
            client.Dispose();
            values?.Dispose();
        }
    }

    private PythonValues Values(string what) => values ?? throw new NotSupportedException(
        $"{what} variables of '{Names[0]}' is not possible: values are exchanged with kernels of Python, and this one runs {(Language.Length > 0 ? Language : "another language")}.");

    private async Task InterruptAsync(SubKernelExecution execution)
    {
        if (specification.IsInterruptedByMessage || !process.Signal())
        {
            client.Send(Channel.Control, "interrupt_request", [], (_, _) => { });
        }

        await Task.WhenAny(execution.Ended, Task.Delay(InterruptPatience));
        if (!execution.Ended.IsCompleted)
        {
            process.Dispose();
        }
    }

    private CellError Dead(string what)
    {
        string code = process.Exited is { IsCompletedSuccessfully: true, Result: var exit } ? string.Create(CultureInfo.InvariantCulture, $" (exit code {exit})") : "";
        string message = $"The kernel '{specification.Name}' of #!{Names[0]} {what}{code}: its variables are lost, those of the other languages are not. "
            + $"Run '#!connect jupyter --kernel-name {specification.Name} --as {Names[0]}' to start it again.";
        string output = process.LastOutput;
        return new CellError("KernelDied", message, output.Length > 0 ? output.Split('\n') : [], null);
    }
}
