using ArKernel.Notebooks.Engine;
using Microsoft.DotNet.Interactive.Commands;

namespace Microsoft.DotNet.Interactive;

/// <summary>The running cell, under the name that notebooks for .NET Interactive know.</summary>
public class KernelInvocationContext
{
    internal KernelInvocationContext(CellContext cell) => Cell = cell;

    /// <summary>The cell whose code is running; null when none is.</summary>
    public static KernelInvocationContext? Current => CellContext.Current is { } cell ? new KernelInvocationContext(cell) : null;

    /// <summary>Signalled when the cell is interrupted.</summary>
    public CancellationToken CancellationToken => Cell.CancellationToken;

    /// <summary>The kernel of the cell's language.</summary>
    public Kernel HandlingKernel
    {
        get
        {
            CompositeKernel root = new(Cell.Engine);
            return root.FindKernelByName(Cell.Cell.Language) ?? root;
        }
    }

    /// <summary>The cell's code.</summary>
    public KernelCommand Command => new SubmitCode(Cell.Cell.Source, Cell.Cell.Language);

    internal CellContext Cell { get; }
}

/// <summary>What code shows in the running cell.</summary>
public static class KernelInvocationContextExtensions
{
    /// <summary>Shows a value below the cell.</summary>
    /// <param name="context">The cell.</param>
    /// <param name="value">The value.</param>
    /// <param name="mimeTypes">Mime types; none for those preferred for the value's type.</param>
    /// <returns>A handle that updates the display in place.</returns>
    public static DisplayedValue Display(this KernelInvocationContext context, object? value, params string[] mimeTypes) => new(context.Cell.Display(value, mimeTypes));

    /// <summary>Shows text that is of a mime type already.</summary>
    /// <param name="context">The cell.</param>
    /// <param name="value">The text.</param>
    /// <param name="mimeType">What it is.</param>
    /// <returns>A handle that updates the display in place.</returns>
    public static DisplayedValue DisplayAs(this KernelInvocationContext context, string value, string mimeType) =>
        new(context.Cell.DisplayRendered(new Dictionary<string, string>(StringComparer.Ordinal) { [mimeType] = value }), mimeType);
}
