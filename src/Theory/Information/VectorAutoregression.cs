using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;

namespace ArKernel.Theory.Information;

/// <summary>How the number of lags is chosen: the fit's ln det of the residual covariance plus a price for each coefficient.</summary>
public enum InformationCriterion
{
    /// <summary>Akaike's: 2 a coefficient, over the samples. It tends to choose too many lags.</summary>
    Akaike,

    /// <summary>Bayes' or Schwarz's: ln N a coefficient, over the samples. It finds the right number as samples grow.</summary>
    Bayes,

    /// <summary>Hannan and Quinn's: 2 ln ln N a coefficient, over the samples.</summary>
    HannanQuinn,
}

/// <summary>A vector autoregressive process, z_t = c + Σ_i A_i z_{t−i} + e_t with normal e_t of covariance Σ.</summary>
public sealed class VectorAutoregression
{
    private const int MostSteps = 100_000;

    /// <summary>A process of given coefficients.</summary>
    /// <param name="lags">A_1, A_2, …, each [variables, variables]: row i has the coefficients of variable i's equation.</param>
    /// <param name="noise">Σ, [variables, variables].</param>
    /// <param name="intercept">c; null for zero.</param>
    /// <exception cref="ArgumentException">The sizes do not fit, or there is no lag.</exception>
    /// <exception cref="NotFiniteException">A coefficient is not finite.</exception>
    /// <exception cref="SingularCovarianceException">The noise's covariance is not positive definite.</exception>
    public VectorAutoregression(IReadOnlyList<double[,]> lags, double[,] noise, double[]? intercept = null)
    {
        int size = noise.GetLength(0);
        intercept ??= new double[size];
        if (lags.Count == 0 || noise.GetLength(1) != size || intercept.Length != size || lags.Any(lag => lag.GetLength(0) != size || lag.GetLength(1) != size))
        {
            throw new ArgumentException($"A process of {size} variables needs a lag or more of [{size}, {size}], noise of [{size}, {size}] and {size} intercepts.");
        }

        foreach (double[,] lag in lags)
        {
            Check.Finite(lag, "A matrix of coefficients");
        }

        Check.Finite(noise, "The noise's covariance");
        Check.Finite(intercept, "The intercept");
        Lags = [.. lags.Select(lag => Matrix<double>.Build.DenseOfArray(lag))];
        Noise = Matrix<double>.Build.DenseOfArray(noise);
        Intercept = Vector<double>.Build.DenseOfArray(intercept);
        _ = GaussianInformation.LogDeterminant(Noise, [.. Enumerable.Range(0, size).Select(i => $"noise {i}")]);
        Companion = Matrix<double>.Build.Dense(size * Lags.Count, size * Lags.Count, (i, j) => i < size ? Lags[j / size][i, j % size] : i - size == j ? 1 : 0);
        SpectralRadius = Companion.Evd().EigenValues.Max(value => value.Magnitude);
    }

    /// <summary>A_1, A_2, …, each [variables, variables].</summary>
    public IReadOnlyList<Matrix<double>> Lags { get; }

    /// <summary>The noise's covariance, [variables, variables].</summary>
    public Matrix<double> Noise { get; }

    /// <summary>The intercept.</summary>
    public Vector<double> Intercept { get; }

    /// <summary>The number of variables.</summary>
    public int Variables => Noise.RowCount;

    /// <summary>The largest modulus of an eigenvalue of the companion matrix; the process is stationary when it is below 1.</summary>
    public double SpectralRadius { get; }

    /// <summary>The matrix of the same process of order 1 in (z_t, z_{t−1}, …).</summary>
    public Matrix<double> Companion { get; }

    /// <summary>The covariance of (z_t, …, z_{t−p+1}) in the stationary state, the solution of S = A S Aᵀ + Q, by doubling.</summary>
    /// <exception cref="UnstableProcessException">The process is not stationary.</exception>
    public Matrix<double> StationaryCovariance()
    {
        RequireStable();
        Matrix<double> sum = CompanionNoise();
        Matrix<double> power = Companion;
        for (int doubling = 0; doubling < 60; doubling++)
        {
            Matrix<double> more = power * sum * power.Transpose();
            sum += more;
            if (more.FrobeniusNorm() <= 1e-17 * sum.FrobeniusNorm())
            {
                break;
            }

            power *= power;
        }

        return (sum + sum.Transpose()) / 2;
    }

