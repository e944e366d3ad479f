using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using ArKernel.Notebooks.Engine;

namespace ArKernel.Notebooks.Languages.FSharp;

/// <summary><c>#time</c> of F# Interactive: from a line <c>#time "on"</c> to a line <c>#time "off"</c>, each cell says what it took; <c>#time</c> alone changes between the two.</summary>
internal sealed partial class FSharpTimer
{
    private bool isOn;

    /// <summary>Obeys the <c>#time</c> lines of a cell.</summary>
    /// <returns>The cell with those lines blank.</returns>
    public string Take(string code) => code.Contains("#time", StringComparison.Ordinal)
        ? Directive().Replace(code, match =>
        {
            isOn = match.Groups["state"].Value switch { "on" => true, "off" => false, _ => !isOn };
            return "";
        })
        : code;

    /// <summary>Starts the clock, if it is to run.</summary>
    /// <returns>What stops it and writes the line that F# Interactive writes; null when it is off.</returns>
    public IDisposable? Start(CellContext context) => isOn ? new Measurement(context) : null;

    [GeneratedRegex("^[ \\t]*#time([ \\t]+\"(?<state>on|off)\")?[ \\t]*$", RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Directive();

    private sealed class Measurement(CellContext context) : IDisposable
    {
        private readonly long start = Stopwatch.GetTimestamp();
        private readonly TimeSpan processor = Environment.CpuUsage.TotalTime;
        private readonly int[] collections = [.. Enumerable.Range(0, GC.MaxGeneration + 1).Select(GC.CollectionCount)];

        public void Dispose()
        {
            string collected = string.Join(", ", collections.Select((before, generation) => string.Create(CultureInfo.InvariantCulture, $"gen{generation}: {GC.CollectionCount(generation) - before}")));
            context.Write("stdout", string.Create(
                CultureInfo.InvariantCulture,
                $@"Real: {Stopwatch.GetElapsedTime(start):hh\:mm\:ss\.fff}, CPU: {Environment.CpuUsage.TotalTime - processor:hh\:mm\:ss\.fff}, GC {collected}{'\n'}"));
        }
    }
}
