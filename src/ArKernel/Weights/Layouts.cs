using ArKernel.Backbones;

namespace ArKernel.Weights;

/// <summary>Loads weights as Hugging Face publishes GPT-2: with or without the prefix <c>transformer.</c>, four matrices a block stored [in, out].</summary>
public static class Gpt2Layout
{
    /// <summary>Builds the decoder that a folder with <c>config.json</c> and safetensors describes, and loads it.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="WeightMismatchException">The weights do not fit the configuration.</exception>
    public static CausalDecoder Load(string folder) => PublishedModel.Load(folder, Load);

    /// <summary>Loads a decoder.</summary>
    /// <param name="decoder">A decoder of the published shape.</param>
    /// <param name="files">The file or files.</param>
    /// <param name="allowPartial">Whether names may be missing or unexpected; they are reported then.</param>
    /// <exception cref="WeightMismatchException">The weights do not fit the decoder; nothing was loaded.</exception>
    public static WeightReport Load(CausalDecoder decoder, WeightFiles files, bool allowPartial = false)
    {
        string prefix = files.Contains("transformer.wte.weight") ? "transformer." : "";
        var sources = new Dictionary<string, WeightSource[]>(StringComparer.Ordinal)
        {
            ["embedding.weight"] = [new(prefix + "wte.weight")], // the output matrix is tied to it
            ["backbone.positionEmbedding"] = [new(prefix + "wpe.weight")],
            ["backbone.norm.weight"] = [new(prefix + "ln_f.weight")],
            ["backbone.norm.bias"] = [new(prefix + "ln_f.bias")],
        };
        for (int block = 0; block < decoder.Configuration.Layers; block++)
        {
            string to = $"backbone.blocks.{block}.", from = $"{prefix}h.{block}.";
            foreach (string part in new[] { ".weight", ".bias" })
            {
                bool transposed = part == ".weight"; // columns of c_attn are q | k | v, as are the rows of queryKeyValue
                sources.Add(to + "attentionNorm" + part, [new(from + "ln_1" + part)]);
                sources.Add(to + "attention.queryKeyValue" + part, [new(from + "attn.c_attn" + part, transposed)]);
                sources.Add(to + "attention.output" + part, [new(from + "attn.c_proj" + part, transposed)]);
                sources.Add(to + "feedForwardNorm" + part, [new(from + "ln_2" + part)]);
                sources.Add(to + "feedForward.up" + part, [new(from + "mlp.c_fc" + part, transposed)]);
                sources.Add(to + "feedForward.down" + part, [new(from + "mlp.c_proj" + part, transposed)]);
            }
        }

        return WeightLoader.Load(decoder, files, sources, name => IsMask(name) || name == "lm_head.weight", allowPartial);
    }

    private static bool IsMask(string name) =>
        name.EndsWith(".attn.bias", StringComparison.Ordinal) || name.EndsWith(".attn.masked_bias", StringComparison.Ordinal);
}

/// <summary>
/// Loads weights as Hugging Face publishes Llama, Mistral, Qwen2 and Qwen3: matrices stored [out, in], the rotary embedding in its half layout.
/// </summary>
public static class LlamaLayout
{
    /// <summary>Builds the decoder that a folder with <c>config.json</c> and safetensors describes, and loads it.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="WeightMismatchException">The weights do not fit the configuration.</exception>
    public static CausalDecoder Load(string folder) => PublishedModel.Load(folder, Load);

    /// <summary>Loads a decoder.</summary>
    /// <param name="decoder">A decoder of the published shape.</param>
    /// <param name="files">The file or files.</param>
    /// <param name="allowPartial">Whether names may be missing or unexpected; they are reported then.</param>
    /// <exception cref="WeightMismatchException">The weights do not fit the decoder; nothing was loaded.</exception>
    public static WeightReport Load(CausalDecoder decoder, WeightFiles files, bool allowPartial = false)
    {
        var sources = new Dictionary<string, WeightSource[]>(StringComparer.Ordinal)
        {
            ["embedding.weight"] = [new("model.embed_tokens.weight")],
            ["backbone.norm.weight"] = [new("model.norm.weight")],
            ["output.weight"] = [new("lm_head.weight")],
        };
        for (int block = 0; block < decoder.Configuration.Layers; block++)
        {
            string to = $"backbone.blocks.{block}.", from = $"model.layers.{block}.", attention = from + "self_attn.";
            sources.Add(to + "attentionNorm.weight", [new(from + "input_layernorm.weight")]);
            foreach (string part in new[] { ".weight", ".bias" })
            {
                sources.Add(to + "attention.queryKeyValue" + part, [new(attention + "q_proj" + part), new(attention + "k_proj" + part), new(attention + "v_proj" + part)]);
            }

            sources.Add(to + "attention.queryNorm.weight", [new(attention + "q_norm.weight")]);
            sources.Add(to + "attention.keyNorm.weight", [new(attention + "k_norm.weight")]);
            sources.Add(to + "attention.output.weight", [new(attention + "o_proj.weight")]);
            sources.Add(to + "feedForwardNorm.weight", [new(from + "post_attention_layernorm.weight")]);
            sources.Add(to + "feedForward.up.weight", [new(from + "mlp.gate_proj.weight"), new(from + "mlp.up_proj.weight")]);
            sources.Add(to + "feedForward.down.weight", [new(from + "mlp.down_proj.weight")]);
        }

        bool tied = decoder.Configuration.TiedEmbeddings;
        return WeightLoader.Load(
            decoder, files, sources, name => name.EndsWith("rotary_emb.inv_freq", StringComparison.Ordinal) || (tied && name == "lm_head.weight"), allowPartial);
    }
}

/// <summary>What the layouts share: a folder gives the configuration and the weights.</summary>
internal static class PublishedModel
{
    internal static CausalDecoder Load(string folder, Func<CausalDecoder, WeightFiles, bool, WeightReport> load)
    {
        using WeightFiles files = WeightFiles.Open(folder);
        var decoder = new CausalDecoder(PublishedConfiguration.Read(folder).Decoder);
        try
        {
            load(decoder, files, false);
            return decoder;
        }
        catch
        {
            decoder.Dispose();
            throw;
        }
    }
}
