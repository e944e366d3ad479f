using ArKernel.Theory.Information;
using CsCheck;

namespace ArKernel.Theory.Tests.Information;

public sealed class MutualInformationTests
{
    [Fact]
    public void A_binary_channel_carries_one_minus_the_entropy_of_its_noise()
    {
        (int[] x, int[] y) = NoisyCopy(100_000, 0.11, 1);
        InformationEstimate estimate = MutualInformation.Discrete(x, y);
        Assert.Equal(0.5000840418, estimate.Bits, 0.01); // 1 − h(0.11)
        Assert.True(estimate.Quantities[0].Interval!.Contains(0.5000840418 * Math.Log(2)));
    }

    [Theory]
    [InlineData(EntropyEstimator.PlugIn)]
    [InlineData(EntropyEstimator.MillerMadow)]
    [InlineData(EntropyEstimator.Grassberger)]
    [InlineData(EntropyEstimator.ChaoShen)]
    [InlineData(EntropyEstimator.Shrinkage)]
    [InlineData(EntropyEstimator.NemenmanShafeeBialek)]
    public void Information_is_symmetric_and_zero_between_a_variable_and_a_constant(EntropyEstimator estimator) => Gen.Int[0, 3].Array[20, 60].Sample(values =>
    {
        Symbols x = new(values, 4);
        Symbols y = new([.. values.Select(v => v * v % 3)], 3);
        Assert.Equal(MutualInformation.Discrete(x, y, null, estimator).Value, MutualInformation.Discrete(y, x, null, estimator).Value, 1e-9);
        Assert.Equal(0, MutualInformation.Discrete(x, new Symbols(new int[values.Length], 1), null, estimator).Value, 1e-9);
    }, iter: 30);

    [Fact]
    public void The_chain_rule_holds_for_the_plug_in() => Gen.Select(Gen.Int[0, 2].Array[50], Gen.Int[0, 2].Array[50], Gen.Int[0, 3].Array[50]).Sample((a, b, c) =>
    {
        Symbols x = new(a, 3), y = new(b, 3), z = new(c, 4);
        double whole = MutualInformation.Discrete(x, Symbols.Pair(y, z), null, EntropyEstimator.PlugIn).Value;
        double parts = MutualInformation.Discrete(x, z, null, EntropyEstimator.PlugIn).Value + MutualInformation.Discrete(x, y, z, EntropyEstimator.PlugIn).Value;
        Assert.Equal(whole, parts, 1e-12);
    }, iter: 50);

    [Fact]
    public void An_exclusive_or_is_seen_only_given_the_other_input()
    {
        var random = new Random(4);
        int[] x = [.. Enumerable.Range(0, 4000).Select(_ => random.Next(2))];
        int[] z = [.. Enumerable.Range(0, 4000).Select(_ => random.Next(2))];
        int[] y = [.. x.Zip(z, (a, b) => a ^ b)];
        Assert.Equal(0, MutualInformation.Discrete(x, y).Bits, 0.002);
        Assert.Equal(1, MutualInformation.Discrete(x, y, z).Bits, 0.002);
    }

