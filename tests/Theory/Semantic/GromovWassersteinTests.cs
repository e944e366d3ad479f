using ArKernel.Theory.Semantic;

namespace ArKernel.Theory.Tests.Semantic;

public sealed class GromovWassersteinTests
{
    private static double[,] Pair(double distance) => new[,] { { 0, distance }, { distance, 0 } };

    [Theory]
    [InlineData(0.6)]
    [InlineData(1)]
    [InlineData(2.5)]
    public void Two_points_against_two_others_differ_by_half_the_square_of_the_difference(double distance)
    {
        GromovWassersteinDistance result = GromovWasserstein.Distance(Pair(1), Pair(distance));
        Assert.Equal((1 - distance) * (1 - distance) / 2, result.Squared.Upper, 1e-6);
        Assert.Equal((1 - distance) * (1 - distance) / 2, result.Squared.Lower, 1e-12); // here the bound is tight
    }

    [Fact]
    public void Two_points_against_one_cost_a_half_and_the_only_plan_is_exact()
    {
        GromovWassersteinDistance result = GromovWasserstein.Distance(Pair(1), new double[1, 1]);
        Assert.Equal(0.5, result.Squared.Upper, 1e-12);
        Assert.Equal(0.5, result.Squared.Lower, 1e-12);
    }

    [Fact]
    public void A_rotated_and_permuted_cloud_is_found_again()
    {
        var random = new Random(5);
        (double X, double Y)[] cloud = [.. Enumerable.Range(0, 12).Select(_ => (random.NextDouble(), random.NextDouble()))];
        int[] permutation = [.. Enumerable.Range(0, 12)];
        random.Shuffle(permutation);
        const double angle = 1.1;
        (double X, double Y)[] moved = [.. permutation.Select(i => (Math.Cos(angle) * cloud[i].X - Math.Sin(angle) * cloud[i].Y, Math.Sin(angle) * cloud[i].X + Math.Cos(angle) * cloud[i].Y))];
        GromovWassersteinDistance result = GromovWasserstein.Distance(Distances(cloud), Distances(moved));
        Assert.True(result.Squared.Upper < 1e-6, $"{result.Squared}");
        for (int i = 0; i < 12; i++)
        {
            Assert.Equal(i, permutation[result.Matching[i]]);
        }
    }

    [Fact]
    public void The_plan_is_a_coupling_between_the_bounds_and_no_permutation_of_small_spaces_is_better()
    {
        var random = new Random(9);
        for (int trial = 0; trial < 5; trial++)
        {
            (double X, double Y)[] Cloud() => [.. Enumerable.Range(0, 5).Select(_ => (random.NextDouble(), random.NextDouble()))];
            double[,] first = Distances(Cloud()), second = Distances(Cloud());
            GromovWassersteinDistance result = GromovWasserstein.Distance(first, second);
            for (int i = 0; i < 5; i++)
            {
                Assert.Equal(0.2, Enumerable.Range(0, 5).Sum(j => result.Plan[i, j]), 1e-12);
                Assert.Equal(0.2, Enumerable.Range(0, 5).Sum(j => result.Plan[j, i]), 1e-12);
            }

            double direct = 0;
            foreach (int code in Enumerable.Range(0, 625))
            {
                int i = code / 125, j = code / 25 % 5, k = code / 5 % 5, l = code % 5;
                direct += Math.Pow(first[i, k] - second[j, l], 2) * result.Plan[i, j] * result.Plan[k, l];
            }

            Assert.Equal(direct, result.Squared.Upper, 1e-10);
            Assert.True(result.Squared.Lower <= result.Squared.Upper);
            double best = Permutations([0, 1, 2, 3, 4]).Min(order => (from i in Enumerable.Range(0, 5) from k in Enumerable.Range(0, 5) select Math.Pow(first[i, k] - second[order[i], order[k]], 2) / 25).Sum());
            Assert.True(result.Squared.Upper <= best + 1e-6, $"{result.Squared.Upper} against {best}");
        }
    }

    [Fact]
    public void Cosines_forget_lengths_and_bad_spaces_are_refused()
    {
        Assert.Equal(GromovWasserstein.Cosines(new double[,] { { 1, 0 }, { 1, 1 } }), GromovWasserstein.Cosines(new double[,] { { 5, 0 }, { 2, 2 } }));
        Assert.Throws<NotFiniteException>(() => GromovWasserstein.Cosines(new double[,] { { 0, 0 } }));
        Assert.Throws<ArgumentException>(() => GromovWasserstein.Distance(new double[,] { { 0, 1 }, { 2, 0 } }, Pair(1)));
        Assert.Throws<NotADistributionException>(() => GromovWasserstein.Distance(Pair(1), Pair(1), [0.5, 0.6]));
        Assert.Throws<NotFiniteException>(() => GromovWasserstein.Distance(Pair(double.NaN), Pair(1)));
    }

    private static IEnumerable<int[]> Permutations(int[] items) =>
        items.Length == 1 ? [items] : items.SelectMany(item => Permutations([.. items.Where(other => other != item)]).Select(rest => (int[])[item, .. rest]));

    private static double[,] Distances((double X, double Y)[] points)
    {
        double[,] distances = new double[points.Length, points.Length];
        for (int i = 0; i < points.Length; i++)
        {
            for (int k = 0; k < points.Length; k++)
            {
                distances[i, k] = Math.Sqrt(Math.Pow(points[i].X - points[k].X, 2) + Math.Pow(points[i].Y - points[k].Y, 2));
            }
        }

        return distances;
    }
}
