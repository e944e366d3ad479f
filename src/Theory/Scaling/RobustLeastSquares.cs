using MathNet.Numerics.LinearAlgebra;

namespace ArKernel.Theory.Scaling;

/// <summary>The Levenberg-Marquardt method for Huber's penalty, by reweighting; derivatives by central differences.</summary>
internal static class RobustLeastSquares
{
    private const int MostSteps = 400;

    /// <summary>The parameters with the least penalty near a start.</summary>
    /// <param name="residuals">All residuals at given parameters; NaN where the model is not defined.</param>
    /// <param name="start">Where to begin.</param>
    /// <param name="threshold">From which residual on the penalty is linear.</param>
    public static (double[] Parameters, double Penalty) Minimise(Func<double[], double[]> residuals, double[] start, double threshold)
    {
        double[] at = [.. start];
        double[] r = residuals(at);
        double penalty = Penalty(r, threshold);
        double damping = 1e-3;
        for (int step = 0; step < MostSteps && damping < 1e12 && double.IsFinite(penalty); step++)
        {
            Matrix<double> j = Jacobian(residuals, at, r.Length);
            Vector<double> weights = Vector<double>.Build.Dense(r.Length, i => Math.Abs(r[i]) > threshold ? threshold / Math.Abs(r[i]) : 1);
            Matrix<double> weighted = Matrix<double>.Build.DenseOfDiagonalVector(weights) * j;
            Matrix<double> normal = j.TransposeThisAndMultiply(weighted);
            Vector<double> gradient = weighted.TransposeThisAndMultiply(Vector<double>.Build.Dense(r));
            double before = penalty;
            while (damping < 1e12)
            {
                Matrix<double> damped = normal.Clone();
                for (int i = 0; i < at.Length; i++)
                {
                    damped[i, i] += damping * Math.Max(normal[i, i], 1e-12);
                }

                Vector<double> move = damped.Solve(gradient);
                double[] next = [.. at.Select((value, i) => value - move[i])];
                double[] nextResiduals = residuals(next);
                double nextPenalty = Penalty(nextResiduals, threshold);
                if (nextPenalty < penalty)
                {
                    (at, r, penalty, damping) = (next, nextResiduals, nextPenalty, Math.Max(1e-12, damping / 5));
                    break;
                }

                damping *= 4;
            }

            if (before - penalty <= 1e-13 * before)
            {
                break;
            }
        }

        return (at, penalty);
    }

    private static double Penalty(double[] residuals, double threshold)
    {
        double sum = 0;
        foreach (double residual in residuals)
        {
            double size = Math.Abs(residual);
            sum += size <= threshold ? size * size : 2 * threshold * size - threshold * threshold;
        }

        return double.IsNaN(sum) ? double.PositiveInfinity : sum;
    }

    private static Matrix<double> Jacobian(Func<double[], double[]> residuals, double[] at, int count)
    {
        Matrix<double> jacobian = Matrix<double>.Build.Dense(count, at.Length);
        for (int j = 0; j < at.Length; j++)
        {
            double h = 1e-6 * Math.Max(1, Math.Abs(at[j]));
            double[] up = [.. at], down = [.. at];
            up[j] += h;
            down[j] -= h;
            (double[] above, double[] below) = (residuals(up), residuals(down));
            for (int i = 0; i < count; i++)
            {
                jacobian[i, j] = (above[i] - below[i]) / (2 * h);
            }
        }

        return jacobian;
    }
}
