using System.Text.Json;

namespace ArKernel.Weights;

/// <summary>How the rotary embedding of a published model is stretched to longer texts.</summary>
/// <param name="Kind"><c>llama3</c> or <c>linear</c>.</param>
/// <param name="Factor">By what factor (s).</param>
/// <param name="LowFrequencyFactor">Of llama3: wavelengths beyond the old length divided by this are stretched fully (c_l).</param>
/// <param name="HighFrequencyFactor">Of llama3: wavelengths below the old length divided by this are kept (c_h).</param>
/// <param name="OldLength">Of llama3: the length that the model was first trained for (M).</param>
public sealed record PublishedRopeScaling(string Kind, double Factor, double LowFrequencyFactor, double HighFrequencyFactor, int OldLength);

/// <summary>The shape of a published decoder, read from its <c>config.json</c>.</summary>
public sealed record PublishedConfiguration
{
    /// <summary>The family: <c>gpt2</c>, <c>llama</c>, <c>mistral</c>, <c>qwen2</c> or <c>qwen3</c>.</summary>
    public required string Family { get; init; }

    /// <summary>The number of token ids (V).</summary>
    public required int VocabularySize { get; init; }

    /// <summary>The model width (d).</summary>
    public required int Width { get; init; }

    /// <summary>The number of blocks (n).</summary>
    public required int Layers { get; init; }

    /// <summary>The number of query heads (H).</summary>
    public required int Heads { get; init; }

    /// <summary>The number of key and value heads (G).</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>The width of a head (dh).</summary>
    public required int HeadWidth { get; init; }

    /// <summary>The inner width of the feed-forward layer.</summary>
    public required int FeedForwardWidth { get; init; }

    /// <summary>The longest sequence, in tokens.</summary>
    public required int MaximumLength { get; init; }

    /// <summary>ε of the norms.</summary>
    public required double NormEpsilon { get; init; }

    /// <summary>The base of the rotary embedding; 0 where positions are learned.</summary>
    public double RopeBase { get; init; }

    /// <summary>How the rotary embedding is stretched, or null.</summary>
    public PublishedRopeScaling? RopeScaling { get; init; }

    /// <summary>Whether the output projection is the token embedding.</summary>
    public bool TiedEmbeddings { get; init; }

    /// <summary>Whether the projections to queries, keys and values have biases.</summary>
    public bool QueryKeyValueBias { get; init; }

    /// <summary>Whether queries and keys are normalised per head before the rotary embedding.</summary>
    public bool QueryKeyNorm { get; init; }