    [Fact]
    public void Shuffles_tell_dependence_from_chance_also_given_a_condition()
    {
        (int[] x, int[] y) = NoisyCopy(300, 0.35, 2);
        InformationEstimate dependent = MutualInformation.Discrete(x, y, surrogates: 199, seed: 9);
        Assert.True(dependent.PValue < 0.02);
        Assert.Equal(9, dependent.Seed);
        Assert.Equal(dependent.Surrogates, MutualInformation.Discrete(x, y, surrogates: 199, seed: 9).Surrogates);
        Assert.Equal(2, dependent.Charts.Count);
        // Both copies of a common cause: dependent, but not given the cause.
        (int[] cause, int[] one) = NoisyCopy(2000, 0.1, 3);
        var random = new Random(8);
        int[] other = [.. cause.Select(bit => bit ^ (random.NextDouble() < 0.1 ? 1 : 0))];
        Assert.True(MutualInformation.Discrete(one, other, surrogates: 99).PValue < 0.02);
        Assert.True(MutualInformation.Discrete(one, other, cause, surrogates: 99).PValue > 0.02);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.3)]
    [InlineData(0.9)]
    [InlineData(-0.6)]
    public void Normal_pairs_have_the_closed_form_by_every_estimator(double correlation)
    {
        double truth = -Math.Log(1 - correlation * correlation) / 2;
        Samples pairs = Gaussians.Correlated(5000, correlation, 7);
        (Samples x, Samples y) = (pairs.Select(0), pairs.Select(1));
        Assert.Equal(truth, MutualInformation.Gaussian(x, y).Value, 0.03);
        Assert.Equal(truth, MutualInformation.NearestNeighbours(x, y).Value, 0.04);
        Assert.Equal(truth, MutualInformation.NearestNeighbours(x, y, form: KraskovForm.Second).Value, 0.04);
    }

    /// <summary>The bias table of Kraskov, Stögbauer and Grassberger: for normal pairs it is within a few hundredths of a nat, and gone at independence.</summary>
    [Fact]
    public void The_nearest_neighbour_bias_is_small_and_nothing_at_independence()
    {
        foreach ((double correlation, double bound) in new[] { (0.0, 0.006), (0.5, 0.01), (0.9, 0.02) })
        {
            double mean = 0;
            for (int draw = 0; draw < 60; draw++)
            {
                Samples pairs = Gaussians.Correlated(300, correlation, draw);
                mean += MutualInformation.NearestNeighbours(pairs.Select(0), pairs.Select(1)).Value / 60;
            }

            // Three standard errors of the mean beside the bias itself.
            Assert.InRange(mean + Math.Log(1 - correlation * correlation) / 2, -bound - 0.02, bound + 0.02);
        }
    }

    [Fact]
    public void Information_of_vectors_and_given_vectors_equals_the_normal_closed_form()
    {
        // x → z → y: y depends on x through z alone.
        var random = new Random(6);
        double[,] x = Gaussians.Matrix(3000, 2, random);
        double[,] z = Gaussians.Matrix(3000, 1, random);
        double[,] y = Gaussians.Matrix(3000, 2, random);
        for (int i = 0; i < 3000; i++)
        {
            z[i, 0] = (z[i, 0] + x[i, 0] + x[i, 1]) / Math.Sqrt(3);
            y[i, 0] += z[i, 0];
            y[i, 1] -= 0.5 * z[i, 0];
        }

        double gaussian = MutualInformation.Gaussian(x, y).Value;
        Assert.True(gaussian > 0.15);
        Assert.Equal(gaussian, MutualInformation.NearestNeighbours(x, y).Value, 0.06);
        Assert.Equal(0, MutualInformation.Gaussian(x, y, z).Value, 0.003);
        Assert.Equal(0, MutualInformation.NearestNeighbours(x, y, z).Value, 0.05);
        Assert.True(MutualInformation.Gaussian(x, y, z).PValue > 0.01);
        Assert.True(MutualInformation.Gaussian(x, y).PValue < 1e-12);
        Assert.Equal(MutualInformation.Gaussian(x, z, y).Value, MutualInformation.NearestNeighbours(x, z, y).Value, 0.08);
    }

    [Fact]
    public void The_likelihood_ratio_p_value_is_uniform_under_independence()
    {
        var random = new Random(12);
        double[] p = [.. Enumerable.Range(0, 500).Select(_ => MutualInformation.Gaussian(Gaussians.Draw(200, random), Gaussians.Draw(200, random)).PValue!.Value)];
        Assert.True(Uniformity.KolmogorovSmirnov(p) > 0.01);
    }

    [Fact]
    public void Faults_name_their_cause()
    {
        double[] x = [1, 2, 3, 4, 5, 6];
        Assert.Contains("linear function", Assert.Throws<SingularCovarianceException>(() => MutualInformation.Gaussian(x, new double[] { 2, 4, 6, 8, 10, 12 })).Problem, StringComparison.Ordinal);
        Assert.Contains("variance 0", Assert.Throws<SingularCovarianceException>(() => MutualInformation.Gaussian(x, new double[6])).Problem, StringComparison.Ordinal);
        Assert.Contains("constant", Assert.Throws<TiedSamplesException>(() => MutualInformation.NearestNeighbours(x, new double[6])).Problem, StringComparison.Ordinal);
        Assert.Contains("repeated", Assert.Throws<TiedSamplesException>(() => MutualInformation.NearestNeighbours(Repeated(40), Repeated(40))).Problem, StringComparison.Ordinal);
        Assert.Contains("6 samples of x, but 2 of y", Assert.Throws<ArgumentException>(() => MutualInformation.Discrete(new int[6], new int[2])).Message, StringComparison.Ordinal);
        Assert.Throws<TooFewSamplesException>(() => MutualInformation.NearestNeighbours(new double[] { 1, 2 }, new double[] { 1, 2 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => MutualInformation.NearestNeighbours(x, x, neighbours: 0));
        Assert.Throws<ArgumentException>(() => MutualInformation.NearestNeighbours(x, x, x, surrogates: 5));
    }

    private static double[] Repeated(int count) => [.. Enumerable.Range(0, count).Select(i => (double)(i % 2))];

    internal static (int[] X, int[] Y) NoisyCopy(int count, double noise, int seed)
    {
        var random = new Random(seed);
        int[] x = [.. Enumerable.Range(0, count).Select(_ => random.Next(2))];
        return (x, [.. x.Select(bit => bit ^ (random.NextDouble() < noise ? 1 : 0))]);
    }
}
