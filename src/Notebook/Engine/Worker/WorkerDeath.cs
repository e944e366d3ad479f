using System.Globalization;
using System.Text.RegularExpressions;

namespace ArKernel.Notebooks.Engine.Worker;

/// <summary>Says in the user's words why a worker process ended.</summary>
internal static partial class WorkerDeath
{
    private const int MostLines = 12;
    private const string Lost = "Its variables are lost.";

    /// <summary>The error of the cell during which the worker ended.</summary>
    /// <param name="exitCode">The exit code; 128 + number after a signal, as shells have it.</param>
    /// <param name="report">What the runtime wrote before it ended.</param>
    public static CellError Describe(int exitCode, string report)
    {
        string cause = report.StartsWith("Stack overflow.", StringComparison.Ordinal)
            ? "The cell overflowed the stack (endless recursion?), which ended the worker process."
            : exitCode switch
            {
                128 + 9 => "The worker process was killed (SIGKILL) while the cell ran: by somebody, or by the system because memory ran out.",
                128 + 6 => "The worker process aborted (SIGABRT) while the cell ran.",
                128 + 11 or 128 + 7 or 128 + 4 or 128 + 8 => $"Native code crashed ({Signal(exitCode - 128)}) while the cell ran, which ended the worker process.",
                > 128 and <= 128 + 64 => $"The worker process was ended by {Signal(exitCode - 128)} while the cell ran.",
                _ => string.Create(CultureInfo.InvariantCulture, $"The worker process ended with exit code {exitCode} while the cell ran, as after Environment.Exit."),
            };
        string message = $"{cause} {Lost}";
        return new CellError("WorkerDied", message, [.. Shorten(report)], null);
    }

    /// <summary>The error of a cell that was to be stopped but could only be stopped together with the worker.</summary>
    public static CellError DescribeKilled(CellError interruption)
    {
        string message = $"{interruption.Message} Its code did not stop (native calls and code in Task.Run cannot be stopped), so the worker process was ended. {Lost}";
        return interruption with { Message = message, Traceback = [] };
    }

    private static string Signal(int number) => number switch
    {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        _ => string.Create(CultureInfo.InvariantCulture, $"signal {number}"),
    };

    /// <summary>The first lines of a crash report, without the frames of engine and runtime, names as the user wrote them.</summary>
    private static IEnumerable<string> Shorten(string report)
    {
        string[] lines = [.. report.Split('\n').Select(l => l.TrimEnd()).Where(l => l.Length > 0 && !Machinery().IsMatch(l))];
        foreach (string line in lines.Take(MostLines))
        {
            yield return CompilerName().Replace(line, m => m.Groups["name"].Value);
        }

        if (lines.Length > MostLines)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"… {lines.Length - MostLines} more lines");
        }
    }

    [GeneratedRegex(@"^\s*at (System\.(Runtime|Threading)\.|ArKernel\.Notebooks\.Engine\.|ArKernel\.Notebooks\.Languages\.|Submission#\d+\.<Factory>)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Machinery();

    [GeneratedRegex(@"Submission#\d+[+.](<+Initialize>+g__(?<name>\w+)\|\d+_\d+)?(<(<Initialize>)>d__\d+\.MoveNext)?", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex CompilerName();
}
