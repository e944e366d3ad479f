using System.Diagnostics;
using System.Reflection;
using System.Text.RegularExpressions;
using ArKernel.Notebooks.Packages.Native;

namespace ArKernel.Notebooks.Engine;

/// <summary>Words an exception of user code for its reader: the user's own frames, with cell and line, under the names the user gave.</summary>
internal static partial class ExceptionReport
{
    private const int MostFrames = 40;

    /// <summary>The error of a cell whose code threw.</summary>
    /// <param name="exception">What it threw.</param>
    /// <param name="cell">The cell's name, to find the line.</param>
    public static CellError Describe(Exception exception, string cell)
    {
        exception = Unwrap(exception);
        List<string> lines = [];
        List<string> reasons = [];
        int? line = null;
        for (Exception? current = exception; current is not null; current = current.InnerException is { } inner ? Unwrap(inner) : null)
        {
            int heading = lines.Count;
            if (current != exception)
            {
                lines.Add($"caused by {TypeName(current.GetType())}: {current.Message}");
            }

            if (current is DllNotFoundException missing && NativePreflight.Explain(missing) is { Count: > 0 } why)
            {
                if (current != exception)
                {
                    lines[heading] = lines[heading].Split(" In order to")[0]; // the rest is a list of all places where the loader looked
                    lines.AddRange(why);
                }

                reasons.AddRange(why);
            }

            AddFrames(current, cell, lines, ref line);
        }

        return new CellError(exception.GetType().Name, reasons.Count > 0 ? string.Join(' ', reasons) : exception.Message, lines, line);
    }

    private static Exception Unwrap(Exception exception)
    {
        while (exception is AggregateException { InnerExceptions.Count: 1 } or TargetInvocationException or TypeInitializationException
            && exception.InnerException is { } inner)
        {
            exception = inner;
        }

        return exception;
    }

    private static void AddFrames(Exception exception, string cell, List<string> lines, ref int? line)
    {
        StackFrame[] frames = [.. new StackTrace(exception, fNeedFileInfo: true).GetFrames().Where(f => f.GetMethod() is { } m && !IsMachinery(m))];
        int count = lines.Count;
        for (int i = 0; i < frames.Length; i++)
        {
            MethodBase method = frames[i].GetMethod()!;
            bool own = IsOfCell(method);
            if (own && line is null && string.Equals(FileOf(frames[i]), cell, StringComparison.Ordinal) && frames[i].GetFileLineNumber() > 0)
            {
                line = frames[i].GetFileLineNumber();
            }

            // Of the frames inside libraries only the call the user wrote is of interest.
            if (own || (i + 1 < frames.Length && IsOfCell(frames[i + 1].GetMethod()!)))
            {
                string name = MethodName(method);
                string place = FileOf(frames[i]) is { } file ? $"{file}:line {frames[i].GetFileLineNumber()}" : "";
                lines.Add(name.Length == 0 ? $"   at {place}" : place.Length == 0 ? $"   at {name}" : $"   at {name} in {place}");
            }

            if (lines.Count - count == MostFrames)
            {
                lines.Add($"   … {frames.Length - i - 1} more frames");
                break;
            }
        }
    }

    /// <summary>The frame's file; a cell's name as it is, where a compiler (F#) has made a path of it.</summary>
    private static string? FileOf(StackFrame frame) =>
        frame.GetFileName() is { } path && Path.GetFileName(path) is { } name && Path.GetDirectoryName(path) == Environment.CurrentDirectory && !File.Exists(path) ? name : frame.GetFileName();

    private static bool IsOfCell(MethodBase method) =>
        method.DeclaringType is { } type && SubmissionAssemblies.Contains(type.Assembly);

    private static bool IsMachinery(MethodBase method) =>
        method.DeclaringType is not { } type
        || string.Equals(type.Namespace, "System.Runtime.CompilerServices", StringComparison.Ordinal)
        || string.Equals(type.Namespace, "System.Runtime.ExceptionServices", StringComparison.Ordinal)
        || type.Assembly == typeof(ExceptionReport).Assembly
        || string.Equals(method.Name, "<Factory>", StringComparison.Ordinal)
        || method.IsDefined(typeof(StackTraceHiddenAttribute), inherit: false);

    /// <summary>The name a person gave the method; empty for the top level of a cell.</summary>
    private static string MethodName(MethodBase method)
    {
        string name = method.Name;
        Type? type = method.DeclaringType;
        if (type is not null && name is "MoveNext" && type.Name.StartsWith('<'))
        {
            (name, type) = (type.Name, type.DeclaringType); // the state machine of an async method or iterator
        }

        while (type is not null && type.Name.StartsWith('<'))
        {
            type = type.DeclaringType; // closures
        }

        if (LocalFunction().Match(name) is { Success: true } local)
        {
            name = local.Groups["name"].Value;
        }
        else if (name.Contains(">b__", StringComparison.Ordinal))
        {
            name = "lambda";
        }
        else if (StateMachine().Match(name) is { Success: true } machine)
        {
            name = machine.Groups["name"].Value;
        }

        if (name is "<Initialize>" or "<<Initialize>>" || IsSubmission(type) && name is ".ctor")
        {
            return "";
        }

        return type is null || IsSubmission(type) ? name : $"{TypeName(type)}.{name.TrimStart('.')}";
    }

    private static bool IsSubmission(Type? type) =>
        type is not null && type.Name.StartsWith("Submission#", StringComparison.Ordinal);

    private static string TypeName(Type type)
    {
        string name = type.IsGenericType ? type.GetGenericTypeDefinition().FullName ?? type.Name : type.FullName ?? type.Name;
        int submission = name.StartsWith("Submission#", StringComparison.Ordinal) ? name.IndexOf('+', StringComparison.Ordinal) + 1 : 0;
        return Arity().Replace(name[submission..].Replace('+', '.'), "");
    }

    [GeneratedRegex(@"g__(?<name>\w+)\|", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex LocalFunction();

    [GeneratedRegex(@"^<(?<name>.+)>d(__\d+)?(`\d+)?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex StateMachine();

    [GeneratedRegex(@"`\d+", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Arity();
}
