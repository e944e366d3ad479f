using ArKernel.Codecs;
using ArKernel.Data;
using ArKernel.Objectives;
using ArKernel.Recipes;
using ArKernel.Training;

namespace ArKernel.Interactive.Tests;

internal static class Examples
{
    public static TrainingRun Run(int steps = 30, Func<object>? sample = null, double learningRate = 3e-3)
    {
        AutoregressiveModel model = NextToken.Compose(NextToken.Tiny(256, 32) with { Channels = 32, Layers = 1, Heads = 2 });
        int[] tokens = new ByteCodec().Encode(string.Concat(Enumerable.Repeat("the cat sat on the mat. a dog ran in the fog; ", 40)));
        return new TrainingRun(
            model,
            new Likelihood(),
            new TokenWindows(tokens, 32, 4, seed: 1),
            new TrainingOptions { Steps = steps, EvaluateEvery = 10, EvaluationBatches = 1, LearningRate = learningRate, SampleEvery = sample is null ? 0 : 10 },
            new TokenWindows(tokens, 32, 4, seed: 2))
        {
            Sample = sample,
        };
    }
}
