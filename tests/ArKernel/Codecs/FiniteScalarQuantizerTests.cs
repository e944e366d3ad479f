using ArKernel.Codecs;
using static TorchSharp.torch;

namespace ArKernel.Tests.Codecs;

public sealed class FiniteScalarQuantizerTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(8, 5, 5, 5)]
    [InlineData(3, 4, 2, 7)]
    public void Every_token_is_the_token_of_its_own_latent(params int[] levels)
    {
        int vocabulary = levels.Aggregate(1, (product, level) => product * level);
        using var quantizer = new FiniteScalarQuantizer(levels, 1, vocabulary);
        Assert.Equal(vocabulary, quantizer.VocabularySize);
        Tensor tokens = arange(vocabulary).view(1, -1), latent = quantizer.Decode(tokens);
        Assert.True(latent.abs().max().item<float>() <= 1);

        // A latent is bounded before it is rounded, so what is decoded must be put outside the bound to come back: far out is the outermost level.
        for (int channel = 0; channel < levels.Length; channel++)
        {
            int distinct = latent.select(1, channel).flatten().data<float>().Distinct().Count();
            Assert.Equal(levels[channel], distinct);
        }

        Tensor half = tensor(levels.Select(level => (float)(level / 2)).ToArray()).view(1, -1, 1, 1);
        Tensor count = tensor(levels.Select(level => (float)level).ToArray()).view(1, -1, 1, 1);
        Tensor offset = (count.remainder(2) == 0).to(ScalarType.Float32) * 0.5;
        Tensor scale = (count - 1) / 2 * 1.001;
        Tensor unbounded = ((latent * half + offset) / scale).atanh() - (offset / scale).atanh(); // inverts the paper's bound
        TestTensors.AssertSame(tokens, quantizer.Encode(unbounded));
        TestTensors.AssertNear(latent, quantizer.Quantize(unbounded).Latent, 1e-5);
    }

    [Fact]
    public void Zero_is_a_level_and_far_values_are_the_outermost()
    {
        using var quantizer = new FiniteScalarQuantizer([8, 5], 1, 3);
        Tensor latent = tensor(new float[] { 0, 1e4f, -1e4f, 0, 1e4f, -1e4f }, [1, 2, 1, 3]);
        TestTensors.AssertNear(tensor(new float[] { 0, 0.75f, -1, 0, 1, -1 }, [1, 2, 1, 3]), quantizer.Quantize(latent).Latent);
    }

    [Fact]
    public void The_gradient_is_that_of_the_bound_without_the_rounding()
    {
        using var quantizer = new FiniteScalarQuantizer([5], 1, 1);
        Tensor latent = tensor(new float[] { 0.3f }, [1, 1, 1, 1]).requires_grad_();
        quantizer.Quantize(latent).Latent.sum().backward();
        double expected = (1 - Math.Pow(Math.Tanh(0.3), 2)) * 2 * 1.001 / 2;
        Assert.Equal(expected, latent.grad!.item<float>(), 1e-5);
    }

    [Fact]
    public void Levels_that_make_no_vocabulary_are_refused()
    {
        Assert.Contains("at least 2", Assert.Throws<ArgumentException>(() => new FiniteScalarQuantizer([8, 1], 2, 2)).Message);
        Assert.Contains("more than", Assert.Throws<ArgumentException>(() => new FiniteScalarQuantizer([1000, 1000, 1000], 2, 2)).Message);
    }
}
