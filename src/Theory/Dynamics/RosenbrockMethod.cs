using System.Numerics.Tensors;

namespace ArKernel.Theory.Dynamics;

/// <summary>RODAS 4(3): six stages, each a linear system with one matrix I/(γh) − J (Hairer and Wanner 1996, IV.7, in the transformed variables of that section).</summary>
internal sealed class RosenbrockMethod : OdeMethod
{
    private const double Gamma = 0.25;
    private static readonly double[] Nodes = [0, 0.386, 0.21, 0.63, 1, 1];
    private static readonly double[] TimeWeights = [0.25, -0.1043, 0.1035, -0.0362, 0, 0];
    private static readonly double[][] A =
    [
        [], [1.544], [0.9466785280815826, 0.2557011698983284], [3.314825187068521, 2.896124015972201, 0.9986419139977817],
        [1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950],
        [1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950, 1],
    ];

    private static readonly double[][] C =
    [
        [], [-5.6688], [-2.430093356833875, -0.2063599157091915], [-0.1073529058151375, -9.594562251023355, -20.47028614809616],
        [7.496443313967647, -10.24680431464352, -33.99990352819905, 11.70890893206160],
        [8.083246795921522, -7.981132988064893, -31.52159432874371, 16.31930543123136, -6.058818238834054],
    ];

    private static readonly double[] First = [10.12623508344586, -7.487995877610167, -34.80091861555747, -7.992771707568823, 1.025137723295662];
    private static readonly double[] Second = [-0.6762803392801253, 6.087714651680015, 16.43084320892478, 24.76722511418386, -6.594389125716872];

    private readonly Jacobian? given;
    private readonly int size;
    private readonly double[][] stages;
    private readonly double[] jacobian, matrix, derivative, timeDerivative, argument, moved;
    private readonly int[] pivots;
    private bool fresh;

    public RosenbrockMethod(RightHandSide rightHandSide, Jacobian? jacobian, int dimension)
        : base("Rosenbrock RODAS 4(3)", 4, rightHandSide, dimension)
    {
        (given, size, DenseLength) = (jacobian, dimension, 5 * dimension);
        stages = [.. Enumerable.Range(0, 6).Select(_ => new double[dimension])];
        (this.jacobian, matrix, pivots) = (new double[dimension * dimension], new double[dimension * dimension], new int[dimension]);
        (derivative, timeDerivative, argument, moved) = (new double[dimension], new double[dimension], new double[dimension], new double[dimension]);
    }

    /// <inheritdoc/>
    public override int DenseLength { get; }

    /// <inheritdoc/>
    public override void Accept() => fresh = false;

    /// <inheritdoc/>
    public override void Attempt(double time, double[] state, double step)
    {
        if (!fresh)
        {
            Linearize(time, state, step);
            fresh = true;
        }

        for (int i = 0; i < matrix.Length; i++)
        {
            matrix[i] = -jacobian[i];
        }

        for (int i = 0; i < size; i++)
        {
            matrix[i * size + i] += 1 / (Gamma * step);
        }

        if (!Factor())
        {
            Array.Fill(Error, double.PositiveInfinity); // a smaller step makes the matrix regular
            return;
        }

        for (int stage = 0; stage < 6; stage++)
        {
            double[] k = stages[stage];
            if (stage == 0)
            {
                derivative.CopyTo(k, 0);
            }
            else
            {
                state.CopyTo(argument, 0);
                for (int j = 0; j < stage; j++)
                {
                    TensorPrimitives.MultiplyAdd(stages[j], A[stage][j], argument, argument);
                }

                Evaluate(time + Nodes[stage] * step, argument, k);
            }

            TensorPrimitives.MultiplyAdd(timeDerivative, step * TimeWeights[stage], k, k);
            for (int j = 0; j < stage; j++)
            {
                TensorPrimitives.MultiplyAdd(stages[j], C[stage][j] / step, k, k);
            }

            Solve(k);
        }

        stages[5].CopyTo(Error, 0);
        TensorPrimitives.Add(argument, stages[5], Next); // the last argument is y + Σ a₅ k + k₅; the error estimate k₆ completes it
    }

    /// <inheritdoc/>
    public override void Dense(double[] state, double step, Span<double> coefficients)
    {
        // y = (1−θ) y₀ + θ (y₁ + (1−θ)(d₁ + θ d₂)), in powers of θ.
        int n = size;
        coefficients.Clear();
        for (int i = 0; i < n; i++)
        {
            double d1 = 0, d2 = 0;
            for (int j = 0; j < 5; j++)
            {
                d1 += First[j] * stages[j][i];
                d2 += Second[j] * stages[j][i];
            }

            coefficients[i] = state[i];
            coefficients[n + i] = Next[i] - state[i] + d1;
            coefficients[2 * n + i] = d2 - d1;
            coefficients[3 * n + i] = -d2;
        }
    }

    private void Linearize(double time, double[] state, double step)
    {
        Evaluate(time, state, derivative);
        double shift = Math.Sqrt(1e-16) * Math.Max(Math.Abs(time), Math.Abs(step));
        Evaluate(time + shift, state, timeDerivative);
        TensorPrimitives.Subtract(timeDerivative, derivative, timeDerivative);
        TensorPrimitives.Divide(timeDerivative, shift, timeDerivative);
        if (given is not null)
        {
            given(time, state, jacobian);
            return;
        }

        state.CopyTo(moved, 0);
        for (int j = 0; j < size; j++)
        {
            double delta = 1.5e-8 * Math.Max(1e-5, Math.Abs(state[j]));
            moved[j] = state[j] + delta;
            delta = moved[j] - state[j];
            Evaluate(time, moved, argument);
            for (int i = 0; i < size; i++)
            {
                jacobian[i * size + j] = (argument[i] - derivative[i]) / delta;
            }

            moved[j] = state[j];
        }
    }

    private bool Factor()
    {
        int n = size;
        for (int k = 0; k < n; k++)
        {
            int pivot = k;
            for (int i = k + 1; i < n; i++)
            {
                pivot = Math.Abs(matrix[i * n + k]) > Math.Abs(matrix[pivot * n + k]) ? i : pivot;
            }

            pivots[k] = pivot;
            double head = matrix[pivot * n + k];
            if (head == 0 || !double.IsFinite(head))
            {
                return false;
            }

            if (pivot != k)
            {
                for (int j = 0; j < n; j++)
                {
                    (matrix[k * n + j], matrix[pivot * n + j]) = (matrix[pivot * n + j], matrix[k * n + j]);
                }
            }

            ReadOnlySpan<double> source = matrix.AsSpan(k * n + k + 1, n - k - 1);
            for (int i = k + 1; i < n; i++)
            {
                double factor = matrix[i * n + k] /= head;
                Span<double> row = matrix.AsSpan(i * n + k + 1, n - k - 1);
                TensorPrimitives.MultiplyAdd(source, -factor, row, row);
            }
        }

        return true;
    }

    private void Solve(double[] vector)
    {
        int n = size;
        for (int k = 0; k < n; k++)
        {
            (vector[k], vector[pivots[k]]) = (vector[pivots[k]], vector[k]);
        }

        for (int i = 1; i < n; i++)
        {
            vector[i] -= TensorPrimitives.Dot<double>(matrix.AsSpan(i * n, i), vector.AsSpan(0, i));
        }

        for (int i = n - 1; i >= 0; i--)
        {
            vector[i] = (vector[i] - TensorPrimitives.Dot<double>(matrix.AsSpan(i * n + i + 1, n - i - 1), vector.AsSpan(i + 1))) / matrix[i * n + i];
        }
    }
}
