namespace Microsoft.DotNet.Interactive.Commands;

/// <summary>Asks a kernel to run code.</summary>
/// <param name="code">The code.</param>
/// <param name="targetKernelName">The language, such as <c>csharp</c>; null for the kernel's own.</param>
public class SubmitCode(string code, string? targetKernelName = null) : KernelCommand(targetKernelName)
{
    /// <summary>The code.</summary>
    public string Code { get; } = code;

    /// <inheritdoc/>
    public override string ToString() => $"SubmitCode: {Code}";
}
