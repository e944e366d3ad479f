using TorchSharp;
using static TorchSharp.torch;

namespace ArKernel.Backbones;

/// <summary>
/// A table of constants that takes the dtype and device of what it is used with. TorchSharp moves registered buffers along with a module only
/// where they are also saved with it; what a formula gives need not be saved, and is as exact in every dtype when it is computed anew.
/// </summary>
internal sealed class FollowingTable(Func<Tensor> compute) : IDisposable
{
    // On the meta device, where models are made only to count their parameters, there is nothing to compute.
    private Tensor? table = get_default_device().type == DeviceType.META ? null : Compute(compute, ScalarType.Float32, CPU);

    /// <summary>The table in the dtype and on the device of a tensor.</summary>
    public Tensor For(Tensor other)
    {
        if (table is null || table.dtype != other.dtype || table.device_type != other.device_type || table.device_index != other.device_index)
        {
            table?.Dispose();
            table = Compute(compute, other.dtype, other.device);
        }

        return table;
    }

    public void Dispose() => table?.Dispose();

    private static Tensor Compute(Func<Tensor> compute, ScalarType dtype, Device device)
    {
        using var scope = NewDisposeScope();
        using IDisposable normal = inference_mode(false); // what inference mode makes can never be used in training
        return compute().to(dtype, device).DetachFromDisposeScope();
    }
}
