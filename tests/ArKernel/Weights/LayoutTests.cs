using ArKernel.Backbones;
using ArKernel.Weights;
using static TorchSharp.torch;

namespace ArKernel.Tests.Weights;

public sealed class LayoutTests : IDisposable
{
    private const int Vocabulary = 11, Width = 12, Layers = 2, Heads = 6, Inner = 20, Length = 9;
    private static readonly int[] Ids = [3, 1, 4, 1, 5, 9, 2, 6];
    private readonly string folder = Directory.CreateTempSubdirectory("arkernel-layout-").FullName;
    private readonly Generator random = new(7ul);

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private Tensor Random(params long[] shape) => randn(shape, generator: random) * 0.4;

    private Dictionary<string, Tensor> Gpt2File()
    {
        var file = new Dictionary<string, Tensor> { ["wte.weight"] = Random(Vocabulary, Width), ["wpe.weight"] = Random(Length, Width), ["ln_f.weight"] = Random(Width), ["ln_f.bias"] = Random(Width) };
        for (int i = 0; i < Layers; i++)
        {
            foreach ((string name, long input, long output) in new[] { ("attn.c_attn", Width, 3 * Width), ("attn.c_proj", Width, Width), ("mlp.c_fc", Width, 4 * Width), ("mlp.c_proj", 4 * Width, (long)Width) })
            {
                file[$"h.{i}.{name}.weight"] = Random(input, output);
                file[$"h.{i}.{name}.bias"] = Random(output);
            }

            foreach (string name in new[] { "ln_1", "ln_2" })
            {
                file[$"h.{i}.{name}.weight"] = Random(Width);
                file[$"h.{i}.{name}.bias"] = Random(Width);
            }

            file[$"h.{i}.attn.bias"] = ones(1, 1, Length, Length).tril(); // the stored mask that must be ignored
        }

        return file;
    }

    private Dictionary<string, Tensor> LlamaFile(int groups, int headWidth, bool tied, bool bias, bool norms)
    {
        var file = new Dictionary<string, Tensor> { ["model.embed_tokens.weight"] = Random(Vocabulary, Width), ["model.norm.weight"] = Random(Width) };
        if (!tied)
        {
            file["lm_head.weight"] = Random(Vocabulary, Width);
        }

        for (int i = 0; i < Layers; i++)
        {
            string at = $"model.layers.{i}.";
            foreach ((string name, long output, long input) in new[]
            {
                ("self_attn.q_proj", Heads * headWidth, Width), ("self_attn.k_proj", groups * headWidth, Width), ("self_attn.v_proj", groups * headWidth, Width),
                ("self_attn.o_proj", Width, Heads * headWidth), ("mlp.gate_proj", Inner, Width), ("mlp.up_proj", Inner, Width), ("mlp.down_proj", Width, (long)Inner),
            })
            {
                file[at + name + ".weight"] = Random(output, input);
                if (bias && (name is "self_attn.q_proj" or "self_attn.k_proj" or "self_attn.v_proj"))
                {
                    file[at + name + ".bias"] = Random(output);
                }
            }

            foreach (string name in new[] { "input_layernorm", "post_attention_layernorm" })
            {
                file[at + name + ".weight"] = Random(Width);
            }

            if (norms)
            {
                file[at + "self_attn.q_norm.weight"] = Random(headWidth);
                file[at + "self_attn.k_norm.weight"] = Random(headWidth);
            }
        }

        return file;
    }

    private PublishedConfiguration Save(Dictionary<string, Tensor> file, string configuration)
    {
        SafeTensors.Write(Path.Combine(folder, "model.safetensors"), file);
        File.WriteAllText(Path.Combine(folder, "config.json"), configuration);
        return PublishedConfiguration.Read(folder);
    }

    private const string Gpt2Config = """{"model_type":"gpt2","vocab_size":11,"n_embd":12,"n_layer":2,"n_head":6,"n_positions":9,"n_inner":null,"layer_norm_epsilon":1e-5}""";

    private static void AssertClose(double[][] expected, Tensor logits)
    {
        float[] values = logits.to(ScalarType.Float32).data<float>().ToArray();
        double[] flat = [.. expected.SelectMany(row => row)];
        Assert.Equal(flat.Length, values.Length);
        Assert.All(flat.Zip(values), pair => Assert.Equal(pair.First, pair.Second, 1e-5 * Math.Max(1, Math.Abs(pair.First))));
    }

    [Theory]
    [InlineData("")]
    [InlineData("transformer.")]
    public void A_GPT2_file_loads_and_gives_the_straight_line_logits(string prefix)
    {
        Dictionary<string, Tensor> file = Gpt2File();
        PublishedConfiguration configuration = Save(file.ToDictionary(pair => prefix + pair.Key, pair => pair.Value), Gpt2Config);
        using var decoder = new CausalDecoder(configuration.Decoder);
        using WeightFiles files = WeightFiles.Open(folder);
        WeightReport report = Gpt2Layout.Load(decoder, files);
        Assert.Empty(report.Missing.Concat(report.Unexpected));
        AssertClose(new StraightLine(file).Gpt2(Ids, Layers, Heads, 1e-5), decoder.Forward(tensor(Ids, ScalarType.Int64).unsqueeze(0)).Logits);
    }

