namespace ArKernel.Theory.Semantic;

/// <summary>
/// The general autoregressive model as a latent-variable one: what is attended to, or in which order is predicted, is latent, and the objective is a
/// bound on the likelihood (ELBO). Each bound comes with its gap, by enumeration.
/// </summary>
public static class VariationalBound
{
    private const int Masked = -1;

    /// <summary>The distribution that minimises Σ q E + τ Σ q ln q: Boltzmann's, which softmax attention is with energies −⟨query, key⟩.</summary>
    /// <param name="energies">E of each state.</param>
    /// <param name="temperature">τ, above 0.</param>
    /// <returns>The distribution and the free energy −τ ln Σ exp(−E/τ), its minimum.</returns>
    /// <exception cref="NotFiniteException">An energy is NaN or infinite.</exception>
    /// <exception cref="ArgumentException">There is no state, or the temperature is not above 0.</exception>
    public static (double[] Distribution, double FreeEnergy) Boltzmann(double[] energies, double temperature)
    {
        Check.Finite(energies, "The energies");
        if (energies.Length == 0 || !(temperature > 0))
        {
            throw new ArgumentException($"{energies.Length} states at temperature {temperature} were given; there must be at least one, and the temperature above 0.");
        }

        double least = energies.Min();
        double[] weights = [.. energies.Select(energy => Math.Exp((least - energy) / temperature))];
        double sum = weights.Sum();
        return ([.. weights.Select(weight => weight / sum)], least - temperature * Math.Log(sum));
    }

    /// <summary>Attention as a latent index: ln Σ α_i p_i and its bound Σ α_i ln p_i, whose gap is the divergence of α from the index's posterior.</summary>
    /// <param name="attention">α, the prior of the index.</param>
    /// <param name="likelihoods">p_i, the probability of the next token from each index, above 0.</param>
    /// <exception cref="NotADistributionException">The attention is none.</exception>
    /// <exception cref="ArgumentException">The sizes differ, or a likelihood is not above 0 and at most 1.</exception>
    public static EvidenceBound LatentIndex(double[] attention, double[] likelihoods)
    {
        Check.Distribution(attention, "The attention");
        if (likelihoods.Length != attention.Length || likelihoods.Any(p => !(p > 0 && p <= 1)))
        {
            throw new ArgumentException($"{attention.Length} weights and {likelihoods.Length} likelihoods were given; there must be as many, each above 0 and at most 1.");
        }

        double evidence = attention.Zip(likelihoods, (weight, p) => weight * p).Sum();
        return new EvidenceBound("latent index", Math.Log(evidence), attention.Zip(likelihoods, (weight, p) => weight * Math.Log(p)).Sum());
    }

    /// <summary>
    /// A masked-diffusion model's bound on the likelihood of a sequence (Nie et al. 2025, LLaDA, eq. 3-4), exactly: every subset of positions is masked.
    /// It is the mean over all orders of the chain rule's log-likelihood, while the model that draws its order at random has ln of the mean likelihood.
    /// </summary>
    /// <param name="sequence">x, at most 12 symbols.</param>
    /// <param name="predict">P(x_i | the symbols not masked) for a sequence with −1 where it is masked, and a masked position i.</param>
    /// <exception cref="NotADistributionException">A prediction is none.</exception>
    /// <exception cref="NotFiniteException">A symbol of the sequence has no probability.</exception>
    /// <exception cref="ArgumentException">The sequence is empty or too long to be enumerated.</exception>
    public static EvidenceBound MaskedDiffusion(int[] sequence, Func<int[], int, double[]> predict)
    {
        double[,] log = MaskedPredictions(sequence, predict);
        int length = sequence.Length;
        // By sets of known positions: the likelihood and the mean log-likelihood of the rest, the next position being any with equal chance.
        double[] likelihood = new double[1 << length], bound = new double[1 << length];
        likelihood[^1] = 1;
        for (int known = (1 << length) - 2; known >= 0; known--)
        {
            int left = length - int.PopCount(known);
            for (int i = 0; i < length; i++)
            {
                if ((known >> i & 1) == 0)
                {
                    int then = known | 1 << i;
                    likelihood[known] += Math.Exp(log[known, i]) * likelihood[then] / left;
                    bound[known] += (log[known, i] + bound[then]) / left;
                }
            }
        }

        return new EvidenceBound("masked diffusion, random order", Math.Log(likelihood[0]), bound[0]);
    }

