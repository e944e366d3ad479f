using System.Diagnostics;
using ArKernel.Backbones;
using ArKernel.Decoding;
using ArKernel.Recipes;
using ArKernel.Weights;
using static TorchSharp.torch;

namespace ArKernel.Benchmarks;

/// <summary>
/// Greedy decoding with a cache, batch 1, of a 12-block, width 768 GPT-2. The floor: every weight is read once a token, at the rate the
/// machine streams memory.
/// </summary>
internal static class CachedDecoding
{
    private const int Layers = 12, Width = 768, Heads = 12, Length = 256, Vocabulary = 8192, Prompt = 16, Tokens = 64;

    public static int Run()
    {
        set_num_threads(Environment.ProcessorCount);
        string folder = Peer.Weights(Layers, Width, Heads, Length, Vocabulary);
        double bandwidth = Math.Max(Bandwidth(), Bandwidth());
        (long[] tokens, double seconds, long parameters) = Ours(folder);
        var peer = Peer.Run("decode", Path.Combine(folder, "model.safetensors"), $"{Heads}", $"{Tokens}")!;
        (_, double again, _) = Ours(folder);
        bandwidth = Math.Max(bandwidth, Bandwidth());
        seconds = Math.Min(seconds, again);

        // Position vectors are not matrices: one row of them is read.
        double bound = 4.0 * (parameters - (Length * Width)) / bandwidth;
        double peerSeconds = (double)peer["seconds"]!;
        bool same = tokens.SequenceEqual(peer["tokens"]!.AsArray().Select(token => (long)token!));
        Console.WriteLine($"streaming reads   {bandwidth / 1e9:F1} GB/s ({get_num_threads()} threads)");
        Console.WriteLine($"ours              {seconds * 1e3:F1} ms a token, {bound / seconds:P0} of the memory bound ({bound * 1e3:F1} ms for {parameters / 1e6:F0} million weights)");
        Console.WriteLine($"python3-torch     {peerSeconds * 1e3:F1} ms a token; it takes {peerSeconds / seconds:F2} times as long");
        Console.WriteLine($"tokens            {(same ? "the same" : "DIFFERENT")}: {string.Join(' ', tokens.Take(12))} …");
        return same ? 0 : 1;
    }

    private static (long[] Tokens, double Seconds, long Parameters) Ours(string folder)
    {
        using CausalDecoder decoder = Gpt2Layout.Load(folder);
        long[] prompt = Peer.Tokens(Prompt, Vocabulary);
        using AutoregressiveModel model = NextToken.From(decoder, (int)prompt[0]);
        using Tensor start = tensor(prompt[1..]).unsqueeze(0);
        List<double> seconds = [];
        var watch = Stopwatch.StartNew();
        var options = SamplingOptions.Greedy with
        {
            StepCompleted = _ =>
            {
                seconds.Add(watch.Elapsed.TotalSeconds);
                watch.Restart();
            },
        };
        using Tensor text = Sampler.Continue(model, start, Tokens, options);
        return (text[0].data<long>().Skip(Prompt - 1).ToArray(), Peer.Median(seconds[1..]), decoder.Configuration.ParameterCount);
    }

    /// <summary>Bytes a second that a sum over half a gigabyte reads.</summary>
    private static double Bandwidth()
    {
        using Tensor large = ones(1 << 27);
        double best = double.MaxValue;
        for (int i = 0; i < 8; i++)
        {
            var watch = Stopwatch.StartNew();
            using Tensor sum = large.sum();
            best = Math.Min(best, watch.Elapsed.TotalSeconds);
        }

        return 4.0 * (1 << 27) / best;
    }
}
