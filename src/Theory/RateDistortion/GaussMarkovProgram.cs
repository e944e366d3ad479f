using MathNet.Numerics.LinearAlgebra;

namespace ArKernel.Theory.RateDistortion;

/// <summary>
/// The convex program of sequential rate-distortion. With M = Aᵀ W⁻¹ A the determinant lemma turns the objective into f(P) = ½ ln det W + ½ ln det(P⁻¹ + M), which is convex, under
/// C = A P Aᵀ + W − P ≥ 0 and tr P ≤ D. A barrier method follows the centres of t f(P) − ln det C − ln(D − tr P); each gives multipliers Y = C⁻¹/t and θ = 1/(t (D − tr P)), and those
/// a bound in closed form (see <see cref="DualBound"/>) that holds whether or not the centring was exact.
/// </summary>
internal sealed class GaussMarkovProgram(Matrix<double> transition, Matrix<double> noise, double distortion)
{
    private const int StepLimit = 500;

    private readonly int size = transition.RowCount;
    private readonly Matrix<double> information = transition.Transpose() * noise.Inverse() * transition; // M
    private readonly Matrix<double> identity = Matrix<double>.Build.DenseIdentity(transition.RowCount);
    private readonly double noiseLogDeterminant = LogDeterminant(noise);

    public SequentialRate Solve(double tolerance)
    {
        double smallest = noise.Evd(Symmetricity.Symmetric).EigenValues.Min(value => value.Real);
        Matrix<double> covariance = identity * (0.5 * Math.Min(smallest, distortion / size));
        double weight = 1, lower = 0, upper = double.PositiveInfinity;
        Matrix<double> best = covariance;
        for (int steps = 0; steps < StepLimit;)
        {
            double decrement = double.PositiveInfinity;
            while (decrement > 1e-8 && steps++ < StepLimit && Newton(weight, ref covariance, out decrement))
            {
            }

            double rate = Rate(covariance);
            if (rate < upper)
            {
                (upper, best) = (rate, covariance);
            }

            lower = Math.Max(lower, DualBound(Slack(covariance).Inverse() / weight, 1 / (weight * (distortion - covariance.Trace()))));
            if (upper - lower <= tolerance)
            {
                return new SequentialRate(Math.Min(lower, upper), upper, best, Predicted(best), steps, tolerance);
            }

            weight *= 10;
            if (weight > 1e16)
            {
                break;
            }
        }

        throw new NoConvergenceException(
            $"The rate lies in [{Quantity.Format(lower)}, {Quantity.Format(upper)}] nats; a width of {tolerance:G3} was asked for.", "Ask for a wider interval, or scale the states so that their noise variances are comparable.");
    }

    private Matrix<double> Predicted(Matrix<double> covariance) => transition * covariance * transition.Transpose() + noise;

    private Matrix<double> Slack(Matrix<double> covariance) => Predicted(covariance) - covariance;

    private double Rate(Matrix<double> covariance) => Math.Max(0, 0.5 * (LogDeterminant(Predicted(covariance)) - LogDeterminant(covariance)));

    /// <summary>
    /// min_P f(P) + tr(S P) − tr(Y W) − θ D with S = Y − Aᵀ Y A + θ I: at the minimum P + P M P = ½ S⁻¹, which with N = S^-½ M S^-½ and its eigenvalues n_i is
    /// solved by q_i = 1/(1 + √(1 + 2 n_i)), the eigenvalues of S^½ P S^½.
    /// </summary>
    private double DualBound(Matrix<double> multiplier, double theta)
    {
        Matrix<double> combined = Symmetric(multiplier - transition.Transpose() * multiplier * transition + identity * theta);
        if (!TryCholesky(combined, out Matrix<double> factor))
        {
            return double.NegativeInfinity;
        }

        // Eigenvalues of L⁻¹ M L⁻ᵀ are those of S^-½ M S^-½.
        Matrix<double> inverse = factor.Inverse();
        Matrix<double> ratio = Symmetric(inverse * information * inverse.Transpose());
        double bound = 0.5 * noiseLogDeterminant + factor.Diagonal().Sum(Math.Log) - 0.5 * size * Math.Log(2) - (multiplier * noise).Trace() - theta * distortion;
        foreach (System.Numerics.Complex eigenvalue in ratio.Evd(Symmetricity.Symmetric).EigenValues)
        {
            double q = 1 / (1 + Math.Sqrt(1 + 2 * Math.Max(0, eigenvalue.Real)));
            bound += q - Math.Log(q);
        }

        return bound;
    }

