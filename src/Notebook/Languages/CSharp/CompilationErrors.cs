using System.Globalization;
using ArKernel.Notebooks.Engine;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace ArKernel.Notebooks.Languages.CSharp;

/// <summary>Words compile errors: place, code and message, then the source line with the span underlined.</summary>
internal static class CompilationErrors
{
    private const int MostErrors = 20;

    // What the compiler says of these does not tell the user of a notebook what to do.
    private static readonly Dictionary<string, string> Remedies = new(StringComparer.Ordinal)
    {
        ["CS8345"] = "A variable of a cell outlives the cell, which a ref struct such as Span<T> cannot: put the statements that use it into a block { … } or a method.",
        ["CS4007"] = "A ref struct such as Span<T> cannot live across an await: put the statements that use it into a block { … } without one, or into a method.",
    };

    /// <summary>The error of a cell that does not compile.</summary>
    /// <param name="errors">What the compiler says.</param>
    /// <param name="cell">The cell as the user wrote it; what was compiled has all in the same places.</param>
    /// <param name="remedy">What to do about an error, where that can be told.</param>
    public static CellError Describe(IReadOnlyList<Diagnostic> errors, SourceText cell, Func<Diagnostic, string?>? remedy = null)
    {
        Diagnostic[] ordered = [.. errors.OrderBy(e => e.Location.SourceSpan.Start)];
        List<string> lines = [];
        foreach (Diagnostic error in ordered.Take(MostErrors))
        {
            AddError(error, cell, lines);
            if (remedy?.Invoke(error) is { } advice || Remedies.TryGetValue(error.Id, out advice))
            {
                lines.Add(advice);
            }
        }

        if (ordered.Length > MostErrors)
        {
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"… and {ordered.Length - MostErrors} more errors"));
        }

        Diagnostic? first = ordered.FirstOrDefault();
        return new CellError(
            "CompilationError",
            first is null ? "The cell does not compile." : $"{first.Id}: {first.GetMessage(CultureInfo.InvariantCulture)}",
            lines,
            first is { Location.IsInSource: true } ? first.Location.GetLineSpan().StartLinePosition.Line + 1 : null);
    }

    private static void AddError(Diagnostic error, SourceText cell, List<string> lines)
    {
        string message = error.GetMessage(CultureInfo.InvariantCulture);
        if (error.Location is not { IsInSource: true, SourceTree: { } tree })
        {
            lines.Add($"error {error.Id}: {message}");
            return;
        }

        FileLinePositionSpan span = error.Location.GetLineSpan();
        (LinePosition start, LinePosition end) = (span.StartLinePosition, span.EndLinePosition);
        string file = Path.IsPathRooted(span.Path) ? span.Path : ""; // only an error in a loaded file needs to say where it is
        lines.Add(string.Create(CultureInfo.InvariantCulture, $"{file}({start.Line + 1},{start.Character + 1}): error {error.Id}: {message}"));

        string text = (file.Length > 0 ? tree.GetText() : cell).Lines[start.Line].ToString();
        int stop = end.Line == start.Line ? end.Character : text.Length;
        lines.Add(text);
        // Tabs stay tabs, so that the underline stands where it should.
        string indent = string.Concat(text.Take(start.Character).Select(c => c == '\t' ? '\t' : ' '));
        lines.Add(indent + new string('~', Math.Max(1, stop - start.Character)));
    }
}