    /// <summary>
    /// The covariance of the error of predicting all variables from the infinite past of some of them: the fixed point of the Riccati recursion of
    /// a Kalman filter that observes these without noise. (A truncated autoregression of these variables would only approach it.)
    /// </summary>
    /// <param name="observed">The variables whose past is known.</param>
    /// <exception cref="UnstableProcessException">The process is not stationary.</exception>
    /// <exception cref="NoConvergenceException">The recursion does not settle: the process is almost unstable.</exception>
    public Matrix<double> PredictionError(params int[] observed)
    {
        Matrix<double> error = StationaryCovariance();
        Matrix<double> noise = CompanionNoise();
        int[] variables = [.. Enumerable.Range(0, Variables)];
        for (int step = 0; step < MostSteps; step++)
        {
            Matrix<double> rows = Pick(error, observed, [.. Enumerable.Range(0, error.ColumnCount)]);
            Matrix<double> filtered = error - rows.TransposeThisAndMultiply(Pick(error, observed, observed).Cholesky().Solve(rows));
            Matrix<double> next = Companion * filtered * Companion.Transpose() + noise;
            next = (next + next.Transpose()) / 2;
            if ((next - error).FrobeniusNorm() <= 1e-15 * next.FrobeniusNorm())
            {
                return Pick(next, variables, variables);
            }

            error = next;
        }

        throw new NoConvergenceException($"The prediction error did not settle in {MostSteps} steps; the spectral radius is {SpectralRadius}.", "Difference the series, or model its slow part.");
    }

    /// <summary>Draws a path in the stationary state.</summary>
    /// <param name="count">Its length.</param>
    /// <param name="seed">The seed.</param>
    /// <returns>[count, variables].</returns>
    /// <exception cref="UnstableProcessException">The process is not stationary.</exception>
    public Samples Simulate(int count, int seed)
    {
        Random random = new(seed);
        int size = Variables;
        Vector<double> Normals(int length) => Vector<double>.Build.Dense(length, _ => Normal.Sample(random, 0, 1));
        // The root of the covariance by eigenvalues, as that of the past may be singular.
        var spectrum = StationaryCovariance().Evd(Symmetricity.Symmetric);
        Vector<double> state = spectrum.EigenVectors * Normals(size * Lags.Count).PointwiseMultiply(spectrum.EigenValues.Map(value => Math.Sqrt(Math.Max(0, value.Real))));
        Matrix<double> total = Matrix<double>.Build.DenseIdentity(size) - Lags.Aggregate((a, b) => a + b);
        Vector<double> mean = total.Solve(Intercept);
        Matrix<double> root = Noise.Cholesky().Factor;
        double[,] path = new double[count, size];
        for (int t = 0; t < count; t++)
        {
            Vector<double> next = Companion.SubMatrix(0, size, 0, Companion.ColumnCount) * state + root * Normals(size);
            state = Vector<double>.Build.Dense(state.Count, i => i < size ? next[i] : state[i - size]);
            for (int i = 0; i < size; i++)
            {
                path[t, i] = next[i] + mean[i];
            }
        }

        return path;
    }

    /// <summary>Fits a process by least squares, which is the maximum likelihood given the first lags.</summary>
    /// <param name="series">[time, variables].</param>
    /// <param name="lags">The number of lags; null chooses it by the criterion.</param>
    /// <param name="criterion">How lags are chosen.</param>
    /// <param name="mostLags">The largest number tried; null takes 12 (N/100)^¼, less when the samples are few.</param>
    /// <exception cref="TooFewSamplesException">There are too few times for the lags.</exception>
    /// <exception cref="SingularCovarianceException">A variable is a linear function of others.</exception>
    public static AutoregressionFit Fit(Samples series, int? lags = null, InformationCriterion criterion = InformationCriterion.Bayes, int? mostLags = null) =>
        AutoregressionFit.Of(series, lags, criterion, mostLags);

    internal void RequireStable()
    {
        if (!(SpectralRadius < 1))
        {
            throw new UnstableProcessException($"The spectral radius is {SpectralRadius:G6}; a stationary process has less than 1.", "Shrink the coefficients, or difference the series before fitting.");
        }
    }

    private Matrix<double> CompanionNoise() =>
        Matrix<double>.Build.Dense(Companion.RowCount, Companion.RowCount, (i, j) => i < Variables && j < Variables ? Noise[i, j] : 0);

    internal static Matrix<double> Pick(Matrix<double> matrix, int[] rows, int[] columns) => Matrix<double>.Build.Dense(rows.Length, columns.Length, (i, j) => matrix[rows[i], columns[j]]);
}
