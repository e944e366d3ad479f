using System.Diagnostics;
using System.Text.Json.Nodes;

namespace ArKernel.Benchmarks;

/// <summary>The other side: <c>peer_torch.py</c> in Debian's python3-torch.</summary>
internal static class Peer
{
    public static JsonNode? Run(params string[] arguments)
    {
        string output = Capture("/usr/bin/python3", [Path.Combine(Root, "benchmarks", "peer_torch.py"), .. arguments]);
        return output.Trim().Length == 0 ? null : JsonNode.Parse(output);
    }

    /// <summary>A checkpoint folder with random weights in GPT-2's layout, made by the peer so that both sides start from the same.</summary>
    public static string Weights(int layers, int width, int heads, int length, int vocabulary)
    {
        string folder = Path.Combine(Path.GetTempPath(), $"arkernel-benchmark-{layers}-{width}-{length}-{vocabulary}");
        Directory.CreateDirectory(folder);
        Run("weights", Path.Combine(folder, "model.safetensors"), $"{layers}", $"{width}", $"{heads}", $"{length}", $"{vocabulary}");
        File.WriteAllText(
            Path.Combine(folder, "config.json"),
            $$"""{"model_type":"gpt2","n_embd":{{width}},"n_layer":{{layers}},"n_head":{{heads}},"n_positions":{{length}},"vocab_size":{{vocabulary}},"layer_norm_epsilon":1e-5}""");
        return folder;
    }

    /// <summary>The sequence both sides use: a linear congruence, so that nothing but arithmetic has to agree.</summary>
    public static long[] Tokens(int count, int vocabulary)
    {
        var tokens = new long[count];
        long value = 12345;
        for (int i = 0; i < count; i++)
        {
            value = ((value * 1103515245) + 12345) % 2147483648;
            tokens[i] = (value >> 16) % vocabulary;
        }

        return tokens;
    }

    public static string Capture(string file, string[] arguments)
    {
        var start = new ProcessStartInfo(file, arguments) { UseShellExecute = false, RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"{file} {string.Join(' ', arguments)} ended with exit code {process.ExitCode}; the peer needs python3-torch and libopenblas0-pthread.");
    }

    public static string Root { get; } = FindRoot();

    public static double Median(List<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "ArKernel.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new InvalidOperationException("The benchmarks run from a checkout.");
    }
}
