using ArKernel.Weights;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Tests.Weights;

/// <summary>A decoder in tensors whose parameters are named as <see cref="DecoderNames"/> says, to load files into.</summary>
internal sealed class PlainDecoder : nn.Module
{
    private readonly PublishedConfiguration shape;
    private readonly Dictionary<string, Parameter> weights = [];

    internal PlainDecoder(PublishedConfiguration shape)
        : base("plain decoder")
    {
        this.shape = shape;
        bool gpt2 = shape.Family == "gpt2";
        int queries = shape.Heads * shape.HeadWidth, keys = shape.KeyValueHeads * shape.HeadWidth;
        Add("tokenEmbedding.weight", shape.VocabularySize, shape.Width);
        if (gpt2)
        {
            Add("positionEmbedding.weight", shape.MaximumLength, shape.Width);
        }
        else if (!shape.TiedEmbeddings)
        {
            Add("head.weight", shape.VocabularySize, shape.Width);
        }

        Norm("finalNorm", gpt2);
        for (int i = 0; i < shape.Layers; i++)
        {
            string at = $"blocks.{i}.";
            Norm(at + "attentionNorm", gpt2);
            Norm(at + "feedForwardNorm", gpt2);
            Linear(at + "attention.query", queries, shape.Width, shape.QueryKeyValueBias);
            Linear(at + "attention.key", keys, shape.Width, shape.QueryKeyValueBias);
            Linear(at + "attention.value", keys, shape.Width, shape.QueryKeyValueBias);
            Linear(at + "attention.output", shape.Width, queries, gpt2);
            Linear(at + "feedForward.up", shape.FeedForwardWidth, shape.Width, gpt2);
            Linear(at + "feedForward.down", shape.Width, shape.FeedForwardWidth, gpt2);
            if (!gpt2)
            {
                Linear(at + "feedForward.gate", shape.FeedForwardWidth, shape.Width, bias: false);
            }

            if (shape.QueryKeyNorm)
            {
                Add(at + "attention.queryNorm.weight", shape.HeadWidth);
                Add(at + "attention.keyNorm.weight", shape.HeadWidth);
            }
        }
    }

    public override IEnumerable<(string name, Parameter parameter)> named_parameters(bool recurse = true) => weights.Select(pair => (pair.Key, pair.Value));

    internal Tensor Logits(int[] ids)
    {
        using IDisposable noGradient = no_grad();
        Tensor index = tensor(ids, ScalarType.Int64);
        Tensor x = weights["tokenEmbedding.weight"][index];
        bool gpt2 = shape.Family == "gpt2";
        if (gpt2)
        {
            x += weights["positionEmbedding.weight"][..ids.Length];
        }

        Tensor distance = arange(ids.Length).unsqueeze(1) - arange(ids.Length);
        Tensor mask = (distance >= 0) & (distance < (shape.SlidingWindow ?? int.MaxValue));
        for (int i = 0; i < shape.Layers; i++)
        {
            string at = $"blocks.{i}.";
            Tensor normed = Normalise(x, at + "attentionNorm");
            Tensor q = Split(Apply(normed, at + "attention.query")), k = Split(Apply(normed, at + "attention.key")), v = Split(Apply(normed, at + "attention.value"));
            if (shape.QueryKeyNorm)
            {
                (q, k) = (Normalise(q, at + "attention.queryNorm"), Normalise(k, at + "attention.keyNorm"));
            }

            if (!gpt2)
            {
                (q, k) = (Rotate(q), Rotate(k));
            }

            long repeat = shape.Heads / shape.KeyValueHeads;
            Tensor scores = q.matmul(k.repeat_interleave(repeat, 0).transpose(1, 2)) / Math.Sqrt(shape.HeadWidth);
            Tensor mixed = scores.masked_fill(~mask, double.NegativeInfinity).softmax(-1).matmul(v.repeat_interleave(repeat, 0));
            x += Apply(mixed.transpose(0, 1).reshape(ids.Length, -1), at + "attention.output");
            normed = Normalise(x, at + "feedForwardNorm");
            Tensor up = Apply(normed, at + "feedForward.up");
            Tensor inner = gpt2 ? up.gelu(GELU.Approximate.tanh) : nn.functional.silu(Apply(normed, at + "feedForward.gate")) * up;
            x += Apply(inner, at + "feedForward.down");
        }

        return Normalise(x, "finalNorm").matmul(weights[weights.ContainsKey("head.weight") ? "head.weight" : "tokenEmbedding.weight"].t());
    }

    private void Add(string name, params long[] size) => weights.Add(name, new Parameter(randn(size)));

    private void Norm(string name, bool bias)
    {
        Add(name + ".weight", shape.Width);
        if (bias)
        {
            Add(name + ".bias", shape.Width);
        }
    }

    private void Linear(string name, long output, long input, bool bias)
    {
        Add(name + ".weight", output, input);
        if (bias)
        {
            Add(name + ".bias", output);
        }
    }

    private Tensor Apply(Tensor x, string name) => nn.functional.linear(x, weights[name + ".weight"], weights.GetValueOrDefault(name + ".bias"));

    private Tensor Normalise(Tensor x, string name) => weights.TryGetValue(name + ".bias", out Parameter? bias)
        ? nn.functional.layer_norm(x, [x.shape[^1]], weights[name + ".weight"], bias, shape.NormEpsilon)
        : x * (x.square().mean([-1], keepdim: true) + shape.NormEpsilon).rsqrt() * weights[name + ".weight"];

    private Tensor Split(Tensor x) => x.view(x.shape[0], -1, shape.HeadWidth).transpose(0, 1);

    private Tensor Rotate(Tensor x)
    {
        Tensor frequency = pow(tensor(shape.RopeBase), arange(0, shape.HeadWidth, 2, ScalarType.Float32) / -shape.HeadWidth);
        Tensor angle = arange(x.shape[1], ScalarType.Float32).unsqueeze(1) * frequency;
        Tensor[] halves = x.chunk(2, -1);
        return cat([halves[0] * angle.cos() - halves[1] * angle.sin(), halves[1] * angle.cos() + halves[0] * angle.sin()], -1);
    }
}
