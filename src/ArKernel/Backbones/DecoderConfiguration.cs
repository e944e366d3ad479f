namespace ArKernel.Backbones;

/// <summary>How a block scales its input.</summary>
public enum Normalization
{
    /// <summary>RMSNorm: g ⊙ x / √(mean(x²) + ε), no mean and no bias (Zhang &amp; Sennrich 2019).</summary>
    RootMeanSquare,

    /// <summary>LayerNorm (Ba et al. 2016).</summary>
    Layer,
}

/// <summary>The position-wise network of a block.</summary>
public enum FeedForwardKind
{
    /// <summary>W_down (silu(W_gate x) ⊙ W_up x) (Shazeer 2020).</summary>
    SwiGlu,

    /// <summary>W_2 gelu(W_1 x), gelu by its tanh approximation (GPT-2's <c>gelu_new</c>).</summary>
    GeluTanh,

    /// <summary>W_2 gelu(W_1 x), gelu by the error function.</summary>
    GeluErf,

    /// <summary>W_2 relu(W_1 x).</summary>
    Relu,
}

/// <summary>How a position is told to the backbone.</summary>
public enum PositionEncoding
{
    /// <summary>Queries and keys are rotated by their position (Su et al. 2021).</summary>
    Rotary,

    /// <summary>A learned vector for each position is added to the input.</summary>
    Learned,

    /// <summary>Sines and cosines of the position are added to the input (Vaswani et al. 2017).</summary>
    Sinusoidal,

    /// <summary>Nothing.</summary>
    None,
}

/// <summary>What adaptive normalization modulates: LN(x) ⊙ (1 + s) + b with s and b computed from a condition (AdaLN, Peebles &amp; Xie 2023).</summary>
public enum AdaptiveNormalization
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Both normalizations of each block, and gates γ on both residual branches.</summary>
    Blocks,

    /// <summary>These and the normalization after the last block.</summary>
    BlocksAndOutput,
}

/// <summary>The order in which one linear map puts out scales, shifts and gates; it matters to published weights.</summary>
public enum ModulationLayout
{
    /// <summary>γ₁, γ₂, s₁, s₂, b₁, b₂; after the last block s, b (VAR, xAR).</summary>
    GatesScalesShifts,

    /// <summary>b₁, s₁, γ₁, b₂, s₂, γ₂; after the last block b, s (DiT). Every one begins at zero, so a new block is the identity.</summary>
    ShiftScaleGate,
}

/// <summary>The shape of a transformer. GPT-2, Llama and the networks of VAR, MAR and xAR are settings of it.</summary>
public sealed record DecoderConfiguration
{
    /// <summary>The number of different tokens (V), which a <see cref="CausalDecoder"/> has vectors for; 0 for a backbone alone.</summary>
    public int VocabularySize { get; init; }

    /// <summary>The width of the residual stream (d).</summary>
    public required int Channels { get; init; }

    /// <summary>The number of blocks (n).</summary>
    public required int Layers { get; init; }

    /// <summary>The number of query heads (H).</summary>
    public required int Heads { get; init; }

    /// <summary>The longest sequence.</summary>
    public required int MaximumLength { get; init; }

    /// <summary>The number of key and value heads (G), a divisor of <see cref="Heads"/>; 0 means <see cref="Heads"/>.</summary>
    public int KeyValueHeads { get; init; }

    /// <summary>The width of a head (d_h); 0 means <see cref="Channels"/> / <see cref="Heads"/>.</summary>
    public int HeadChannels { get; init; }

    /// <summary>The inner width of the feed-forward network; 0 means 4 × <see cref="Channels"/>.</summary>
    public int FeedForwardChannels { get; init; }

    /// <summary>How a block scales its input.</summary>
    public Normalization Normalization { get; init; } = Normalization.RootMeanSquare;

    /// <summary>Added under the root of the normalization (ε).</summary>
    public double NormalizationEpsilon { get; init; } = 1e-5;

    /// <summary>The position-wise network.</summary>
    public FeedForwardKind FeedForward { get; init; } = FeedForwardKind.SwiGlu;

    /// <summary>How a position is told to the backbone.</summary>
    public PositionEncoding Positions { get; init; } = PositionEncoding.Rotary;

    /// <summary>The frequencies and layout of rotary positions.</summary>
    public RotaryOptions Rotary { get; init; } = new();

    /// <summary>Whether every linear map has a bias (GPT-2).</summary>
    public bool Bias { get; init; }

    /// <summary>Whether queries, keys and values have a bias although nothing else has (Qwen2).</summary>
    public bool QueryKeyValueBias { get; init; }

    /// <summary>Whether queries and keys are RMS-normalized over the head before rotation (Qwen3).</summary>
    public bool QueryKeyNormalization { get; init; }

