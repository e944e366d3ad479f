using MathNet.Numerics.LinearAlgebra;
using Complex = System.Numerics.Complex;

namespace ArKernel.Theory.InContext;

/// <summary>Linear predictors fitted inside one sequence: estimates of W in x_{t+1} = W x_t from the pairs seen so far.</summary>
/// <param name="Gram">G = Σ x_i x_i*, [d, d].</param>
/// <param name="Cross">C = Σ x_{i+1} x_i*, [d, d].</param>
public sealed record InContextLinear(Matrix<Complex> Gram, Matrix<Complex> Cross)
{
    /// <summary>The pairs of the first t tokens.</summary>
    /// <param name="sequence">[time, d].</param>
    /// <param name="t">How many tokens are seen, at least 2.</param>
    public static InContextLinear Of(Complex[,] sequence, int t)
    {
        if (t < 2 || t > sequence.GetLength(0))
        {
            throw new ArgumentException($"t = {t} of a sequence of {sequence.GetLength(0)} tokens; it must be at least 2 and at most the length.");
        }

        Matrix<Complex> now = Matrix<Complex>.Build.Dense(sequence.GetLength(1), t - 1, (i, k) => sequence[k, i]);
        Matrix<Complex> next = Matrix<Complex>.Build.Dense(sequence.GetLength(1), t - 1, (i, k) => sequence[k + 1, i]);
        return new(now * now.ConjugateTranspose(), next * now.ConjugateTranspose());
    }

    /// <summary>One step of gradient descent from W = 0: η C.</summary>
    /// <param name="rate">η.</param>
    public Matrix<Complex> OneStep(double rate) => Cross * rate;

    /// <summary>k steps of gradient descent from W = 0: W ← W + η (C − W G).</summary>
    /// <param name="steps">k.</param>
    /// <param name="rate">η.</param>
    public Matrix<Complex> Steps(int steps, double rate)
    {
        Matrix<Complex> weights = Cross * 0;
        for (int k = 0; k < steps; k++)
        {
            weights += (Cross - weights * Gram) * rate;
        }

        return weights;
    }

    /// <summary>Least squares: C G⁺.</summary>
    public Matrix<Complex> LeastSquares() => Cross * Gram.PseudoInverse();

    /// <summary>Ridge regression: C (G + λ I)⁻¹.</summary>
    /// <param name="penalty">λ, positive.</param>
    public Matrix<Complex> Ridge(double penalty) => penalty > 0
        ? Cross * (Gram + Matrix<Complex>.Build.DenseIdentity(Gram.RowCount) * penalty).Inverse()
        : throw new ArgumentException($"The penalty is {penalty}; it must be positive. LeastSquares has none.", nameof(penalty));

    /// <summary>Recursive least squares over the first t tokens, which equals ridge regression at every t.</summary>
    /// <param name="sequence">[time, d].</param>
    /// <param name="t">How many tokens are seen, at least 2.</param>
    /// <param name="penalty">λ, positive.</param>
    public static Matrix<Complex> Recursive(Complex[,] sequence, int t, double penalty)
    {
        if (!(penalty > 0) || t < 2 || t > sequence.GetLength(0))
        {
            throw new ArgumentException($"The penalty is {penalty} and t = {t} of {sequence.GetLength(0)}; the penalty must be positive and t from 2 to the length.");
        }

        int d = sequence.GetLength(1);
        Matrix<Complex> inverse = Matrix<Complex>.Build.DenseIdentity(d) / penalty, weights = Matrix<Complex>.Build.Dense(d, d);
        for (int k = 0; k + 1 < t; k++)
        {
            Vector<Complex> x = Vector<Complex>.Build.Dense(d, i => sequence[k, i]), y = Vector<Complex>.Build.Dense(d, i => sequence[k + 1, i]);
            Vector<Complex> gain = inverse * x;
            inverse -= gain.OuterProduct(gain.Conjugate()) / (1 + x.ConjugateDotProduct(gain));
            weights += (y - weights * x).OuterProduct((inverse * x).Conjugate());
        }

        return weights;
    }
}
