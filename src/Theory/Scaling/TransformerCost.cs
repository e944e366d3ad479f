namespace ArKernel.Theory.Scaling;

/// <summary>What a transformer costs, counted as the scaling laws count (Henighan et al. 2020, section 2; Kaplan et al. 2020, table 1).</summary>
public static class TransformerCost
{
    /// <summary>The FLOP in a PF-day: 10¹⁵ a second for a day.</summary>
    public const double PetaflopDay = 8.64e19;

    /// <summary>N ≈ 2 d² layers (2 m_attn + m_mlp): the parameters without embeddings, norms and biases.</summary>
    /// <param name="width">d, the channels of the residual stream.</param>
    /// <param name="layers">Blocks.</param>
    /// <param name="attentionRatio">m_attn: the attention's inner channels over d.</param>
    /// <param name="feedForwardRatio">m_mlp: the feed-forward layer's inner channels over d.</param>
    public static double Parameters(double width, double layers, double attentionRatio = 1, double feedForwardRatio = 4) =>
        2 * width * width * layers * (2 * attentionRatio + feedForwardRatio);

    /// <summary>C = 6 N E: a multiply and an add for every parameter and token, once forward and twice backward.</summary>
    /// <param name="parameters">N.</param>
    /// <param name="tokens">E, the tokens processed: steps times batch.</param>
    public static double TrainingFlops(double parameters, double tokens) => 6 * parameters * tokens;

    /// <summary>The compute of training in PF-days.</summary>
    /// <param name="parameters">N.</param>
    /// <param name="tokens">E, the tokens processed.</param>
    public static double TrainingPetaflopDays(double parameters, double tokens) => TrainingFlops(parameters, tokens) / PetaflopDay;
}
