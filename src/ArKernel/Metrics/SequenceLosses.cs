using ArKernel.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace ArKernel.Metrics;

/// <summary>−ln p of every token of held-out sequences: not only how well a model predicts, but where, and how surely that is known.</summary>
public sealed class SequenceLosses
{
    private readonly double[] bySequence;

    private SequenceLosses(double[,] nats)
    {
        Nats = nats;
        (int sequences, int positions) = (nats.GetLength(0), nats.GetLength(1));
        (double[] sequenceMeans, double[] positionMeans) = (new double[sequences], new double[positions]);
        for (int sequence = 0; sequence < sequences; sequence++)
        {
            for (int position = 0; position < positions; position++)
            {
                sequenceMeans[sequence] += nats[sequence, position] / positions;
                positionMeans[position] += nats[sequence, position] / sequences;
            }
        }

        (bySequence, ByPosition, Mean) = (sequenceMeans, positionMeans, sequenceMeans.Average());
        double variance = sequences > 1 ? sequenceMeans.Sum(value => (value - Mean) * (value - Mean)) / (sequences - 1) : double.NaN;
        StandardError = Math.Sqrt(variance / sequences);
    }

    /// <summary>[sequences, positions], in generation order, in nats.</summary>
    public double[,] Nats { get; }

    /// <summary>The mean of a token, in nats.</summary>
    public double Mean { get; }

    /// <summary>The standard error of <see cref="Mean"/> over the sequences, in nats; NaN for a single sequence.</summary>
    public double StandardError { get; }

    /// <summary>[positions] the mean at each position, in nats.</summary>
    public IReadOnlyList<double> ByPosition { get; }

    /// <summary>[sequences] the mean of each sequence's tokens, in nats.</summary>
    public IReadOnlyList<double> BySequence => bySequence;

    /// <summary>The loss below which a share of the sequences lie, in nats a token (linear between two sequences).</summary>
    /// <param name="share">0 for the easiest sequence, 1 for the hardest.</param>
    /// <exception cref="ArgumentOutOfRangeException">The share is not in 0 to 1.</exception>
    public double Percentile(double share)
    {
        if (!(share is >= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(share), share, "The share must be 0 to 1.");
        }

        double[] sorted = [.. bySequence.Order()];
        double place = share * (sorted.Length - 1);
        int below = Math.Min((int)place, sorted.Length - 1), above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
    }

    /// <summary>Scores the first batches of a source.</summary>
    /// <param name="model">The model, on any device.</param>
    /// <param name="batches">Held-out batches of sequences of one length.</param>
    /// <param name="batchCount">How many batches to score.</param>
    /// <param name="blank">Whether every sequence is scored as one of no class, whatever condition it comes with.</param>
    /// <param name="cancellationToken">Cancels between two batches.</param>
    /// <exception cref="InvalidOperationException">The model has no likelihood; or it has no classes, so that there is none to leave out.</exception>
    public static SequenceLosses Of(AutoregressiveModel model, IBatchSource batches, int batchCount, bool blank = false, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchCount, 1);
        bool wasTraining = model.training;
        model.eval();
        try
        {
            using IDisposable noGradient = no_grad();
            List<double[]> rows = [];
            for (int number = 0; number < batchCount; number++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                using DisposeScope scope = NewDisposeScope();
                using Batch batch = batches.GetBatch(number);
                Tensor? condition = blank ? full([batch.Tokens.shape[0]], model.Query.NullLabel, ScalarType.Int64) : batch.Condition;
                Tensor nats = model.NegativeLogLikelihood(batch.Tokens, condition).to(ScalarType.Float64).cpu();
                rows.AddRange(nats.data<double>().ToArray().Chunk((int)nats.shape[1]));
            }

            double[,] all = new double[rows.Count, rows[0].Length];
            for (int row = 0; row < rows.Count; row++)
            {
                if (rows[row].Length != all.GetLength(1))
                {
                    throw new ArgumentException($"The held-out sequences have {all.GetLength(1)} tokens, and one of them {rows[row].Length}; they must be of one length.", nameof(batches));
                }

                for (int position = 0; position < all.GetLength(1); position++)
                {
                    all[row, position] = rows[row][position];
                }
            }

            return new SequenceLosses(all);
        }
        finally
        {
            model.train(wasTraining);
        }
    }
}
