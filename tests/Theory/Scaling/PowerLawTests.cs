using ArKernel.Theory.Scaling;
using ArKernel.Theory.Tests.Information;
using CsCheck;

namespace ArKernel.Theory.Tests.Scaling;

public sealed class PowerLawTests
{
    private static readonly double[] Sizes = [.. Enumerable.Range(0, 12).Select(i => Math.Pow(10, 3 + 4.0 * i / 11))];

    [Theory]
    [InlineData(ResidualScale.Linear)]
    [InlineData(ResidualScale.Logarithmic)]
    public void A_law_without_noise_is_recovered(ResidualScale residuals)
    {
        ScalingLaw truth = new(2.2, 61, 0.13);
        ScalingLaw law = PowerLaw.Fit(Sizes, [.. Sizes.Select(truth.Loss)], new PowerLawOptions { Residuals = residuals }).Law;
        Assert.Equal(1, law.Exponent / truth.Exponent, 1e-6);
        Assert.Equal(1, law.Irreducible / truth.Irreducible, 1e-6);
        Assert.Equal(1, law.Scale / truth.Scale, 1e-6);
    }

    [Fact]
    public void Every_law_of_the_table_is_recovered() => Assert.All(ScalingLawTable.Henighan, row =>
    {
        double[] sizes = [.. Enumerable.Range(0, 9).Select(i => Math.Pow(10, 4 + 0.7 * i))];
        PowerLawOptions options = new() { Constant = row.Size.Irreducible > 0, Residuals = ResidualScale.Logarithmic };
        ScalingLaw law = PowerLaw.Fit(sizes, [.. sizes.Select(row.Size.Loss)], options).Law;
        Assert.Equal(1, law.Exponent / row.Size.Exponent, 1e-5);
        Assert.Equal(row.Size.Irreducible, law.Irreducible, 1e-5);
    });

    [Fact]
    public void Rescaling_x_changes_the_scale_alone() => Gen.Select(Gen.Double[1e-20, 1e20], Gen.Int[0, 1000]).Sample((factor, seed) =>
    {
        double[] losses = Noisy(new(1, 100, 0.3), 0.01, new Random(seed));
        ScalingLaw one = PowerLaw.Fit(Sizes, losses).Law;
        ScalingLaw other = PowerLaw.Fit([.. Sizes.Select(x => factor * x)], losses).Law;
        Assert.Equal(one.Exponent, other.Exponent, 1e-6);
        Assert.Equal(one.Irreducible, other.Irreducible, 1e-6);
        Assert.Equal(1, other.Scale / (factor * one.Scale), 1e-4);
    }, iter: 30);

    [Theory]
    [InlineData(IntervalMethod.Profile)]
    [InlineData(IntervalMethod.Bootstrap)]
    [InlineData(IntervalMethod.Delta)]
    public void Nineteen_of_twenty_intervals_cover_the_truth(IntervalMethod method)
    {
        ScalingLaw truth = new(1, 100, 0.3);
        const int Draws = 200;
        var random = new Random(3);
        (int constant, int exponent, int next) = (0, 0, 0);
        for (int draw = 0; draw < Draws; draw++)
        {
            PowerLawFit fit = PowerLaw.Fit(Sizes, Noisy(truth, 0.003, random), new PowerLawOptions { Intervals = method, BootstrapSamples = 200, Seed = draw });
            constant += fit.IrreducibleInterval.Contains(1) ? 1 : 0;
            exponent += fit.ExponentInterval.Contains(0.3) ? 1 : 0;
            next += fit.Predict(1e8).Interval!.Contains(truth.Loss(1e8) + 0.003 * Gaussians.Next(random)) ? 1 : 0;
        }

        Assert.InRange(constant, 0.88 * Draws, 0.99 * Draws);
        Assert.InRange(exponent, 0.88 * Draws, 0.99 * Draws);
        Assert.InRange(next, 0.90 * Draws, Draws);
    }

