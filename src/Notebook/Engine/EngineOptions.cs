using System.Reflection;
using System.Text.Json;
using ArKernel.Notebooks.Engine.Sharing;
using ArKernel.Notebooks.Packages;
using ArKernel.Notebooks.Engine.Variables;

namespace ArKernel.Notebooks.Engine;

/// <summary>What a host brings to the engine. Everything has a working default.</summary>
public sealed class EngineOptions
{
    /// <summary>Namespaces, and types whose static members, that every C# cell sees without a <c>using</c> of its own.</summary>
    public IList<string> Usings { get; } = [];

    /// <summary>Assemblies that cells see besides those on the host's list of trusted assemblies.</summary>
    public IList<Assembly> References { get; } = [];

    /// <summary>The language that cells will mostly be in: the engine makes itself ready for its first cell.</summary>
    public string Language { get; set; } = "csharp";

    /// <summary>Runs once before the first cell: registers formatters, sets seeds, and so on.</summary>
    public Action? Initialize { get; set; }

    /// <summary>Reads the cells of a document for <c>#!import</c>; null leaves <c>.cs</c> and <c>.csx</c> files only.</summary>
    public Func<string, IEnumerable<CellSubmission>>? ReadDocument { get; set; }

    /// <summary>Called for each package that <c>#r</c> has brought, before the cell's code runs: loads extensions, for one.</summary>
    public Func<AddedPackage, CellContext, Task>? PackageAdded { get; set; }

    /// <summary>Commands besides the built-in ones.</summary>
    public IList<Magic> Magics { get; } = [];

    /// <summary>Languages besides the built-in ones.</summary>
    public IList<ICellLanguage> Languages { get; } = [];

    /// <summary>What <see cref="ICellExecutor.RequestAsync"/> answers besides the built-in requests.</summary>
    public IDictionary<string, RequestHandler> Requests { get; } = new Dictionary<string, RequestHandler>(StringComparer.Ordinal);

    /// <summary>How tensors are exchanged with Jupyter kernels that the notebook is connected to; null leaves arrays.</summary>
    public TensorExchange? Tensors { get; set; }
    /// <summary>Knows the tensors among the values of cells; null where there are none.</summary>
    public IValueInspector? Inspector { get; set; }

    /// <summary>
    /// Where restored packages are remembered; by default <c>ARKERNEL_HOME</c> if that is set, else a folder of the user's local application data.
    /// </summary>
    public string CacheFolder { get; set; } = Environment.GetEnvironmentVariable("ARKERNEL_HOME") is { Length: > 0 } home
        ? home
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "arkernel");

    /// <summary>
    /// Whether an interrupted cell that spins has its thread aborted. The runtime can crash on that (measured on .NET 10.0.12), so it is for
    /// processes that may be lost: the worker, whose only other remedy is to be killed.
    /// </summary>
    public bool AbortsThreads { get; set; }

    /// <summary>How long interrupted code that has not asked for <see cref="Notebook.CancellationToken"/> goes on before it is woken or aborted.</summary>
    public TimeSpan AbortDelay { get; set; } = TimeSpan.FromMilliseconds(40);

    /// <summary>How much longer code goes on that has, and so is expected to end in good order after the step it is at.</summary>
    public TimeSpan CooperationDelay { get; set; } = TimeSpan.FromMilliseconds(800);
}

/// <summary>Answers one kind of request; called on a pool thread, also while a cell runs.</summary>
/// <param name="arguments">What the request takes.</param>
/// <param name="cancellationToken">Signalled when nobody waits for the answer any more.</param>
/// <returns>The answer.</returns>
public delegate Task<JsonElement> RequestHandler(JsonElement arguments, CancellationToken cancellationToken);
