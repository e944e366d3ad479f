namespace ArKernel.Theory.Scaling;

/// <summary>
/// The loss of a token at the t-th position of its context: L(t) = L_N + (L_U − L_N) t^−p, from the unigram entropy at the first position down to what
/// the model reaches with a long context (Henighan et al. 2020, appendix E). From it follows what the first half of a text says about the second.
/// </summary>
/// <param name="LongContext">L_N, the loss with a long context, in nats.</param>
/// <param name="Unigram">L_U, the loss without context, in nats.</param>
/// <param name="Decay">p, from 0 to 1.</param>
public sealed record PositionLossLaw(double LongContext, double Unigram, double Decay)
{
    /// <summary>L(t), t from 1, in nats.</summary>
    /// <param name="position">t.</param>
    public double Loss(double position) => LongContext + (Unigram - LongContext) * Math.Pow(position, -Decay);

    /// <summary>
    /// I([1,T],[T+1,2T]) = (2 H_T − H_2T)(L_U − L_N), H_T = Σ_{t≤T} t^−p: the mutual information of two neighbouring texts of T tokens, in nats.
    /// </summary>
    /// <param name="tokens">T.</param>
    public double MutualInformation(int tokens) => (2 * Harmonic(tokens) - Harmonic(2 * tokens)) * (Unigram - LongContext);

    /// <summary>The mutual information over the loss of the second text after the first, T L_N + (H_2T − H_T)(L_U − L_N), as the appendix writes it.</summary>
    /// <param name="tokens">T.</param>
    public double InfoGain(int tokens) => MutualInformation(tokens) / (tokens * LongContext + (Harmonic(2 * tokens) - Harmonic(tokens)) * (Unigram - LongContext));

    /// <summary>The law through measured losses by position: L_N and the decay fitted, L_U = L(1).</summary>
    /// <param name="losses">The mean loss at positions 1, 2, …, in nats.</param>
    /// <exception cref="TooFewPointsException">There are fewer than three positions.</exception>
    /// <exception cref="NotDecreasingException">The loss does not fall along the context.</exception>
    public static PositionLossLaw Fit(IReadOnlyList<double> losses)
    {
        ScalingLaw law = PowerLaw.Fit([.. Enumerable.Range(1, losses.Count).Select(position => (double)position)], losses).Law;
        return new PositionLossLaw(law.Irreducible, law.Loss(1), law.Exponent);
    }

    /// <summary>H_T = Σ_{t≤T} t^−p.</summary>
    private double Harmonic(int tokens) => Enumerable.Range(1, tokens).Sum(position => Math.Pow(position, -Decay));
}