    /// <summary>Whether queries and keys are divided by their length and multiplied by a learned factor a head, at most 100 and at first 4 (VAR).</summary>
    public bool CosineAttention { get; init; }

    /// <summary>What products of queries and keys are multiplied by; 0 means 1/√d_h, or 1 with <see cref="CosineAttention"/>.</summary>
    public double AttentionScale { get; init; }

    /// <summary>Whether keys have a bias where queries and values do; a key's bias shifts all scores of a query alike, so VAR leaves it out.</summary>
    public bool KeyBias { get; init; } = true;

    /// <summary>Whether normalizations have gains (and biases, for LayerNorm).</summary>
    public bool NormalizationGain { get; init; } = true;

    /// <summary>Whether the rows are normalized before the first block, positions included.</summary>
    public bool InputNormalization { get; init; }

    /// <summary>Whether the rows are normalized after the last block.</summary>
    public bool OutputNormalization { get; init; } = true;

    /// <summary>What a condition modulates.</summary>
    public AdaptiveNormalization Adaptive { get; init; }

    /// <summary>In which order scales, shifts and gates stand.</summary>
    public ModulationLayout Modulation { get; init; }

    /// <summary>
    /// After how many blocks further outputs are taken, each with a normalization of its own (NAR's head for the first axis reads the state one
    /// block before the last). They stand before the last block's along the channels of the output.
    /// </summary>
    public IReadOnlyList<int> EarlierOutputs { get; init; } = [];

    /// <summary>The standard deviation of initial weights.</summary>
    public double InitialDeviation { get; init; } = TransformerBackbone.Deviation;

    /// <summary>Whether the output matrix is the token embedding.</summary>
    public bool TiedEmbeddings { get; init; } = true;

    /// <summary>Whether normalization follows the residual sum, as in the first transformer, instead of preceding attention and feed-forward.</summary>
    public bool PostNormalization { get; init; }

    /// <summary>The number of positions a query sees, itself included; 0 means all before it (Mistral).</summary>
    public int SlidingWindow { get; init; }

    /// <summary>The probability of zeroing an element of the embedding and of each residual branch in training.</summary>
    public double Dropout { get; init; }

    /// <summary>The number of key and value heads in force.</summary>
    public int EffectiveKeyValueHeads => KeyValueHeads == 0 ? Heads : KeyValueHeads;

    /// <summary>The head width in force.</summary>
    public int EffectiveHeadChannels => HeadChannels == 0 ? Channels / Heads : HeadChannels;

    /// <summary>The inner width of the feed-forward network in force.</summary>
    public int EffectiveFeedForwardChannels => FeedForwardChannels == 0 ? 4 * Channels : FeedForwardChannels;

    /// <summary>The number of trainable parameters, without allocating them; tied matrices count once.</summary>
    public long ParameterCount
    {
        get
        {
            long d = Channels, inner = EffectiveFeedForwardChannels, head = EffectiveHeadChannels;
            long groups = EffectiveKeyValueHeads, queryKeyValue = (Heads + 2 * groups) * head, bias = Bias ? 1 : 0;
            long norm = !NormalizationGain ? 0 : Normalization == Normalization.Layer ? 2 * d : d;
            long attention = d * queryKeyValue + (Bias || QueryKeyValueBias ? queryKeyValue - (KeyBias ? 0 : groups * head) : 0)
                + Heads * head * d + bias * d + (QueryKeyNormalization ? 2 * head : 0) + (CosineAttention ? Heads : 0);
            long feedForward = FeedForward == FeedForwardKind.SwiGlu
                ? 3 * d * inner + bias * (2 * inner + d)
                : 2 * d * inner + bias * (inner + d);
            long modulation = (d + 1) * d * (Adaptive == AdaptiveNormalization.None ? 0 : 6);
            long last = OutputNormalization && !PostNormalization ? norm * (1 + EarlierOutputs.Count) : 0;
            return VocabularySize * d * (TiedEmbeddings ? 1 : 2)
                + (Positions == PositionEncoding.Learned ? MaximumLength * d : 0)
                + Layers * (attention + feedForward + 2 * norm + modulation)
                + (InputNormalization ? norm : 0) + last
                + (Adaptive == AdaptiveNormalization.BlocksAndOutput ? (d + 1) * d * 2 : 0);
        }
    }

    /// <summary>The GPT-2 flavour: LayerNorm, learned positions, GELU, biases, tied embeddings (Radford et al. 2019).</summary>
    /// <param name="vocabularySize">The number of different tokens.</param>
    /// <param name="channels">The width of the residual stream.</param>
    /// <param name="layers">The number of blocks.</param>
    /// <param name="heads">The number of heads.</param>
    /// <param name="maximumLength">The longest sequence.</param>
    public static DecoderConfiguration Gpt2(int vocabularySize, int channels, int layers, int heads, int maximumLength) => new()
    {
        VocabularySize = vocabularySize,
        Channels = channels,
        Layers = layers,
        Heads = heads,
        MaximumLength = maximumLength,
        Normalization = Normalization.Layer,
        FeedForward = FeedForwardKind.GeluTanh,
        Positions = PositionEncoding.Learned,
        Bias = true,
    };