    [Fact]
    public void A_pure_law_is_a_straight_line_in_logarithms_with_its_t_interval()
    {
        var random = new Random(1);
        double[] losses = [.. Sizes.Select(x => Math.Pow(1e6 / x, 0.2) * Math.Exp(0.02 * Gaussians.Next(random)))];
        PowerLawFit fit = PowerLaw.Fit(Sizes, losses, new PowerLawOptions { Constant = false, Residuals = ResidualScale.Logarithmic });
        // Regression by hand.
        double[] u = [.. Sizes.Select(x => Math.Log(x))], v = [.. losses.Select(y => Math.Log(y))];
        (double meanU, double meanV) = (u.Average(), v.Average());
        double squares = u.Sum(a => (a - meanU) * (a - meanU));
        double slope = u.Zip(v, (a, b) => (a - meanU) * (b - meanV)).Sum() / squares;
        double error = Math.Sqrt(u.Zip(v, (a, b) => Math.Pow(b - meanV - slope * (a - meanU), 2)).Sum() / 10 / squares);
        Assert.Equal(-slope, fit.Law.Exponent, 1e-7);
        Assert.Equal(-slope - 2.2281388520 * error, fit.ExponentInterval.Lower, 1e-6);
        Assert.Equal(-slope + 2.2281388520 * error, fit.ExponentInterval.Upper, 1e-6);
        Assert.Equal(0, fit.Law.Irreducible);
    }

    [Fact]
    public void A_constant_whose_bend_is_out_of_range_is_called_unidentified()
    {
        PowerLawFit fit = PowerLaw.Fit(Sizes, Noisy(new(0.02, 1e14, 0.07), 0.02, new Random(5)));
        Assert.False(fit.IsConstantIdentified);
        Assert.Equal(0, fit.IrreducibleInterval.Lower);
        Assert.Contains("not identified", fit.ToString(), StringComparison.Ordinal);
        PowerLawFit bent = PowerLaw.Fit(Sizes, Noisy(new(2, 100, 0.3), 0.003, new Random(5)));
        Assert.True(bent.IsConstantIdentified);
        Assert.InRange(bent.ReducibleDetermination, 0.99, 1);
    }

    [Fact]
    public void Akaike_prefers_the_constant_where_there_is_one_and_not_where_there_is_none()
    {
        int right = 0;
        for (int seed = 0; seed < 40; seed++)
        {
            foreach (double constant in (double[])[0, 1])
            {
                double[] losses = Noisy(new(constant, 1e5, 0.3), 0.01, new Random(seed));
                double with = PowerLaw.Fit(Sizes, losses).CorrectedAkaike;
                double without = PowerLaw.Fit(Sizes, losses, new PowerLawOptions { Constant = false }).CorrectedAkaike;
                right += with < without == constant > 0 ? 1 : 0;
            }
        }

        Assert.InRange(right, 70, 80);
    }

    [Fact]
    public void An_outlier_pulls_a_robust_fit_less()
    {
        ScalingLaw truth = new(1, 100, 0.3);
        double[] losses = Noisy(truth, 0.001, new Random(8));
        losses[3] *= 1.3;
        PowerLawOptions squares = new() { Residuals = ResidualScale.Logarithmic };
        double plain = Math.Abs(PowerLaw.Fit(Sizes, losses, squares).Law.Exponent - 0.3);
        double robust = Math.Abs(PowerLaw.Fit(Sizes, losses, squares with { HuberThreshold = 1e-3 }).Law.Exponent - 0.3);
        Assert.InRange(robust, 0, plain / 5);
        Assert.InRange(robust, 0, 0.02);
    }

    [Fact]
    public void Weights_make_noisy_points_count_less()
    {
        ScalingLaw truth = new(1, 100, 0.3);
        double[] errors = [.. Sizes.Select((_, i) => i % 2 == 0 ? 1e-4 : 0.05)];
        var random = new Random(4);
        double[] losses = [.. Sizes.Select((x, i) => truth.Loss(x) + errors[i] * Gaussians.Next(random))];
        PowerLawFit weighted = PowerLaw.Fit(Sizes, losses, new PowerLawOptions { StandardErrors = errors });
        Assert.Equal(0.3, weighted.Law.Exponent, 0.003);
        Assert.True(weighted.ExponentInterval.Contains(0.3));
    }

