using ArKernel.Theory.Information;
using CsCheck;

namespace ArKernel.Theory.Tests.Information;

public sealed class KdTreeTests
{
    [Fact]
    public void Neighbours_and_counts_are_those_of_brute_force() =>
        Gen.Select(Gen.Int[1, 5], Gen.Int[2, 300], Gen.Int[0, 10_000], Gen.Bool).Sample((dimensions, count, seed, coarse) =>
        {
            var random = new Random(seed);
            // Coarse coordinates have many ties.
            double[] points = [.. Enumerable.Range(0, count * dimensions).Select(_ => coarse ? random.Next(5) : random.NextDouble())];
            KdTree tree = new(points, dimensions);
            Assert.Equal(Enumerable.Range(0, count), tree.Order.Order());
            int neighbours = Math.Min(4, count - 1);
            int[] found = new int[neighbours];
            double[] distances = new double[neighbours];
            for (int place = 0; place < count; place++)
            {
                int self = tree.Order[place];
                tree.Nearest(place, found, distances);
                double[] all = [.. Enumerable.Range(0, count).Select(other => Distance(points, self, other, dimensions))];
                Assert.Equal(all.Where((_, other) => other != self).Order().Take(neighbours), distances);
                Assert.DoesNotContain(place, found);
                Assert.Equal(distances, found.Select(other => all[tree.Order[other]]));
                double radius = distances[^1];
                Assert.Equal(all.Count(distance => distance < radius), tree.Count(tree.Point(place), radius, closed: false));
                Assert.Equal(all.Count(distance => distance <= radius), tree.Count(tree.Point(place), radius, closed: true));
            }
        }, iter: 60);

    [Fact]
    public void Kraskovs_estimators_equal_their_definition() => Gen.Select(Gen.Int[1, 3], Gen.Int[1, 2], Gen.Int[0, 10_000]).Sample((dx, dy, seed) =>
    {
        const int Count = 120;
        const int K = 3;
        var random = new Random(seed);
        double[,] x = Gaussians.Matrix(Count, dx, random);
        double[,] y = Gaussians.Matrix(Count, dy, random);
        for (int i = 0; i < Count; i++)
        {
            y[i, 0] += x[i, 0];
        }

        (double[] a, double[] b) = (Standardised(x), Standardised(y));
        (double first, double second) = (0, 0);
        for (int i = 0; i < Count; i++)
        {
            double[] toX = [.. Enumerable.Range(0, Count).Select(j => Distance(a, i, j, dx))];
            double[] toY = [.. Enumerable.Range(0, Count).Select(j => Distance(b, i, j, dy))];
            int[] near = [.. Enumerable.Range(0, Count).Where(j => j != i).OrderBy(j => Math.Max(toX[j], toY[j])).Take(K)];
            double radius = Math.Max(toX[near[^1]], toY[near[^1]]);
            first -= (Psi(toX.Count(d => d < radius)) + Psi(toY.Count(d => d < radius))) / Count;
            (double ex, double ey) = (near.Max(j => toX[j]), near.Max(j => toY[j]));
            second -= (Psi(toX.Count(d => d <= ex) - 1) + Psi(toY.Count(d => d <= ey) - 1)) / Count;
        }

        Assert.Equal(first + Psi(K) + Psi(Count), MutualInformation.NearestNeighbours(x, y, neighbours: K).Value, 1e-10);
        Assert.Equal(second + Psi(K) + Psi(Count) - 1.0 / K, MutualInformation.NearestNeighbours(x, y, neighbours: K, form: KraskovForm.Second).Value, 1e-10);
    }, iter: 20);

    private static double Psi(int n) => MathNet.Numerics.SpecialFunctions.DiGamma(n);

    private static double[] Standardised(double[,] samples)
    {
        (int count, int variables) = (samples.GetLength(0), samples.GetLength(1));
        double[] flat = new double[count * variables];
        for (int j = 0; j < variables; j++)
        {
            double[] column = ((Samples)samples).Column(j);
            double mean = column.Average();
            double deviation = Math.Sqrt(column.Sum(value => (value - mean) * (value - mean)) / count);
            for (int i = 0; i < count; i++)
            {
                flat[i * variables + j] = (column[i] - mean) / deviation;
            }
        }

        return flat;
    }

    private static double Distance(double[] points, int a, int b, int dimensions) =>
        Enumerable.Range(0, dimensions).Max(d => Math.Abs(points[a * dimensions + d] - points[b * dimensions + d]));
}
