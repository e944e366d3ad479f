using System.Text.Json;
using ArKernel.Backbones;

namespace ArKernel.Weights;

/// <summary>The shape of a published decoder, read from its <c>config.json</c>.</summary>
/// <param name="Family">The family: <c>gpt2</c>, <c>llama</c>, <c>mistral</c>, <c>qwen2</c> or <c>qwen3</c>.</param>
/// <param name="Decoder">The decoder's shape.</param>
public sealed record PublishedConfiguration(string Family, DecoderConfiguration Decoder)
{
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
            DecoderConfiguration decoder = family switch
            {
                "gpt2" => Gpt2(keys),
                "llama" or "mistral" or "qwen2" or "qwen3" => Llama(keys, family),
                _ => throw new InvalidDataException($"'{path}': the model_type '{family}' is not supported; supported are gpt2, llama, mistral, qwen2, qwen3."),
            };
            return decoder.Heads % decoder.EffectiveKeyValueHeads == 0
                ? new PublishedConfiguration(family, decoder)
                : throw new InvalidDataException($"'{path}': {decoder.Heads} query heads do not divide among {decoder.KeyValueHeads} key and value heads.");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"'{path}' is no valid model configuration: {exception.Message}", exception);
        }
    }

    private static DecoderConfiguration Gpt2(Keys keys)
    {
        string activation = keys.Text("activation_function", "gelu_new");
        keys.Require(activation is "gelu_new" or "gelu_pytorch_tanh", "activation_function", activation);
        int width = keys.Whole("n_embd");
        return DecoderConfiguration.Gpt2(keys.Whole("vocab_size"), width, keys.Whole("n_layer"), keys.Whole("n_head"), keys.Whole("n_positions")) with
        {
            FeedForwardChannels = keys.Whole("n_inner", 4 * width),
            NormalizationEpsilon = keys.Real("layer_norm_epsilon", 1e-5),
        };
    }

    private static DecoderConfiguration Llama(Keys keys, string family)
    {
        string activation = keys.Text("hidden_act", "silu");
        keys.Require(activation == "silu", "hidden_act", activation);
        keys.Require(!keys.Flag("attention_bias", false), "attention_bias", "true");
        int width = keys.Whole("hidden_size"), heads = keys.Whole("num_attention_heads");
        bool usesWindow = family == "mistral" || keys.Flag("use_sliding_window", false);
        return new DecoderConfiguration
        {
            VocabularySize = keys.Whole("vocab_size"),
            Channels = width,
            Layers = keys.Whole("num_hidden_layers"),
            Heads = heads,
            MaximumLength = keys.Whole("max_position_embeddings"),
            KeyValueHeads = keys.Whole("num_key_value_heads", heads),
            HeadChannels = keys.Whole("head_dim", Math.Max(1, width / heads)),
            FeedForwardChannels = keys.Whole("intermediate_size"),
            NormalizationEpsilon = keys.Real("rms_norm_eps", 1e-6),
            Rotary = keys.Rotary(),
            QueryKeyValueBias = family == "qwen2",
            QueryKeyNormalization = family == "qwen3",
            TiedEmbeddings = keys.Flag("tie_word_embeddings", false),
            SlidingWindow = usesWindow ? keys.Whole("sliding_window", 0) : 0,
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

        internal RotaryOptions Rotary()
        {
            var options = new RotaryOptions { Base = Real("rope_theta", 10_000), Layout = RotaryLayout.Half };
            if (Get("rope_scaling") is not JsonElement element)
            {
                return options;
            }

            var keys = new Keys(element, path);
            string kind = keys.Text("rope_type", keys.Text("type", "default"));
            Require(kind is "default" or "llama3" or "linear", "rope_scaling.rope_type", kind);
            return kind switch
            {
                "linear" => options with { Scaling = RotaryScaling.Linear, Factor = keys.Real("factor") },
                "llama3" => options with
                {
                    Scaling = RotaryScaling.Llama3,
                    Factor = keys.Real("factor"),
                    LowFrequencyFactor = keys.Real("low_freq_factor"),
                    HighFrequencyFactor = keys.Real("high_freq_factor"),
                    OriginalLength = keys.Whole("original_max_position_embeddings"),
                },
                _ => options,
            };
        }

        private JsonElement? Get(string key) => root.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

        private InvalidDataException Lacks(string key) => new($"'{path}' lacks the key '{key}'.");
    }
}
