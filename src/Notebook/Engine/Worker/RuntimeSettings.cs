namespace ArKernel.Notebooks.Engine.Worker;

/// <summary>How the runtime is to run a front or a worker: what it reads in the environment and in no other place.</summary>
internal static class RuntimeSettings
{
    /// <summary>Of front and worker.</summary>
    public static IReadOnlyDictionary<string, string> Common { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        // The runtime lets new objects fill as much as the processor's cache before it collects any. A notebook's cells leave little behind
        // each, so that was most of what a worker's memory grew by: 8 MiB (hexadecimal, as it is read) cost no measurable time and 60 MiB less.
        ["DOTNET_GCgen0size"] = "0x800000",

        // Every piece of compiled code is otherwise written through a second mapping of its page, to guard programs that are fed hostile
        // bytes; who can feed a kernel may run code anyway. Measured: 14% of the processor time up to the end of the first cell.
        ["DOTNET_EnableWriteXorExecute"] = "0",
    };

    /// <summary>Of the worker besides: the host's own configuration saves the compilation with counters, but a user's loops deserve it.</summary>
    public static IReadOnlyDictionary<string, string> OfWorker { get; } = new Dictionary<string, string>(Common, StringComparer.Ordinal) { ["DOTNET_TieredPGO"] = "1" };
}
