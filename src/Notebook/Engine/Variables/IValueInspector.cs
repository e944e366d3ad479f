namespace ArKernel.Notebooks.Engine.Variables;

/// <summary>What a host that knows tensors tells of values. The engine itself knows none.</summary>
public interface IValueInspector
{
    /// <summary>How many tensors are alive in the process.</summary>
    long LiveTensors { get; }

    /// <summary>Describes a value that is, or holds, tensors.</summary>
    /// <param name="value">The value.</param>
    /// <returns>The description, or null when no tensor is in it.</returns>
    ValueDescription? Describe(object value);

    /// <summary>How many of the live tensors can be reached from some values, each counted once.</summary>
    /// <param name="values">The values.</param>
    /// <returns>The number.</returns>
    long CountReachable(IEnumerable<object> values);
}

/// <summary>What a variable table says of a value besides its type.</summary>
/// <param name="Shape">Its extents, such as <c>[32, 3]</c>, or what it holds.</param>
/// <param name="ElementType">The type of its elements, under the name users know it by.</param>
/// <param name="Device">Where its memory is.</param>
/// <param name="Bytes">How much memory that is.</param>
public sealed record ValueDescription(string? Shape, string? ElementType, string? Device, long? Bytes);
