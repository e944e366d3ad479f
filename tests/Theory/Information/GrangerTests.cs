using ArKernel.Theory.Information;

namespace ArKernel.Theory.Tests.Information;

public sealed class GrangerTests
{
    [Fact]
    public void Statistics_equal_those_of_statsmodels()
    {
        (double[] x, double[] y) = Reference();
        GrangerTest forward = Granger.Test(x, y, 2);
        Assert.Equal((2, 93, 98), (forward.Tested, forward.Freedom, forward.Samples));
        Assert.Equal(5.8461244, forward.F!.Value, 1e-6);
        Assert.Equal(0.0040591, forward.PValue, 1e-6);
        Assert.Equal(11.6057079, forward.LikelihoodRatio, 1e-6);
        Assert.Equal(0.0030189, forward.LikelihoodRatioPValue, 1e-6);
        Assert.Equal(forward.LikelihoodRatio / 196, forward.TransferEntropy, 1e-15);
        GrangerTest backward = Granger.Test(y, x, 2);
        Assert.Equal(0.0473428, backward.F!.Value, 1e-6);
        Assert.Equal(0.9537834, backward.PValue, 1e-6);
    }

    [Fact]
    public void P_values_are_uniform_where_nothing_is_caused_and_small_where_something_is()
    {
        var random = new Random(3);
        double[] null_ = new double[500];
        int found = 0;
        for (int draw = 0; draw < 500; draw++)
        {
            double[] x = Gaussians.Draw(500, random);
            double[] y = Gaussians.Draw(500, random);
            for (int t = 1; t < 500; t++)
            {
                x[t] += 0.5 * x[t - 1];
                y[t] += 0.4 * y[t - 1];
            }

            null_[draw] = Granger.Test(x, y, 2).PValue;
            for (int t = 1; t < 500; t++)
            {
                y[t] += 0.3 * x[t - 1];
            }

            found += Granger.Test(x, y, 2).PValue < 0.05 ? 1 : 0;
        }

        Assert.True(Uniformity.KolmogorovSmirnov(null_) > 0.01);
        Assert.InRange(null_.Count(p => p < 0.05) / 500.0, 0.03, 0.07);
        Assert.True(found > 475, $"{found} of 500 found");
    }

    [Fact]
    public void Half_of_Gewekes_measure_is_the_transfer_entropy_of_normal_processes()
    {
        VectorAutoregression process = AutoregressionTests.Cascade();
        Samples path = process.Simulate(200_000, 1);
        GrangerTest test = Granger.Test(path.Select(0), path.Select(1), 8);
        Assert.Equal(0.2293351686, TransferEntropy.Exact(process, [0], [1]), 1e-9);
        Assert.Equal(0.2293351686, test.TransferEntropy, 0.004);
        // The same number by a route of its own: information between normal vectors, from determinants of the covariance of lagged values.
        Samples next = path.Select(1).Slice(8, path.Count - 8);
        double information = MutualInformation.Gaussian(path.Select(0).Past(8, 8), next, path.Select(1).Past(8, 8)).Value;
        Assert.Equal(information, test.TransferEntropy, 1e-9);
        Assert.Equal(TransferEntropy.Gaussian(path.Select(0), path.Select(1), 8).Value, test.TransferEntropy, 1e-15);
    }

    [Fact]
    public void A_common_or_a_middle_cause_is_seen_through_by_conditioning()
    {
        // 0 → 1 → 2: no direct link from 0 to 2, though the past of 0 predicts 2.
        VectorAutoregression chain = new([new double[,] { { 0.5, 0, 0 }, { 0.6, 0.3, 0 }, { 0, 0.6, 0.3 } }], Identity(3));
        Samples path = chain.Simulate(3000, 4);
        Assert.True(Granger.Test(path.Select(0), path.Select(2), 2).PValue < 1e-6);
        Assert.True(Granger.Test(path.Select(0), path.Select(2), 1, path.Select(1)).PValue > 0.01);
        GrangerNetwork network = Granger.Network(path);
        Assert.Equal([(0, 1), (1, 2)], network.Links.Order());
        Assert.Contains("x0 → x1", network.ToString(), StringComparison.Ordinal);
        Assert.Contains((0, 2), Granger.Network(path, 2, conditional: false).Links);
    }

    [Fact]
    public void The_false_discovery_rate_is_kept_among_unrelated_series()
    {
        var random = new Random(2);
        int false_ = Enumerable.Range(0, 60).Count(_ => Granger.Network(Gaussians.Matrix(200, 5, random), 1).Links.Count > 0);
        Assert.InRange(false_, 0, 9); // 5 % of 60 are 3; the probability of more than 9 is below 1e-3
    }

