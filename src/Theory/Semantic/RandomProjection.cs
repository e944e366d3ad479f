using MathNet.Numerics.Distributions;

namespace ArKernel.Theory.Semantic;

/// <summary>
/// Fewer coordinates for a semantic space at a small error: normal random directions keep all distances within a factor 1 ± ε (Johnson and Lindenstrauss),
/// and so all inner products of unit vectors within 3ε.
/// </summary>
public static class RandomProjection
{
    /// <summary>The coordinates with which squared distances of n points stay within 1 ± ε in at least one draw of n: 4 ln n/(ε²/2 − ε³/3) (Dasgupta and Gupta 2003).</summary>
    /// <param name="points">n, at least 2.</param>
    /// <param name="error">ε, in (0, 1).</param>
    public static int Coordinates(int points, double error)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(points, 2);
        if (!(error is > 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(error), error, "The error must be in (0, 1).");
        }

        return (int)Math.Ceiling(4 * Math.Log(points) / (error * error / 2 - error * error * error / 3));
    }

    /// <summary>Projects vectors on random directions, scaled so that squared lengths keep their mean.</summary>
    /// <param name="vectors">[points, coordinates].</param>
    /// <param name="coordinates">The number of new coordinates.</param>
    /// <param name="seed">The seed of the directions.</param>
    /// <returns>[points, new coordinates].</returns>
    /// <exception cref="NotFiniteException">A coordinate is NaN or infinite.</exception>
    public static double[,] Project(double[,] vectors, int coordinates, int seed)
    {
        Check.Finite(vectors, "The vectors");
        ArgumentOutOfRangeException.ThrowIfLessThan(coordinates, 1);
        Random random = new(seed);
        (int points, int size) = (vectors.GetLength(0), vectors.GetLength(1));
        double[,] projected = new double[points, coordinates];
        double[] direction = new double[size];
        for (int c = 0; c < coordinates; c++)
        {
            Normal.Samples(random, direction, 0, 1 / Math.Sqrt(coordinates));
            for (int i = 0; i < points; i++)
            {
                for (int k = 0; k < size; k++)
                {
                    projected[i, c] += vectors[i, k] * direction[k];
                }
            }
        }

        return projected;
    }
}
