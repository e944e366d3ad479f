using ArKernel.Backbones;
using ArKernel.Heads;
using static TorchSharp.torch;

namespace ArKernel.Decoding;

/// <summary>A continuation that beam search found.</summary>
/// <param name="Tokens">The tokens after the prompt, the end token included.</param>
/// <param name="LogProbability">Their log-probability given the prompt, in nats.</param>
/// <param name="Score">The log-probability divided by the length penalty, by which hypotheses are compared.</param>
public sealed record Hypothesis(IReadOnlyList<long> Tokens, double LogProbability, double Score);

/// <summary>Searches for the most likely continuation by keeping the b best prefixes of each length (Graves 2012; Wu et al. 2016).</summary>
public static class BeamSearch
{
    /// <summary>The penalty length^α: 0 compares log-probabilities, 1 means of them, more prefers longer continuations.</summary>
    /// <param name="exponent">α.</param>
    public static Func<int, double> Power(double exponent) => length => Math.Pow(length, exponent);

    /// <summary>The penalty ((5 + length) / 6)^α (Wu et al. 2016, eq. 14, without coverage).</summary>
    /// <param name="exponent">α.</param>
    public static Func<int, double> Wu(double exponent) => length => Math.Pow((5.0 + length) / 6, exponent);

    /// <summary>Searches.</summary>
    /// <param name="model">A model of raster order with a categorical head.</param>
    /// <param name="prompt">[1, prompt] int64; zero columns for no prompt.</param>
    /// <param name="steps">The largest number of tokens to add.</param>
    /// <param name="beams">The number of prefixes kept (b).</param>
    /// <param name="endToken">The token after which a continuation is finished, or null when all have the same length.</param>
    /// <param name="lengthPenalty">What a log-probability is divided by, a monotonic function of the length; null is no penalty.</param>
    /// <param name="condition">[1] int64 class label, or null for an unconditional model.</param>
    /// <param name="cancellationToken">Stops between two steps.</param>
    /// <returns>At most b hypotheses, the best first.</returns>
    /// <exception cref="ArgumentException">A shape does not fit, or the model has another order or head.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static IReadOnlyList<Hypothesis> Search(
        AutoregressiveModel model,
        Tensor prompt,
        int steps,
        int beams,
        long? endToken = null,
        Func<int, double>? lengthPenalty = null,
        Tensor? condition = null,
        CancellationToken cancellationToken = default)
    {
        CategoricalHead head = TokenSearch.Check(nameof(BeamSearch), model, prompt, steps, model.Order.PositionCount);
        ArgumentOutOfRangeException.ThrowIfLessThan(beams, 1);
        if (prompt.shape[0] != 1)
        {
            throw new ArgumentException($"BeamSearch: the prompt is [{string.Join(", ", prompt.shape)}]; it must be [1, tokens].", nameof(prompt));
        }

        lengthPenalty ??= Power(0);
        using IDisposable noGradient = no_grad();
        using var scope = NewDisposeScope();
        bool wasTraining = model.training;
        model.eval();
        using KeyValueCache cache = TokenSearch.NewCache(nameof(BeamSearch), model, 1);
        try
        {
            Device device = model.Device;
            var finished = new List<Hypothesis>();
            var live = new List<(long[] Tokens, double Sum)> { ([], 0) };
            for (int length = 1; length <= steps && live.Count > 0; length++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                using var inner = NewDisposeScope();
                Tensor added = tensor(live.SelectMany(prefix => prefix.Tokens).ToArray(), [live.Count, length - 1], device: device);
                Tensor tokens = cat([prompt.to(device).expand(live.Count, -1), added], 1);
                Tensor hidden = Sampler.NextHidden(model, tokens, (int)prompt.shape[1] + length - 1, cache, condition?.to(device).expand(live.Count));
                Tensor logProbability = head.Logits(hidden.squeeze(1)).to(ScalarType.Float64).log_softmax(-1);
                Tensor sums = logProbability + tensor(live.Select(prefix => prefix.Sum).ToArray(), device: device).unsqueeze(1);
                (Tensor best, Tensor index) = sums.flatten().topk((int)Math.Min(2L * beams, sums.numel()));
                double[] sum = best.cpu().data<double>().ToArray();
                long[] place = index.cpu().data<long>().ToArray();

                var next = new List<(long[] Tokens, double Sum)>();
                var parents = new List<long>();
                for (int i = 0; i < sum.Length; i++)
                {
                    (long parent, long token) = Math.DivRem(place[i], sums.shape[1]);
                    long[] extended = [.. live[(int)parent].Tokens, token];
                    if (token == endToken)
                    {
                        Finish(extended, sum[i]);
                    }
                    else if (next.Count < beams)
                    {
                        next.Add((extended, sum[i]));
                        parents.Add(parent);
                    }
                }

                live = next;
                if (live.Count == 0 || length == steps || (finished.Count == beams && live.All(prefix => Bound(prefix.Sum, length) <= finished[^1].Score)))
                {
                    break;
                }

                cache.Reorder(tensor(parents, device: device));
            }

            if (live.Count > 0 && live[0].Tokens.Length == steps)
            {
                live.ForEach(prefix => Finish(prefix.Tokens, prefix.Sum));
            }

            return finished;

            void Finish(long[] tokens, double sum)
            {
                double score = tokens.Length == 0 ? sum : sum / lengthPenalty(tokens.Length);
                int place = finished.FindIndex(other => other.Score < score);
                finished.Insert(place < 0 ? finished.Count : place, new Hypothesis(tokens, sum, score));
                if (finished.Count > beams)
                {
                    finished.RemoveAt(beams);
                }
            }

            // A log-probability only falls as tokens are added, so the largest penalty of a length to come bounds the score.
            double Bound(double sum, int length) => sum / Math.Max(lengthPenalty(length + 1), lengthPenalty(steps));
        }
        finally
        {
            model.train(wasTraining);
        }
    }
}
