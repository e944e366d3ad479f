using ArKernel.Theory.Information;
using MathNet.Numerics.LinearAlgebra;

namespace ArKernel.Theory.Tests.Information;

public sealed class AutoregressionTests
{
    /// <summary>x' = 0.5 x + e, y' = 0.7 x + 0.3 y + e.</summary>
    internal static VectorAutoregression Cascade() => new([new double[,] { { 0.5, 0 }, { 0.7, 0.3 } }], GrangerTests.Identity(2));

    [Fact]
    public void The_prediction_error_from_part_of_the_past_is_the_closed_form()
    {
        // The spectral factor of y alone: variance 1.5819691005.
        Assert.Equal(1.5819691005, Cascade().PredictionError(1)[1, 1], 1e-9);
        Assert.Equal(1.0, Cascade().PredictionError(0, 1)[1, 1], 1e-12);
        Assert.Equal(0, TransferEntropy.Exact(Cascade(), [1], [0]), 1e-12);
    }

    [Fact]
    public void An_independent_source_has_the_closed_form()
    {
        // With x independent in time: y' = 0.7 x + e, TE = ½ ln(1 + 0.49).
        VectorAutoregression process = new([new double[,] { { 0, 0 }, { 0.7, 0 } }], GrangerTests.Identity(2));
        Assert.Equal(0.1993880600, TransferEntropy.Exact(process, [0], [1]), 1e-9);
    }

    [Fact]
    public void The_stationary_covariance_solves_its_equation_and_simulation_has_it()
    {
        VectorAutoregression process = new([new double[,] { { 0.5, 0.2 }, { -0.3, 0.4 } }, new double[,] { { 0.1, 0 }, { 0.2, -0.2 } }], new double[,] { { 1, 0.5 }, { 0.5, 2 } }, [1, -1]);
        Matrix<double> covariance = process.StationaryCovariance();
        Matrix<double> noise = Matrix<double>.Build.Dense(4, 4, (i, j) => i < 2 && j < 2 ? process.Noise[i, j] : 0);
        Assert.True((process.Companion * covariance * process.Companion.Transpose() + noise - covariance).FrobeniusNorm() < 1e-12);
        Samples path = process.Simulate(200_000, 3);
        Matrix<double> measured = GaussianInformation.Covariance(path);
        Assert.True((measured - covariance.SubMatrix(0, 2, 0, 2)).FrobeniusNorm() < 0.06);
        Vector<double> mean = (Matrix<double>.Build.DenseIdentity(2) - process.Lags[0] - process.Lags[1]).Solve(process.Intercept);
        Assert.Equal(mean[0], path.Column(0).Average(), 0.03);
        Assert.Equal(path.ToArray(), process.Simulate(200_000, 3).ToArray());
    }

    [Fact]
    public void A_fit_finds_the_process_and_its_lags()
    {
        VectorAutoregression process = new([new double[,] { { 0.5, 0.2 }, { -0.3, 0.4 } }, new double[,] { { 0.1, 0 }, { 0.2, -0.2 } }], new double[,] { { 1, 0.5 }, { 0.5, 2 } }, [1, -1]);
        AutoregressionFit fit = VectorAutoregression.Fit(process.Simulate(50_000, 5));
        Assert.Equal(2, fit.Lags);
        Assert.True((fit.Process.Lags[0] - process.Lags[0]).FrobeniusNorm() < 0.02);
        Assert.True((fit.Process.Lags[1] - process.Lags[1]).FrobeniusNorm() < 0.02);
        Assert.True((fit.Process.Noise - process.Noise).FrobeniusNorm() < 0.05);
        Assert.True((fit.Process.Intercept - process.Intercept).L2Norm() < 0.06);
        Assert.Equal(process.SpectralRadius, fit.Process.SpectralRadius, 0.02);
        Assert.Contains("lags: 2 (chosen by Bayes' criterion)", fit.ToString(), StringComparison.Ordinal);
        Assert.Equal(fit.Criterion(InformationCriterion.Bayes).Min(), fit.Criterion(InformationCriterion.Bayes)[2]);
    }

    [Fact]
    public void Least_squares_equals_the_normal_equations_for_every_nested_model()
    {
        var random = new Random(1);
        Matrix<double> a = Matrix<double>.Build.DenseOfArray(Gaussians.Matrix(40, 5, random));
        Matrix<double> b = Matrix<double>.Build.DenseOfArray(Gaussians.Matrix(40, 2, random));
        LeastSquares regression = new(a.ToColumnArrays(), b.ToColumnArrays(), i => $"{i}");
        Matrix<double> coefficients = (a.Transpose() * a).Solve(a.Transpose() * b);
        Assert.True((coefficients - regression.Coefficients()).FrobeniusNorm() < 1e-12);
        for (int used = 0; used <= 5; used++)
        {
            Matrix<double> part = a.SubMatrix(0, 40, 0, Math.Max(1, used));
            Matrix<double> residual = used == 0 ? b : b - part * (part.Transpose() * part).Solve(part.Transpose() * b);
            Assert.True((residual.Transpose() * residual - regression.Residual(used)).FrobeniusNorm() < 1e-11);
        }
    }

    [Fact]
    public void Faults_name_their_cause()
    {
        VectorAutoregression walk = new([new double[,] { { 1 } }], new double[,] { { 1 } });
        Assert.Contains("spectral radius is 1", Assert.Throws<UnstableProcessException>(() => walk.Simulate(10, 0)).Problem, StringComparison.Ordinal);
        Assert.Contains("difference", Assert.Throws<UnstableProcessException>(() => TransferEntropy.Exact(walk, [0], [0])).Remedy, StringComparison.Ordinal);
        Assert.Throws<SingularCovarianceException>(() => new VectorAutoregression([new double[2, 2]], new double[,] { { 1, 1 }, { 1, 1 } }));
        Assert.Throws<NotFiniteException>(() => new VectorAutoregression([new double[,] { { double.NaN } }], new double[,] { { 1 } }));
        Assert.Throws<ArgumentException>(() => new VectorAutoregression([new double[1, 2]], new double[,] { { 1 } }));
        Assert.Contains("5 times of 1 variables are too few for 3 lags", Assert.Throws<TooFewSamplesException>(() => VectorAutoregression.Fit(new double[] { 1, 2, 1, 3, 1 }, 3)).Problem, StringComparison.Ordinal);
        Assert.Throws<SingularCovarianceException>(() => VectorAutoregression.Fit(new double[50], 1));
        double[] x = Gaussians.Draw(50, new Random(1));
        Assert.Contains("linear function", Assert.Throws<SingularCovarianceException>(() => VectorAutoregression.Fit(Samples.Join(x, x), 1)).Problem, StringComparison.Ordinal);
    }
}