    [Theory]
    [InlineData("llama", 6, 2, false)]
    [InlineData("llama", 2, 4, true)]
    [InlineData("qwen2", 3, 2, true)]
    [InlineData("qwen3", 1, 4, false)]
    [InlineData("mistral", 3, 2, false)]
    public void A_Llama_like_file_loads_and_gives_the_straight_line_logits(string family, int groups, int headWidth, bool tied)
    {
        Dictionary<string, Tensor> file = LlamaFile(groups, headWidth, tied, bias: family == "qwen2", norms: family == "qwen3");
        PublishedConfiguration configuration = Save(
            file,
            $$"""{"model_type":"{{family}}","vocab_size":11,"hidden_size":12,"num_hidden_layers":2,"num_attention_heads":6,"num_key_value_heads":{{groups}},"head_dim":{{headWidth}},"intermediate_size":20,"max_position_embeddings":9,"rms_norm_eps":1e-5,"rope_theta":500.0,"tie_word_embeddings":{{(tied ? "true" : "false")}},"sliding_window":3,"rope_scaling":null}""");
        Assert.Equal(family == "mistral" ? 3 : 0, configuration.Decoder.SlidingWindow);
        using CausalDecoder decoder = LlamaLayout.Load(folder);
        AssertClose(
            new StraightLine(file).Llama(Ids, Layers, Heads, groups, headWidth, 1e-5, 500, family == "mistral" ? 3 : int.MaxValue, tied),
            decoder.Forward(tensor(Ids, ScalarType.Int64).unsqueeze(0)).Logits);
    }

    [Fact]
    public void Missing_unexpected_and_misshapen_tensors_are_named_and_nothing_is_loaded()
    {
        Dictionary<string, Tensor> file = Gpt2File();
        file.Remove("h.1.mlp.c_fc.bias");
        file["h.0.extra"] = ones(1);
        file["wpe.weight"] = Random(Length + 1, Width);
        PublishedConfiguration configuration = Save(file, Gpt2Config);
        using var decoder = new CausalDecoder(configuration.Decoder);
        Tensor before = decoder.parameters().First().detach().clone();
        using WeightFiles files = WeightFiles.Open(folder);
        string message = Assert.Throws<WeightMismatchException>(() => Gpt2Layout.Load(decoder, files)).Message;
        Assert.Contains("missing: backbone.blocks.1.feedForward.up.bias (from h.1.mlp.c_fc.bias)", message);
        Assert.Contains("unexpected: h.0.extra", message);
        Assert.Contains("'backbone.positionEmbedding' is [9, 12] in the model and comes from 'wpe.weight' [10, 12]", message);
        Assert.True(before.equal(decoder.parameters().First()).all().item<bool>());
    }

    [Fact]
    public void A_partial_load_is_a_choice_and_reports_what_it_left_out()
    {
        Dictionary<string, Tensor> file = Gpt2File();
        file.Remove("ln_f.bias");
        file["h.0.extra"] = ones(1);
        PublishedConfiguration configuration = Save(file, Gpt2Config);
        using var decoder = new CausalDecoder(configuration.Decoder);
        using WeightFiles files = WeightFiles.Open(folder);
        WeightReport report = Gpt2Layout.Load(decoder, files, allowPartial: true);
        Assert.Equal("backbone.norm.bias (from ln_f.bias)", Assert.Single(report.Missing));
        Assert.Equal("h.0.extra", Assert.Single(report.Unexpected));
    }

    [Fact]
    public void A_configuration_that_cannot_be_used_names_the_key()
    {
        string Error(string json)
        {
            File.WriteAllText(Path.Combine(folder, "config.json"), json);
            return Assert.Throws<InvalidDataException>(() => PublishedConfiguration.Read(folder)).Message;
        }

        Assert.Contains("'model_type'", Error("{}"));
        Assert.Contains("'bert' is not supported", Error("""{"model_type":"bert"}"""));
        Assert.Contains("'n_layer'", Error(Gpt2Config.Replace("n_layer", "x")));
        Assert.Contains("positive whole number", Error(Gpt2Config.Replace("\"n_layer\":2", "\"n_layer\":-2")));
        Assert.Contains("'yarn', which is not supported", Error("""{"model_type":"llama","vocab_size":1,"hidden_size":2,"num_hidden_layers":1,"num_attention_heads":1,"intermediate_size":1,"max_position_embeddings":1,"rope_scaling":{"type":"yarn","factor":2}}"""));
        Assert.Contains("no valid model configuration", Error("nonsense"));
    }

    [Fact]
    public void The_straight_line_activations_have_their_known_values()
    {
        Assert.Equal(0.841192, StraightLine.Gelu(1), 6);
        Assert.Equal(0.731059, nn.functional.silu(ones(1, ScalarType.Float64)).item<double>(), 6);
    }
}
