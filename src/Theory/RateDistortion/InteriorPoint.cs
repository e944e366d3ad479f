using System.Numerics.Tensors;

namespace ArKernel.Theory.RateDistortion;

/// <summary>
/// A primal-dual interior-point method for an <see cref="ISimplexProblem"/>: some tens of Newton steps of cubic cost close the gap where the multiplicative
/// update, even accelerated, crawls because letters hardly differ or a whole segment of distributions is nearly best.
/// </summary>
internal static class InteriorPoint
{
    private const int StepLimit = 80;

    /// <summary>Minimises from a start, and leaves the best distribution met.</summary>
    /// <returns>How many steps it took, and the smallest gap.</returns>
    public static (int Steps, double Gap) Minimize(ISimplexProblem problem, Span<double> distribution, double tolerance)
    {
        int count = problem.Count;
        double[] q = new double[count], multipliers = new double[count], gradient = new double[count], exponents = new double[count];
        double[] hessian = new double[count * count], direction = new double[count], ones = new double[count], dual = new double[count];
        for (int i = 0; i < count; i++)
        {
            q[i] = 0.9 * distribution[i] + 0.1 / count;
        }

        problem.Derivatives(q, gradient, hessian);
        double level = TensorPrimitives.Min<double>(gradient) - 1e-2, best = double.PositiveInfinity, centering = 0.2;
        TensorPrimitives.Subtract(gradient, level, multipliers);
        for (int steps = 1; ; steps++)
        {
            (_, double gap) = problem.Evaluate(q, exponents);
            if (gap < best)
            {
                best = gap;
                q.CopyTo(distribution);
            }

            if (best <= tolerance || steps > StepLimit || !double.IsFinite(gap))
            {
                return (steps, best);
            }

            // Stationarity g − ν − μ = 0 and complementarity q μ = τ, with Σ dq = 0: (H + μ/q) dq − dν = ν − g + τ/q, dμ = τ/q − μ − (μ/q) dq.
            double target = centering * TensorPrimitives.Dot<double>(q, multipliers) / count;
            for (int i = 0; i < count; i++)
            {
                hessian[i * count + i] += multipliers[i] / q[i];
                direction[i] = level - gradient[i] + target / q[i];
                ones[i] = 1;
            }

            if (!Cholesky(hessian, count))
            {
                return (steps, best);
            }

            Solve(hessian, direction);
            Solve(hessian, ones);
            double levelStep = -TensorPrimitives.Sum<double>(direction) / TensorPrimitives.Sum<double>(ones);
            double length = 1;
            for (int i = 0; i < count; i++)
            {
                direction[i] += levelStep * ones[i];
                dual[i] = target / q[i] - multipliers[i] - multipliers[i] / q[i] * direction[i];
                length = direction[i] < 0 ? Math.Min(length, -0.99 * q[i] / direction[i]) : length;
                length = dual[i] < 0 ? Math.Min(length, -0.99 * multipliers[i] / dual[i]) : length;
            }

            TensorPrimitives.MultiplyAdd(direction, length, q, q);
            TensorPrimitives.MultiplyAdd(dual, length, multipliers, multipliers);
            level += length * levelStep;
            double total = TensorPrimitives.Sum<double>(q);
            TensorPrimitives.Divide(q, total, q);
            centering = length > 0.9 ? 0.05 : length > 0.5 ? 0.2 : 0.6;
            problem.Derivatives(q, gradient, hessian);
        }
    }

    /// <summary>The lower factor L of A = L Lᵀ in place of A's lower half; false when A is not positive definite to rounding.</summary>
    private static bool Cholesky(double[] matrix, int count)
    {
        for (int i = 0; i < count; i++)
        {
            Span<double> row = matrix.AsSpan(i * count, i + 1);
            for (int j = 0; j < i; j++)
            {
                row[j] = (row[j] - TensorPrimitives.Dot<double>(row[..j], matrix.AsSpan(j * count, j))) / matrix[j * count + j];
            }

            double rest = row[i] - TensorPrimitives.Dot<double>(row[..i], row[..i]);
            if (!(rest > 0) || !double.IsFinite(rest))
            {
                return false;
            }

            row[i] = Math.Sqrt(rest);
        }

        return true;
    }

    private static void Solve(double[] factor, double[] vector)
    {
        int count = vector.Length;
        for (int i = 0; i < count; i++)
        {
            vector[i] = (vector[i] - TensorPrimitives.Dot<double>(factor.AsSpan(i * count, i), vector.AsSpan(0, i))) / factor[i * count + i];
        }

        for (int i = count - 1; i >= 0; i--)
        {
            vector[i] /= factor[i * count + i];
            TensorPrimitives.MultiplyAdd(factor.AsSpan(i * count, i), -vector[i], vector.AsSpan(0, i), vector.AsSpan(0, i));
        }
    }
}
