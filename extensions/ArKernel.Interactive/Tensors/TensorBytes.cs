using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace ArKernel.Interactive;

/// <summary>
/// Tensors as the type, shape and bytes of their elements, for hosts that hand them to other processes. Types are named as NumPy does. A value
/// that is no tensor does not load torch.
/// </summary>
public static class TensorBytes
{
    private const int Stretch = 1 << 26; // bytes a call: a tensor may be larger than a span

    private static readonly Dictionary<string, ScalarType> Types = new(StringComparer.Ordinal)
    {
        ["|b1"] = ScalarType.Bool, ["|u1"] = ScalarType.Byte, ["|i1"] = ScalarType.Int8, ["<i2"] = ScalarType.Int16, ["<i4"] = ScalarType.Int32,
        ["<i8"] = ScalarType.Int64, ["<f2"] = ScalarType.Float16, ["<f4"] = ScalarType.Float32, ["<f8"] = ScalarType.Float64,
        ["<c8"] = ScalarType.ComplexFloat32, ["<c16"] = ScalarType.ComplexFloat64,
    };

    /// <summary>The element type and shape of a tensor.</summary>
    /// <param name="value">Any value.</param>
    /// <returns>Type and shape; null when the value is no tensor.</returns>
    /// <exception cref="NotSupportedException">NumPy has no name for the tensor's element type.</exception>
    public static (string ElementType, long[] Shape)? Describe(object value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return string.Equals(value.GetType().Assembly.GetName().Name, "TorchSharp", StringComparison.Ordinal) ? DescribeTensor(value) : null;
    }

    /// <summary>Writes a tensor's elements, the last index running fastest.</summary>
    /// <param name="tensor">The tensor, on any device.</param>
    /// <param name="stream">Takes the bytes.</param>
    public static void Write(object tensor, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using DisposeScope scope = NewDisposeScope();
        Tensor plain = Plain((Tensor)tensor).contiguous().cpu();
        ForEachStretch(plain, bytes => stream.Write(bytes));
    }

    /// <summary>Makes a tensor.</summary>
    /// <param name="elementType">The type of its elements.</param>
    /// <param name="shape">Its shape.</param>
    /// <param name="stream">Gives the bytes.</param>
    /// <returns>A tensor on the CPU.</returns>
    /// <exception cref="NotSupportedException">Torch has no such element type.</exception>
    public static object Read(string elementType, long[] shape, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (!Types.TryGetValue(elementType, out ScalarType type))
        {
            throw new NotSupportedException($"TorchSharp has no tensors of NumPy's type '{elementType}'.");
        }

        Tensor tensor = empty(shape, dtype: type);
        ForEachStretch(tensor, bytes => stream.ReadExactly(bytes));
        return tensor;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (string ElementType, long[] Shape)? DescribeTensor(object value)
    {
        if (value is not Tensor tensor)
        {
            return null;
        }

        // NumPy has no bfloat16; every one of its values is a float32 too.
        ScalarType type = tensor.dtype == ScalarType.BFloat16 ? ScalarType.Float32 : tensor.dtype;
        string name = Types.FirstOrDefault(t => t.Value == type).Key ?? throw new NotSupportedException($"NumPy has no type for tensors of {tensor.dtype}; convert it with to_type.");
        return (name, tensor.shape);
    }

    private static Tensor Plain(Tensor tensor)
    {
        Tensor plain = tensor.detach().resolve_conj().resolve_neg();
        return plain.dtype == ScalarType.BFloat16 ? plain.to_type(ScalarType.Float32) : plain;
    }

    private delegate void Transfer(Span<byte> bytes);

    private static void ForEachStretch(Tensor tensor, Transfer transfer)
    {
        long bytes = tensor.NumberOfElements * tensor.ElementSize;
        if (bytes == 0)
        {
            return;
        }

        ref byte first = ref MemoryMarshal.GetReference(First(tensor));
        for (long start = 0; start < bytes; start += Stretch)
        {
            transfer(MemoryMarshal.CreateSpan(ref Unsafe.Add(ref first, (nint)start), (int)Math.Min(Stretch, bytes - start)));
        }
    }

    /// <summary>The memory of a tensor from its first element on; a tensor of more than 2 GiB has no span of its own.</summary>
    private static Span<byte> First(Tensor tensor)
    {
        using Tensor head = tensor.reshape(-1).narrow(0, 0, 1);
        return head.bytes;
    }
}
