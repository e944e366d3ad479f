namespace ArKernel.Theory.Tests.Information;

/// <summary>Normal samples for tests.</summary>
internal static class Gaussians
{
    public static double Next(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    public static double[] Draw(int count, Random random) => [.. Enumerable.Range(0, count).Select(_ => Next(random))];

    /// <summary>Pairs of unit variance and the given correlation, [count, 2].</summary>
    public static double[,] Correlated(int count, double correlation, int seed)
    {
        var random = new Random(seed);
        double[,] samples = new double[count, 2];
        for (int i = 0; i < count; i++)
        {
            samples[i, 0] = Next(random);
            samples[i, 1] = correlation * samples[i, 0] + Math.Sqrt(1 - correlation * correlation) * Next(random);
        }

        return samples;
    }

    public static double[,] Matrix(int count, int variables, Random random)
    {
        double[,] samples = new double[count, variables];
        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j < variables; j++)
            {
                samples[i, j] = Next(random);
            }
        }

        return samples;
    }
}
