using TorchSharp;
using static TorchSharp.torch;

namespace ArKernel.Interactive.Tests;

public sealed class TensorBytesTests
{
    [Fact]
    public void Tensors_come_back_as_they_went_whatever_their_layout()
    {
        using DisposeScope scope = NewDisposeScope();
        foreach (Tensor sent in (Tensor[])
        [
            arange(24, dtype: float32).reshape(2, 3, 4).transpose(0, 2), arange(5, dtype: int64)[TensorIndex.Slice(1, 4)], tensor(3.5), zeros(0, 3),
            randn(3, dtype: float64), tensor(new[] { true, false }), arange(6).to(uint8), randn(4).to(float16), randn(2, dtype: complex64).conj(),
        ])
        {
            (string type, long[] shape) = TensorBytes.Describe(sent)!.Value;
            using MemoryStream stream = new();
            TensorBytes.Write(sent, stream);
            stream.Position = 0;
            Tensor back = (Tensor)TensorBytes.Read(type, shape, stream);
            Assert.Equal(sent.dtype, back.dtype);
            Assert.Equal(sent.shape, back.shape);
            Assert.True(sent.eq(back).all().item<bool>());
            Assert.Equal(stream.Length, stream.Position);
        }
    }

    [Fact]
    public void What_is_no_tensor_is_none_and_bfloat16_widens()
    {
        Assert.Null(TensorBytes.Describe("text"));
        using Tensor narrow = ones(2, dtype: bfloat16);
        Assert.Equal("<f4", TensorBytes.Describe(narrow)!.Value.ElementType);
        using MemoryStream stream = new();
        TensorBytes.Write(narrow, stream);
        Assert.Equal(8, stream.Length);
        Assert.Throws<NotSupportedException>(() => TensorBytes.Read("<U3", [1], stream));
    }
}
