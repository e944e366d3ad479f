using ArKernel.Theory.Information;
using CsCheck;

namespace ArKernel.Theory.Tests.Information;

public sealed class EntropyTests
{
    private const double EulerGamma = 0.5772156649015329;

    // Computed with numpy and scipy from the papers' formulas; Nemenman, Shafee and Bialek's by adaptive quadrature.
    [Theory]
    [InlineData(EntropyEstimator.PlugIn, 1.968382408728381)]
    [InlineData(EntropyEstimator.MillerMadow, 2.1525929350441704)]
    [InlineData(EntropyEstimator.Grassberger, 2.144626386031427)]
    [InlineData(EntropyEstimator.ChaoShen, 2.201137101279585)]
    [InlineData(EntropyEstimator.Shrinkage, 2.379602895309956)]
    [InlineData(EntropyEstimator.NemenmanShafeeBialek, 2.1877744627380444)]
    public void Estimators_equal_reference_numbers(EntropyEstimator estimator, double expected)
    {
        int[] counts = [4, 2, 3, 0, 2, 4, 0, 0, 2, 1, 1];
        Symbols symbols = new([.. counts.SelectMany((count, symbol) => Enumerable.Repeat(symbol, count))], counts.Length);
        Assert.Equal(expected, Entropy.Discrete(symbols, estimator).Value, estimator == EntropyEstimator.NemenmanShafeeBialek ? 1e-7 : 1e-12);
    }

    [Fact]
    public void Grassbergers_terms_follow_their_recurrence()
    {
        Assert.Equal(-EulerGamma - Math.Log(2), CountEntropy.GrassbergerTerm(1), 1e-12);
        Assert.Equal(2 - EulerGamma - Math.Log(2), CountEntropy.GrassbergerTerm(2), 1e-12);
        for (int n = 1; n < 50; n++)
        {
            Assert.Equal(CountEntropy.GrassbergerTerm(2 * n), CountEntropy.GrassbergerTerm(2 * n + 1), 1e-11);
            Assert.Equal(CountEntropy.GrassbergerTerm(2 * n) + 2.0 / (2 * n + 1), CountEntropy.GrassbergerTerm(2 * n + 2), 1e-11);
        }
    }

    [Theory]
    [InlineData(EntropyEstimator.MillerMadow)]
    [InlineData(EntropyEstimator.Grassberger)]
    [InlineData(EntropyEstimator.ChaoShen)]
    [InlineData(EntropyEstimator.Shrinkage)]
    [InlineData(EntropyEstimator.NemenmanShafeeBialek)]
    public void Corrections_halve_the_bias_of_the_plug_in(EntropyEstimator estimator)
    {
        // 40 samples of 16 symbols, slightly uneven.
        double[] probabilities = [.. Enumerable.Range(0, 16).Select(i => (1 + i % 3) / 31.0)];
        double truth = -probabilities.Sum(p => p * Math.Log(p));
        var random = new Random(5);
        (double plain, double corrected) = (0, 0);
        for (int draw = 0; draw < 300; draw++)
        {
            Symbols symbols = new(Draw(probabilities, 40, random), 16);
            plain += (Entropy.Discrete(symbols, EntropyEstimator.PlugIn).Value - truth) / 300;
            corrected += (Entropy.Discrete(symbols, estimator).Value - truth) / 300;
        }

        Assert.True(plain < -0.1, $"plug-in {plain}");
        Assert.InRange(corrected, plain / 2, -plain / 2);
    }

    [Fact]
    public void Every_estimator_converges_and_the_interval_covers() => Gen.Select(Gen.Int[0, 1000], Gen.Enum<EntropyEstimator>()).Sample((seed, estimator) =>
    {
        double[] probabilities = [0.5, 0.25, 0.125, 0.125];
        InformationEstimate estimate = Entropy.Discrete(new Symbols(Draw(probabilities, 20_000, new Random(seed)), 4), estimator);
        Assert.Equal(1.75, estimate.Bits, 0.03);
        Assert.True(Math.Abs(estimate.Bits - 1.75) * Math.Log(2) < 5 * estimate.StandardError + 1e-3);
    }, iter: 60);

