using static TorchSharp.torch;

namespace ArKernel.Weights;

/// <summary>Loads weights as Hugging Face publishes GPT-2: with or without the prefix <c>transformer.</c>, four matrices a block stored [in, out].</summary>
public static class Gpt2Layout
{
    /// <summary>Loads a model.</summary>
    /// <param name="decoder">A decoder of the configuration's shape.</param>
    /// <param name="files">The file or files.</param>
    /// <param name="configuration">The published model's shape.</param>
    /// <param name="names">What the decoder calls its parameters; null means as <see cref="DecoderNames"/> says.</param>
    /// <param name="allowPartial">Whether names may be missing or unexpected; they are reported then.</param>
    /// <exception cref="WeightMismatchException">The weights do not fit the decoder; nothing was loaded.</exception>
    public static WeightReport Load(nn.Module decoder, WeightFiles files, PublishedConfiguration configuration, DecoderNames? names = null, bool allowPartial = false)
    {
        string prefix = files.Contains("transformer.wte.weight") ? "transformer." : "";
        return WeightLoader.Load(decoder, files, Sources(configuration, names ?? new DecoderNames(), prefix), name => IsMask(name) || name == "lm_head.weight", allowPartial);
    }

    private static Dictionary<string, WeightSource[]> Sources(PublishedConfiguration configuration, DecoderNames names, string prefix)
    {
        var map = new SourceMap(names);
        map.Add(names.TokenEmbedding, 0, "", new WeightSource(prefix + "wte.weight"));
        map.Add(names.PositionEmbedding, 0, "", new WeightSource(prefix + "wpe.weight"));
        for (int block = 0; block < configuration.Layers; block++)
        {
            string source = $"{prefix}h.{block}.";
            foreach (string part in new[] { ".weight", ".bias" })
            {
                bool stored = part == ".weight"; // matrices are stored [in, out]
                map.Add(names.AttentionNorm, block, part, new WeightSource(source + "ln_1" + part));
                string all = source + "attn.c_attn" + part; // columns q | k | v
                map.AddQueryKeyValue(block, part, new(all, stored, 0, 3), new(all, stored, 1, 3), new(all, stored, 2, 3));
                map.Add(names.AttentionOutput, block, part, new WeightSource(source + "attn.c_proj" + part, stored));
                map.Add(names.FeedForwardNorm, block, part, new WeightSource(source + "ln_2" + part));
                map.Add(names.Up, block, part, new WeightSource(source + "mlp.c_fc" + part, stored));
                map.Add(names.Down, block, part, new WeightSource(source + "mlp.c_proj" + part, stored));
            }
        }

        map.Add(names.FinalNorm, 0, ".weight", new WeightSource(prefix + "ln_f.weight"));
        map.Add(names.FinalNorm, 0, ".bias", new WeightSource(prefix + "ln_f.bias"));
        map.Sources.TryAdd(names.Head, [new WeightSource(prefix + "wte.weight")]); // tied; harmless where the decoder ties them itself
        return map.Sources;
    }

    private static bool IsMask(string name) =>
        name.EndsWith(".attn.bias", StringComparison.Ordinal) || name.EndsWith(".attn.masked_bias", StringComparison.Ordinal);
}

/// <summary>
/// Loads weights as Hugging Face publishes Llama, Mistral, Qwen2 and Qwen3: matrices stored [out, in], the rotary embedding in its half layout.
/// </summary>
public static class LlamaLayout
{
    /// <summary>Loads a model.</summary>
    /// <param name="decoder">A decoder of the configuration's shape.</param>
    /// <param name="files">The file or files.</param>
    /// <param name="configuration">The published model's shape.</param>
    /// <param name="names">What the decoder calls its parameters; null means as <see cref="DecoderNames"/> says.</param>
    /// <param name="allowPartial">Whether names may be missing or unexpected; they are reported then.</param>
    /// <exception cref="WeightMismatchException">The weights do not fit the decoder; nothing was loaded.</exception>
    public static WeightReport Load(nn.Module decoder, WeightFiles files, PublishedConfiguration configuration, DecoderNames? names = null, bool allowPartial = false) =>
        WeightLoader.Load(
            decoder,
            files,
            Sources(configuration, names ?? new DecoderNames()),
            name => name.EndsWith("rotary_emb.inv_freq", StringComparison.Ordinal) || (configuration.TiedEmbeddings && name == "lm_head.weight"),
            allowPartial);

    private static Dictionary<string, WeightSource[]> Sources(PublishedConfiguration configuration, DecoderNames names)
    {
        var map = new SourceMap(names);
        map.Add(names.TokenEmbedding, 0, "", new WeightSource("model.embed_tokens.weight"));
        for (int block = 0; block < configuration.Layers; block++)
        {
            string source = $"model.layers.{block}.", attention = source + "self_attn.";
            map.Add(names.AttentionNorm, block, ".weight", new WeightSource(source + "input_layernorm.weight"));
            foreach (string part in configuration.QueryKeyValueBias ? new[] { ".weight", ".bias" } : [".weight"])
            {
                map.AddQueryKeyValue(block, part, new(attention + "q_proj" + part), new(attention + "k_proj" + part), new(attention + "v_proj" + part));
            }

            if (configuration.QueryKeyNorm)
            {
                map.Add(names.QueryNorm, block, ".weight", new WeightSource(attention + "q_norm.weight"));
                map.Add(names.KeyNorm, block, ".weight", new WeightSource(attention + "k_norm.weight"));
            }

            map.Add(names.AttentionOutput, block, ".weight", new WeightSource(attention + "o_proj.weight"));
            map.Add(names.FeedForwardNorm, block, ".weight", new WeightSource(source + "post_attention_layernorm.weight"));
            if (names.GateUp is string both)
            {
                map.Add(both, block, ".weight", new(source + "mlp.gate_proj.weight"), new(source + "mlp.up_proj.weight"));
            }
            else
            {
                map.Add(names.Gate, block, ".weight", new WeightSource(source + "mlp.gate_proj.weight"));
                map.Add(names.Up, block, ".weight", new WeightSource(source + "mlp.up_proj.weight"));
            }

            map.Add(names.Down, block, ".weight", new WeightSource(source + "mlp.down_proj.weight"));
        }

        map.Add(names.FinalNorm, 0, ".weight", new WeightSource("model.norm.weight"));
        map.Sources.TryAdd(names.Head, [new WeightSource(configuration.TiedEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight")]);
        return map.Sources;
    }
}
