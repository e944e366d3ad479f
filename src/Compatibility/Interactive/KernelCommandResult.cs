using Microsoft.DotNet.Interactive.Commands;
using Microsoft.DotNet.Interactive.Events;

namespace Microsoft.DotNet.Interactive;

/// <summary>How a command ended. What its code put out is below the cell, as the cell's own output is.</summary>
public class KernelCommandResult
{
    internal KernelCommandResult(KernelCommand command, KernelEvent end)
    {
        Command = command;
        Events = [end];
    }

    /// <summary>The command.</summary>
    public KernelCommand Command { get; }

    /// <summary>One event: <see cref="CommandSucceeded"/> or <see cref="CommandFailed"/>.</summary>
    public IReadOnlyList<KernelEvent> Events { get; }
}
