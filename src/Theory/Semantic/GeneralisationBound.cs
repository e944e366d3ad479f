namespace ArKernel.Theory.Semantic;

/// <summary>How far the loss on the source may lie above that on the sample, for every model of a class at once.</summary>
/// <param name="Complexity">The empirical Rademacher complexity of the losses, in nats, or a bound on it.</param>
/// <param name="Range">B: the losses lie within an interval of this length, in nats.</param>
/// <param name="Samples">n, the number of independent samples.</param>
/// <param name="Confidence">1 − δ.</param>
public sealed record GeneralisationBound(double Complexity, double Range, int Samples, double Confidence) : TheoryResult
{
    private const int MostExactSamples = 20;

    /// <summary>2 R + 3 B √(ln(2/δ)/(2n)), in nats: Bartlett and Mendelson (2002), in the form of the bounded-difference inequality used twice.</summary>
    public double Gap => 2 * Complexity + 3 * Range * Math.Sqrt(Math.Log(2 / (1 - Confidence)) / (2 * Samples));

    /// <summary>The largest cross-entropy of logits within [−m, m] over V tokens, 2m + ln V: the smaller the logits, the smaller the gap.</summary>
    /// <param name="largestLogit">m, at least 0.</param>
    /// <param name="vocabulary">V, at least 1.</param>
    public static double CrossEntropyRange(double largestLogit, int vocabulary)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(largestLogit);
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabulary, 1);
        return 2 * largestLogit + Math.Log(vocabulary);
    }

    /// <summary>Of finitely many models, from their losses on the sample; the complexity is summed over all signs of up to 20 samples, else Massart's bound.</summary>
    /// <param name="losses">[models, samples], each the loss of a model on an independent sample (a whole sequence, of tokens that depend on one another), in nats.</param>
    /// <param name="range">B, such as <see cref="CrossEntropyRange"/>: the losses lie in [0, B].</param>
    /// <param name="confidence">1 − δ.</param>
    /// <exception cref="NotFiniteException">A loss is NaN or infinite.</exception>
    /// <exception cref="ArgumentException">There is no loss, one is outside the range, or the confidence is not in (0, 1).</exception>
    public static GeneralisationBound OfFinitely(double[,] losses, double range, double confidence = 0.95)
    {
        Check.Finite(losses, "The losses");
        CheckConfidence(confidence);
        if (losses.Length == 0 || losses.Cast<double>().Any(loss => loss < 0 || loss > range))
        {
            throw new ArgumentException($"{losses.Length} losses between {(losses.Length == 0 ? 0 : losses.Cast<double>().Min())} and {(losses.Length == 0 ? 0 : losses.Cast<double>().Max())} were given; there must be some, all in [0, {range}].");
        }

        int samples = losses.GetLength(1);
        double complexity = samples <= MostExactSamples ? RademacherComplexity(losses) : MassartBound(losses);
        return new GeneralisationBound(complexity, range, samples, confidence);
    }

    /// <summary>
    /// Of all linear heads z = W φ with ‖W‖_F ≤ Λ and a softmax cross-entropy: the loss is √2-Lipschitz in z, so that by Maurer's vector contraction (2016)
    /// R ≤ √2 · √2 · Λ √(V Σ ‖φ_i‖²)/n.
    /// </summary>
    /// <param name="features">φ of each sample, [samples, channels].</param>
    /// <param name="vocabulary">V.</param>
    /// <param name="weightNorm">Λ, at least 0.</param>
    /// <param name="confidence">1 − δ.</param>
    /// <exception cref="NotFiniteException">A feature is NaN or infinite.</exception>
    /// <exception cref="ArgumentException">There is no sample, or a number is out of its range.</exception>
    public static GeneralisationBound OfLinearHeads(double[,] features, int vocabulary, double weightNorm, double confidence = 0.95)
    {
        Check.Finite(features, "The features");
        CheckConfidence(confidence);
        if (features.Length == 0 || vocabulary < 1 || !(weightNorm >= 0))
        {
            throw new ArgumentException($"{features.GetLength(0)} samples, {vocabulary} tokens and the norm {weightNorm} were given; there must be a sample, a token, and a norm of at least 0.");
        }

        int samples = features.GetLength(0);
        double[] norms = [.. Enumerable.Range(0, samples).Select(i => Enumerable.Range(0, features.GetLength(1)).Sum(c => features[i, c] * features[i, c]))];
        double complexity = 2 * weightNorm * Math.Sqrt(vocabulary * norms.Sum()) / samples;
        return new GeneralisationBound(complexity, CrossEntropyRange(weightNorm * Math.Sqrt(norms.Max()), vocabulary), samples, confidence);
    }

    /// <summary>E sup over the models of (1/n) Σ σ_i loss_i, σ uniform signs, by enumeration.</summary>
    /// <param name="losses">[models, samples], at most 20 samples.</param>
    /// <exception cref="ArgumentException">There are too many samples, or none.</exception>
    public static double RademacherComplexity(double[,] losses)
    {
        (int models, int samples) = (losses.GetLength(0), losses.GetLength(1));
        if (losses.Length == 0 || samples > MostExactSamples)
        {
            throw new ArgumentException($"{models} models on {samples} samples were given; all signs of 1 to {MostExactSamples} samples can be enumerated.");
        }

        double[] sums = [.. Enumerable.Range(0, models).Select(m => -Enumerable.Range(0, samples).Sum(i => losses[m, i]))];
        double total = sums.Max();
        for (int code = 1; code < 1 << samples; code++)
        {
            // Gray code: one sign changes at a time.
            int flipped = int.TrailingZeroCount(code);
            int sign = ((code ^ code >> 1) >> flipped & 1) == 1 ? 1 : -1;
            for (int m = 0; m < models; m++)
            {
                sums[m] += 2 * sign * losses[m, flipped];
            }

            total += sums.Max();
        }

        return total / samples / (1 << samples);
    }

    /// <inheritdoc/>
    public override string Title => "Generalisation bound";

    /// <inheritdoc/>
    public override IReadOnlyList<Quantity> Quantities => [new("gap, at most", Gap, "nats"), new("Rademacher complexity", Complexity, "nats"), new("range of the loss", Range, "nats")];

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters => [new("independent samples", Samples), new("confidence", Confidence)];

    /// <summary>Massart's lemma, max ‖loss‖₂ √(2 ln models)/n, after taking each sample's mean over the models away, which changes no complexity.</summary>
    private static double MassartBound(double[,] losses)
    {
        (int models, int samples) = (losses.GetLength(0), losses.GetLength(1));
        double[] means = [.. Enumerable.Range(0, samples).Select(i => Enumerable.Range(0, models).Average(m => losses[m, i]))];
        double norm = Enumerable.Range(0, models).Max(m => Math.Sqrt(Enumerable.Range(0, samples).Sum(i => (losses[m, i] - means[i]) * (losses[m, i] - means[i]))));
        return norm * Math.Sqrt(2 * Math.Log(models)) / samples;
    }

    private static void CheckConfidence(double confidence)
    {
        if (!(confidence is > 0 and < 1))
        {
            throw new ArgumentException($"The confidence is {confidence}; it must lie in (0, 1).");
        }
    }
}
