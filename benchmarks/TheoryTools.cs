using System.Diagnostics;
using System.Runtime.InteropServices;
using ArKernel.Theory;
using ArKernel.Theory.Information;

namespace ArKernel.Benchmarks;

/// <summary>Our side of <c>theory.py</c>: does a task on data from a file, and prints the result and the seconds as JSON.</summary>
internal static class TheoryTools
{
    // Long enough that the runtime has compiled hot loops at full optimisation.
    private const double WarmUpSeconds = 1.5;

    public static int Run(string task, string file, int[] parameters)
    {
        double[] data = MemoryMarshal.Cast<byte, double>(File.ReadAllBytes(file)).ToArray();
        Func<double> work = task switch
        {
            "ksg" => NearestNeighbours(data, parameters),
            _ => throw new ArgumentException($"There is no task '{task}'."),
        };
        Stopwatch warmUp = Stopwatch.StartNew();
        do
        {
            work();
        }
        while (warmUp.Elapsed.TotalSeconds < WarmUpSeconds);

        Stopwatch watch = Stopwatch.StartNew();
        double result = work();
        Console.WriteLine($"{{\"result\": {result:R}, \"seconds\": {watch.Elapsed.TotalSeconds:R}}}");
        return 0;
    }

    private static Func<double> NearestNeighbours(double[] data, int[] parameters)
    {
        (int count, int dx, int dy, int neighbours) = (parameters[0], parameters[1], parameters[2], parameters[3]);
        (Samples x, Samples y) = (Rows(data.AsSpan(0, count * dx), dx), Rows(data.AsSpan(count * dx), dy));
        return () => MutualInformation.NearestNeighbours(x, y, neighbours: neighbours).Value;
    }

    private static double[,] Rows(ReadOnlySpan<double> data, int columns)
    {
        double[,] rows = new double[data.Length / columns, columns];
        data.CopyTo(MemoryMarshal.CreateSpan(ref rows[0, 0], rows.Length));
        return rows;
    }
}
