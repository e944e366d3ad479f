using Microsoft.DotNet.Interactive.Commands;

namespace Microsoft.DotNet.Interactive.Events;

/// <summary>Something that a command brought about.</summary>
/// <param name="command">The command.</param>
public abstract class KernelEvent(KernelCommand command)
{
    /// <summary>The command.</summary>
    public KernelCommand Command { get; } = command;
}

/// <summary>A command was carried out.</summary>
/// <param name="command">The command.</param>
public class CommandSucceeded(KernelCommand command) : KernelEvent(command);

/// <summary>A command was not carried out.</summary>
/// <param name="message">Why.</param>
/// <param name="command">The command.</param>
public class CommandFailed(string message, KernelCommand command) : KernelEvent(command)
{
    /// <summary>Why.</summary>
    public string Message { get; } = message;
}
