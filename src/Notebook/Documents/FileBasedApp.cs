using System.Text.RegularExpressions;

namespace ArKernel.Notebooks.Documents;

/// <summary>
/// The conventions that <see cref="FileBasedAppWriter"/> and <see cref="FileBasedAppReader"/> share. The file is in the percent format
/// (<c>// %%</c> starts a cell) and a program for <c>dotnet run app.cs</c>. What a notebook allows and a program does not is changed so
/// that it comes back as it was:
/// <list type="bullet">
/// <item><c>//: line</c>: a line that is switched off here; <c>#r "nuget:"</c> and <c>using</c> lines have a counterpart at the top of the file.</item>
/// <item><c>//> Name</c>: the place of a type that stands in the section <c>// %% [types]</c>, as types follow statements in C#.</item>
/// <item><c>display(/*=*/x/*=*/);</c>: the cell's last expression <c>x</c>.</item>
/// <item><c>/*:public*/</c>: a modifier that a local variable or function cannot have.</item>
/// </list>
/// Outputs, the notebook's own metadata, attachments and identifiers are not kept, nor blank lines at the ends of a cell.
/// </summary>
internal static partial class FileBasedApp
{
    public const string CellMark = "// %%";
    public const string OffMark = "//:";
    public const string TypeMark = "//>";
    public const string ValueMark = "/*=*/";
    public const string TypesSection = "types";
    public const string DisplaySection = "display";

    /// <summary>File-based apps default to ahead-of-time compilation rules, under which reflection-based libraries fail.</summary>
    public const string GeneratedProperty = "#:property PublishAot=false";
    public const string GeneratedUsings = "using System.Collections; using System.Text; // as in every notebook";
    public const string GeneratedDisplay = "using static NotebookOutput; // display";

    public const string DisplayClass = """
        static class NotebookOutput
        {
            public static DisplayedValue display(object? value, string? mimeType = null) => new DisplayedValue().Update(value);

            public static void display(Action run) => run();

            public static void display<T>(Func<T> value) => display((object?)value());

            public static Task display(Func<Task> run) => run();

            public static async Task display<T>(Func<Task<T>> value) => display((object?)await value());

            public static DisplayedValue Display<T>(this T value, string? mimeType = null) => display((object?)value);

            public sealed class DisplayedValue
            {
                public DisplayedValue Update(object? value)
                {
                    Console.WriteLine(Text(value));
                    return this;
                }

                private static string Text(object? value) => value switch
                {
                    null => "null",
                    string text => text,
                    IEnumerable items => "[ " + string.Join(", ", items.Cast<object?>().Select(Text)) + " ]",
                    _ => value.ToString() ?? "",
                };
            }
        }
        """;

    public static bool IsReserved(string line) =>
        line.StartsWith(OffMark, StringComparison.Ordinal) || line.StartsWith(TypeMark, StringComparison.Ordinal) || line.StartsWith(CellMark, StringComparison.Ordinal);

    public static string Off(string line) => $"{OffMark} {line}";

    /// <summary>The line at the top of the file that stands for a notebook line, or null.</summary>
    public static string? HeaderLine(string line)
    {
        line = line.Trim();
        if (NuGetReference().Match(line) is { Success: true } reference)
        {
            string version = reference.Groups["version"].Value;
            return $"#:package {reference.Groups["name"].Value}@{(version.Length == 0 ? "*" : version)}";
        }

        return line.StartsWith("// #:", StringComparison.Ordinal) ? line[3..]
            : line.StartsWith("using ", StringComparison.Ordinal) ? line
            : null;
    }

    /// <summary>The notebook line for a line at the top of a file; text that is not a directive stays as it is.</summary>
    public static string NotebookLine(string line)
    {
        if (Package().Match(line.Trim()) is { Success: true } package)
        {
            string version = package.Groups["version"].Value;
            return version is "" or "*" ? $"#r \"nuget: {package.Groups["name"].Value}\"" : $"#r \"nuget: {package.Groups["name"].Value}, {version}\"";
        }

        return line.StartsWith("#:", StringComparison.Ordinal) ? "// " + line : line;
    }

    [GeneratedRegex("""^#r\s+"nuget:\s*(?<name>[^,"]+?)\s*(,\s*(?<version>[^"]*?)\s*)?"$""", RegexOptions.ExplicitCapture)]
    private static partial Regex NuGetReference();

    [GeneratedRegex("""^#:package\s+(?<name>[^@\s]+)(@(?<version>\S+))?$""", RegexOptions.ExplicitCapture)]
    private static partial Regex Package();
}
