using MathNet.Numerics.LinearAlgebra;

namespace ArKernel.Theory.Information;

/// <summary>Information between jointly normal variables: ratios of determinants of covariances.</summary>
internal static class GaussianInformation
{
    // A pivot this much below its variable's variance is rounding.
    private const double SmallestPivot = 1e-12;

    /// <summary>½ ln det(2πe Σ); nats.</summary>
    public static double Entropy(Samples samples) =>
        samples.Variables / 2.0 * Math.Log(2 * Math.PI * Math.E) + LogDeterminant(Covariance(samples), samples.Names) / 2;

    /// <summary>½ ln (det Σ_xz det Σ_yz / (det Σ_xyz det Σ_z)), of the covariance [x, y, z]; nats.</summary>
    /// <param name="covariance">The covariance of all variables, those of x first, then y, then z.</param>
    /// <param name="x">How many variables x has.</param>
    /// <param name="y">How many variables y has.</param>
    /// <param name="names">The variables' names.</param>
    public static double Conditional(Matrix<double> covariance, int x, int y, IReadOnlyList<string> names)
    {
        int all = covariance.RowCount;
        int[] xs = [.. Enumerable.Range(0, x)];
        int[] ys = [.. Enumerable.Range(x, y)];
        int[] zs = [.. Enumerable.Range(x + y, all - x - y)];
        double joint = LogDeterminant(covariance, names);
        return (Part([.. xs, .. zs]) + Part([.. ys, .. zs]) - joint - Part(zs)) / 2;

        double Part(int[] indices) => indices.Length == 0 ? 0
            : LogDeterminant(Matrix<double>.Build.Dense(indices.Length, indices.Length, (i, j) => covariance[indices[i], indices[j]]), [.. indices.Select(i => names[i])]);
    }

    /// <summary>The unbiased covariance of samples.</summary>
    /// <exception cref="TooFewSamplesException">There are not more samples than variables + 1.</exception>
    public static Matrix<double> Covariance(Samples samples)
    {
        (int count, int variables) = (samples.Count, samples.Variables);
        if (count < variables + 2)
        {
            throw new TooFewSamplesException($"{count} samples of {variables} variables have a singular covariance; at least {variables + 2} are needed.", "Take more samples, or fewer variables or lags.");
        }

        double[] means = [.. Enumerable.Range(0, variables).Select(j => samples.Column(j).Average())];
        double[,] sums = new double[variables, variables];
        double[] centred = new double[variables];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<double> row = samples.Row(i);
            for (int j = 0; j < variables; j++)
            {
                centred[j] = row[j] - means[j];
                for (int k = 0; k <= j; k++)
                {
                    sums[j, k] += centred[j] * centred[k];
                }
            }
        }

        return Matrix<double>.Build.Dense(variables, variables, (j, k) => sums[Math.Max(j, k), Math.Min(j, k)] / (count - 1));
    }

    /// <summary>ln det of a covariance by Cholesky's factorisation of the correlations.</summary>
    /// <exception cref="SingularCovarianceException">A pivot is not positive beyond rounding.</exception>
    public static double LogDeterminant(Matrix<double> covariance, IReadOnlyList<string> names)
    {
        int size = covariance.RowCount;
        double[,] factor = new double[size, size];
        double sum = 0;
        for (int i = 0; i < size; i++)
        {
            double variance = covariance[i, i];
            for (int j = 0; j <= i; j++)
            {
                double value = covariance[i, j];
                for (int k = 0; k < j; k++)
                {
                    value -= factor[i, k] * factor[j, k];
                }

                if (i == j && !(value > SmallestPivot * variance))
                {
                    throw new SingularCovarianceException(
                        variance > 0 ? $"'{names[i]}' is a linear function of {(i == 0 ? "nothing" : string.Join(", ", names.Take(i).Select(name => $"'{name}'")))}." : $"'{names[i]}' has the variance {variance}.",
                        "Leave such a variable out: it has no information of its own, or an infinite amount about the others.");
                }

                factor[i, j] = i == j ? Math.Sqrt(value) : value / factor[j, j];
            }

            sum += 2 * Math.Log(factor[i, i]);
        }

        return sum;
    }
}
