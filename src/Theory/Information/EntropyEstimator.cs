using MathNet.Numerics;

namespace ArKernel.Theory.Information;

/// <summary>How the entropy of a distribution is estimated from counts n_i of N samples. The plug-in is too low by about (symbols − 1)/(2N); the others correct it.</summary>
public enum EntropyEstimator
{
    /// <summary>Maximum likelihood: the entropy of the relative frequencies.</summary>
    PlugIn,

    /// <summary>The plug-in plus (observed symbols − 1)/(2N) (Miller 1955): enough when every symbol is seen often.</summary>
    MillerMadow,

    /// <summary>ln N − Σ n_i G(n_i)/N (Grassberger 2008, arXiv physics/0307138v2, eq. 35): small bias down to counts of a few.</summary>
    Grassberger,

    /// <summary>Frequencies scaled by the coverage and weighted by the chance of being seen (Chao &amp; Shen 2003): for many unseen symbols.</summary>
    ChaoShen,

    /// <summary>Frequencies shrunk towards uniform by the James-Stein weight (Hausser &amp; Strimmer 2009, eqs. 5 and 6); needs the alphabet's size.</summary>
    Shrinkage,

    /// <summary>The posterior mean under a prior that is uniform in entropy (Nemenman, Shafee &amp; Bialek 2002); needs the alphabet's size.</summary>
    NemenmanShafeeBialek,
}

/// <summary>Entropies of counts, in nats.</summary>
internal static class CountEntropy
{
    /// <summary>The entropy of the distribution that counts were drawn from.</summary>
    /// <param name="counts">How often each symbol was seen; zeros may be left out.</param>
    /// <param name="alphabet">The number of symbols there are; it may be larger than 2³¹, as for tuples.</param>
    /// <param name="estimator">The estimator.</param>
    public static double Estimate(ReadOnlySpan<int> counts, double alphabet, EntropyEstimator estimator)
    {
        double total = 0;
        int observed = 0;
        int once = 0;
        foreach (int count in counts)
        {
            total += count;
            observed += count > 0 ? 1 : 0;
            once += count == 1 ? 1 : 0;
        }

        return estimator switch
        {
            EntropyEstimator.PlugIn => PlugIn(counts, total),
            EntropyEstimator.MillerMadow => PlugIn(counts, total) + (observed - 1) / (2 * total),
            EntropyEstimator.Grassberger => Grassberger(counts, total),
            EntropyEstimator.ChaoShen => ChaoShen(counts, total, once),
            EntropyEstimator.Shrinkage => Shrinkage(counts, total, observed, alphabet),
            EntropyEstimator.NemenmanShafeeBialek => NemenmanShafeeBialek.Estimate(counts, total, alphabet),
            _ => throw new ArgumentOutOfRangeException(nameof(estimator), estimator, "Unknown estimator."),
        };
    }

    private static double PlugIn(ReadOnlySpan<int> counts, double total)
    {
        double sum = 0;
        foreach (int count in counts)
        {
            sum += count > 0 ? count * Math.Log(count) : 0;
        }

        return Math.Log(total) - sum / total;
    }

    private static double Grassberger(ReadOnlySpan<int> counts, double total)
    {
        double sum = 0;
        foreach (int count in counts)
        {
            sum += count > 0 ? count * GrassbergerTerm(count) : 0;
        }

        return Math.Log(total) - sum / total;
    }

    /// <summary>G(n) = ψ(n) + (−1)ⁿ/2 · [ψ((n+1)/2) − ψ(n/2)].</summary>
    internal static double GrassbergerTerm(int n)
    {
        double sign = (n & 1) == 0 ? 0.5 : -0.5;
        return SpecialFunctions.DiGamma(n) + sign * (SpecialFunctions.DiGamma((n + 1) / 2.0) - SpecialFunctions.DiGamma(n / 2.0));
    }

    private static double ChaoShen(ReadOnlySpan<int> counts, double total, int once)
    {
        // The coverage would be 0 if every symbol was seen once; one of them is then taken as seen twice, as is usual.
        double coverage = 1 - Math.Min(once, total - 1) / total;
        double entropy = 0;
        foreach (int count in counts)
        {
            if (count > 0)
            {
                double probability = coverage * count / total;
                // 1 − (1 − p)^N without cancellation for small p.
                double seen = -Special.ExpMinusOne(total * Special.LogOnePlus(-probability));
                entropy -= probability >= 1 ? 0 : probability * Math.Log(probability) / seen;
            }
        }

        return entropy;
    }

    private static double Shrinkage(ReadOnlySpan<int> counts, double total, int observed, double alphabet)
    {
        double uniform = 1 / alphabet;
        double spread = (alphabet - observed) * uniform * uniform;
        double squares = 0;
        foreach (int count in counts)
        {
            if (count > 0)
            {
                double frequency = count / total;
                squares += frequency * frequency;
                spread += (frequency - uniform) * (frequency - uniform);
            }
        }

        double weight = total <= 1 || spread == 0 ? 1 : Math.Clamp((1 - squares) / ((total - 1) * spread), 0, 1);
        double unseen = weight * uniform;
        double entropy = unseen > 0 ? -(alphabet - observed) * unseen * Math.Log(unseen) : 0;
        foreach (int count in counts)
        {
            if (count > 0)
            {
                double probability = unseen + (1 - weight) * count / total;
                entropy -= probability * Math.Log(probability);
            }
        }

        return entropy;
    }
}
