using ArKernel.Theory.Semantic;

namespace ArKernel.Theory.Tests.Semantic;

public sealed class VariationalBoundTests
{
    private static double[] Simplex(int size, Random random)
    {
        double[] weights = [.. Enumerable.Range(0, size).Select(_ => -Math.Log(random.NextDouble()))];
        return [.. weights.Select(weight => weight / weights.Sum())];
    }

    [Fact]
    public void No_other_distribution_has_less_free_energy_than_softmax()
    {
        var random = new Random(1);
        double[] energies = [0.3, -1.2, 2, 0.7];
        foreach (double temperature in (double[])[0.2, 1, 5])
        {
            double Free(double[] q) => q.Select((p, i) => p > 0 ? p * energies[i] + temperature * p * Math.Log(p) : 0).Sum();
            (double[] softmax, double minimum) = VariationalBound.Boltzmann(energies, temperature);
            Assert.Equal(minimum, Free(softmax), 1e-12);
            Assert.Equal(-temperature * Math.Log(energies.Sum(energy => Math.Exp(-energy / temperature))), minimum, 1e-12);
            for (int trial = 0; trial < 1000; trial++)
            {
                Assert.True(Free(Simplex(4, random)) >= minimum);
            }
        }

        Assert.Equal([0, 1], VariationalBound.Boltzmann([1e9, -1e9], 1e-3).Distribution); // no overflow
    }

    [Fact]
    public void The_bound_of_attention_as_a_latent_index_falls_short_by_the_divergence_from_the_posterior()
    {
        var random = new Random(2);
        for (int trial = 0; trial < 20; trial++)
        {
            double[] attention = Simplex(5, random), likelihoods = [.. Enumerable.Range(0, 5).Select(_ => random.NextDouble())];
            EvidenceBound bound = VariationalBound.LatentIndex(attention, likelihoods);
            double evidence = Math.Exp(bound.LogEvidence);
            double divergence = attention.Select((weight, i) => weight * Math.Log(weight / (weight * likelihoods[i] / evidence))).Sum();
            Assert.Equal(divergence, bound.Gap, 1e-12);
            Assert.True(bound.Gap >= 0);
        }
    }

    [Fact]
    public void Masked_diffusion_with_the_joint_s_own_conditionals_attains_the_likelihood_in_every_form()
    {
        var random = new Random(3);
        double[] joint = Simplex(81, random);
        double[] Predict(int[] seen, int position)
        {
            double[] sums = new double[3];
            for (int code = 0; code < 81; code++)
            {
                int[] word = [code / 27, code / 9 % 3, code / 3 % 3, code % 3];
                sums[word[position]] += seen.Select((symbol, i) => symbol < 0 || symbol == word[i]).All(fits => fits) ? joint[code] : 0;
            }

            return [.. sums.Select(sum => sum / sums.Sum())];
        }

        foreach (int code in (int[])[0, 17, 80])
        {
            int[] word = [code / 27, code / 9 % 3, code / 3 % 3, code % 3];
            double exact = Math.Log(joint[code]);
            EvidenceBound bound = VariationalBound.MaskedDiffusion(word, Predict);
            Assert.Equal(exact, bound.Bound, 1e-12);
            Assert.Equal(exact, bound.LogEvidence, 1e-12);
            Assert.Equal(exact, VariationalBound.MaskedCountBound(word, Predict), 1e-12);
            Assert.Equal(exact, VariationalBound.MaskedRateBound(word, Predict), 1e-12);
        }
    }

    [Fact]
    public void Inconsistent_predictions_leave_a_gap_and_all_forms_agree_on_the_bound()
    {
        double[] Predict(int[] seen, int position)
        {
            double p = 0.1 + 0.8 * new Random(seen.Aggregate(position, (code, symbol) => code * 7 + symbol + 1)).NextDouble();
            return [p, 1 - p];
        }

        int[] word = [0, 1, 1, 0, 1];
        EvidenceBound bound = VariationalBound.MaskedDiffusion(word, Predict);
        Assert.Equal(bound.Bound, VariationalBound.MaskedCountBound(word, Predict), 1e-12);
        Assert.Equal(bound.Bound, VariationalBound.MaskedRateBound(word, Predict), 1e-12);
        Assert.True(bound.Gap > 1e-3);

        // By the definition: the orders one by one.
        double[] orders = [.. Orders([0, 1, 2, 3, 4]).Select(order =>
        {
            int[] seen = [-1, -1, -1, -1, -1];
            double log = 0;
            foreach (int i in order)
            {
                log += Math.Log(Predict(seen, i)[word[i]]);
                seen[i] = word[i];
            }

            return log;
        })];
        Assert.Equal(orders.Average(), bound.Bound, 1e-12);
        Assert.Equal(Math.Log(orders.Average(Math.Exp)), bound.LogEvidence, 1e-12);
        Assert.Throws<NotFiniteException>(() => VariationalBound.MaskedDiffusion([0], (_, _) => [0, 1]));
        Assert.Throws<ArgumentException>(() => VariationalBound.MaskedDiffusion(new int[13], Predict));
        Assert.Throws<NotADistributionException>(() => VariationalBound.LatentIndex([0.4, 0.4], [1, 1]));
    }

    private static IEnumerable<int[]> Orders(int[] items) =>
        items.Length == 1 ? [items] : items.SelectMany(item => Orders([.. items.Where(other => other != item)]).Select(rest => (int[])[item, .. rest]));
}