    [Fact]
    public void A_law_below_the_points_touches_and_never_crosses_them()
    {
        ScalingLaw truth = new(2, 1e5, 0.3);
        ScalingLaw exact = PowerLaw.FitBelow(Sizes, [.. Sizes.Select(truth.Loss)]);
        Assert.Equal(truth.Exponent, exact.Exponent, 1e-5);
        Assert.Equal(truth.Irreducible, exact.Irreducible, 1e-5);

        Gen.Int[0, 10_000].Sample(seed =>
        {
            var random = new Random(seed);
            double[] losses = [.. Sizes.Select(x => truth.Loss(x) + 0.1 * random.NextDouble())];
            foreach (bool constant in (bool[])[true, false])
            {
                ScalingLaw law = PowerLaw.FitBelow(Sizes, losses, constant);
                double[] distances = [.. Sizes.Select((x, i) => losses[i] - law.Loss(x))];
                Assert.All(distances, distance => Assert.True(distance > -1e-9));
                Assert.Equal(0, distances.Min(), 1e-9);
                // No other law below the points is nearer: neither the truth nor one that a nudge makes.
                if (constant)
                {
                    Assert.True(distances.Sum() <= Sizes.Select((x, i) => losses[i] - truth.Loss(x)).Sum() + 1e-9);
                }
            }
        }, iter: 50);
    }

    [Fact]
    public void The_learning_curve_of_a_coin_s_predictor_has_exponent_one_and_the_entropy_below_it()
    {
        // The exact expected loss of Krichevsky and Trofimov's predictor after n throws of a coin with p = 0.3.
        double Loss(int n)
        {
            double sum = 0;
            for (int k = 0; k <= n; k++)
            {
                double log = MathNet.Numerics.SpecialFunctions.GammaLn(n + 1) - MathNet.Numerics.SpecialFunctions.GammaLn(k + 1) - MathNet.Numerics.SpecialFunctions.GammaLn(n - k + 1)
                    + k * Math.Log(0.3) + (n - k) * Math.Log(0.7);
                double heads = (k + 0.5) / (n + 1);
                sum -= Math.Exp(log) * (0.3 * Math.Log(heads) + 0.7 * Math.Log(1 - heads));
            }

            return sum;
        }

        double entropy = -(0.3 * Math.Log(0.3) + 0.7 * Math.Log(0.7));
        double[] n = [50, 100, 200, 400, 800, 1600, 3200, 6400];
        double[] losses = [.. n.Select(count => Loss((int)count))];
        Assert.Equal(1, (losses[^1] - entropy) * 2 * 6400, 0.01);
        ScalingLaw law = PowerLaw.Fit(n, losses).Law;
        Assert.Equal(0.995, law.Exponent, 0.005);
        Assert.Equal(entropy, law.Irreducible, 1e-5);
    }

    [Fact]
    public void Faults_are_told_with_their_cause()
    {
        Assert.Contains("2 different x", Assert.Throws<TooFewPointsException>(() => PowerLaw.Fit([1, 2, 2], [3, 2, 2])).Problem, StringComparison.Ordinal);
        Assert.Throws<NotFiniteException>(() => PowerLaw.Fit([1, 2, 3], [3, double.NaN, 2]));
        Assert.Throws<NotDecreasingException>(() => PowerLaw.Fit([1, 2, 3, 4], [1, 2, 3, 4]));
        Assert.Throws<NotDecreasingException>(() => PowerLaw.FitBelow([1, 2, 3, 4], [1, 2, 3, 4]));
        Assert.Throws<ArgumentException>(() => PowerLaw.Fit([0, 2, 3], [3, 2, 1]));
        Assert.Throws<ArgumentException>(() => PowerLaw.Fit([1, 2], [3, 2, 1]));
        Assert.Throws<ArgumentException>(() => PowerLaw.Fit([1, 2, 3], [3, 2, 1], new PowerLawOptions { Level = 1 }));
        // As many points as parameters: a law, but nothing bounds it.
        PowerLawFit exact = PowerLaw.Fit([1, 10, 100], [3, 2, 1.5]);
        Assert.Equal(double.PositiveInfinity, exact.ExponentInterval.Upper);
        Assert.Equal(2, exact.Law.Loss(10), 1e-6);
    }

    private static double[] Noisy(ScalingLaw law, double noise, Random random) => [.. Sizes.Select(x => law.Loss(x) + noise * Gaussians.Next(random))];
}
