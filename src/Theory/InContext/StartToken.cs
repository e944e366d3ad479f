using MathNet.Numerics.Distributions;

namespace ArKernel.Theory.InContext;

/// <summary>The moments of a start token on which training depends (Zheng et al. 2024, Assumption 4.1), each the same for every coordinate j.</summary>
/// <param name="Second">κ₀ = E x_j².</param>
/// <param name="Fourth">κ₁ = E x_j⁴.</param>
/// <param name="Sixth">κ₂ = E x_j⁶.</param>
/// <param name="Mixed">κ₃ = Σ_{r≠j} E x_j² x_r⁴.</param>
public sealed record StartMoments(double Second, double Fourth, double Sixth, double Mixed);

/// <summary>The law of the first token x₁ ∈ ℝ^d.</summary>
public abstract record StartToken
{
    private StartToken()
    {
    }

    /// <summary>x₁ ~ N(0, s² I): the prediction shrinks to a fifth of the truth (Proposition 4.1).</summary>
    /// <param name="Scale">s, positive.</param>
    public sealed record Gaussian(double Scale) : StartToken;

    /// <summary>x₁ uniform on the 2d vectors ±c e_j: the truth is recovered exactly (Example 4.1).</summary>
    /// <param name="Scale">c, positive.</param>
    public sealed record SparseOneHot(double Scale) : StartToken;

    /// <summary>Independent signs ±c.</summary>
    /// <param name="Scale">c, positive.</param>
    public sealed record Signs(double Scale) : StartToken;

    /// <summary>x₁ = (1, …, 1), which violates Assumption 4.1.</summary>
    public sealed record Ones : StartToken;

    /// <summary>The exact moments in d dimensions.</summary>
    /// <param name="dimension">d.</param>
    public StartMoments Moments(int dimension) => this switch
    {
        Gaussian { Scale: var s } => new(s * s, 3 * Math.Pow(s, 4), 15 * Math.Pow(s, 6), 3 * (dimension - 1) * Math.Pow(s, 6)),
        SparseOneHot { Scale: var c } => new(c * c / dimension, Math.Pow(c, 4) / dimension, Math.Pow(c, 6) / dimension, 0),
        Signs { Scale: var c } => new(c * c, Math.Pow(c, 4), Math.Pow(c, 6), (dimension - 1) * Math.Pow(c, 6)),
        _ => new(1, 1, 1, dimension - 1),
    };

    /// <summary>Whether Assumption 4.1 holds: every monomial with a coordinate of exponent 1 has mean zero.</summary>
    public bool MeetsMomentCondition => this is not Ones;

    /// <summary>Whether Assumption 4.2 holds: every |x_j| is 0 or one constant, so that the trained model recovers the process.</summary>
    public bool Recoverable => this is not Gaussian;

    internal void Draw(Random random, Span<double> token)
    {
        switch (this)
        {
            case Gaussian { Scale: var s }:
                for (int j = 0; j < token.Length; j++)
                {
                    token[j] = Normal.Sample(random, 0, s);
                }

                break;
            case SparseOneHot { Scale: var c }:
                token.Clear();
                token[random.Next(token.Length)] = random.Next(2) == 0 ? c : -c;
                break;
            case Signs { Scale: var c }:
                for (int j = 0; j < token.Length; j++)
                {
                    token[j] = random.Next(2) == 0 ? c : -c;
                }

                break;
            default:
                token.Fill(1);
                break;
        }
    }
}

/// <summary>Noiseless autoregressive sequences x_{t+1} = W x_t with W = diag(e^{iθ_1}, …, e^{iθ_d}), θ uniform and fresh for each sequence.</summary>
public static class AutoregressiveProcess
{
    /// <summary>Draws sequences.</summary>
    /// <param name="count">How many.</param>
    /// <param name="length">T.</param>
    /// <param name="dimension">d.</param>
    /// <param name="start">The law of x₁.</param>
    /// <param name="seed">The seed.</param>
    /// <returns>[count][length, dimension].</returns>
    /// <exception cref="ArgumentException">A size is too small.</exception>
    public static System.Numerics.Complex[][,] Sample(int count, int length, int dimension, StartToken start, int seed)
    {
        if (count < 1 || length < 3 || dimension < 1)
        {
            throw new ArgumentException($"{count} sequences of length {length} in {dimension} dimensions; there must be at least 1, of length 3, in 1 dimension.");
        }

        var random = new Random(seed);
        var sequences = new System.Numerics.Complex[count][,];
        double[] token = new double[dimension];
        for (int n = 0; n < count; n++)
        {
            var sequence = new System.Numerics.Complex[length, dimension];
            start.Draw(random, token);
            for (int j = 0; j < dimension; j++)
            {
                double angle = 2 * Math.PI * random.NextDouble();
                for (int t = 0; t < length; t++)
                {
                    sequence[t, j] = token[j] * System.Numerics.Complex.FromPolarCoordinates(1, angle * t);
                }
            }

            sequences[n] = sequence;
        }

        return sequences;
    }
}
