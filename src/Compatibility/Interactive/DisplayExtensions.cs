using Microsoft.DotNet.Interactive;
using Microsoft.DotNet.Interactive.Formatting.TabularData;

namespace System;

/// <summary>What every notebook can call on values besides <c>x.Display()</c>, which is the engine's.</summary>
public static class DisplayExtensions
{
    /// <summary>Shows a value below the cell. Not an extension method: beside the engine's, a call of it would be ambiguous.</summary>
    /// <param name="value">The value.</param>
    /// <param name="mimeTypes">Mime types; none for those preferred for the value's type.</param>
    /// <returns>A handle that updates the display in place.</returns>
    public static DisplayedValue Display(object? value, params string[] mimeTypes) => Kernel.display(value, mimeTypes);

    /// <summary>Shows text that is of a mime type already.</summary>
    /// <param name="value">The text.</param>
    /// <param name="mimeType">What it is.</param>
    /// <returns>A handle that updates the display in place.</returns>
    public static DisplayedValue DisplayAs(this string value, string mimeType) => new KernelInvocationContext(Kernel.Cell).DisplayAs(value, mimeType);

    /// <summary>Shows the public members of a sequence's items as a table.</summary>
    /// <param name="value">The sequence.</param>
    /// <param name="mimeTypes">Mime types; none for those preferred for tables.</param>
    /// <typeparam name="T">The type of the items.</typeparam>
    /// <returns>A handle that updates the display in place.</returns>
    public static DisplayedValue DisplayTable<T>(this IEnumerable<T> value, params string[] mimeTypes) => Kernel.display(value?.ToTabularDataResource(), mimeTypes);
}
