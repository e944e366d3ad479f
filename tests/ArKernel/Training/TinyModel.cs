using ArKernel.Data;
using ArKernel.Orders;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Tests.Training;

/// <summary>A real, small next-token model: an embedding whose matrix is also the output projection (tied), a hidden layer, dropout.</summary>
internal sealed class TinyModel : AutoregressiveModel
{
    internal const int Vocabulary = 7;
    internal const int Length = 6;
    private readonly Parameter embedding;
    private readonly Linear hidden;
    private readonly LayerNorm norm;
    private readonly Parameter tied;
    private readonly Dropout dropout;

    internal TinyModel(int width = 8, int seed = 3, double dropoutRate = 0.2)
        : base("tiny", GenerationOrder.Raster(Length))
    {
        using Generator _ = manual_seed(seed);
        embedding = new Parameter(randn(Vocabulary, width) * 0.5);
        tied = embedding;
        hidden = nn.Linear(width, width);
        norm = nn.LayerNorm(width);
        dropout = nn.Dropout(dropoutRate);
        RegisterComponents();
    }

    /// <summary>Called with the number of the call, may damage the loss.</summary>
    internal Func<int, double>? Disturb { get; set; }

    internal int Calls { get; private set; }

    internal nn.Module Hidden => hidden;

    public override Tensor NegativeLogLikelihood(Tensor tokens, Tensor? condition = null)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor input = cat([zeros_like(tokens[.., ..1]), tokens[.., ..^1]], 1);
        Tensor x = embedding[input];
        x = norm.forward(x + dropout.forward(hidden.forward(x).tanh()));
        Tensor logits = x.matmul(tied.t());
        Tensor loss = nn.functional.cross_entropy(logits.view(-1, Vocabulary), tokens.view(-1), reduction: nn.Reduction.None).view(tokens.shape);
        if (Disturb?.Invoke(Calls++) is double factor)
        {
            loss *= factor;
        }

        return loss.MoveToOuterDisposeScope();
    }
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
