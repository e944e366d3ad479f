using System.Diagnostics;
using ArKernel.Backbones;
using ArKernel.Data;
using ArKernel.Objectives;
using ArKernel.Recipes;
using ArKernel.Training;
using ArKernel.Weights;
using static TorchSharp.torch;

namespace ArKernel.Benchmarks;

/// <summary>
/// A training step of the 6-block, width 384 GPT-2 at T = 256, batch 8. The floor is the step's matrix products at the machine's own rate of
/// 2048³ products: 6 flops a weight and token, 12·T·width a block and token for attention's two products.
/// </summary>
internal static class TrainingStep
{
    private const int Layers = 6, Width = 384, Heads = 6, Length = 256, Vocabulary = 256, Batch = 8, Steps = 24;

    public static int Run()
    {
        set_num_threads(Environment.ProcessorCount);
        string folder = Peer.Weights(Layers, Width, Heads, Length, Vocabulary);
        double rate = Math.Max(MatrixRate(), MatrixRate());
        (List<double> losses, double seconds) = Ours(folder);
        var peer = Peer.Run("train", Path.Combine(folder, "model.safetensors"), $"{Heads}", $"{Batch}", $"{Steps}")!;
        (List<double> again, double secondsAgain) = Ours(folder);
        rate = Math.Max(rate, MatrixRate());
        seconds = Math.Min(seconds, secondsAgain);

        double weights = 12.0 * Layers * Width * Width + (double)Vocabulary * Width;
        double flops = (6 * weights + 12.0 * Layers * Width * Length) * Batch * Length;
        double peerSeconds = (double)peer["seconds"]!;
        double difference = losses.Zip(peer["losses"]!.AsArray(), (ours, theirs) => Math.Abs(ours - (double)theirs!)).Max();
        Console.WriteLine($"matrix products   {rate / 1e9:F0} GFLOP/s ({get_num_threads()} threads, float32, 2048³)");
        Console.WriteLine($"ours              {seconds * 1e3:F0} ms a step, {flops / seconds / 1e9:F0} GFLOP/s, {flops / seconds / rate:P0} of the matrix rate");
        Console.WriteLine($"python3-torch     {peerSeconds * 1e3:F0} ms a step; it takes {peerSeconds / seconds:F2} times as long");
        Console.WriteLine($"losses            differ by at most {difference:E1} over {Steps} steps (last: {losses[^1]:F4}); two runs of ours by {losses.Zip(again, (a, b) => Math.Abs(a - b)).Max():E1}");
        return difference <= 1e-3 ? 0 : 1;
    }

    private static (List<double> Losses, double Seconds) Ours(string folder)
    {
        using CausalDecoder decoder = Gpt2Layout.Load(folder);
        using AutoregressiveModel model = NextToken.From(decoder, startToken: 0);
        var options = new TrainingOptions
        {
            Steps = Steps, LearningRate = 3e-4, WarmUpSteps = 0, MinimumLearningRateFraction = 1, EvaluateEvery = 0,
        };
        var run = new TrainingRun(model, new FollowingToken(decoder), new OneBatch(), options);
        TrainingView.Default = null!;
        List<double> losses = [], seconds = [];
        var watch = Stopwatch.StartNew();
        run.StepCompleted += step =>
        {
            losses.Add(step.Loss);
            seconds.Add(watch.Elapsed.TotalSeconds);
            watch.Restart();
        };
        run.Run();
        return (losses, Peer.Median(seconds));
    }

    private static double MatrixRate()
    {
        using Tensor a = randn(2048, 2048), b = randn(2048, 2048);
        double best = double.MaxValue;
        for (int i = 0; i < 12; i++)
        {
            var watch = Stopwatch.StartNew();
            using Tensor c = a.matmul(b);
            best = Math.Min(best, watch.Elapsed.TotalSeconds);
        }

        return 2 * Math.Pow(2048, 3) / best;
    }

    /// <summary>The peer's loss: every token but the first, given those before it, with no start.</summary>
    private sealed class FollowingToken(CausalDecoder decoder) : IObjective
    {
        public Tensor Loss(AutoregressiveModel model, Batch batch)
        {
            Tensor logits = decoder.Forward(batch.Tokens.narrow(1, 0, Length)).Logits;
            return nn.functional.cross_entropy(logits.flatten(0, 1), batch.Tokens.narrow(1, 1, Length).flatten());
        }
    }

    private sealed class OneBatch : IBatchSource
    {
        public Batch GetBatch(long step) => new(tensor(Peer.Tokens(Batch * (Length + 1), Vocabulary), [Batch, Length + 1]));
    }
}
