using System.Globalization;
using ArKernel.Notebooks.Engine;
using FSharp.Compiler.Diagnostics;

namespace ArKernel.Notebooks.Languages.FSharp;

/// <summary>Words the compiler's errors and warnings, each with the line of the cell that it is about.</summary>
internal static class FSharpDiagnostics
{
    private const int Most = 20;

    /// <summary>The error of a cell that does not compile.</summary>
    public static CellError ToError(IReadOnlyList<FSharpDiagnostic> errors, string code) =>
        new("CompilationError", $"{errors[0].ErrorNumberText}: {errors[0].Message}", Describe(errors, code), errors[0].StartLine);

    /// <summary>Place and message of each, its line, and an underline.</summary>
    public static IReadOnlyList<string> Describe(IReadOnlyList<FSharpDiagnostic> diagnostics, string code)
    {
        string[] lines = code.Split('\n');
        List<string> report = [];
        foreach (FSharpDiagnostic diagnostic in diagnostics.Take(Most))
        {
            string kind = diagnostic.Severity.IsError ? "error" : "warning";
            report.Add(string.Create(CultureInfo.InvariantCulture, $"({diagnostic.StartLine},{diagnostic.StartColumn + 1}): {kind} {diagnostic.ErrorNumberText}: {diagnostic.Message}"));
            if (diagnostic.StartLine >= 1 && diagnostic.StartLine <= lines.Length)
            {
                string line = lines[diagnostic.StartLine - 1];
                int end = diagnostic.EndLine == diagnostic.StartLine ? diagnostic.EndColumn : line.Length;
                report.Add(line);
                report.Add(new string(' ', diagnostic.StartColumn) + new string('~', Math.Max(1, end - diagnostic.StartColumn)));
            }
        }

        if (diagnostics.Count > Most)
        {
            report.Add(string.Create(CultureInfo.InvariantCulture, $"… and {diagnostics.Count - Most} more"));
        }

        return report;
    }
}
