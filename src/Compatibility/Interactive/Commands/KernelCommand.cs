namespace Microsoft.DotNet.Interactive.Commands;

/// <summary>Something a kernel is asked to do.</summary>
public abstract class KernelCommand
{
    /// <summary>Makes a command.</summary>
    /// <param name="targetKernelName">The language to carry it out; null for the kernel's own.</param>
    protected KernelCommand(string? targetKernelName = null) => TargetKernelName = targetKernelName;

    /// <summary>The language that is to carry it out; null for the own one of the kernel it is sent to.</summary>
    public string? TargetKernelName { get; }
}
