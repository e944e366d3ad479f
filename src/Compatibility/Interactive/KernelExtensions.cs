using Microsoft.DotNet.Interactive.Commands;

namespace Microsoft.DotNet.Interactive;

/// <summary>What notebooks and extensions do with kernels.</summary>
public static class KernelExtensions
{
    /// <summary>The kernel of a language.</summary>
    /// <param name="kernel">Any kernel of the notebook.</param>
    /// <param name="name">The language's name.</param>
    /// <returns>The kernel, or null when the notebook has no such language.</returns>
    public static Kernel? FindKernelByName(this Kernel kernel, string name) =>
        kernel.FindKernels(k => k.Names.Contains(name, StringComparer.OrdinalIgnoreCase)).FirstOrDefault();

    /// <summary>The kernels with a property.</summary>
    /// <param name="kernel">Any kernel of the notebook.</param>
    /// <param name="predicate">The property.</param>
    /// <returns>The kernels.</returns>
    public static IEnumerable<Kernel> FindKernels(this Kernel kernel, Func<Kernel, bool> predicate) => All(kernel.RootKernel).Where(predicate);

    /// <summary>Runs code.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="code">The code.</param>
    /// <returns>How it ended.</returns>
    public static Task<KernelCommandResult> SubmitCodeAsync(this Kernel kernel, string code) => kernel.SendAsync(new SubmitCode(code));

    /// <summary>Calls a function for each kernel below one.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="onVisit">The function.</param>
    public static void VisitSubkernels(this Kernel kernel, Action<Kernel> onVisit) => All(kernel).Skip(1).ToList().ForEach(onVisit);

    /// <summary>Calls a function for a kernel and each one below it.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="onVisit">The function.</param>
    public static void VisitSubkernelsAndSelf(this Kernel kernel, Action<Kernel> onVisit) => All(kernel).ToList().ForEach(onVisit);

    private static IEnumerable<Kernel> All(Kernel kernel) => kernel is CompositeKernel root ? [root, .. root.ChildKernels] : [kernel];
}
