using ArKernel.Theory.RateDistortion;
using CsCheck;
using MathNet.Numerics.LinearAlgebra;

namespace ArKernel.Theory.Tests.RateDistortion;

public sealed class SequentialRateDistortionTests
{
    private static Matrix<double> Matrix(double[,] values) => Matrix<double>.Build.DenseOfArray(values);

    [Fact]
    public void The_scalar_rate_is_the_closed_form_and_costs_more_than_looking_ahead()
    {
        Assert.Equal(0.5165922417, SequentialRateDistortion.Scalar(0.9, 1, 0.5).Rate, 9);
        double sequential = SequentialRateDistortion.Scalar(0.9, 1, 0.2).Rate, classical = ClosedForms.StationaryAutoregression(0.9, 1, 0.2).Rate;
        Assert.Equal(0.8797903, sequential, 7);
        Assert.Equal(0.0750713, sequential - classical, 7);
        Assert.Equal(0.5 * Math.Log(1 + 0.81 * 0.2), sequential - classical, 9);
        Assert.Equal(0, SequentialRateDistortion.Scalar(0.9, 1, 1 / (1 - 0.81)).Rate, 12);
        Assert.True(SequentialRateDistortion.Scalar(1.5, 1, 1e9).Rate >= Math.Log(1.5)); // an unstable source can never be let go
    }

    [Fact]
    public void The_filter_that_achieves_the_scalar_rate_has_its_distortion_in_simulation()
    {
        ScalarSequentialRate rate = SequentialRateDistortion.Scalar(0.9, 1, 0.5);
        var random = new Random(11);
        double Normal() => MathNet.Numerics.Distributions.Normal.Sample(random, 0, 1);
        double x = 0, y = 0, sum = 0;
        const int Steps = 400_000;
        for (int t = 0; t < Steps; t++)
        {
            x = 0.9 * x + Normal();
            y = 0.9 * y + rate.Gain * (x - 0.9 * y) + Math.Sqrt(rate.Gain * rate.Distortion) * Normal();
            sum += (x - y) * (x - y);
        }

        Assert.Equal(0.5, sum / Steps, 0.006);
    }

    [Fact]
    public void Independent_components_have_the_closed_form_and_the_program_agrees()
    {
        VectorRate closed = SequentialRateDistortion.Independent([0.9, 0.5, 0], [1, 1, 1], 1.2);
        Assert.Equal(1.5546949870, closed.Rate, 9);
        Assert.Equal([0.34821545, 0.40535336, 0.44643119], closed.Distortions.Select(d => Math.Round(d, 8)));
        SequentialRate solved = SequentialRateDistortion.GaussMarkov(Matrix(new[,] { { 0.9, 0, 0 }, { 0, 0.5, 0 }, { 0, 0, 0 } }), Matrix<double>.Build.DenseIdentity(3), 1.2, 1e-9);
        Assert.InRange(solved.Interval.Width, 0, 1e-9);
        Assert.InRange(closed.Rate, solved.Lower - 1e-11, solved.Rate + 1e-11);
        Assert.Equal(0.34821545, solved.ErrorCovariance[0, 0], 6);
    }

    [Fact]
    public void A_coupled_source_has_the_known_rate()
    {
        SequentialRate rate = SequentialRateDistortion.GaussMarkov(Matrix(new[,] { { 0.9, 0.3 }, { 0, 0.5 } }), Matrix<double>.Build.DenseIdentity(2), 1, 1e-9);
        Assert.InRange(rate.Interval.Width, 0, 1e-9);
        Assert.Equal(0.9297146920, rate.Rate, 8);
    }

    [Fact]
    public void The_certificate_holds_for_every_feasible_filter_of_random_sources_stable_or_not() =>
        Gen.Select(Gen.Double[-1.2, 1.2].Array[9], Gen.Double[-1, 1].Array[9], Gen.Double[0.2, 4], Gen.Double[-1, 1].Array[9]).Sample((transition, noise, distortion, observation) =>
        {
            Matrix<double> a = Matrix<double>.Build.Dense(3, 3, transition), l = Matrix<double>.Build.Dense(3, 3, noise), w = l * l.Transpose() + 0.2 * Matrix<double>.Build.DenseIdentity(3);
            SequentialRate rate = SequentialRateDistortion.GaussMarkov(a, w, distortion, 1e-6);
            Assert.InRange(rate.Interval.Width, 0, 1e-6);
            Assert.True(rate.ErrorCovariance.Trace() <= distortion + 1e-12);
            Assert.True((rate.PredictedCovariance - rate.ErrorCovariance).Evd().EigenValues.All(value => value.Real >= -1e-9));

            // Any observation of precision S gives a filter; scaled until its error is D, it cannot have a smaller rate than the dual bound.
            Matrix<double> s = Matrix<double>.Build.Dense(3, 3, observation);
            s = s * s.Transpose() + 0.05 * Matrix<double>.Build.DenseIdentity(3);
            (double low, double high) = (1e-6, 1e6);
            for (int i = 0; i < 60; i++)
            {
                double middle = Math.Sqrt(low * high);
                (low, high) = Filter(a, w, s * middle).Trace() > distortion ? (middle, high) : (low, middle);
            }

            Matrix<double> p = Filter(a, w, s * high), predicted = a * p * a.Transpose() + w;
            if (p.Trace() <= distortion * (1 + 1e-9))
            {
                double achieved = 0.5 * Math.Log(predicted.Determinant() / p.Determinant());
                Assert.True(achieved >= rate.Lower - 1e-6, $"{achieved} below {rate.Lower}");
            }
        }, iter: 25);

    [Fact]
    public void Bad_input_is_named()
    {
        Matrix<double> one = Matrix<double>.Build.DenseIdentity(2);
        Assert.Throws<SingularCovarianceException>(() => SequentialRateDistortion.GaussMarkov(one * 0.5, Matrix(new[,] { { 1.0, 1 }, { 1, 1 } }), 1));
        Assert.Throws<SingularCovarianceException>(() => SequentialRateDistortion.GaussMarkov(one * 0.5, Matrix(new[,] { { 1.0, 1 }, { 0, 1 } }), 1));
        Assert.Throws<NotFiniteException>(() => SequentialRateDistortion.GaussMarkov(one * double.NaN, one, 1));
        Assert.Throws<ArgumentException>(() => SequentialRateDistortion.GaussMarkov(one, Matrix<double>.Build.DenseIdentity(3), 1));
        Assert.Throws<ArgumentException>(() => SequentialRateDistortion.Scalar(0.5, 1, 0));
        Assert.Throws<NotFiniteException>(() => SequentialRateDistortion.Scalar(double.NaN, 1, 1));
    }

    private static Matrix<double> Filter(Matrix<double> a, Matrix<double> w, Matrix<double> precision)
    {
        Matrix<double> p = w;
        for (int i = 0; i < 300; i++)
        {
            p = ((a * p * a.Transpose() + w).Inverse() + precision).Inverse();
        }

        return p;
    }
}
