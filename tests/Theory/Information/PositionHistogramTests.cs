using ArKernel.Theory.Information;
using CsCheck;

namespace ArKernel.Theory.Tests.Information;

public sealed class PositionHistogramTests
{
    [Fact]
    public void Bits_are_the_smoothed_code_length_of_each_position()
    {
        var histogram = PositionHistogram.Fit([[0, 1], [0, 0]], levelCount: 2, smoothing: 1);
        double expected = (-Math.Log2(3.0 / 4) - Math.Log2(2.0 / 4)) / 2;
        Assert.Equal(expected, histogram.BitsPerDimension([[0, 1]]), 12);
    }

    [Fact]
    public void No_other_independent_model_codes_the_training_samples_in_fewer_bits_without_smoothing() =>
        Gen.Select(Gen.Int[0, 3].Array[4].Array[5, 40], Gen.Double[0.05, 1].Array[4].Array[4]).Sample((samples, weights) =>
        {
            double fitted = PositionHistogram.Fit(samples, 4, 1e-9).BitsPerDimension(samples);
            double other = samples.Average(sample => sample.Select((value, i) => -Math.Log2(weights[i][value] / weights[i].Sum())).Average());
            Assert.True(fitted <= other + 1e-6);
        });

    [Fact]
    public void Bad_input_is_named()
    {
        Assert.Throws<ArgumentException>(() => PositionHistogram.Fit([], 2));
        Assert.Contains("3 positions", Assert.Throws<ArgumentException>(() => PositionHistogram.Fit([[0, 1], [0, 1, 1]], 2)).Message, StringComparison.Ordinal);
        Assert.Contains("Value 5", Assert.Throws<ArgumentException>(() => PositionHistogram.Fit([[0, 5]], 2)).Message, StringComparison.Ordinal);
    }
}