    [Fact]
    public void Permutations_agree_with_theory()
    {
        (double[] x, double[] y) = Reference();
        GrangerTest forward = Granger.Test(x, y, 2, surrogates: 199, seed: 5);
        Assert.True(forward.SurrogatePValue < 0.04);
        Assert.Equal(5, forward.Seed);
        Assert.Equal(forward.SurrogatePValue, Granger.Test(x, y, 2, surrogates: 199, seed: 5).SurrogatePValue);
        Assert.True(Granger.Test(y, x, 2, surrogates: 199, seed: 5).SurrogatePValue > 0.5);
    }

    [Fact]
    public void Further_lags_keep_the_size_for_integrated_series()
    {
        var random = new Random(7);
        (int plain, int augmented) = (0, 0);
        for (int draw = 0; draw < 300; draw++)
        {
            (double[] x, double[] y) = (Gaussians.Draw(300, random), Gaussians.Draw(300, random));
            for (int t = 1; t < 300; t++)
            {
                x[t] += x[t - 1];
                y[t] += y[t - 1];
            }

            plain += Granger.Test(x, y, 1).PValue < 0.05 ? 1 : 0;
            augmented += Granger.Test(x, y, 1, integration: 1).PValue < 0.05 ? 1 : 0;
        }

        Assert.InRange(augmented, 5, 28);
        Assert.True(plain > augmented, $"{plain} and {augmented} of 300");
    }

    [Fact]
    public void Several_outputs_have_the_likelihood_ratio_alone()
    {
        Samples path = AutoregressionTests.Cascade().Simulate(2000, 9);
        GrangerTest test = Granger.Test(path.Select(0), Samples.Join(path.Select(1), Gaussians.Draw(2000, new Random(1))), 1);
        Assert.Null(test.F);
        Assert.Equal(test.LikelihoodRatioPValue, test.PValue);
        Assert.True(test.PValue < 1e-9);
    }

    [Fact]
    public void Lags_are_chosen_and_told()
    {
        VectorAutoregression process = new([new double[,] { { 0.3, 0 }, { 0, 0.2 } }, new double[,] { { 0, 0 }, { 0.3, 0 } }], Identity(2));
        Samples path = process.Simulate(3000, 2);
        GrangerTest test = Granger.Test(path.Select(0), path.Select(1));
        Assert.Equal(2, test.Lags);
        Assert.Contains("lags chosen by = Bayes' criterion", test.ToString(), StringComparison.Ordinal);
        CurveChart chart = Assert.IsType<CurveChart>(Assert.Single(test.Charts));
        Assert.True(chart.Curves[0].Y[0] > chart.Curves[0].Y[1]); // one lag does not see it
    }

    [Fact]
    public void Faults_name_their_cause()
    {
        double[] x = Gaussians.Draw(30, new Random(1));
        Assert.Contains("30 times are too few for 10 lags", Assert.Throws<TooFewSamplesException>(() => Granger.Test(x, Gaussians.Draw(30, new Random(2)), 10)).Problem, StringComparison.Ordinal);
        Assert.Contains("linear function", Assert.Throws<SingularCovarianceException>(() => Granger.Test(x, x, 2)).Problem, StringComparison.Ordinal);
        Assert.Contains("without any error", Assert.Throws<SingularCovarianceException>(() => Granger.Test(x, Shifted(x), 1)).Problem, StringComparison.Ordinal);
        Assert.Throws<SingularCovarianceException>(() => Granger.Test(new double[30], x, 1));
        Assert.Throws<ArgumentException>(() => Granger.Test(x, new double[] { 1, 2 }, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Granger.Test(x, Gaussians.Draw(30, new Random(2)), 0));
    }

    private static double[] Shifted(double[] x) => [.. x.Select((_, t) => t == 0 ? 0 : x[t - 1])];

    internal static double[,] Identity(int size)
    {
        double[,] identity = new double[size, size];
        for (int i = 0; i < size; i++)
        {
            identity[i, i] = 1;
        }

        return identity;
    }

    private static (double[] X, double[] Y) Reference()
    {
        double[] x = [.. Enumerable.Range(0, 100).Select(t => Math.Sin((double)t * t))];
        double[] y = new double[100];
        for (int t = 1; t < 100; t++)
        {
            y[t] = 0.3 * y[t - 1] + 0.1 * x[t - 1] + 0.5 * Math.Cos(1.7 * t * t);
        }

        return (x, y);
    }
}
