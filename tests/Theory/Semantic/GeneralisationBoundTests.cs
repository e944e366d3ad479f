using ArKernel.Theory.Semantic;

namespace ArKernel.Theory.Tests.Semantic;

public sealed class GeneralisationBoundTests
{
    [Fact]
    public void The_complexity_of_opposite_models_is_that_of_a_random_walk_and_of_one_model_nothing()
    {
        for (int n = 1; n <= 8; n++)
        {
            double[,] opposite = new double[2, n], single = new double[1, n];
            for (int i = 0; i < n; i++)
            {
                (opposite[0, i], opposite[1, i], single[0, i]) = (1, -1, 0.3 * i);
            }

            double walk = Enumerable.Range(0, 1 << n).Average(signs => Math.Abs(2 * int.PopCount(signs) - n)) / n; // E|Σσ|/n
            Assert.Equal(walk, GeneralisationBound.RademacherComplexity(opposite), 1e-12);
            Assert.Equal(0, GeneralisationBound.RademacherComplexity(single), 1e-12);
        }
    }

    [Fact]
    public void The_complexity_of_the_losses_stays_below_the_contraction_s_bound_and_massart_s()
    {
        var random = new Random(1);
        const int models = 40, samples = 12, vocabulary = 3, channels = 2;
        double[,] features = new double[samples, channels], losses = new double[models, samples];
        int[] targets = new int[samples];
        for (int i = 0; i < samples; i++)
        {
            (features[i, 0], features[i, 1], targets[i]) = (random.NextDouble() * 2 - 1, random.NextDouble() * 2 - 1, random.Next(vocabulary));
        }

        const double norm = 1.5;
        double largest = 0;
        for (int m = 0; m < models; m++)
        {
            double[] weights = [.. Enumerable.Range(0, vocabulary * channels).Select(_ => random.NextDouble() * 2 - 1)];
            double length = Math.Sqrt(weights.Sum(w => w * w));
            for (int i = 0; i < samples; i++)
            {
                double[] logits = [.. Enumerable.Range(0, vocabulary).Select(v => norm / length * (weights[2 * v] * features[i, 0] + weights[2 * v + 1] * features[i, 1]))];
                losses[m, i] = Math.Log(logits.Sum(Math.Exp)) - logits[targets[i]];
                largest = Math.Max(largest, logits.Max(Math.Abs));
                Assert.InRange(losses[m, i], 0, GeneralisationBound.CrossEntropyRange(logits.Max(Math.Abs), vocabulary));
            }
        }

        GeneralisationBound heads = GeneralisationBound.OfLinearHeads(features, vocabulary, norm);
        Assert.True(GeneralisationBound.RademacherComplexity(losses) <= heads.Complexity);
        Assert.True(largest <= (heads.Range - Math.Log(vocabulary)) / 2);

        // Massart's bound on more samples than can be enumerated is above the exact value on the same losses, repeated.
        double[,] twice = new double[models, 2 * samples];
        for (int m = 0; m < models; m++)
        {
            for (int i = 0; i < 2 * samples; i++)
            {
                twice[m, i] = losses[m, i % samples];
            }
        }

        double exact = GeneralisationBound.RademacherComplexity(losses);
        double massart = GeneralisationBound.OfFinitely(twice, heads.Range).Complexity;
        Assert.True(massart > exact / Math.Sqrt(2), $"{massart} against {exact}");
    }

    [Fact]
    public void Of_many_draws_from_a_markov_source_at_most_the_allowed_share_lies_above_the_bound()
    {
        // The class: binary bigram models whose logits are in {−m, 0, m}. True and empirical losses of a pair (u, u′) are known exactly.
        double[,] joint = { { 0.4, 0.1 }, { 0.2, 0.3 } };
        const int samples = 16, draws = 400;
        const double largest = 0.5;
        List<double[,]> models = [];
        foreach (double a in (double[])[-largest, 0, largest])
        {
            foreach (double b in (double[])[-largest, 0, largest])
            {
                double Loss(double logit, int next) => Math.Log(Math.Exp(logit) + Math.Exp(-logit)) - (next == 1 ? logit : -logit);
                models.Add(new[,] { { Loss(a, 0), Loss(a, 1) }, { Loss(b, 0), Loss(b, 1) } });
            }
        }

        var random = new Random(2);
        int violated = 0;
        double nearest = double.PositiveInfinity;
        double range = GeneralisationBound.CrossEntropyRange(largest, 2);
        for (int draw = 0; draw < draws; draw++)
        {
            double[,] losses = new double[models.Count, samples];
            for (int i = 0; i < samples; i++)
            {
                double u = random.NextDouble();
                int pair = u < 0.4 ? 0 : u < 0.5 ? 1 : u < 0.7 ? 2 : 3;
                for (int m = 0; m < models.Count; m++)
                {
                    losses[m, i] = models[m][pair / 2, pair % 2];
                }
            }

            GeneralisationBound bound = GeneralisationBound.OfFinitely(losses, range, 0.9);
            double worst = models.Select((model, m) =>
                joint[0, 0] * model[0, 0] + joint[0, 1] * model[0, 1] + joint[1, 0] * model[1, 0] + joint[1, 1] * model[1, 1] - Enumerable.Range(0, samples).Average(i => losses[m, i])).Max();
            violated += worst > bound.Gap ? 1 : 0;
            nearest = Math.Min(nearest, bound.Gap / worst);
        }

        Assert.True(violated <= 0.1 * draws, $"{violated} of {draws}");
        Assert.True(nearest < 20, $"the bound is never nearer than {nearest} times"); // it says something
    }

    [Fact]
    public void Smaller_logits_and_more_samples_shrink_the_gap()
    {
        GeneralisationBound Of(int samples, double norm)
        {
            double[,] features = new double[samples, 1];
            for (int i = 0; i < samples; i++)
            {
                features[i, 0] = 1;
            }

            return GeneralisationBound.OfLinearHeads(features, 10, norm);
        }

        Assert.True(Of(100, 1).Gap < Of(100, 2).Gap);
        Assert.Equal(Of(100, 1).Gap / 10, Of(10_000, 1).Gap, 1e-9); // 1/√n
        Assert.Throws<ArgumentException>(() => GeneralisationBound.OfFinitely(new double[,] { { 2 } }, 1));
        Assert.Throws<ArgumentException>(() => GeneralisationBound.OfFinitely(new double[,] { { 1 } }, 1, 1));
        Assert.Throws<ArgumentException>(() => GeneralisationBound.RademacherComplexity(new double[1, 21]));
        Assert.Throws<NotFiniteException>(() => GeneralisationBound.OfFinitely(new[,] { { double.NaN } }, 1));
    }
}
