using System.Collections.Concurrent;
using System.ComponentModel;

namespace ArKernel.Notebooks.Engine.Sharing;

/// <summary>Where the code of a declaration finds the value of another language. Not for use by hand.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class SharedValue
{
    private static readonly ConcurrentDictionary<int, object?> Values = new();
    private static int last;

    /// <summary>The value put in a slot.</summary>
    /// <param name="slot">The slot.</param>
    /// <returns>The value.</returns>
    public static object? Get(int slot) => Values[slot];

    internal static int Put(object? value)
    {
        int slot = Interlocked.Increment(ref last);
        Values[slot] = value;
        return slot;
    }

    internal static void Remove(int slot) => Values.TryRemove(slot, out _);
}
