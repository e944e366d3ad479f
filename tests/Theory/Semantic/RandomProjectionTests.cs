using ArKernel.Theory.Semantic;
using MathNet.Numerics.Distributions;

namespace ArKernel.Theory.Tests.Semantic;

public sealed class RandomProjectionTests
{
    [Fact]
    public void Distances_and_inner_products_of_a_large_space_survive_in_the_promised_coordinates()
    {
        const int points = 60, size = 2000;
        const double error = 0.5;
        var random = new Random(1);
        double[,] vectors = new double[points, size];
        for (int i = 0; i < points; i++)
        {
            double[] drawn = [.. Enumerable.Range(0, size).Select(_ => Normal.Sample(random, 0, 1))];
            double norm = Math.Sqrt(drawn.Sum(value => value * value));
            for (int k = 0; k < size; k++)
            {
                vectors[i, k] = drawn[k] / norm;
            }
        }

        int coordinates = RandomProjection.Coordinates(points, error);
        Assert.InRange(coordinates, 150, 250);
        bool kept = Enumerable.Range(0, points).Any(seed => Holds(vectors, RandomProjection.Project(vectors, coordinates, seed), error)); // in one of n draws, by the theorem
        Assert.True(kept);
        Assert.False(Holds(vectors, RandomProjection.Project(vectors, 4, 0), error));
        Assert.Throws<ArgumentOutOfRangeException>(() => RandomProjection.Coordinates(10, 1));
        Assert.Throws<NotFiniteException>(() => RandomProjection.Project(new[,] { { double.NaN } }, 1, 0));
    }

    private static bool Holds(double[,] before, double[,] after, double error)
    {
        double Inner(double[,] vectors, int i, int j) => Enumerable.Range(0, vectors.GetLength(1)).Sum(k => vectors[i, k] * vectors[j, k]);
        double Squared(double[,] vectors, int i, int j) => Inner(vectors, i, i) + Inner(vectors, j, j) - 2 * Inner(vectors, i, j);
        for (int i = 0; i < before.GetLength(0); i++)
        {
            for (int j = 0; j < i; j++)
            {
                double ratio = Squared(after, i, j) / Squared(before, i, j);
                if (ratio < 1 - error || ratio > 1 + error || Math.Abs(Inner(after, i, j) - Inner(before, i, j)) > 3 * error)
                {
                    return false;
                }
            }
        }

        return true;
    }
}
