using System.Diagnostics;
using System.Text.Json.Nodes;

namespace ArKernel.Benchmarks;

/// <summary>What a user waits for: <c>arkernel run</c> of a one-cell notebook, and the time a trivial cell takes late in a long notebook.</summary>
internal static class Startup
{
    private const int Cells = 600;

    public static int Run()
    {
        string folder = Directory.CreateTempSubdirectory("arkernel-benchmark-").FullName;
        string one = Path.Combine(folder, "one.ipynb"), many = Path.Combine(folder, "many.ipynb"), times = Path.Combine(folder, "times.txt");
        File.WriteAllText(one, Notebook(["1+1"]));
        File.WriteAllText(many, Notebook([.. Enumerable.Range(0, Cells).Select(i =>
            $"System.IO.File.AppendAllText(@\"{times}\", System.Diagnostics.Stopwatch.GetTimestamp() + \" \" + System.Environment.WorkingSet + \"\\n\"); {i}+1")]));

        List<double> runs = [];
        for (int i = 0; i < 6; i++)
        {
            runs.Add(Time(one));
        }

        Time(many);
        long[][] lines = [.. File.ReadLines(times).Select(line => line.Split(' ').Select(long.Parse).ToArray())];
        double[] milliseconds = [.. lines.Zip(lines.Skip(1), (a, b) => (b[0] - a[0]) * 1e3 / Stopwatch.Frequency)];
        double At(int cell) => milliseconds.Skip(cell - 6).Take(10).Order().ElementAt(5);
        Console.WriteLine($"arkernel run of 1+1          {Peer.Median(runs[1..]):F2} s (median of {runs.Count - 1} warm runs; {runs.Min():F2} to {runs[1..].Max():F2})");
        Console.WriteLine($"a trivial cell               10th {At(10):F0} ms, 100th {At(100):F0} ms, {Cells}th {milliseconds[^10..].Order().ElementAt(5):F0} ms (medians of ten around it)");
        Console.WriteLine($"worker memory                {lines[9][1] / 1048576} MiB after 10 cells, {lines[^1][1] / 1048576} MiB after {Cells}");
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
