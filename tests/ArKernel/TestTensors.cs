using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Tests;

/// <summary>What tests of tensors share.</summary>
internal static class TestTensors
{
    /// <summary>
    /// Redraws every parameter from the seed, large enough that attention is far from uniform and no gain is 1 and no bias 0; sets evaluation mode.
    /// </summary>
    internal static T Randomized<T>(this T module, ulong seed, double deviation = 0.4)
        where T : nn.Module
    {
        using IDisposable noGradient = no_grad();
        using var random = new Generator(seed);
        foreach (Parameter parameter in module.parameters().DistinctBy(parameter => parameter.Handle))
        {
            using var scope = NewDisposeScope();
            parameter.copy_(randn(parameter.shape, generator: random) * deviation + (parameter.dim() == 1 ? 0.5 : 0));
        }

        module.eval();
        return module;
    }

    internal static Tensor RandomIds(ulong seed, long vocabulary, params long[] shape)
    {
        using var random = new Generator(seed);
        return randint(0, vocabulary, shape, dtype: ScalarType.Int64, generator: random);
    }

    /// <summary>The number of tensors alive, after those that earlier tests left to the garbage collector are gone.</summary>
    internal static long SettledTensorCount()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Tensor.TotalCount;
    }

    internal static void AssertNear(Tensor expected, Tensor actual, double tolerance = 1e-5)
    {
        Assert.Equal(expected.shape, actual.shape);
        double difference = (expected - actual).abs().max().item<float>();
        Assert.True(difference <= tolerance, $"The tensors differ by {difference}.");
    }

    internal static void AssertSame(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.True(expected.eq(actual).all().item<bool>(), "The tensors are not bit-identical.");
    }
}
