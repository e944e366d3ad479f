namespace ArKernel.Theory.Semantic;

/// <summary>
/// A modern Hopfield memory (Ramsauer et al. 2020): patterns are stored as the columns of X, and ξ ← X softmax(β Xᵀ ξ) recalls one. A step is one attention
/// read, with keys and values X, and lowers the energy −β⁻¹ ln Σ exp(β ⟨x_i, ξ⟩) + ½ ‖ξ‖².
/// </summary>
public sealed class AssociativeMemory
{
    private readonly double[,] patterns;
    private readonly double inverseTemperature;

    /// <summary>Stores patterns.</summary>
    /// <param name="patterns">[patterns, coordinates].</param>
    /// <param name="inverseTemperature">β, above 0.</param>
    /// <exception cref="NotFiniteException">A coordinate is NaN or infinite.</exception>
    /// <exception cref="ArgumentException">There is no pattern, or β is not above 0.</exception>
    public AssociativeMemory(double[,] patterns, double inverseTemperature)
    {
        Check.Finite(patterns, "The patterns");
        if (patterns.Length == 0 || !(inverseTemperature > 0) || !double.IsFinite(inverseTemperature))
        {
            throw new ArgumentException($"Patterns of {patterns.GetLength(0)} × {patterns.GetLength(1)} with β = {inverseTemperature} were given; there must be one, and β above 0.");
        }

        (this.patterns, this.inverseTemperature) = ((double[,])patterns.Clone(), inverseTemperature);
    }

    /// <summary>The softmax weights of the patterns, and the energy, of a state.</summary>
    /// <param name="state">ξ.</param>
    /// <exception cref="ArgumentException">It has another number of coordinates.</exception>
    public (double[] Attention, double Energy) Read(double[] state)
    {
        if (state.Length != patterns.GetLength(1))
        {
            throw new ArgumentException($"The state has {state.Length} coordinates; the patterns have {patterns.GetLength(1)}.");
        }

        double[] energies = new double[patterns.GetLength(0)];
        for (int i = 0; i < energies.Length; i++)
        {
            for (int c = 0; c < state.Length; c++)
            {
                energies[i] -= patterns[i, c] * state[c];
            }
        }

        (double[] attention, double free) = VariationalBound.Boltzmann(energies, 1 / inverseTemperature);
        return (attention, free + state.Sum(value => value * value) / 2);
    }

    /// <summary>Recalls from a cue.</summary>
    /// <param name="cue">ξ, such as a pattern with noise.</param>
    /// <param name="steps">The number of steps; one is one attention read.</param>
    /// <returns>The state after them.</returns>
    /// <exception cref="ArgumentException">The cue has another number of coordinates.</exception>
    public double[] Retrieve(double[] cue, int steps = 1)
    {
        double[] state = [.. cue];
        for (int step = 0; step < steps; step++)
        {
            double[] attention = Read(state).Attention;
            double[] next = new double[state.Length];
            for (int i = 0; i < attention.Length; i++)
            {
                for (int c = 0; c < next.Length; c++)
                {
                    next[c] += attention[i] * patterns[i, c];
                }
            }

            state = next;
        }

        return state;
    }

    /// <summary>The share of the stored patterns that come back from a noisy cue: the one with most weight is the one asked for.</summary>
    /// <param name="noise">The standard deviation of the noise on each coordinate.</param>
    /// <param name="seed">The seed of the noise.</param>
    public double RecalledShare(double noise, int seed)
    {
        Random random = new(seed);
        int recalled = 0;
        for (int i = 0; i < patterns.GetLength(0); i++)
        {
            double[] cue = [.. Enumerable.Range(0, patterns.GetLength(1)).Select(c => patterns[i, c] + MathNet.Numerics.Distributions.Normal.Sample(random, 0, 1) * noise)];
            double[] attention = Read(Retrieve(cue)).Attention;
            recalled += Array.IndexOf(attention, attention.Max()) == i ? 1 : 0;
        }

        return (double)recalled / patterns.GetLength(0);
    }
}
