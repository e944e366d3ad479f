using System.Collections;
using ArKernel.Notebooks.Engine;

namespace Microsoft.DotNet.Interactive;

/// <summary>The languages of a notebook together.</summary>
public sealed class CompositeKernel : Kernel, IEnumerable<Kernel>
{
    private readonly NotebookEngine engine;

    internal CompositeKernel(NotebookEngine engine)
        : base(engine, ".NET", [".NET"]) => this.engine = engine;

    /// <summary>The language of code that names none: that of the running cell.</summary>
    public string DefaultKernelName => KernelInvocationContext.Current?.HandlingKernel?.Name ?? ChildKernels[0].Name;

    /// <summary>A kernel a language.</summary>
    public IReadOnlyList<Kernel> ChildKernels => [.. engine.Languages.Select(l => new Kernel(engine, l.Names[0], l.Names))];

    /// <inheritdoc/>
    public override CompositeKernel? ParentKernel => null;

    private protected override string Language => DefaultKernelName;

    /// <inheritdoc/>
    public IEnumerator<Kernel> GetEnumerator() => ChildKernels.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
