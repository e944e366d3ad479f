using System.Diagnostics;
using System.Text;

namespace ArKernel.Kernel.Tests;

/// <summary>A child process that has ended.</summary>
internal sealed record Command(int ExitCode, string Output, string Error)
{
    /// <summary>Runs a program to its end; one that takes too long is ended with its children, and the test fails with what it has said.</summary>
    public static Command Run(CommandLine line, TimeSpan patience)
    {
        using Process process = line.Start();
        StringBuilder output = new(), error = new();
        Task reading = Task.WhenAll(ReadAsync(process.StandardOutput, output), ReadAsync(process.StandardError, error));
        process.StandardInput.Close();
        bool ended = process.WaitForExit(patience);
        if (!ended)
        {
            process.Kill(entireProcessTree: true);
        }

        // A grandchild may hold the pipes open after the process has gone.
        reading.Wait(TimeSpan.FromSeconds(5));
        string said = output.ToString(), complained = error.ToString();
        Assert.True(ended, $"{line} took longer than {patience.TotalSeconds} s.\n{said}\n{complained}");
        return new Command(process.ExitCode, said, complained);
    }

    private static async Task ReadAsync(StreamReader reader, StringBuilder into)
    {
        char[] buffer = new char[4096];
        while (await reader.ReadAsync(buffer) is var count and > 0)
        {
            lock (into)
            {
                into.Append(buffer, 0, count);
            }
        }
    }
}

/// <summary>A program to start, with variables added to its environment.</summary>
internal sealed record CommandLine(string Program, params string[] Arguments)
{
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    public string? WorkingDirectory { get; init; }

    public Process Start()
    {
        var start = new ProcessStartInfo(Program, Arguments)
        {
            UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = WorkingDirectory ?? "",
        };
        foreach ((string name, string value) in Environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    public override string ToString() => $"{Program} {string.Join(' ', Arguments)}";
}
