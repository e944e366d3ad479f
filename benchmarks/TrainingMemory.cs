using System.Diagnostics;
using ArKernel.Codecs;
using ArKernel.Data;
using ArKernel.Objectives;
using ArKernel.Recipes;
using ArKernel.Training;

namespace ArKernel.Benchmarks;

/// <summary>The process memory of a long training: its mean over the last minute against that over the second.</summary>
internal static class TrainingMemory
{
    public static int Run(double minutes)
    {
        string text = TextCorpus.MobyDick().Training;
        var batches = new TokenWindows(new ByteCodec().Encode(text), length: 128, batchSize: 16);
        using AutoregressiveModel model = NextToken.Compose(NextToken.Tiny(256));
        var run = new TrainingRun(model, new Likelihood(), batches, new TrainingOptions { Steps = int.MaxValue, WarmUpSteps = 100, EvaluateEvery = 0 });
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(minutes));
        using Process process = Process.GetCurrentProcess();
        var samples = new List<(double Minute, double Megabytes)>();
        run.StepCompleted += _ =>
        {
            process.Refresh();
            samples.Add((run.Elapsed.TotalMinutes, process.WorkingSet64 / 1048576.0));
        };
        run.Run(stop.Token);

        double second = samples.Where(sample => sample.Minute is >= 1 and < 2).Average(sample => sample.Megabytes);
        double last = samples.Where(sample => sample.Minute >= minutes - 1).Average(sample => sample.Megabytes);
        Console.WriteLine($"{samples.Count} steps in {minutes} minutes; resident memory in the second minute {second:F0} MiB, in the last {last:F0} MiB: {(last / second) - 1:+0.0%;-0.0%}");
        return Math.Abs((last / second) - 1) <= 0.02 ? 0 : 1;
    }
}
