using ArKernel.Backbones;
using ArKernel.Recipes;
using ArKernel.Tests.Training;
using static TorchSharp.torch;

namespace ArKernel.Tests.ComputePolicy;

/// <summary>What <see cref="Compute"/> says holds for every model; the meta device stands for one that is not the CPU (it lacks the operations to run a model).</summary>
[Collection(nameof(RunsAlone))]
public sealed class DevicePolicyTests
{
    [Fact]
    public void A_model_is_made_where_Compute_says()
    {
        (Device device, ScalarType dtype) = (ArKernel.Compute.Device, ArKernel.Compute.DType);
        try
        {
            (ArKernel.Compute.Device, ArKernel.Compute.DType) = (META, ScalarType.Float64);
            using AutoregressiveModel model = NextToken.Compose(DecoderConfiguration.Llama(11, 8, 1, 2, 1, 16, maximumLength: 5));
            Assert.All(model.parameters(), parameter =>
            {
                Assert.Equal(TorchSharp.DeviceType.META, parameter.device_type);
                Assert.Equal(ScalarType.Float64, parameter.dtype);
            });
        }
        finally
        {
            (ArKernel.Compute.Device, ArKernel.Compute.DType) = (device, dtype);
        }
    }
}
