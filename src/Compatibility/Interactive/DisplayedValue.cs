using System.Diagnostics.CodeAnalysis;
using Shown = ArKernel.Notebooks.DisplayedValue;

namespace Microsoft.DotNet.Interactive;

/// <summary>A value that is shown below a cell and can be replaced where it stands.</summary>
[SuppressMessage("Usage", "CA2225:Operator overloads have named alternates", Justification = "The conversions only make two names of one thing fit each other.")]
public class DisplayedValue
{
    private readonly Shown shown;
    private readonly string[] mimeTypes;

    internal DisplayedValue(Shown shown, params string[] mimeTypes)
    {
        this.shown = shown;
        this.mimeTypes = mimeTypes;
    }

    /// <summary>Identifies the display.</summary>
    public string DisplayId => shown.DisplayId;

    /// <summary>What <c>display</c> returns without a <c>using</c> of this namespace, as what it is called with one.</summary>
    /// <param name="value">The handle.</param>
    public static implicit operator DisplayedValue(Shown value) => new(value);

    /// <summary>The handle as the engine knows it.</summary>
    /// <param name="value">The handle.</param>
    public static implicit operator Shown(DisplayedValue value) => value.shown;

    /// <summary>Shows another value in the place of the one shown now.</summary>
    /// <param name="updatedValue">The new value.</param>
    public void Update(object? updatedValue)
    {
        if (updatedValue is string text && mimeTypes is [var mimeType])
        {
            shown.UpdateRendered(new Dictionary<string, string>(StringComparer.Ordinal) { [mimeType] = text });
        }
        else
        {
            shown.Update(updatedValue);
        }
    }
}
