using MathNet.Numerics.LinearAlgebra;
using Complex = System.Numerics.Complex;

namespace ArKernel.Theory.InContext;

/// <summary>
/// One layer of linear causal self-attention on tokens e_t = (x_t; x_{t−1}) (Zheng et al. 2024, section 3): ŷ_t = W^PV E_t E_t* W^KQ e_t / (t − 1). Only two blocks of the weights
/// ever move from the diagonal initialisation: A, from x_t to x_{t−1} in W^KQ, and B, of x_t in W^PV.
/// </summary>
/// <param name="A">The block A, [d, d].</param>
/// <param name="B">The block B, [d, d].</param>
public sealed record LinearCausalSelfAttention(Matrix<Complex> A, Matrix<Complex> B)
{
    /// <summary>A = a I and B = b I (Assumption 3.1).</summary>
    /// <param name="dimension">d.</param>
    /// <param name="a">a₀.</param>
    /// <param name="b">b₀.</param>
    public static LinearCausalSelfAttention Diagonal(int dimension, double a, double b) => new(
        Matrix<Complex>.Build.DenseIdentity(dimension) * a, Matrix<Complex>.Build.DenseIdentity(dimension) * b);

    /// <summary>ŷ_t by the definition, with all the weights, [2d, 2d] and [d, 2d].</summary>
    /// <param name="sequence">[time, d].</param>
    /// <param name="t">t ≥ 2: how many tokens are seen.</param>
    public Vector<Complex> ForwardLiteral(Complex[,] sequence, int t)
    {
        int d = Check(sequence, t);
        Matrix<Complex> query = Matrix<Complex>.Build.Dense(2 * d, 2 * d), value = Matrix<Complex>.Build.Dense(d, 2 * d);
        query.SetSubMatrix(d, 0, A);
        value.SetSubMatrix(0, 0, B);
        Matrix<Complex> tokens = Matrix<Complex>.Build.Dense(2 * d, t, (i, k) => i < d ? sequence[k, i] : k > 0 ? sequence[k - 1, i - d] : 0);
        return value * (tokens * (tokens.ConjugateTranspose() * (query * tokens.Column(t - 1)))) / (t - 1);
    }

    /// <summary>ŷ_t = B S_t A x_t / (t − 1), S_t = Σ_{i=2..t} x_i x*_{i−1}.</summary>
    /// <param name="sequence">[time, d].</param>
    /// <param name="t">t ≥ 2: how many tokens are seen.</param>
    public Vector<Complex> Forward(Complex[,] sequence, int t)
    {
        int d = Check(sequence, t);
        Vector<Complex> key = A * Vector<Complex>.Build.Dense(d, i => sequence[t - 1, i]), sum = Vector<Complex>.Build.Dense(d);
        for (int k = 1; k < t; k++)
        {
            // The Hermitian product: a real one would keep only the cosine of the rotation, and be another model.
            Complex product = Complex.Zero;
            for (int i = 0; i < d; i++)
            {
                product += Complex.Conjugate(sequence[k - 1, i]) * key[i];
            }

            for (int i = 0; i < d; i++)
            {
                sum[i] += sequence[k, i] * product;
            }
        }

        return B * sum / (t - 1);
    }

    /// <summary>The mean over sequences of Σ_{t=2..T−1} ½‖ŷ_t − x_{t+1}‖², and its gradients ∂/∂Re + i ∂/∂Im in closed form.</summary>
    /// <param name="sequences">[count][time, d].</param>
    public (double Loss, Matrix<Complex> GradientA, Matrix<Complex> GradientB) LossAndGradients(IReadOnlyList<Complex[,]> sequences)
    {
        int d = A.RowCount;
        Matrix<Complex> gradientA = Matrix<Complex>.Build.Dense(d, d), gradientB = Matrix<Complex>.Build.Dense(d, d), adjoint = B.ConjugateTranspose();
        double loss = 0;
        foreach (Complex[,] sequence in sequences)
        {
            Matrix<Complex> sum = Matrix<Complex>.Build.Dense(d, d);
            for (int t = 2; t < sequence.GetLength(0); t++)
            {
                Vector<Complex> now = Vector<Complex>.Build.Dense(d, i => sequence[t - 1, i]), before = Vector<Complex>.Build.Dense(d, i => sequence[t - 2, i]);
                sum += now.OuterProduct(before.Conjugate());
                Matrix<Complex> mean = sum / (t - 1);
                Vector<Complex> hidden = mean * (A * now), error = B * hidden - Vector<Complex>.Build.Dense(d, i => sequence[t, i]);
                loss += 0.5 * error.Sum(value => value.Real * value.Real + value.Imaginary * value.Imaginary);
                gradientB += error.OuterProduct(hidden.Conjugate());
                gradientA += (mean.ConjugateTranspose() * (adjoint * error)).OuterProduct(now.Conjugate());
            }
        }

        return (loss / sequences.Count, gradientA / sequences.Count, gradientB / sequences.Count);
    }

    /// <summary>Full-batch gradient descent, which is what the paper's simulations run.</summary>
    /// <param name="sequences">[count][time, d].</param>
    /// <param name="learningRate">The step size.</param>
    /// <param name="steps">How many steps.</param>
    /// <param name="diagonalOnly">Whether off-diagonal gradients are set to zero.</param>
    /// <returns>The model after each step, the initial one first.</returns>
    /// <exception cref="NoConvergenceException">The loss grew without bound.</exception>
    public IReadOnlyList<LinearCausalSelfAttention> Train(IReadOnlyList<Complex[,]> sequences, double learningRate, int steps, bool diagonalOnly = false)
    {
        List<LinearCausalSelfAttention> path = [this];
        LinearCausalSelfAttention model = this;
        for (int step = 0; step < steps; step++)
        {
            (double loss, Matrix<Complex> a, Matrix<Complex> b) = model.LossAndGradients(sequences);
            if (!double.IsFinite(loss))
            {
                throw new NoConvergenceException($"The loss is {loss} after {step} steps of size {learningRate}.", "Take smaller steps.");
            }

            if (diagonalOnly)
            {
                (a, b) = (Matrix<Complex>.Build.DenseOfDiagonalVector(a.Diagonal()), Matrix<Complex>.Build.DenseOfDiagonalVector(b.Diagonal()));
            }

            model = new(model.A - a * learningRate, model.B - b * learningRate);
            path.Add(model);
        }

        return path;
    }

    private int Check(Complex[,] sequence, int t)
    {
        int d = A.RowCount;
        if (A.ColumnCount != d || B.RowCount != d || B.ColumnCount != d || sequence.GetLength(1) != d || t < 2 || t > sequence.GetLength(0))
        {
            throw new ArgumentException(
                $"A is [{A.RowCount}, {A.ColumnCount}], B [{B.RowCount}, {B.ColumnCount}], the sequence [{sequence.GetLength(0)}, {sequence.GetLength(1)}] and t = {t}; A and B must be [d, d], the sequence [time, d] and 2 ≤ t ≤ time.");
        }

        return d;
    }
}