    [Fact]
    public void Ninety_five_of_a_hundred_intervals_cover_the_entropy()
    {
        double[] probabilities = [0.6, 0.3, 0.1];
        double truth = -probabilities.Sum(p => p * Math.Log(p));
        var random = new Random(11);
        int covered = Enumerable.Range(0, 1000).Count(_ => Entropy.Discrete(new Symbols(Draw(probabilities, 400, random), 3)).Quantities[0].Interval!.Contains(truth));
        Assert.InRange(covered, 925, 970);
    }

    [Fact]
    public void A_constant_has_no_entropy_whatever_the_alphabet()
    {
        Symbols constant = new(new int[50], 1);
        Assert.All(Enum.GetValues<EntropyEstimator>(), estimator => Assert.Equal(0, Entropy.Discrete(constant, estimator).Value, 0.02));
    }

    [Fact]
    public void The_entropies_of_normal_samples_are_that_of_the_distribution()
    {
        double[,] samples = Gaussians.Correlated(4000, 0.6, 3);
        double truth = Math.Log(2 * Math.PI * Math.E) + Math.Log(1 - 0.36) / 2;
        Assert.Equal(truth, Entropy.Gaussian(samples).Value, 0.05);
        Assert.Equal(truth, Entropy.NearestNeighbours(samples).Value, 0.05);
        // Scaling by a and b adds ln ab.
        double[,] scaled = new double[4000, 2];
        for (int i = 0; i < 4000; i++)
        {
            (scaled[i, 0], scaled[i, 1]) = (1000 * samples[i, 0], 0.01 * samples[i, 1]);
        }

        Assert.Equal(Entropy.NearestNeighbours(samples).Value + Math.Log(10), Entropy.NearestNeighbours(scaled).Value, 1e-9);
        Assert.Equal(Entropy.Gaussian(samples).Value + Math.Log(10), Entropy.Gaussian(scaled).Value, 1e-9);
    }

    [Fact]
    public void The_nearest_neighbour_entropy_of_uniform_samples_is_the_logarithm_of_the_volume()
    {
        var random = new Random(1);
        Assert.Equal(Math.Log(4), Entropy.NearestNeighbours(Enumerable.Range(0, 5000).Select(_ => 4 * random.NextDouble()).ToArray()).Value, 0.05);
    }

    [Fact]
    public void The_chart_shows_the_bias_shrink()
    {
        var random = new Random(2);
        InformationEstimate estimate = Entropy.Discrete(new Symbols(Draw([.. Enumerable.Repeat(1 / 256.0, 256)], 4096, random), 256), EntropyEstimator.PlugIn);
        CurveChart chart = Assert.IsType<CurveChart>(Assert.Single(estimate.Charts));
        double[] values = chart.Curves[0].Y;
        Assert.Equal(values.Order(), values);
        Assert.Equal(estimate.Value, values[^1]);
        Assert.Equal(128, chart.Curves[0].X[0]);
    }

    [Fact]
    public void Too_few_samples_are_told()
    {
        Assert.Contains("There are 1 samples", Assert.Throws<TooFewSamplesException>(() => Entropy.Discrete(new[] { 0 })).Problem, StringComparison.Ordinal);
        Assert.Throws<TooFewSamplesException>(() => Entropy.Gaussian(new double[] { 1, 2 }));
        Assert.Contains("neighbours", Assert.Throws<TooFewSamplesException>(() => Entropy.NearestNeighbours(new double[] { 1, 2, 3 })).Message, StringComparison.Ordinal);
    }

    internal static int[] Draw(double[] probabilities, int count, Random random)
    {
        int[] symbols = new int[count];
        for (int i = 0; i < count; i++)
        {
            double level = random.NextDouble();
            int symbol = 0;
            while (symbol < probabilities.Length - 1 && (level -= probabilities[symbol]) >= 0)
            {
                symbol++;
            }

            symbols[i] = symbol;
        }

        return symbols;
    }
}
