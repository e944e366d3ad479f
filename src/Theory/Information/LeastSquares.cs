using MathNet.Numerics.LinearAlgebra;

namespace ArKernel.Theory.Information;

/// <summary>
/// Least squares by Householder's factorisation of the regressors. The regressors keep their order, so that the residuals of every model that
/// uses only the first few of them come from the same factorisation: nested tests and lag selection need one.
/// </summary>
internal sealed class LeastSquares
{
    // A regressor this much shorter after the others are projected out is a linear function of them.
    private const double SmallestPart = 1e-10;

    private readonly double[][] regressors; // on and below the diagonal Householder's vectors, above it the triangular factor
    private readonly double[] diagonal;
    private readonly double[][] targets;    // multiplied by the orthogonal factor

    /// <summary>Factors the regressors.</summary>
    /// <param name="regressors">Columns of equal length, longer than there are columns; they are overwritten.</param>
    /// <param name="targets">What is regressed, columns of the same length; they are overwritten.</param>
    /// <param name="name">The name of a regressor by its index.</param>
    /// <exception cref="TooFewSamplesException">There are not more samples than regressors.</exception>
    /// <exception cref="SingularCovarianceException">A regressor is a linear function of those before it.</exception>
    public LeastSquares(double[][] regressors, double[][] targets, Func<int, string> name)
    {
        (this.regressors, this.targets, diagonal) = (regressors, targets, new double[regressors.Length]);
        Samples = targets[0].Length;
        if (Samples <= regressors.Length)
        {
            throw new TooFewSamplesException($"{Samples} equations cannot determine {regressors.Length} coefficients and a residual.", "Take more samples or fewer lags.");
        }

        for (int j = 0; j < regressors.Length; j++)
        {
            double[] column = regressors[j];
            double before = Norm(column, 0);
            double below = Norm(column, j);
            if (!(below > SmallestPart * before))
            {
                throw new SingularCovarianceException($"{name(j)} is a linear function of the regressors before it.", "Leave out variables that repeat others, are constant or are sums of others.");
            }

            diagonal[j] = column[j] > 0 ? -below : below;
            column[j] -= diagonal[j];
            double scale = -1 / (diagonal[j] * column[j]); // 2/‖v‖²
            for (int k = j + 1; k < regressors.Length; k++)
            {
                Reflect(column, regressors[k], j, scale);
            }

            foreach (double[] target in targets)
            {
                Reflect(column, target, j, scale);
            }
        }
    }

    /// <summary>The number of equations.</summary>
    public int Samples { get; }

    /// <summary>The residuals' sum of squares and products, [targets, targets], of the model with the first <paramref name="used"/> regressors.</summary>
    public Matrix<double> Residual(int used) => Matrix<double>.Build.Dense(targets.Length, targets.Length, (a, b) =>
    {
        double sum = 0;
        for (int i = used; i < Samples; i++)
        {
            sum += targets[a][i] * targets[b][i];
        }

        return sum;
    });

    /// <summary>The coefficients of the model with all regressors, [regressors, targets].</summary>
    public Matrix<double> Coefficients()
    {
        Matrix<double> coefficients = Matrix<double>.Build.Dense(regressors.Length, targets.Length);
        for (int target = 0; target < targets.Length; target++)
        {
            for (int j = regressors.Length - 1; j >= 0; j--)
            {
                double value = targets[target][j];
                for (int k = j + 1; k < regressors.Length; k++)
                {
                    value -= regressors[k][j] * coefficients[k, target];
                }

                coefficients[j, target] = value / diagonal[j];
            }
        }

        return coefficients;
    }

    private static double Norm(double[] column, int from)
    {
        double sum = 0;
        for (int i = from; i < column.Length; i++)
        {
            sum += column[i] * column[i];
        }

        return Math.Sqrt(sum);
    }

    private static void Reflect(double[] vector, double[] column, int from, double scale)
    {
        double product = 0;
        for (int i = from; i < column.Length; i++)
        {
            product += vector[i] * column[i];
        }

        product *= scale;
        for (int i = from; i < column.Length; i++)
        {
            column[i] -= product * vector[i];
        }
    }
}
