using static TorchSharp.torch;

namespace ArKernel.Tests.Weights;

/// <summary>
/// The published decoders written out with loops over plain numbers, from the names and shapes of the files alone: a second implementation
/// that shares no code with the library's.
/// </summary>
internal sealed class StraightLine(IReadOnlyDictionary<string, Tensor> file)
{
    private readonly Dictionary<string, (double[] Values, long[] Shape)> tensors = file.ToDictionary(
        pair => pair.Key,
        pair => (pair.Value.to(ScalarType.Float64).data<double>().ToArray(), pair.Value.shape));

    internal double[][] Gpt2(int[] ids, int layers, int heads, double epsilon)
    {
        (double[] embedding, long[] shape) = tensors["wte.weight"];
        int width = (int)shape[1];
        double[][] x = [.. ids.Select((id, t) => Vector(width, c => embedding[id * width + c] + tensors["wpe.weight"].Values[t * width + c]))];
        for (int layer = 0; layer < layers; layer++)
        {
            string at = $"h.{layer}.";
            double[][] all = [.. x.Select(row => InOut(LayerNorm(row, at + "ln_1", epsilon), at + "attn.c_attn"))];
            double[][] queries = [.. all.Select(row => row[..width])], keys = [.. all.Select(row => row[width..(2 * width)])], values = [.. all.Select(row => row[(2 * width)..])];
            double[][] mixed = Attend(queries, keys, values, heads, heads, width / heads, int.MaxValue);
            x = [.. x.Zip(mixed, (row, attended) => Sum(row, InOut(attended, at + "attn.c_proj")))];
            x = [.. x.Select(row => Sum(row, InOut([.. InOut(LayerNorm(row, at + "ln_2", epsilon), at + "mlp.c_fc").Select(Gelu)], at + "mlp.c_proj")))];
        }

        return [.. x.Select(row => OutIn(LayerNorm(row, "ln_f", epsilon), "wte"))];
    }

    internal double[][] Llama(int[] ids, int layers, int heads, int groups, int headWidth, double epsilon, double ropeBase, int window, bool tied)
    {
        (double[] embedding, long[] shape) = tensors["model.embed_tokens.weight"];
        int width = (int)shape[1];
        double[][] x = [.. ids.Select(id => Vector(width, c => embedding[id * width + c]))];
        for (int layer = 0; layer < layers; layer++)
        {
            string at = $"model.layers.{layer}.";
            double[][] normed = [.. x.Select(row => RmsNorm(row, at + "input_layernorm", epsilon))];
            double[][] queries = [.. normed.Select((row, t) => Rotate(HeadNorm(OutIn(row, at + "self_attn.q_proj"), at + "self_attn.q_norm", headWidth, epsilon), headWidth, t, ropeBase))];
            double[][] keys = [.. normed.Select((row, t) => Rotate(HeadNorm(OutIn(row, at + "self_attn.k_proj"), at + "self_attn.k_norm", headWidth, epsilon), headWidth, t, ropeBase))];
            double[][] values = [.. normed.Select(row => OutIn(row, at + "self_attn.v_proj"))];
            double[][] mixed = Attend(queries, keys, values, heads, groups, headWidth, window);
            x = [.. x.Zip(mixed, (row, attended) => Sum(row, OutIn(attended, at + "self_attn.o_proj")))];
            for (int t = 0; t < x.Length; t++)
            {
                double[] input = RmsNorm(x[t], at + "post_attention_layernorm", epsilon);
                double[] gate = OutIn(input, at + "mlp.gate_proj"), up = OutIn(input, at + "mlp.up_proj");
                x[t] = Sum(x[t], OutIn(Vector(gate.Length, c => gate[c] / (1 + Math.Exp(-gate[c])) * up[c]), at + "mlp.down_proj"));
            }
        }

        return [.. x.Select(row => OutIn(RmsNorm(row, "model.norm", epsilon), tied ? "model.embed_tokens" : "lm_head"))];
    }

    internal static double Gelu(double x) => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));

    private static double[] Vector(int length, Func<int, double> value) => [.. Enumerable.Range(0, length).Select(value)];

    private static double[] Sum(double[] a, double[] b) => Vector(a.Length, i => a[i] + b[i]);

    private double[] LayerNorm(double[] x, string name, double epsilon)
    {
        double mean = x.Average(), variance = x.Average(value => (value - mean) * (value - mean));
        return Vector(x.Length, c => (x[c] - mean) / Math.Sqrt(variance + epsilon) * tensors[name + ".weight"].Values[c] + tensors[name + ".bias"].Values[c]);
    }

    private double[] RmsNorm(double[] x, string name, double epsilon)
    {
        double scale = 1 / Math.Sqrt(x.Average(value => value * value) + epsilon);
        return Vector(x.Length, c => x[c] * scale * tensors[name + ".weight"].Values[c]);
    }

    private double[] HeadNorm(double[] x, string name, int headWidth, double epsilon) =>
        tensors.ContainsKey(name + ".weight") ? [.. x.Chunk(headWidth).SelectMany(head => RmsNorm(head, name, epsilon))] : x;

    private double[] InOut(double[] x, string name)
    {
        (double[] weight, long[] shape) = tensors[name + ".weight"];
        double[] bias = tensors[name + ".bias"].Values;
        return Vector((int)shape[1], o => bias[o] + Enumerable.Range(0, x.Length).Sum(i => x[i] * weight[i * (int)shape[1] + o]));
    }

    private double[] OutIn(double[] x, string name)
    {
        (double[] weight, long[] shape) = tensors[name + ".weight"];
        double[]? bias = tensors.TryGetValue(name + ".bias", out var stored) ? stored.Values : null;
        return Vector((int)shape[0], o => (bias?[o] ?? 0) + Enumerable.Range(0, x.Length).Sum(i => x[i] * weight[o * x.Length + i]));
    }

    private static double[] Rotate(double[] x, int headWidth, int position, double ropeBase)
    {
        double[] rotated = new double[x.Length];
        for (int start = 0; start < x.Length; start += headWidth)
        {
            for (int i = 0; i < headWidth / 2; i++)
            {
                double angle = position * Math.Pow(ropeBase, -2.0 * i / headWidth), u = x[start + i], w = x[start + i + headWidth / 2];
                rotated[start + i] = u * Math.Cos(angle) - w * Math.Sin(angle);
                rotated[start + i + headWidth / 2] = w * Math.Cos(angle) + u * Math.Sin(angle);
            }
        }

        return rotated;
    }

    private static double[][] Attend(double[][] queries, double[][] keys, double[][] values, int heads, int groups, int headWidth, int window)
    {
        double[][] mixed = [.. queries.Select(_ => new double[heads * headWidth])];
        for (int head = 0; head < heads; head++)
        {
            int q = head * headWidth, k = head / (heads / groups) * headWidth;
            for (int t = 0; t < queries.Length; t++)
            {
                int first = Math.Max(0, t - window + 1);
                double[] weights = [.. Enumerable.Range(first, t - first + 1).Select(s => Math.Exp(Enumerable.Range(0, headWidth).Sum(c => queries[t][q + c] * keys[s][k + c]) / Math.Sqrt(headWidth)))];
                for (int s = first; s <= t; s++)
                {
                    for (int c = 0; c < headWidth; c++)
                    {
                        mixed[t][q + c] += weights[s - first] / weights.Sum() * values[s][k + c];
                    }
                }
            }
        }

        return mixed;
    }
}
