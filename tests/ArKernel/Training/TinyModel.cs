using ArKernel.Backbones;
using ArKernel.Data;
using ArKernel.Objectives;
using ArKernel.Recipes;
using static TorchSharp.torch;

namespace ArKernel.Tests.Training;

/// <summary>A real, small next-token model: a transformer of one block with dropout, its output matrix tied to its embedding.</summary>
internal static class TinyModel
{
    internal const int Vocabulary = 7;
    internal const int Length = 6;

    internal static AutoregressiveModel Create(int width = 8, int seed = 3, double dropoutRate = 0.2)
    {
        using Generator _ = manual_seed(seed);
        return NextToken.Compose(DecoderConfiguration.Llama(Vocabulary, width, 1, 2, 1, 16, Length) with { Dropout = dropoutRate });
    }
}

/// <summary>Likelihood, multiplied by something that may depend on the number of the call.</summary>
internal sealed class Disturbed(Func<int, double> factor) : IObjective
{
    private int calls;

    public Tensor Loss(AutoregressiveModel model, Batch batch) => new Likelihood().Loss(model, batch) * factor(calls++);
}

/// <summary>Batches of a simple language: each token is the one before plus one, with a little noise; a function of the batch's number.</summary>
internal sealed class CountingBatches(int seed = 5, int batchSize = 4) : IBatchSource
{
    public Batch GetBatch(long step)
    {
        var random = new Random((int)(Seeds.Mix(seed, step) & int.MaxValue));
        long[] tokens = new long[batchSize * TinyModel.Length];
        for (int i = 0; i < tokens.Length; i++)
        {
            tokens[i] = i % TinyModel.Length == 0 || random.Next(8) == 0 ? random.Next(TinyModel.Vocabulary) : (tokens[i - 1] + 1) % TinyModel.Vocabulary;
        }

        return new Batch(tensor(tokens, [batchSize, TinyModel.Length], ScalarType.Int64));
    }
}

/// <summary>
/// Tests that seed torch's one global random generator, or set a static of the library, run alone: another test's draw in between would
/// change what they compare.
/// </summary>
[CollectionDefinition(nameof(RunsAlone), DisableParallelization = true)]
public sealed class RunsAlone;
