using ArKernel.Theory;
using ArKernel.Theory.Information;

namespace ArKernel.Interactive.Tests;

/// <summary>Normal processes, whose directed information is known in closed form.</summary>
public sealed class NeuralDirectedInformationTests
{
    private const int Times = 12_000;

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.5)]
    public void A_noisy_channel_s_rate_is_found_with_and_without_memory_in_its_output(double memory)
    {
        // y_t = memory · y_{t−1} + x_t + e_t, x and e independent with variance 1: ½ ln 2 a step, whatever the memory.
        var random = new Random(1);
        double[] x = new double[Times], y = new double[Times];
        for (int t = 0; t < Times; t++)
        {
            (x[t], double noise) = (Normal(random), Normal(random));
            y[t] = (t > 0 ? memory * y[t - 1] : 0) + x[t] + noise;
        }

        NeuralDirectedInformation estimate = NeuralDirectedInformation.Estimate(x, y, steps: 300, width: 16);
        Assert.Equal(0.5 * Math.Log(2), estimate.Value, 0.05);
        Assert.Equal(DirectedInformation.Gaussian((Samples)x, (Samples)y, lags: 2).Value, estimate.Value, 0.05);
        Assert.True(estimate.DivergenceWith > estimate.DivergenceWithout);
    }

    [Fact]
    public void Independent_streams_tell_nothing_and_a_delayed_cause_is_told_from_its_effect()
    {
        var random = new Random(2);
        double[] x = [.. Enumerable.Range(0, Times).Select(_ => Normal(random))], other = [.. Enumerable.Range(0, Times).Select(_ => Normal(random))];
        Assert.InRange(NeuralDirectedInformation.Estimate(other, x, memory: 3, steps: 200, width: 16).Value, -0.02, 0.02);
        double[] late = [.. x.Select((_, t) => (t > 0 ? x[t - 1] : 0) + 0.5 * other[t])];
        double exact = 0.5 * Math.Log(1 + 1 / 0.25);
        Assert.Equal(exact, NeuralDirectedInformation.Estimate(x, late, memory: 3, steps: 300, width: 16).Value, 0.1);
        Assert.InRange(NeuralDirectedInformation.Estimate(late, x, memory: 3, steps: 200, width: 16).Value, -0.02, 0.02);
    }

    [Fact]
    public void Bad_series_are_refused_before_training()
    {
        Assert.Throws<ArgumentException>(() => NeuralDirectedInformation.Estimate(new double[100], new double[101]));
        Assert.Throws<TooFewSamplesException>(() => NeuralDirectedInformation.Estimate(new double[100], new double[100]));
        Assert.Throws<SingularCovarianceException>(() => NeuralDirectedInformation.Estimate(new double[10_000], new double[10_000]));
    }

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
