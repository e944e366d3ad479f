using ArKernel.Theory.Information;

namespace ArKernel.Theory.Tests.Information;

public sealed class TransferEntropyTests
{
    [Fact]
    public void A_delayed_noisy_copy_transfers_one_minus_the_entropy_of_its_noise()
    {
        (Symbols x, Symbols y) = DelayedCopy(50_000, 0.1, 1);
        InformationEstimate forward = TransferEntropy.Discrete(x, y, surrogates: 39);
        Assert.Equal(0.5310044, forward.Bits, 0.012); // 1 − h(0.1)
        Assert.Equal(0.025, forward.PValue!.Value, 1e-12);
        InformationEstimate backward = TransferEntropy.Discrete(y, x);
        Assert.Equal(0, backward.Bits, 0.001);
        Assert.Equal("nats a step", forward.Unit);
        Assert.True(forward.Quantities[0].Interval!.Contains(0.5310044 * Math.Log(2)));
    }

    [Theory]
    [InlineData(EntropyEstimator.MillerMadow, 2)]
    [InlineData(EntropyEstimator.Grassberger, 2)]
    [InlineData(EntropyEstimator.PlugIn, 10)]
    public void The_bias_with_many_lags_is_corrected(EntropyEstimator estimator, double share)
    {
        // Fair coins have no transfer; 3 + 3 lags of 500 times make the plug-in claim some 0.05 nats.
        var random = new Random(5);
        double mean = 0;
        for (int draw = 0; draw < 40; draw++)
        {
            int[] x = [.. Enumerable.Range(0, 500).Select(_ => random.Next(2))];
            int[] y = [.. Enumerable.Range(0, 500).Select(_ => random.Next(2))];
            mean += TransferEntropy.Discrete(x, y, 3, 3, estimator).Value / 40;
        }

        Assert.InRange(mean, -0.01 * share, 0.01 * share);
        Assert.True(estimator != EntropyEstimator.PlugIn || mean > 0.03, $"{mean}");
    }

    [Fact]
    public void Shifts_find_nothing_between_unrelated_slow_series()
    {
        // Slow series look related to a test that shuffles single times; shifts keep their slowness.
        var random = new Random(6);
        int rejected = 0;
        for (int draw = 0; draw < 40; draw++)
        {
            rejected += TransferEntropy.Discrete(Slow(400, random), Slow(400, random), surrogates: 19, seed: draw).PValue <= 0.05 ? 1 : 0;
        }

        Assert.InRange(rejected, 0, 7);
    }

    [Fact]
    public void Neighbours_find_the_transfer_of_a_normal_process()
    {
        Samples path = AutoregressionTests.Cascade().Simulate(6000, 2);
        // With one lag of each: what determinants say of the same truncated past.
        double truth = MutualInformation.Gaussian(path.Select(0).Past(1, 1), path.Select(1).Slice(1, 5999), path.Select(1).Past(1, 1)).Value;
        InformationEstimate estimate = TransferEntropy.NearestNeighbours(path.Select(0), path.Select(1), surrogates: 9);
        Assert.Equal(truth, estimate.Value, 0.04);
        Assert.Equal(0.1, estimate.PValue!.Value, 1e-12);
        Assert.Equal(0, TransferEntropy.NearestNeighbours(path.Select(1), path.Select(0)).Value, 0.03);
    }

    [Fact]
    public void Neighbours_find_a_transfer_that_no_correlation_shows()
    {
        var random = new Random(3);
        double[] x = Gaussians.Draw(4000, random);
        double[] y = new double[4000];
        for (int t = 1; t < 4000; t++)
        {
            y[t] = x[t - 1] * x[t - 1] + 0.5 * Gaussians.Next(random);
        }

        Assert.True(TransferEntropy.Gaussian(x, y, 1).Value < 0.02);
        Assert.True(TransferEntropy.NearestNeighbours(x, y).Value > 0.5);
    }

    [Fact]
    public void Faults_name_their_cause()
    {
        Assert.Contains("leave 1 with a past of 2", Assert.Throws<TooFewSamplesException>(() => TransferEntropy.Discrete(new[] { 0, 1, 0 }, new[] { 0, 1, 0 }, 2, 1)).Problem, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => TransferEntropy.Discrete(new[] { 0, 1, 0 }, new[] { 0, 1 }));
        Assert.Throws<ArgumentException>(() => TransferEntropy.Discrete(new[] { 0, 1, 0 }, new[] { 0, 1, 0 }, 0));
    }

    internal static (Symbols X, Symbols Y) DelayedCopy(int count, double noise, int seed)
    {
        (int[] x, int[] y) = MutualInformationTests.NoisyCopy(count + 1, noise, seed);
        return (x[1..], y[..count]);
    }

    private static int[] Slow(int count, Random random)
    {
        int[] series = new int[count];
        for (int t = 1; t < count; t++)
        {
            series[t] = random.NextDouble() < 0.05 ? 1 - series[t - 1] : series[t - 1];
        }

        return series;
    }
}
