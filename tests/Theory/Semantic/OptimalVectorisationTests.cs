using ArKernel.Theory.Semantic;

namespace ArKernel.Theory.Tests.Semantic;

public sealed class OptimalVectorisationTests
{
    private static double[,] Joint(int contexts, int tokens, int seed)
    {
        var random = new Random(seed);
        double[,] joint = new double[contexts, tokens];
        double sum = 0;
        for (int x = 0; x < contexts; x++)
        {
            for (int y = 0; y < tokens; y++)
            {
                sum += joint[x, y] = -Math.Log(random.NextDouble());
            }
        }

        for (int x = 0; x < contexts; x++)
        {
            for (int y = 0; y < tokens; y++)
            {
                joint[x, y] /= sum;
            }
        }

        return joint;
    }

    [Fact]
    public void Contexts_that_predict_alike_share_a_vector_at_no_loss()
    {
        double[,] joint = { { 0.09, 0.01 }, { 0.05, 0.15 }, { 0.18, 0.02 }, { 0.125, 0.375 } };
        OptimalVectorisation two = OptimalVectorisation.Of(joint, 2);
        Assert.Equal([0, 1, 0, 1], two.VectorOf);
        Assert.Equal(two.FullInformation, two.Information, 1e-12);
        Assert.Equal(0, OptimalVectorisation.Of(joint, 1).Information, 1e-12);
    }

    [Fact]
    public void For_two_tokens_the_best_map_cuts_the_order_of_their_probabilities()
    {
        // Burshtein et al. 1992: a convex cost has an optimum whose cells are intervals of the posterior.
        for (int seed = 0; seed < 5; seed++)
        {
            double[,] joint = Joint(8, 2, seed);
            OptimalVectorisation map = OptimalVectorisation.Of(joint, 3);
            int[] order = [.. Enumerable.Range(0, 8).OrderBy(x => joint[x, 0] / (joint[x, 0] + joint[x, 1]))];
            int changes = Enumerable.Range(1, 7).Count(i => map.VectorOf[order[i]] != map.VectorOf[order[i - 1]]);
            Assert.Equal(2, changes);
            Assert.InRange(map.Information, 0, map.FullInformation);
        }
    }

    [Fact]
    public void Contrastive_coding_never_reports_more_than_the_information_nor_the_logarithm_of_the_batch()
    {
        double[,] joint = Joint(3, 3, 1), copy = { { 0.25, 0, 0, 0 }, { 0, 0.25, 0, 0 }, { 0, 0, 0.25, 0 }, { 0, 0, 0, 0.25 } };
        double information = OptimalVectorisation.Of(joint, 3).Information, last = -1e-12;
        foreach (int batch in (int[])[1, 2, 4, 8, 16, 64, 256])
        {
            double reported = OptimalVectorisation.ContrastiveBound(joint, batch);
            Assert.InRange(reported, last, Math.Min(information, Math.Log(batch) + 1e-12));
            Assert.InRange(OptimalVectorisation.ContrastiveBound(copy, batch), 0, Math.Log(Math.Min(batch, 4)) + 1e-12);
            last = reported;
        }

        Assert.Equal(information, last, 0.01);

        // Two in a batch, by the definition.
        double direct = 0;
        foreach (int code in Enumerable.Range(0, 27))
        {
            int x = code / 9, y = code / 3 % 3, other = code % 3;
            double P(int token) => Enumerable.Range(0, 3).Sum(context => joint[context, token]);
            double R(int token) => joint[x, token] / Enumerable.Range(0, 3).Sum(t => joint[x, t]) / P(token);
            direct += joint[x, y] * P(other) * Math.Log(R(y) / ((R(y) + R(other)) / 2));
        }

        Assert.Equal(direct, OptimalVectorisation.ContrastiveBound(joint, 2), 1e-12);
        Assert.Throws<ArgumentException>(() => OptimalVectorisation.Of(Joint(13, 1, 0), 2));
        Assert.Throws<NotADistributionException>(() => OptimalVectorisation.ContrastiveBound(new double[2, 2], 2));
    }
}
