using System.Reflection;

namespace ArKernel.Notebooks.Engine;

/// <summary>What a host brings to the engine. Everything has a working default.</summary>
public sealed class EngineOptions
{
    /// <summary>Namespaces, and types whose static members, that every C# cell sees without a <c>using</c> of its own.</summary>
    public IList<string> Usings { get; } = [];

    /// <summary>Assemblies that cells see besides those on the host's list of trusted assemblies.</summary>
    public IList<Assembly> References { get; } = [];

    /// <summary>Runs once before the first cell: registers formatters, sets seeds, and so on.</summary>
    public Action? Initialize { get; set; }

    /// <summary>Reads the cells of a document for <c>#!import</c>; null leaves <c>.cs</c> and <c>.csx</c> files only.</summary>
    public Func<string, IEnumerable<CellSubmission>>? ReadDocument { get; set; }

    /// <summary>Commands besides the built-in ones.</summary>
    public IList<Magic> Magics { get; } = [];

    /// <summary>Languages besides the built-in ones.</summary>
    public IList<ICellLanguage> Languages { get; } = [];

    /// <summary>
    /// Where restored packages are remembered; by default <c>ARKERNEL_HOME</c> if that is set, else a folder of the user's local application data.
    /// </summary>
    public string CacheFolder { get; set; } = Environment.GetEnvironmentVariable("ARKERNEL_HOME") is { Length: > 0 } home
        ? home
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "arkernel");

    /// <summary>How long an interrupted cell may take to end by itself before its thread is woken and aborted.</summary>
    public TimeSpan AbortDelay { get; set; } = TimeSpan.FromMilliseconds(250);
}