    private double Barrier(double weight, Matrix<double> covariance)
    {
        double room = distortion - covariance.Trace();
        return room > 0 && TryCholesky(Symmetric(covariance), out Matrix<double> factor) && TryCholesky(Symmetric(Slack(covariance)), out Matrix<double> slack)
            ? weight * 0.5 * (LogDeterminant(Symmetric(Predicted(covariance))) - 2 * factor.Diagonal().Sum(Math.Log)) - 2 * slack.Diagonal().Sum(Math.Log) - Math.Log(room)
            : double.PositiveInfinity;
    }

    private bool Newton(double weight, ref Matrix<double> covariance, out double decrement)
    {
        Matrix<double> a = transition, p = covariance, m = information;
        Matrix<double> curvature = Symmetric(p + p * m * p).Inverse(), inverse = Symmetric(Slack(p)).Inverse();
        double room = distortion - p.Trace();
        Matrix<double> gradient = -0.5 * weight * curvature - (a.Transpose() * inverse * a - inverse) + identity / room;
        int unknowns = size * (size + 1) / 2;
        Matrix<double> hessian = Matrix<double>.Build.Dense(unknowns, unknowns);
        Vector<double> right = Vector<double>.Build.Dense(unknowns);
        int column = 0;
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j <= i; j++, column++)
            {
                Matrix<double> direction = Matrix<double>.Build.Dense(size, size);
                direction[i, j] = direction[j, i] = 1;
                Matrix<double> slack = inverse * (a * direction * a.Transpose() - direction) * inverse;
                Matrix<double> change = 0.5 * weight * curvature * (direction + direction * m * p + p * m * direction) * curvature
                    + a.Transpose() * slack * a - slack + identity * (direction.Trace() / (room * room));
                right[column] = i == j ? -gradient[i, i] : -gradient[i, j] - gradient[j, i];
                int row = 0;
                for (int k = 0; k < size; k++)
                {
                    for (int l = 0; l <= k; l++, row++)
                    {
                        hessian[row, column] = k == l ? change[k, k] : change[k, l] + change[l, k];
                    }
                }
            }
        }

        Vector<double> solution = Symmetric(hessian).Solve(right);
        decrement = solution.DotProduct(right);
        if (!(decrement > 0) || !double.IsFinite(decrement))
        {
            decrement = 0;
            return false;
        }

        Matrix<double> step = Matrix<double>.Build.Dense(size, size);
        column = 0;
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j <= i; j++, column++)
            {
                step[i, j] = step[j, i] = solution[column];
            }
        }

        double before = Barrier(weight, covariance);
        for (double length = 1; length > 1e-10; length /= 2)
        {
            Matrix<double> next = covariance + step * length;
            if (Barrier(weight, next) < before - 0.1 * length * decrement)
            {
                covariance = next;
                return true;
            }
        }

        return false; // no progress beyond rounding
    }

    private static Matrix<double> Symmetric(Matrix<double> matrix) => (matrix + matrix.Transpose()) * 0.5;

    private static double LogDeterminant(Matrix<double> matrix) => 2 * matrix.Cholesky().Factor.Diagonal().Sum(Math.Log);

    private static bool TryCholesky(Matrix<double> matrix, out Matrix<double> factor)
    {
        try
        {
            factor = matrix.Cholesky().Factor;
            return factor.Diagonal().All(double.IsFinite);
        }
        catch (ArgumentException) // Math.NET's word for "not positive definite"
        {
            factor = matrix;
            return false;
        }
    }
}
