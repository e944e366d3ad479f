using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace ArKernel.Notebooks.Debugging;

/// <summary>A breakpoint, and how often the code has come by it.</summary>
/// <param name="line">Its line, from 1.</param>
/// <param name="condition">An expression that must hold; empty for always.</param>
/// <param name="hitCondition">
/// Which times stop of those that the condition holds: <c>5</c> or <c>== 5</c> (the fifth), <c>&gt;= 5</c>, <c>&gt; 5</c>, <c>&lt; 5</c>, <c>&lt;= 5</c>, <c>% 5</c>
/// (every fifth); empty for all.
/// </param>
/// <param name="logMessage">A text to write instead of stopping, with expressions in braces; empty to stop.</param>
/// <exception cref="DebugException">The hit condition is not understood.</exception>
internal sealed partial class DebugBreakpoint(int line, string condition, string hitCondition, string logMessage)
{
    private readonly Func<long, bool> counts = Parse(hitCondition);
    private long hits;

    public int Line => line;

    public string Condition => condition;

    public string HitCondition => hitCondition;

    public string LogMessage => logMessage;

    /// <summary>The code has come by, and the condition holds.</summary>
    /// <returns>Whether this time counts.</returns>
    public bool Hit() => counts(Interlocked.Increment(ref hits));

    /// <summary>Counts from the beginning: the cell runs anew.</summary>
    public void Reset() => Interlocked.Exchange(ref hits, 0);

    /// <summary>The text to write.</summary>
    /// <param name="evaluate">Says what an expression in braces comes to.</param>
    public string Format(Func<string, string> evaluate)
    {
        StringBuilder text = new();
        for (int i = 0; i < logMessage.Length; i++)
        {
            int end = logMessage[i] == '{' ? EndOf(i) : -1;
            if (end < 0)
            {
                text.Append(logMessage[i]);
                continue;
            }

            text.Append(evaluate(logMessage[(i + 1)..end]));
            i = end;
        }

        return text.ToString();
    }

    /// <summary>The brace that closes the one at a place, or -1.</summary>
    private int EndOf(int start)
    {
        int depth = 0;
        for (int i = start; i < logMessage.Length; i++)
        {
            depth += logMessage[i] switch { '{' => 1, '}' => -1, _ => 0 };
            if (depth == 0)
            {
                return i;
            }
        }

        return -1;
    }

    private static Func<long, bool> Parse(string hitCondition)
    {
        if (string.IsNullOrWhiteSpace(hitCondition))
        {
            return static _ => true;
        }

        if (Pattern().Match(hitCondition) is not { Success: true } match
            || !long.TryParse(match.Groups["number"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            || (number == 0 && match.Groups["relation"].Value == "%"))
        {
            throw new DebugException($"The hit count '{hitCondition}' is not understood: write a number, such as 5 for the fifth time, or one of == >= > <= < % before it.");
        }

        return match.Groups["relation"].Value switch
        {
            ">=" => times => times >= number,
            ">" => times => times > number,
            "<=" => times => times <= number,
            "<" => times => times < number,
            "%" => times => times % number == 0,
            _ => times => times == number,
        };
    }

    [GeneratedRegex(@"^\s*(?<relation>==?|>=|>|<=|<|%)?\s*(?<number>\d+)\s*$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Pattern();
}
