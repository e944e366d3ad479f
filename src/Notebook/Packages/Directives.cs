using System.Text.RegularExpressions;

namespace ArKernel.Notebooks.Packages;

/// <summary>A line of a cell that asks for something from outside.</summary>
/// <param name="Line">Its line, from 1.</param>
internal abstract record Directive(int Line);

/// <summary><c>#r "nuget: Name, Version"</c>; an empty version is the newest stable one.</summary>
internal sealed record PackageDirective(int Line, string Name, string Version) : Directive(Line);

/// <summary><c>#r "path.dll"</c>.</summary>
internal sealed record AssemblyDirective(int Line, string Path) : Directive(Line);

/// <summary><c>#r "project: path.csproj, Release, net10.0"</c>: the configuration is Debug unless given, the framework the project's only one.</summary>
internal sealed record ProjectDirective(int Line, string Path, string Configuration, string Framework) : Directive(Line);

/// <summary><c>#i "nuget: SOURCE"</c>.</summary>
internal sealed record SourceDirective(int Line, string Source) : Directive(Line);

/// <summary>Finds the <c>#r</c>, <c>#i</c> and (inside files they name) <c>#load</c> lines of code.</summary>
internal static partial class Directives
{
    /// <summary>The directives of a text and of the files it loads, and the text with its <c>#r</c> and <c>#i</c> lines blanked.</summary>
    /// <param name="code">The text.</param>
    /// <param name="path">The file the text is from, or null for a cell.</param>
    public static (string Code, IReadOnlyList<Directive> Found) Scan(string code, string? path)
    {
        List<Directive> found = [];
        return (Scan(code, path, outerLine: null, found, new HashSet<string>(StringComparer.Ordinal)), found);
    }

    /// <summary>The full path of a path written in a file, or in a cell (relative to the working directory).</summary>
    public static string ResolvePath(string path, string? baseFilePath) =>
        Path.GetFullPath(path, Path.IsPathRooted(baseFilePath) ? Path.GetDirectoryName(baseFilePath)! : Environment.CurrentDirectory);

    private static string Scan(string code, string? path, int? outerLine, List<Directive> found, HashSet<string> seen)
    {
        if (!code.Contains('#', StringComparison.Ordinal))
        {
            return code;
        }

        string[] lines = code.Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            if (Pattern().Match(lines[i]) is not { Success: true } match)
            {
                continue;
            }

            string argument = match.Groups["argument"].Value.Trim();
            int line = outerLine ?? i + 1;
            string kind = match.Groups["kind"].Value;
            if (kind is "load")
            {
                string file = ResolvePath(argument, path);
                if (File.Exists(file) && seen.Add(file)) // a missing file is the compiler's to report
                {
                    Scan(File.ReadAllText(file), file, line, found, seen);
                }

                continue;
            }

            found.Add(ToDirective(kind, argument, line, path));
            lines[i] = "";
        }

        return string.Join('\n', lines);
    }

    private static Directive ToDirective(string kind, string argument, int line, string? path)
    {
        bool isPackage = argument.StartsWith("nuget:", StringComparison.OrdinalIgnoreCase);
        string rest = isPackage ? argument["nuget:".Length..].Trim() : argument;
        if (kind is "i")
        {
            return new SourceDirective(line, rest.Contains("://", StringComparison.Ordinal) ? rest : ResolvePath(rest, path));
        }

        if (rest.StartsWith("project:", StringComparison.OrdinalIgnoreCase))
        {
            string[] options = rest["project:".Length..].Split(',', StringSplitOptions.TrimEntries);
            return new ProjectDirective(
                line,
                ResolvePath(options[0], path),
                options.Skip(1).FirstOrDefault(o => !IsFramework(o)) ?? "Debug",
                options.Skip(1).FirstOrDefault(IsFramework) ?? "");
        }

        if (!isPackage)
        {
            return new AssemblyDirective(line, rest.EndsWith(".dll", StringComparison.OrdinalIgnoreCase) || rest.EndsWith(".exe", StringComparison.OrdinalIgnoreCase) ? ResolvePath(rest, path) : rest);
        }

        string[] parts = rest.Split(',', 2, StringSplitOptions.TrimEntries);
        return new PackageDirective(line, parts[0], parts.Length > 1 ? parts[1] : "");
    }

    private static bool IsFramework(string option) => option.StartsWith("net", StringComparison.Ordinal);

    // The @ is F#'s, whose plain strings have escapes.
    [GeneratedRegex("^\\s*#(?<kind>r|i|load)\\s+@?\"(?<argument>[^\"]+)\"\\s*;?\\s*(//.*)?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Pattern();
}
