using System.Diagnostics;
using System.Text.Json.Nodes;

namespace ArKernel.Benchmarks;

/// <summary>What a user waits for: <c>arkernel run</c> of a one-cell notebook, and the time a trivial cell takes late in a long notebook.</summary>
internal static class Startup
{
    private const int Cells = 606;
    private static readonly int[] Middles = [10, 100, 300, 600];

    public static int Run()
    {
        string folder = Directory.CreateTempSubdirectory("arkernel-benchmark-").FullName;
        string one = Path.Combine(folder, "one.ipynb"), many = Path.Combine(folder, "many.ipynb"), times = Path.Combine(folder, "times.txt");
        File.WriteAllText(one, Notebook(["1+1"]));
        string[] cells = [.. Enumerable.Range(1, Cells).Select(i => $"{i}+1")];
        foreach (int middle in Middles)
        {
            // The clock is read ten trivial cells apart: a cell that reads it is not a trivial one.
            cells[middle - 6] = cells[middle + 5] = $"File.AppendAllText(@\"{times}\", System.Diagnostics.Stopwatch.GetTimestamp() + \" \" + Environment.WorkingSet + \"\\n\")";
        }

        File.WriteAllText(many, Notebook(cells));

        List<double> runs = [];
        for (int i = 0; i < 6; i++)
        {
            runs.Add(Time(one));
        }

        Time(many);
        long[][] lines = [.. File.ReadLines(times).Select(line => line.Split(' ').Select(long.Parse).ToArray())];
        double[] milliseconds = [.. lines.Chunk(2).Select(pair => (pair[1][0] - pair[0][0]) * 1e3 / Stopwatch.Frequency / 11)];
        Console.WriteLine($"arkernel run of 1+1          {Peer.Median(runs[1..]):F2} s (median of {runs.Count - 1} warm runs; {runs.Min():F2} to {runs[1..].Max():F2})");
        Console.WriteLine($"a trivial cell               {string.Join(", ", Middles.Zip(milliseconds, (middle, time) => $"near the {middle}th {time:F1} ms"))}");
        Console.WriteLine($"worker memory                {lines[1][1] / 1048576} MiB near cell {Middles[0]}, {lines[^1][1] / 1048576} MiB near cell {Middles[^1]}");
        Directory.Delete(folder, recursive: true);
        return 0;
    }

    private static double Time(string notebook)
    {
        var watch = Stopwatch.StartNew();
        Peer.Capture(Path.Combine(Peer.Root, "arkernel"), ["run", notebook, "--no-save", "--quiet"]);
        return watch.Elapsed.TotalSeconds;
    }

    private static string Notebook(string[] cells) => new JsonObject
    {
        ["cells"] = new JsonArray([.. cells.Select((source, i) => (JsonNode)new JsonObject
        {
            ["cell_type"] = "code", ["id"] = $"c{i}", ["execution_count"] = null, ["metadata"] = new JsonObject(), ["outputs"] = new JsonArray(), ["source"] = source,
        })]),
        ["metadata"] = new JsonObject { ["kernelspec"] = new JsonObject { ["name"] = ".net-csharp", ["display_name"] = ".NET (C#)", ["language"] = "C#" } },
        ["nbformat"] = 4,
        ["nbformat_minor"] = 5,
    }.ToJsonString();
}