    /// <summary>The Llama flavour: RMSNorm, rotary positions, grouped-query attention, SwiGLU, no biases (Touvron et al. 2023).</summary>
    /// <param name="vocabularySize">The number of different tokens.</param>
    /// <param name="channels">The width of the residual stream.</param>
    /// <param name="layers">The number of blocks.</param>
    /// <param name="heads">The number of query heads.</param>
    /// <param name="keyValueHeads">The number of key and value heads.</param>
    /// <param name="feedForwardChannels">The inner width of the feed-forward network.</param>
    /// <param name="maximumLength">The longest sequence.</param>
    public static DecoderConfiguration Llama(
        int vocabularySize, int channels, int layers, int heads, int keyValueHeads, int feedForwardChannels, int maximumLength) => new()
        {
            VocabularySize = vocabularySize,
            Channels = channels,
            Layers = layers,
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            FeedForwardChannels = feedForwardChannels,
            MaximumLength = maximumLength,
        };

    internal void Validate()
    {
        Require(VocabularySize >= 0, nameof(VocabularySize), VocabularySize, "at least 0");
        Require(Channels >= 1, nameof(Channels), Channels, "at least 1");
        Require(Layers >= 1, nameof(Layers), Layers, "at least 1");
        Require(Heads >= 1, nameof(Heads), Heads, "at least 1");
        Require(MaximumLength >= 1, nameof(MaximumLength), MaximumLength, "at least 1");
        Require(HeadChannels >= 0, nameof(HeadChannels), HeadChannels, "at least 0");
        Require(FeedForwardChannels >= 0, nameof(FeedForwardChannels), FeedForwardChannels, "at least 0");
        Require(NormalizationEpsilon >= 0, nameof(NormalizationEpsilon), NormalizationEpsilon, "at least 0");
        Require(HeadChannels > 0 || Channels % Heads == 0, nameof(Channels), Channels, $"divisible by Heads = {Heads} unless HeadChannels is set");
        Require(KeyValueHeads >= 0 && Heads % EffectiveKeyValueHeads == 0, nameof(KeyValueHeads), KeyValueHeads, $"a divisor of Heads = {Heads}");
        Require(Positions != PositionEncoding.Sinusoidal || Channels % 2 == 0, nameof(Channels), Channels, "even for sinusoidal positions");
        Require(Rotary.Base > 0, "Rotary.Base", Rotary.Base, "positive");
        Require(Rotary.Factor > 0, "Rotary.Factor", Rotary.Factor, "positive");
        int axes = Math.Max(1, Rotary.Shape.Count);
        Require(
            Positions != PositionEncoding.Rotary || EffectiveHeadChannels % (2 * axes) == 0, nameof(HeadChannels), EffectiveHeadChannels, $"divisible by {2 * axes} for rotary positions on {axes} axes");
        Require(Rotary.Shape.All(side => side >= 1), "Rotary.Shape", $"[{string.Join(", ", Rotary.Shape)}]", "sides of at least 1");
        Require(Rotary.ClassPositions >= 0, "Rotary.ClassPositions", Rotary.ClassPositions, "at least 0");
        Require(AttentionScale >= 0 && double.IsFinite(AttentionScale), nameof(AttentionScale), AttentionScale, "finite and at least 0");
        Require(InitialDeviation > 0, nameof(InitialDeviation), InitialDeviation, "positive");
        Require(!PostNormalization || Adaptive == AdaptiveNormalization.None, nameof(Adaptive), Adaptive, "None with PostNormalization");
        Require(!PostNormalization || EarlierOutputs.Count == 0, nameof(EarlierOutputs), EarlierOutputs.Count, "empty with PostNormalization");
        Require(
            Adaptive != AdaptiveNormalization.BlocksAndOutput || (OutputNormalization && EarlierOutputs.Count == 0), nameof(Adaptive), Adaptive,
            "None or Blocks unless there is one output and it is normalized");
        Require(EarlierOutputs.All(layer => layer >= 1 && layer < Layers), nameof(EarlierOutputs), $"[{string.Join(", ", EarlierOutputs)}]", $"in 1..{Layers - 1}");
        Require(SlidingWindow >= 0, nameof(SlidingWindow), SlidingWindow, "at least 0");
        Require(Dropout is >= 0 and < 1, nameof(Dropout), Dropout, "in [0, 1)");
    }

    private static void Require(bool holds, string name, object value, string what)
    {
        if (!holds)
        {
            throw new ArgumentException($"DecoderConfiguration.{name} is {value}; it must be {what}.");
        }
    }
}