    /// <summary>The same bound as training has it: masks of l positions, l uniform in 1..L, weighted L/l.</summary>
    /// <param name="sequence">x, at most 12 symbols.</param>
    /// <param name="predict">As in <see cref="MaskedDiffusion"/>.</param>
    public static double MaskedCountBound(int[] sequence, Func<int[], int, double[]> predict)
    {
        double[,] log = MaskedPredictions(sequence, predict);
        return OverMasks(log, sequence.Length, masked => 1 / (Choose(sequence.Length, masked) * masked));
    }

    /// <summary>The same bound with each position masked with probability t, t uniform in (0, 1), weighted 1/t: ∫ t^(l−1) (1−t)^(L−l) dt by Gauss-Legendre quadrature, exact for these polynomials.</summary>
    /// <param name="sequence">x, at most 12 symbols.</param>
    /// <param name="predict">As in <see cref="MaskedDiffusion"/>.</param>
    public static double MaskedRateBound(int[] sequence, Func<int[], int, double[]> predict)
    {
        double[,] log = MaskedPredictions(sequence, predict);
        int length = sequence.Length;
        return OverMasks(log, length, masked => MathNet.Numerics.Integration.GaussLegendreRule.Integrate(t => Math.Pow(t, masked - 1) * Math.Pow(1 - t, length - masked), 0, 1, length));
    }

    private static double OverMasks(double[,] log, int length, Func<int, double> weight)
    {
        double[] weights = [0, .. Enumerable.Range(1, length).Select(weight)];
        double sum = 0;
        for (int known = 0; known < (1 << length) - 1; known++)
        {
            for (int i = 0; i < length; i++)
            {
                sum += (known >> i & 1) == 0 ? weights[length - int.PopCount(known)] * log[known, i] : 0;
            }
        }

        return sum;
    }

    /// <summary>ln P(x_i | the known symbols), [known positions as bits, i].</summary>
    private static double[,] MaskedPredictions(int[] sequence, Func<int[], int, double[]> predict)
    {
        int length = sequence.Length;
        if (length is < 1 or > 12)
        {
            throw new ArgumentException($"The sequence has {length} symbols; all masks of 1 to 12 can be enumerated.");
        }

        double[,] log = new double[1 << length, length];
        for (int known = 0; known < 1 << length; known++)
        {
            int[] seen = [.. sequence.Select((symbol, i) => (known >> i & 1) == 1 ? symbol : Masked)];
            for (int i = 0; i < length; i++)
            {
                if (seen[i] == Masked)
                {
                    double[] prediction = predict(seen, i);
                    Check.Distribution(prediction, $"The prediction of position {i}");
                    double p = (uint)sequence[i] < (uint)prediction.Length ? prediction[sequence[i]] : 0;
                    log[known, i] = p > 0 ? Math.Log(p) : throw new NotFiniteException($"Symbol {sequence[i]} at position {i} has no probability.", "Take a model that gives every symbol some.");
                }
            }
        }

        return log;
    }

    private static double Choose(int n, int k) => MathNet.Numerics.SpecialFunctions.Binomial(n, k);
}

/// <summary>A bound on a log-likelihood, and the log-likelihood.</summary>
/// <param name="Latent">What is latent.</param>
/// <param name="LogEvidence">ln P(x), in nats.</param>
/// <param name="Bound">The evidence lower bound, in nats.</param>
public sealed record EvidenceBound(string Latent, double LogEvidence, double Bound) : TheoryResult
{
    /// <summary>How far the bound lies below: the divergence of the latent variable's assumed law from its posterior.</summary>
    public double Gap => LogEvidence - Bound;

    /// <inheritdoc/>
    public override string Title => $"Evidence lower bound: {Latent}";

    /// <inheritdoc/>
    public override IReadOnlyList<Quantity> Quantities => [new("log-likelihood", LogEvidence, "nats"), new("evidence lower bound", Bound, "nats"), new("gap", Gap, "nats")];
}
