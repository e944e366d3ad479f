using ArKernel.Backbones;
using CsCheck;
using TorchSharp.Modules;
using static ArKernel.Tests.TestTensors;
using static TorchSharp.torch;

namespace ArKernel.Tests.Backbones;

public sealed class RotaryTests
{
    private static Tensor Rotate(Tensor x, long position, RotaryOptions options)
    {
        using var rotary = new RotaryEmbedding(options, (int)x.shape[^1], 128);
        return rotary.Rotate(x.view(1, 1, 1, -1), position, null).flatten();
    }

    [Theory]
    [InlineData(RotaryLayout.Half, -1.984111, 1.959901, 2.462378, 4.019800)]
    [InlineData(RotaryLayout.Interleaved, -1.142640, 1.922076, 2.959851, 4.029800)]
    public void Position_one_rotates_1_2_3_4_to_the_known_values(RotaryLayout layout, double a, double b, double c, double d)
    {
        Tensor x = tensor(new float[] { 1, 2, 3, 4 });
        var options = new RotaryOptions { Layout = layout };
        AssertNear(tensor(new[] { a, b, c, d }, ScalarType.Float32), Rotate(x, 1, options), 2e-6);
        AssertSame(x, Rotate(x, 0, options));
    }

    [Theory]
    [InlineData(RotaryLayout.Half)]
    [InlineData(RotaryLayout.Interleaved)]
    public void The_product_of_rotated_vectors_depends_on_their_distance_alone(RotaryLayout layout)
    {
        var options = new RotaryOptions { Layout = layout };
        using var random = new Generator(1);
        Tensor q = randn(16, generator: random), k = randn(16, generator: random);
        Assert.Equal(
            (Rotate(q, 7, options) * Rotate(k, 3, options)).sum().item<float>(),
            (Rotate(q, 104, options) * Rotate(k, 100, options)).sum().item<float>(),
            1e-5);
    }

    [Fact]
    public void Permuting_the_rows_of_queries_and_keys_turns_one_layout_into_the_other()
    {
        using var scope = NewDisposeScope();
        DecoderConfiguration half = CacheTests.Shape(2, PositionEncoding.Rotary) with { HeadChannels = 6 };
        CausalDecoder interleaved = new CausalDecoder(half with { Rotary = new() { Layout = RotaryLayout.Interleaved } }).Randomized(2);
        CausalDecoder permuted = new CausalDecoder(half).Randomized(2);
        using (no_grad())
        {
            // Of each query and key head the even rows, then the odd ones; the two value heads stay.
            long[] rows = [.. Enumerable.Range(0, 6).SelectMany(head => new long[] { 0, 2, 4, 1, 3, 5 }.Select(row => head * 6 + row)), .. Enumerable.Range(36, 12).Select(row => (long)row)];
            foreach (Parameter weight in permuted.named_parameters().Where(entry => entry.name.EndsWith("queryKeyValue.weight", StringComparison.Ordinal)).Select(entry => entry.parameter))
            {
                weight.copy_(weight.index_select(0, tensor(rows)));
            }
        }

        Tensor ids = RandomIds(3, half.VocabularySize, 2, 9);
        AssertNear(interleaved.Forward(ids).Logits, permuted.Forward(ids).Logits);
    }

    [Fact]
    public void Linear_scaling_by_s_at_position_s_p_is_no_scaling_at_p()
    {
        using var random = new Generator(4);
        Tensor x = randn(8, generator: random);
        AssertNear(Rotate(x, 5, new()), Rotate(x, 20, new() { Scaling = RotaryScaling.Linear, Factor = 4 }));
    }

    [Fact]
    public void NTK_scaling_keeps_the_highest_frequency_and_divides_the_lowest_by_the_factor()
    {
        // base' = base · s^(d_h/(d_h − 2)), so that base'^(−(d_h − 2)/d_h) is the old lowest frequency / s.
        double[] plain = new RotaryOptions().InverseFrequencies(8), scaled = new RotaryOptions { Scaling = RotaryScaling.NeuralTangentKernel, Factor = 3 }.InverseFrequencies(8);
        Assert.Equal(1, scaled[0], 12);
        Assert.Equal(plain[3] / 3, scaled[3], 12);
        Assert.Equal(Math.Pow(10_000 * Math.Pow(3, 8.0 / 6), -0.25), scaled[1], 12);
    }

    [Fact]
    public void Llama3_scaling_keeps_short_waves_divides_long_ones_and_blends_between()
    {
        // d_h = 8, base 10⁴: frequencies 1, 0.1, 0.01, 0.001; wavelengths 6.28, 62.8, 628, 6283.
        // With M = 1000, c_l = 1, c_h = 4: kept below 250, divided by s = 8 above 1000; for 628.3: t = (1000/628.3 − 1)/3 = 0.197183.
        double[] f = new RotaryOptions { Scaling = RotaryScaling.Llama3, Factor = 8, OriginalLength = 1000, LowFrequencyFactor = 1, HighFrequencyFactor = 4 }.InverseFrequencies(8);
        Assert.Equal(1, f[0], 12);
        Assert.Equal(0.1, f[1], 12);
        Assert.Equal((1 - 0.197183) * 0.01 / 8 + 0.197183 * 0.01, f[2], 7);
        Assert.Equal(0.001 / 8, f[3], 12);
    }

    [Fact]
    public void Llama3_scaling_is_continuous_and_falls_with_the_channel_for_any_setting() =>
        Gen.Select(Gen.Int[2, 64], Gen.Double[1, 32], Gen.Int[100, 100_000], Gen.Double[1, 4], Gen.Double[0.5, 8]).Sample((half, factor, length, low, extra) =>
        {
            double[] f = new RotaryOptions { Base = 500_000, Scaling = RotaryScaling.Llama3, Factor = factor, OriginalLength = length, LowFrequencyFactor = low, HighFrequencyFactor = low + extra }
                .InverseFrequencies(2 * half);
            double[] plain = new RotaryOptions { Base = 500_000 }.InverseFrequencies(2 * half);
            for (int i = 0; i < half; i++)
            {
                Assert.InRange(f[i], plain[i] / factor * (1 - 1e-12), plain[i] * (1 + 1e-12));
                Assert.True(i == 0 || f[i] < f[i - 1]);
            }
        });
}
