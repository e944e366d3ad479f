using MathNet.Numerics;

namespace ArKernel.Theory.Information;

/// <summary>
/// The entropy estimator of Nemenman, Shafee and Bialek (2002, arXiv physics/0108025): a mixture of symmetric Dirichlet priors of
/// concentration β, weighted such that the prior on the entropy is nearly uniform, which is p(β) ∝ dξ/dβ with ξ(β) = ψ(Kβ+1) − ψ(β+1).
/// </summary>
internal static class NemenmanShafeeBialek
{
    private const int Steps = 800;

    public static double Estimate(ReadOnlySpan<int> counts, double total, double alphabet)
    {
        if (alphabet <= 1)
        {
            return 0;
        }

        // Equal counts share their terms.
        Dictionary<int, int> multiplicity = [];
        foreach (int count in counts)
        {
            if (count > 0)
            {
                multiplicity[count] = multiplicity.GetValueOrDefault(count) + 1;
            }
        }

        double observed = multiplicity.Values.Sum();

        // The integral over ln β by the trapezoidal rule, from priors of entropy ~0 to ones of entropy ~ln K.
        double from = Math.Log(1e-7 / alphabet);
        double to = Math.Log(1e7 + 10 * total);
        double[] weights = new double[Steps + 1];
        double[] entropies = new double[Steps + 1];
        for (int i = 0; i <= Steps; i++)
        {
            double beta = Math.Exp(from + (to - from) * i / Steps);
            double prior = alphabet * TriGamma(alphabet * beta + 1) - TriGamma(beta + 1);
            double concentration = alphabet * beta;
            double evidence = SpecialFunctions.GammaLn(concentration) - SpecialFunctions.GammaLn(total + concentration);
            double sum = (alphabet - observed) * beta * SpecialFunctions.DiGamma(beta + 1);
            foreach ((int count, int times) in multiplicity)
            {
                evidence += times * (SpecialFunctions.GammaLn(count + beta) - SpecialFunctions.GammaLn(beta));
                sum += times * (count + beta) * SpecialFunctions.DiGamma(count + beta + 1);
            }

            weights[i] = evidence + Math.Log(Math.Max(prior * beta, double.Epsilon));
            entropies[i] = SpecialFunctions.DiGamma(total + concentration + 1) - sum / (total + concentration);
        }

        double largest = weights.Max();
        double mass = 0;
        double mean = 0;
        for (int i = 0; i <= Steps; i++)
        {
            double weight = Math.Exp(weights[i] - largest);
            mass += weight;
            mean += weight * entropies[i];
        }

        return mean / mass;
    }

    /// <summary>ψ'(x): the recurrence up to 8, then the asymptotic series.</summary>
    private static double TriGamma(double x)
    {
        double sum = 0;
        for (; x < 8; x++)
        {
            sum += 1 / (x * x);
        }

        double inverse = 1 / x;
        double square = inverse * inverse;
        return sum + inverse + square / 2 + inverse * square * (1.0 / 6 - square * (1.0 / 30 - square * (1.0 / 42 - square / 30)));
    }
}