    /// <summary>How many positions back a token sees, itself included, or null for all.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>Reads a <c>config.json</c>.</summary>
    /// <param name="path">The file, or the folder it is in.</param>
    /// <exception cref="InvalidDataException">It is not JSON, lacks a key, or describes what is not supported; the message names the key.</exception>
    public static PublishedConfiguration Read(string path)
    {
        path = Directory.Exists(path) ? Path.Combine(path, "config.json") : path;
        try
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(path));
            var keys = new Keys(json.RootElement, path);
            string family = keys.Text("model_type");
            PublishedConfiguration configuration = family switch
            {
                "gpt2" => Gpt2(keys),
                "llama" or "mistral" or "qwen2" or "qwen3" => Llama(keys, family),
                _ => throw new InvalidDataException($"'{path}': the model_type '{family}' is not supported; supported are gpt2, llama, mistral, qwen2, qwen3."),
            };
            return configuration.Heads > 0 && configuration.KeyValueHeads > 0 && configuration.Heads % configuration.KeyValueHeads == 0
                ? configuration
                : throw new InvalidDataException($"'{path}': {configuration.Heads} query heads do not divide among {configuration.KeyValueHeads} key and value heads.");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"'{path}' is no valid model configuration: {exception.Message}", exception);
        }
    }

    private static PublishedConfiguration Gpt2(Keys keys)
    {
        int width = keys.Whole("n_embd"), heads = keys.Whole("n_head");
        string activation = keys.Text("activation_function", "gelu_new");
        keys.Require(activation is "gelu_new" or "gelu_pytorch_tanh", "activation_function", activation);
        return new PublishedConfiguration
        {
            Family = "gpt2",
            VocabularySize = keys.Whole("vocab_size"),
            Width = width,
            Layers = keys.Whole("n_layer"),
            Heads = heads,
            KeyValueHeads = heads,
            HeadWidth = width / heads,
            FeedForwardWidth = keys.Whole("n_inner", 4 * width),
            MaximumLength = keys.Whole("n_positions"),
            NormEpsilon = keys.Real("layer_norm_epsilon", 1e-5),
            TiedEmbeddings = keys.Flag("tie_word_embeddings", true),
            QueryKeyValueBias = true,
        };
    }

    private static PublishedConfiguration Llama(Keys keys, string family)
    {
        int width = keys.Whole("hidden_size"), heads = keys.Whole("num_attention_heads");
        string activation = keys.Text("hidden_act", "silu");
        keys.Require(activation == "silu", "hidden_act", activation);
        bool usesWindow = family == "mistral" || keys.Flag("use_sliding_window", false);
        int window = keys.Whole("sliding_window", 0);
        return new PublishedConfiguration
        {
            Family = family,
            VocabularySize = keys.Whole("vocab_size"),
            Width = width,
            Layers = keys.Whole("num_hidden_layers"),
            Heads = heads,
            KeyValueHeads = keys.Whole("num_key_value_heads", heads),
            HeadWidth = keys.Whole("head_dim", width / heads),
            FeedForwardWidth = keys.Whole("intermediate_size"),
            MaximumLength = keys.Whole("max_position_embeddings"),
            NormEpsilon = keys.Real("rms_norm_eps", 1e-6),
            RopeBase = keys.Real("rope_theta", 10_000),
            RopeScaling = keys.RopeScaling(),
            TiedEmbeddings = keys.Flag("tie_word_embeddings", false),
            QueryKeyValueBias = family == "qwen2" || keys.Flag("attention_bias", false),
            QueryKeyNorm = family == "qwen3",
            SlidingWindow = usesWindow && window > 0 ? window : null,
        };
    }

    /// <summary>Reads keys with errors that name them; JSON's null counts as absent, as the published files use it so.</summary>
    private readonly struct Keys(JsonElement root, string path)
    {
        internal string Text(string key, string? absent = null) => Get(key) is JsonElement value ? value.GetString()! : absent ?? throw Lacks(key);

        internal int Whole(string key, int? absent = null) => Get(key) is JsonElement value
            ? value.TryGetInt32(out int number) && number > 0 ? number : throw new InvalidDataException($"'{path}': the key '{key}' must be a positive whole number, not {value}.")
            : absent ?? throw Lacks(key);

        internal double Real(string key, double? absent = null) => Get(key) is JsonElement value ? value.GetDouble() : absent ?? throw Lacks(key);

        internal bool Flag(string key, bool absent) => Get(key)?.GetBoolean() ?? absent;

        internal void Require(bool holds, string key, string value)
        {
            if (!holds)
            {
                throw new InvalidDataException($"'{path}': the key '{key}' has the value '{value}', which is not supported.");
            }
        }

        internal PublishedRopeScaling? RopeScaling()
        {
            if (Get("rope_scaling") is not JsonElement element)
            {
                return null;
            }

            var keys = new Keys(element, path);
            string kind = keys.Text("rope_type", keys.Text("type", "default"));
            if (kind == "default")
            {
                return null;
            }

            Require(kind is "llama3" or "linear", "rope_scaling.rope_type", kind);
            return kind == "linear"
                ? new PublishedRopeScaling(kind, keys.Real("factor"), 0, 0, 0)
                : new PublishedRopeScaling(kind, keys.Real("factor"), keys.Real("low_freq_factor"), keys.Real("high_freq_factor"), keys.Whole("original_max_position_embeddings"));
        }

        private JsonElement? Get(string key) => root.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

        private InvalidDataException Lacks(string key) => new($"'{path}' lacks the key '{key}'.");
    }
}
