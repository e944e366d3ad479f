using ArKernel.Heads;
using static TorchSharp.torch;

namespace ArKernel.Decoding;

/// <summary>What an exact search found.</summary>
/// <param name="Best">The most likely finished continuation met, its end token included; null if none is as likely as the floor.</param>
/// <param name="Bound">No other finished continuation has a log-probability above this, in nats.</param>
/// <param name="Expanded">The number of prefixes whose next token was predicted.</param>
public sealed record ExactSearchResult(Hypothesis? Best, double Bound, long Expanded)
{
    /// <summary>Whether nothing is more likely than <see cref="Best"/>: it is the mode of the model.</summary>
    public bool IsProven => Best is not null && Bound <= Best.LogProbability;
}

/// <summary>
/// Finds the most likely finished continuation, and proves it: prefixes are extended from the most likely on, and no text is more likely than its prefixes, so that the search may end
/// once the best text found is as likely as every prefix left. Of one length at most 1/p prefixes have a probability of at least p: likely modes, such as an empty output, cost little, and
/// where the mode is unlikely a floor or a limit ends the search with a bound. (Stahlberg and Byrne 2019 search depth first for the same end.)
/// </summary>
public static class ExactSearch
{
    /// <summary>Searches.</summary>
    /// <param name="model">A model of raster order with a categorical head.</param>
    /// <param name="prompt">[1, prompt] int64; zero columns for no prompt.</param>
    /// <param name="steps">The largest number of tokens to add, the end token included. A longer continuation counts in the bound.</param>
    /// <param name="endToken">The token with which a continuation is finished.</param>
    /// <param name="floor">Continuations below this log-probability, in nats, are not looked for.</param>
    /// <param name="limit">The largest number of prefixes to extend.</param>
    /// <param name="batchSize">Prefixes extended at once.</param>
    /// <param name="condition">[1] int64 class label, or null for an unconditional model.</param>
    /// <param name="cancellationToken">Stops between two batches.</param>
    /// <exception cref="ArgumentException">A shape does not fit, or the model has another order or head.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static ExactSearchResult Search(
        AutoregressiveModel model,
        Tensor prompt,
        int steps,
        long endToken,
        double floor = double.NegativeInfinity,
        long limit = 100_000,
        int batchSize = 32,
        Tensor? condition = null,
        CancellationToken cancellationToken = default)
    {
        CategoricalHead head = TokenSearch.Check(nameof(ExactSearch), model, prompt, steps, model.Order.PositionCount);
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        if (prompt.shape[0] != 1 || double.IsNaN(floor))
        {
            throw new ArgumentException($"ExactSearch: the prompt is [{string.Join(", ", prompt.shape)}] and the floor {floor}; they must be [1, tokens] and a log-probability.", nameof(prompt));
        }

        using IDisposable noGradient = no_grad();
        bool wasTraining = model.training;
        model.eval();
        try
        {
            long[] start = prompt.numel() == 0 ? [] : prompt.cpu().data<long>().ToArray();
            var prefixes = new PriorityQueue<long[], double>(); // by −ln p: the most likely comes first
            prefixes.Enqueue([], 0);
            Hypothesis? best = null;
            double beyond = double.NegativeInfinity; // the most likely of what was cut off
            long expanded = 0;
            while (prefixes.TryPeek(out _, out double cost) && -cost > Required() && expanded < limit)
            {
                cancellationToken.ThrowIfCancellationRequested();
                List<(long[] Tokens, double Sum)> chosen = [];
                while (chosen.Count < Math.Min(batchSize, limit - expanded) && prefixes.TryPeek(out _, out cost) && -cost > Required())
                {
                    chosen.Add((prefixes.Dequeue(), -cost));
                }

                double[][] next = LogProbabilities(model, head, start, [.. chosen.Select(prefix => prefix.Tokens)], condition);
                expanded += chosen.Count;
                foreach (((long[] tokens, double sum), double[] logarithms) in chosen.Zip(next))
                {
                    for (int token = 0; token < logarithms.Length; token++)
                    {
                        double extended = sum + logarithms[token];
                        if (token == endToken && extended >= Required())
                        {
                            beyond = Math.Max(beyond, best?.LogProbability ?? double.NegativeInfinity);
                            best = new Hypothesis([.. tokens, token], extended, extended);
                        }
                        else if (token != endToken && extended > Required() && tokens.Length + 2 <= steps)
                        {
                            prefixes.Enqueue([.. tokens, token], -extended);
                        }
                        else
                        {
                            beyond = Math.Max(beyond, extended);
                        }
                    }
                }
            }

            double left = prefixes.TryPeek(out _, out double least) ? -least : double.NegativeInfinity;
            return new ExactSearchResult(best, Math.Max(beyond, left), expanded);

            double Required() => Math.Max(floor, best?.LogProbability ?? double.NegativeInfinity);
        }
        finally
        {
            model.train(wasTraining);
        }
    }

    /// <summary>The next token's log-probabilities after each prefix. Prefixes of several lengths share a batch: a row of a causal backbone does not see what stands behind it.</summary>
    private static double[][] LogProbabilities(AutoregressiveModel model, CategoricalHead head, long[] prompt, long[][] prefixes, Tensor? condition)
    {
        using var scope = NewDisposeScope();
        int width = prompt.Length + prefixes.Max(prefix => prefix.Length);
        long[] padded = new long[prefixes.Length * width];
        for (int row = 0; row < prefixes.Length; row++)
        {
            prompt.CopyTo(padded, row * width);
            prefixes[row].CopyTo(padded, row * width + prompt.Length);
        }

        Device device = model.Device;
        using var draft = new Draft(model.Order, tensor(padded, [prefixes.Length, width], device: device), condition?.to(device).expand(prefixes.Length));
        Tensor rows = new Prediction(model, draft, 0, width + 1).Hidden();
        Tensor last = tensor([.. prefixes.Select((prefix, row) => (long)row * (width + 1) + prompt.Length + prefix.Length)], device: device);
        Tensor logits = head.Logits(rows.flatten(0, 1).index_select(0, last));
        double[] all = logits.to(ScalarType.Float64).log_softmax(-1).cpu().data<double>().ToArray();
        return [.. all.Chunk(all.Length / prefixes.Length)];
    }
}
