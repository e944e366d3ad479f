using static TorchSharp.torch;

namespace ArKernel.Heads.Flow;

/// <summary>
/// A deterministic map from Gaussian noise to a code, so that the code has given probabilities when the noise is normal (Distilled Decoding: Liu et al. 2024,
/// section 3.2). The target of the flow is a weighted set of codes, so its velocity is known exactly and nothing is learned. Of use wherever a categorical is
/// to be drawn by a smooth function of noise: common random numbers, interpolation.
/// </summary>
public static class CodebookFlow
{
    /// <summary>
    /// The velocity of the path x_t = (1 − t) ε + t q: V(x, t) = Σ_k w_k (c_k − x)/(1 − t) with w_k ∝ p_k exp(−‖x − t c_k‖²/(2 (1 − t)²)).
    /// </summary>
    /// <param name="x">[count, channels].</param>
    /// <param name="time">0 to less than 1; noise is at 0.</param>
    /// <param name="probabilities">[count, codes] or [1, codes], at least 0.</param>
    /// <param name="codebook">[codes, channels].</param>
    /// <returns>[count, channels].</returns>
    /// <exception cref="ArgumentOutOfRangeException">The time is not in 0 to 1, where the velocity is unbounded.</exception>
    public static Tensor Velocity(Tensor x, double time, Tensor probabilities, Tensor codebook)
    {
        if (!(time is >= 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(time), time, "The time must be at least 0 and less than 1.");
        }

        Check(x, probabilities, codebook);
        using var scope = NewDisposeScope();
        return Velocity(x, time, probabilities.log(), codebook, codebook.square().sum(-1)).MoveToOuterDisposeScope();
    }

    /// <summary>The codes of noise: solves dx/dt = V(x, t) from x(0) = ε to 1, and takes the nearest code.</summary>
    /// <param name="noise">[count, channels] standard normal (ε). Codes of about unit deviation fit it best.</param>
    /// <param name="probabilities">[count, codes] or [1, codes]; rows that sum to one.</param>
    /// <param name="codebook">[codes, channels].</param>
    /// <param name="steps">The number of steps.</param>
    /// <param name="solver">Euler, or Heun, whose last step is Euler's: the velocity at 1 is unbounded.</param>
    /// <returns>[count] int64.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit each other, or a row has no positive probability.</exception>
    public static Tensor Map(Tensor noise, Tensor probabilities, Tensor codebook, int steps = 20, FlowSolver solver = FlowSolver.Heun)
    {
        using IDisposable noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor end = Solve(noise, probabilities, codebook, steps, solver);

        // argmin ‖x − c‖² = argmin ½‖c‖² − x·c
        return (codebook.square().sum(-1) / 2 - end.matmul(codebook.t())).argmin(-1).MoveToOuterDisposeScope();
    }

    /// <summary>The end of the flow before the nearest code is taken.</summary>
    /// <param name="noise">[count, channels] standard normal (ε).</param>
    /// <param name="probabilities">[count, codes] or [1, codes]; rows that sum to one.</param>
    /// <param name="codebook">[codes, channels].</param>
    /// <param name="steps">The number of steps.</param>
    /// <param name="solver">Euler or Heun.</param>
    /// <returns>[count, channels].</returns>
    /// <exception cref="ArgumentException">The shapes do not fit each other, or a row has no positive probability.</exception>
    public static Tensor Solve(Tensor noise, Tensor probabilities, Tensor codebook, int steps = 20, FlowSolver solver = FlowSolver.Heun)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        if (solver == FlowSolver.EulerMaruyama)
        {
            throw new ArgumentException("The map from noise to codes is deterministic: use Euler or Heun.", nameof(solver));
        }

        Check(noise, probabilities, codebook);
        using IDisposable noGradient = no_grad();
        using var scope = NewDisposeScope();
        if (probabilities.min().to(ScalarType.Float64).item<double>() < 0 || !(probabilities.sum(-1).min().to(ScalarType.Float64).item<double>() > 0)) // so that NaN is refused
        {
            throw new ArgumentException("The probabilities must be at least 0, with a positive one in every row.", nameof(probabilities));
        }

        Tensor logarithms = probabilities.log(), squares = codebook.square().sum(-1), x = noise;
        double length = 1.0 / steps;
        for (int step = 0; step < steps; step++)
        {
            using var inner = NewDisposeScope();
            Tensor first = Velocity(x, step * length, logarithms, codebook, squares), next = x + first * length;
            if (solver == FlowSolver.Heun && step + 1 < steps)
            {
                Tensor second = Velocity(next, (step + 1) * length, logarithms, codebook, squares);
                next = x + (first + second) * (length / 2);
            }

            x = next.MoveToOuterDisposeScope();
        }

        return x.MoveToOuterDisposeScope();
    }

    private static Tensor Velocity(Tensor x, double time, Tensor logarithms, Tensor codebook, Tensor squares)
    {
        double left = 1 - time;

        // −‖x − t c‖²/(2 (1 − t)²) without ‖x‖², which is the same for all codes
        Tensor exponents = (x.matmul(codebook.t()) * time - squares * (time * time / 2)) / (left * left);
        Tensor mean = (logarithms + exponents).softmax(-1).matmul(codebook);
        return (mean - x) / left;
    }

    private static void Check(Tensor x, Tensor probabilities, Tensor codebook)
    {
        if (x.dim() != 2 || codebook.dim() != 2 || probabilities.dim() != 2 || x.shape[1] != codebook.shape[1] || probabilities.shape[1] != codebook.shape[0]
            || (probabilities.shape[0] != x.shape[0] && probabilities.shape[0] != 1))
        {
            throw new ArgumentException(
                $"CodebookFlow: points [{string.Join(", ", x.shape)}], probabilities [{string.Join(", ", probabilities.shape)}] and codebook [{string.Join(", ", codebook.shape)}] do not fit; " +
                "they must be [count, channels], [count, codes] or [1, codes], and [codes, channels].");
        }
    }
}
