using ArKernel.Interactive;
using ArKernel.Notebooks.Engine.Variables;

namespace ArKernel.Cli;

/// <summary>Tells the engine what the extension knows of tensors.</summary>
internal sealed class TensorInspector : IValueInspector
{
    public long LiveTensors => TensorInspection.LiveTensors;

    public ValueDescription? Describe(object value) =>
        TensorInspection.Describe(value) is { } found ? new ValueDescription(found.Shape, found.ElementType, found.Device, found.Bytes) : null;

    public long CountReachable(IEnumerable<object> values) => TensorInspection.CountReachable(values);
}
