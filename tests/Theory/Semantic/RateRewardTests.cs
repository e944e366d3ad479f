using ArKernel.Theory.Semantic;

namespace ArKernel.Theory.Tests.Semantic;

public sealed class RateRewardTests
{
    private static double H(double p) => -p * Math.Log(p) - (1 - p) * Math.Log(1 - p);

    [Fact]
    public void Naming_one_of_four_contexts_with_eight_in_ten_right_costs_its_closed_form()
    {
        double[,] uniform = new double[4, 4], reward = new double[4, 4];
        for (int x = 0; x < 4; x++)
        {
            reward[x, x] = 1;
            for (int y = 0; y < 4; y++)
            {
                uniform[x, y] = 0.25;
            }
        }

        double temperature = 1 / Math.Log(0.8 / (0.2 / 3)); // where the share of right answers is 0.8
        foreach (int length in (int[])[1, 3])
        {
            RateRewardPoint point = RateReward.FreeMarginal([0.25, 0.25, 0.25, 0.25], uniform, reward, temperature, length);
            Assert.Equal(0.8, point.Reward, 1e-8);
            Assert.Equal(Math.Log(4) - H(0.2) - 0.2 * Math.Log(3), point.Rate, 1e-8);
            Assert.Equal(0.66617, point.Rate, 1e-5);
        }
    }

    [Fact]
    public void The_rate_rises_convexly_with_the_reward_at_a_slope_of_one_over_the_temperature()
    {
        double[,] flip = { { 0.8, 0.2 }, { 0.3, 0.7 } }, reward = { { 1, 0 }, { -0.5, 2 } };
        RateRewardPoint[] points = [.. Enumerable.Range(0, 60).Select(i => RateReward.FreeMarginal([0.6, 0.4], flip, reward, 1.2 * Math.Pow(0.98, i), 3, 1e-14))];
        for (int i = 1; i < points.Length; i++)
        {
            double slope = (points[i].Rate - points[i - 1].Rate) / (points[i].Reward - points[i - 1].Reward);
            Assert.InRange(slope, 1 / points[i - 1].Temperature * (1 - 1e-3), 1 / points[i].Temperature * (1 + 1e-3));
        }
    }

    [Fact]
    public void No_random_policy_earns_more_at_the_same_divergence_from_the_reference()
    {
        const int symbols = 3, length = 2;
        var random = new Random(3);
        Dictionary<string, double[]> tables = [];
        double[] Draw(string key)
        {
            if (!tables.TryGetValue(key, out double[]? row))
            {
                row = [.. Enumerable.Range(0, symbols).Select(_ => -Math.Log(random.NextDouble()))];
                tables[key] = row = [.. row.Select(weight => weight / row.Sum())];
            }

            return row;
        }

        double[] Reference(int[] history) => Draw("reference" + string.Concat(history));
        double[] rewards = [.. Enumerable.Range(0, symbols * symbols).Select(_ => random.NextDouble() * 4 - 2)];
        double Reward(int[] word) => rewards[word[0] * symbols + word[1]];
        for (int trial = 0; trial < 1000; trial++)
        {
            (double divergence, double earned) = (0, 0);
            for (int code = 0; code < symbols * symbols; code++)
            {
                int a = code / symbols, b = code % symbols;
                double p = Draw($"{trial}")[a] * Draw($"{trial} {a}")[b], original = Reference([])[a] * Reference([a])[b];
                divergence += p * Math.Log(p / original);
                earned += p * Reward([a, b]);
            }

            // The temperature at which the best policy diverges as much.
            (double low, double high) = (1e-3, 1e4);
            for (int step = 0; step < 60; step++)
            {
                double middle = Math.Sqrt(low * high);
                bool more = RateReward.WithReference(symbols, length, Reference, Reward, middle).Point.Rate * length > divergence;
                (low, high) = more ? (middle, high) : (low, middle);
            }

            RateRewardPoint best = RateReward.WithReference(symbols, length, Reference, Reward, high).Point;
            Assert.True(best.Reward * length >= earned - 1e-6, $"{best.Reward * length} against {earned} at {divergence} nats");
        }
    }

    [Fact]
    public void The_policy_against_a_reference_is_its_tilted_law_letter_by_letter()
    {
        double[] Reference(int[] history) => history.Length == 0 ? [0.7, 0.3] : history[^1] == 0 ? [0.9, 0.1] : [0.2, 0.8];
        double Reward(int[] word) => word.Sum() == 2 ? 1.5 : -word[0];
        const double temperature = 0.8;
        ReferencedPolicy policy = RateReward.WithReference(2, 3, Reference, Reward, temperature);
        (double normaliser, double divergence, double earned) = (0, 0, 0);
        List<(int[] Word, double Weight)> words = [];
        for (int code = 0; code < 8; code++)
        {
            int[] word = [code >> 2 & 1, code >> 1 & 1, code & 1];
            double original = Enumerable.Range(0, 3).Aggregate(1.0, (p, t) => p * Reference(word[..t])[word[t]]);
            words.Add((word, original * Math.Exp(Reward(word) / temperature)));
            normaliser += words[^1].Weight;
        }

        foreach ((int[] word, double weight) in words)
        {
            double direct = weight / normaliser;
            Assert.Equal(direct, Enumerable.Range(0, 3).Aggregate(1.0, (p, t) => p * policy.Next(word[..t])[word[t]]), 1e-12);
            divergence += direct * (Reward(word) / temperature - Math.Log(normaliser));
            earned += direct * Reward(word);
        }

        Assert.Equal(temperature * Math.Log(normaliser), policy.Value(), 1e-12);
        Assert.Equal(divergence / 3, policy.Point.Rate, 1e-12);
        Assert.Equal(earned / 3, policy.Point.Reward, 1e-12);
        Assert.Equal(policy.Value() / 3, policy.Point.Value, 1e-12);
        Assert.Throws<ArgumentException>(() => RateReward.WithReference(2, 3, Reference, Reward, 0));
        Assert.Throws<NotADistributionException>(() => RateReward.WithReference(2, 3, _ => [0.5, 0.6], Reward, 1));
        Assert.Throws<NotFiniteException>(() => RateReward.WithReference(2, 3, Reference, _ => double.NaN, 1));
        Assert.Throws<ArgumentException>(() => policy.Next(0, 1, 1));
    }
}
