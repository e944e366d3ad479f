using static TorchSharp.torch;

namespace ArKernel.Decoding;

/// <summary>From logits to tokens: the filters, each mapping [rows, vocabulary] logits to logits with −∞ at removed tokens, and the draw.</summary>
public static class LogitsSampler
{
    /// <summary>Draws a token a row.</summary>
    /// <param name="logits">[rows, vocabulary].</param>
    /// <param name="history">[rows, generated] the tokens so far, which penalties need; or null.</param>
    /// <param name="options">How to draw.</param>
    /// <param name="generator">The source of randomness, on the logits' device.</param>
    /// <returns>[rows] int64.</returns>
    /// <exception cref="InvalidOperationException">A row holds NaN or +∞, or nothing but −∞.</exception>
    public static Tensor Draw(Tensor logits, Tensor? history, SamplingOptions options, Generator generator)
    {
        // The largest of a row is NaN where any is: argmax would take it for a token.
        if (!logits.amax([-1]).isfinite().all().item<bool>())
        {
            throw new InvalidOperationException(
                $"LogitsSampler: the logits [{string.Join(", ", logits.shape)}] hold NaN or infinity, so there is no distribution to draw from; the model's weights have diverged.");
        }

        Tensor filtered = history is null ? logits : Penalize(logits, history, options);
        return options.Temperature == 0
            ? filtered.argmax(-1)
            : Filter(filtered, options).softmax(-1).multinomial(1, replacement: true, generator).squeeze(-1);
    }

    /// <summary>
    /// Draws with noise made beforehand: argmax (z + g) with g = −ln(−ln u) follows softmax(z) (Gumbel 1954). Two ways of sampling that are
    /// given the same noise draw the same tokens where their logits agree, which makes them comparable token by token.
    /// </summary>
    /// <param name="logits">[rows, vocabulary], filtered or not.</param>
    /// <param name="noise">[rows, vocabulary] from <see cref="Noise"/>.</param>
    /// <returns>[rows] int64.</returns>
    public static Tensor Draw(Tensor logits, Tensor noise) => (logits + noise).argmax(-1);

    /// <summary>Gumbel noise.</summary>
    /// <param name="shape">The shape of the logits it is for.</param>
    /// <param name="generator">The source of randomness.</param>
    public static Tensor Noise(long[] shape, Generator generator) => -(-rand(shape, device: generator.device, generator: generator).log()).log();

    /// <summary>Applies temperature, top-k, top-p, min-p and typical, in this order.</summary>
    /// <param name="logits">[rows, vocabulary].</param>
    /// <param name="options">Which filters; a temperature of 0 keeps the most likely token alone.</param>
    /// <returns>[rows, vocabulary] logits up to a constant a row, −∞ at removed tokens.</returns>
    public static Tensor Filter(Tensor logits, SamplingOptions options)
    {
        // A temperature near 0 must not make infinities of differences of infinities, so the largest logit is 0 before it divides.
        Tensor z = options.Temperature is 0 or 1 ? logits : (logits - logits.amax([-1], keepdim: true)) / Math.Max(options.Temperature, 1e-30);
        int best = options.Temperature == 0 ? 1 : options.TopK;
        if (best == 0 || best >= z.shape[^1])
        {
            return FilterMass(z, options);
        }

        // The k that stay are all the later filters have to look at: sorting them costs nothing beside sorting the vocabulary.
        Tensor places = LargestPlaces(z, best);
        return full_like(z, double.NegativeInfinity).scatter(-1, places, FilterMass(z.gather(-1, places), options));
    }

    /// <summary>Applies top-p, min-p and typical, in this order.</summary>
    private static Tensor FilterMass(Tensor z, SamplingOptions options)
    {
        if (options.TopP < 1)
        {
            z = KeepMassBefore(z, z.sort(-1, descending: true, stable: true).Indices, options.TopP);
        }

        if (options.MinP > 0)
        {
            Tensor p = z.softmax(-1);
            z = z.masked_fill(p < p.amax([-1], keepdim: true) * options.MinP, double.NegativeInfinity);
        }

        if (options.Typical < 1)
        {
            Tensor information = -z.log_softmax(-1); // −ln p, ∞ at removed tokens
            Tensor p = z.softmax(-1);
            Tensor entropy = (p * information).nan_to_num(0).sum(-1, keepdim: true); // H in nats, with 0 · ∞ = 0
            z = KeepMassBefore(z, (information - entropy).abs().sort(-1, descending: false, stable: true).Indices, options.Typical);
        }

        return z;
    }

    /// <summary>Where the k largest of a row stand, [rows, k] in ascending order; of equals the first, so that exactly k stay.</summary>
    private static Tensor LargestPlaces(Tensor z, int k)
    {
        Tensor least = z.topk(k).values.narrow(-1, k - 1, 1), above = z > least, equal = z == least;
        Tensor kept = above | (equal & (equal.cumsum(-1) <= k - above.sum(-1, keepdim: true)));
        return kept.nonzero().select(1, 1).view(z.shape[0], k);
    }

    /// <summary>Keeps the tokens of a ranking before which less than a mass stands; the first one always.</summary>
    private static Tensor KeepMassBefore(Tensor z, Tensor ranking, double mass)
    {
        Tensor p = z.softmax(-1).gather(-1, ranking);
        Tensor removed = (p.cumsum(-1) - p) >= mass;
        removed.narrow(-1, 0, 1).fill_(false);
        return z.masked_fill(zeros_like(removed).scatter(-1, ranking, removed), double.NegativeInfinity);
    }

    private static Tensor Penalize(Tensor logits, Tensor history, SamplingOptions options)
    {
        Tensor z = logits;
        if (options.RepetitionPenalty != 1 && history.shape[1] > 0)
        {
            Tensor seen = zeros_like(z, ScalarType.Bool).scatter(-1, history, ones_like(history, ScalarType.Bool));
            z = where(seen, where(z > 0, z / options.RepetitionPenalty, z * options.RepetitionPenalty), z);
        }

        return options.NoRepeatNGram > 0 && history.shape[1] >= options.NoRepeatNGram ? BanRepeats(z, history, options.NoRepeatNGram) : z;
    }

    private static Tensor BanRepeats(Tensor z, Tensor history, int length)
    {
        // Every window of length tokens whose first length − 1 equal the newest ones bans its last; one that would leave nothing bans none.
        Tensor windows = history.unfold(1, length, 1);
        Tensor newest = history.narrow(1, history.shape[1] - (length - 1), length - 1).unsqueeze(1);
        Tensor repeats = windows.narrow(2, 0, length - 1).eq(newest).all(-1);
        Tensor banned = zeros_like(z).scatter_add(-1, windows.select(2, length - 1), repeats.to(z.dtype)) > 0;
        Tensor left = banned.logical_not().any(-1, keepdim: true);
        return z.masked_fill(banned.logical_and(left), double.NegativeInfinity);
    }
}
