using ArKernel.Theory.RateDistortion;
using CsCheck;
using MathNet.Numerics.LinearAlgebra;

namespace ArKernel.Theory.Tests.RateDistortion;

public sealed class ClosedFormTests
{
    [Fact]
    public void Binary_Gaussian_Laplacian_and_log_loss_rates_are_the_textbook_values()
    {
        Assert.Equal(0.2857813, ClosedForms.Binary(0.3, 0.1), 7);
        Assert.Equal(0, ClosedForms.Binary(0.3, 0.3));
        Assert.Equal(Math.Log(2), ClosedForms.Gaussian(1, 0.25), 12);
        Assert.Equal(0, ClosedForms.Gaussian(1, 2));
        Assert.Equal(Math.Log(2), ClosedForms.Laplacian(2, 0.25), 12);
        Assert.Equal(Math.Log(2) - 0.2, ClosedForms.LogLoss([0.5, 0.5], 0.2), 12);
    }

    [Fact]
    public void The_stationary_autoregressive_rate_is_half_the_log_of_noise_over_distortion_at_high_resolution()
    {
        VectorRate rate = ClosedForms.StationaryAutoregression(0.9, 1, 0.2);
        Assert.Equal(0.5 * Math.Log(1 / 0.2), rate.Rate, 9);
        Assert.Equal(0.2770083, 1 / (1.9 * 1.9), 7);
        Assert.Equal(0.8047190, rate.Rate, 7);
        Assert.True(ClosedForms.StationaryAutoregression(0.9, 1, 0.5).Rate > 0.5 * Math.Log(1 / 0.5)); // above the spectrum's minimum the formula is only a bound
        Assert.Throws<UnstableProcessException>(() => ClosedForms.StationaryAutoregression(1, 1, 0.5));
    }

    [Fact]
    public void Reverse_water_filling_spends_exactly_the_distortion_and_nothing_beats_it() =>
        Gen.Select(Gen.Double[0.01, 5].Array[1, 6], Gen.Double[0.01, 0.99], Gen.Double[-0.5, 0.5].Array[6]).Sample((variances, part, shift) =>
        {
            double distortion = part * variances.Sum();
            VectorRate rate = ClosedForms.Components(variances, distortion);
            Assert.Equal(distortion, rate.Distortions.Sum(), 1e-9);
            Assert.All(rate.Distortions.Zip(variances), pair => Assert.Equal(Math.Min(rate.WaterLevel, pair.Second), pair.First, 12));

            // Any other allocation of the same sum costs more.
            double[] other = [.. rate.Distortions.Select((d, i) => Math.Min(variances[i], d * Math.Exp(shift[i])))];
            double scale = distortion / Math.Max(distortion, other.Sum());
            double cost = other.Select((d, i) => Math.Max(0, 0.5 * Math.Log(variances[i] / (d * scale)))).Sum();
            Assert.True(cost >= rate.Rate - 1e-9);
        });

    [Fact]
    public void A_vector_is_coded_along_the_eigenvectors_of_its_covariance()
    {
        Matrix<double> rotation = Matrix<double>.Build.DenseOfArray(new[,] { { Math.Cos(1), -Math.Sin(1) }, { Math.Sin(1), Math.Cos(1) } });
        Matrix<double> covariance = rotation * Matrix<double>.Build.DenseOfDiagonalArray([3, 0.5]) * rotation.Transpose();
        Assert.Equal(ClosedForms.Components([3, 0.5], 0.8).Rate, ClosedForms.GaussianVector(covariance, 0.8).Rate, 10);
        Assert.Equal(0.5 * Math.Log(3 * 0.5 / (0.4 * 0.4)), ClosedForms.GaussianVector(covariance, 0.8).Rate, 10);
        Assert.Throws<SingularCovarianceException>(() => ClosedForms.GaussianVector(Matrix<double>.Build.DenseOfArray(new[,] { { 1.0, 2 }, { 2, 1 } }), 1));
        Assert.Throws<SingularCovarianceException>(() => ClosedForms.GaussianVector(Matrix<double>.Build.DenseOfArray(new[,] { { 1.0, 2 }, { 0, 1 } }), 1));
    }

    [Fact]
    public void The_Gaussian_test_channel_has_its_distortion_in_simulation()
    {
        const double Variance = 2, Distortion = 0.5;
        var random = new Random(5);
        double Normal() => MathNet.Numerics.Distributions.Normal.Sample(random, 0, 1);
        double sum = 0;
        const int Count = 200_000;
        for (int i = 0; i < Count; i++)
        {
            double x = Math.Sqrt(Variance) * Normal(), keep = 1 - Distortion / Variance;
            double y = keep * x + Math.Sqrt(Distortion * keep) * Normal();
            sum += (x - y) * (x - y);
        }

        Assert.Equal(Distortion, sum / Count, 0.01);
    }

    [Fact]
    public void Impossible_arguments_are_named()
    {
        Assert.Throws<ArgumentException>(() => ClosedForms.Gaussian(1, 0));
        Assert.Throws<ArgumentException>(() => ClosedForms.Gaussian(-1, 1));
        Assert.Throws<NotADistributionException>(() => ClosedForms.Binary(1.5, 0.1));
        Assert.Throws<NotFiniteException>(() => ClosedForms.Components([1, double.NaN], 1));
    }
}
