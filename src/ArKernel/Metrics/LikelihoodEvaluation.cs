using ArKernel.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace ArKernel.Metrics;

/// <summary>How well a model predicts data it has not seen.</summary>
/// <param name="NatsPerToken">The mean negative log-likelihood of a token, in nats.</param>
/// <param name="TokenCount">The number of tokens scored.</param>
public sealed record LikelihoodEvaluation(double NatsPerToken, long TokenCount)
{
    /// <summary>The mean negative log-likelihood of a token, in bits. Of pixels as tokens, the bits per dimension.</summary>
    public double BitsPerToken => NatsPerToken / Math.Log(2);

    /// <summary>e to the nats per token: among how many equally likely tokens the model seems to choose.</summary>
    public double Perplexity => Math.Exp(NatsPerToken);

    /// <summary>Bits for each unit that the tokens stand for, such as characters, bytes or dimensions: the measure to compare different codecs by.</summary>
    /// <param name="unitCount">The number of units that the scored tokens stand for together.</param>
    public double BitsPer(long unitCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(unitCount, 1);
        return BitsPerToken * TokenCount / unitCount;
    }

    /// <summary>Scores the first batches of a source.</summary>
    /// <param name="model">The model, on any device.</param>
    /// <param name="batches">Held-out batches.</param>
    /// <param name="batchCount">How many batches to score.</param>
    /// <param name="cancellationToken">Cancels between two batches.</param>
    public static LikelihoodEvaluation OfBatches(AutoregressiveModel model, IBatchSource batches, int batchCount, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchCount, 1);
        return Score(model, Enumerable.Range(0, batchCount).Select(number => (batches.GetBatch(number), 0L)), cancellationToken);
    }

    /// <summary>
    /// Scores every token of a long sequence once, with windows that overlap: each is scored on its last <paramref name="stride"/> tokens only (the
    /// first window on all), so every token but those of the first window has at least length − stride tokens of context.
    /// </summary>
    /// <param name="model">The model, on any device.</param>
    /// <param name="tokens">The sequence.</param>
    /// <param name="length">Tokens a window, at most the positions the model has.</param>
    /// <param name="stride">Tokens scored a window; null means half the length.</param>
    /// <param name="batchSize">Windows scored at once.</param>
    /// <param name="cancellationToken">Cancels between two batches.</param>
    /// <exception cref="ArgumentException">The sequence is shorter than a window.</exception>
    public static LikelihoodEvaluation OfText(
        AutoregressiveModel model,
        TokenStream tokens,
        int length,
        int? stride = null,
        int batchSize = 8,
        CancellationToken cancellationToken = default)
    {
        int step = stride ?? Math.Max(1, length / 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        if (step < 1 || step > length)
        {
            throw new ArgumentOutOfRangeException(nameof(stride), stride, $"The stride must be between 1 and the window's length, {length}.");
        }

        return tokens.Length >= length
            ? Score(model, Windows(tokens, length, step, batchSize), cancellationToken)
            : throw new ArgumentException($"The sequence has {tokens.Length} tokens; a window needs {length}.", nameof(tokens));
    }

    /// <summary>Batches of windows, with the number of tokens at the start of each window that are context only.</summary>
    private static IEnumerable<(Batch Batch, long Context)> Windows(TokenStream tokens, int length, int stride, int batchSize)
    {
        Batch Read(long first, int rows)
        {
            long[] ids = new long[rows * length];
            for (int row = 0; row < rows; row++)
            {
                tokens.Copy(first + (long)row * stride, ids.AsSpan(row * length, length));
            }

            return new Batch(tensor(ids, [rows, length], ScalarType.Int64));
        }

        yield return (Read(0, 1), 0);
        long start = stride;
        while (start + length <= tokens.Length)
        {
            int rows = (int)Math.Min(batchSize, (tokens.Length - length - start) / stride + 1);
            yield return (Read(start, rows), length - stride);
            start += (long)rows * stride;
        }

        long scored = start - stride + length;
        if (scored < tokens.Length)
        {
            yield return (Read(tokens.Length - length, 1), length - (tokens.Length - scored)); // the rest, in a window that ends with the sequence
        }
    }

    private static LikelihoodEvaluation Score(AutoregressiveModel model, IEnumerable<(Batch Batch, long Context)> batches, CancellationToken cancellationToken)
    {
        bool wasTraining = model.training;
        model.eval();
        try
        {
            using IDisposable noGradient = no_grad();
            using DisposeScope scope = NewDisposeScope();
            Device device = model.Device;
            double nats = 0;
            long count = 0;
            foreach ((Batch batch, long context) in batches)
            {
                cancellationToken.ThrowIfCancellationRequested();
                using DisposeScope inner = NewDisposeScope();
                Tensor loss = model.NegativeLogLikelihood(batch.Tokens.to(device), batch.Condition?.to(device));
                Tensor scored = loss.narrow(1, context, loss.shape[1] - context);
                nats += scored.sum(ScalarType.Float64).item<double>();
                count += scored.numel();
                batch.Dispose();
            }

            return new LikelihoodEvaluation(nats / count, count);
        }
        finally
        {
            model.train(wasTraining);
        }
    }
}
