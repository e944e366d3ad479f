using static TorchSharp.torch;

namespace ArKernel.Interactive.Tests;

public sealed class InspectionTests
{
    [Fact]
    public void A_tensor_is_described_by_shape_type_device_and_bytes()
    {
        using Tensor tensor = zeros(2, 3, dtype: ScalarType.Float64);
        Assert.Equal(("[2, 3]", "float64", "cpu", 48), TensorInspection.Describe(tensor));
        tensor.Dispose();
        Assert.Equal("disposed", TensorInspection.Describe(tensor)!.Value.Shape);
        Assert.Null(TensorInspection.Describe("text"));
        Assert.Null(TensorInspection.Describe(new[] { 1, 2 }));
    }

    [Fact]
    public void Tensors_inside_of_modules_arrays_tuples_and_closures_count_once()
    {
        using nn.Module<Tensor, Tensor> linear = nn.Linear(3, 4);
        Assert.Equal(("2 tensors", "float32", "cpu", (3 * 4 + 4) * 4), TensorInspection.Describe(linear));
        using Tensor shared = ones(5, dtype: ScalarType.Int64);
        Assert.Equal(40, TensorInspection.Describe(new[] { shared, shared })!.Value.Bytes);
        Assert.Equal(40, TensorInspection.Describe((1, "a", new List<object> { shared }))!.Value.Bytes);
        Func<long> closure = () => shared.numel();
        Assert.Equal("1 tensor", TensorInspection.Describe(closure)!.Value.Shape);
        Assert.Equal(3, TensorInspection.CountReachable([linear, shared, closure]));
    }

    [Fact]
    public void Looking_makes_no_tensor_and_a_circle_ends()
    {
        using nn.Module<Tensor, Tensor> model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2));
        object[] circle = new object[2];
        (circle[0], circle[1]) = (circle, model);
        long before = TensorInspection.LiveTensors;
        Assert.Equal("4 tensors", TensorInspection.Describe(circle)!.Value.Shape);
        Assert.Equal(before, TensorInspection.LiveTensors);
    }
}
