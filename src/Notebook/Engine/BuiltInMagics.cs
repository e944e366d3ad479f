using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using ArKernel.Notebooks.Packages;
using ArKernel.Notebooks.SubKernels;
using Microsoft.CodeAnalysis.CSharp;

namespace ArKernel.Notebooks.Engine;

/// <summary>The commands that every notebook has.</summary>
internal static partial class BuiltInMagics
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static IEnumerable<Magic> Create(NotebookEngine engine, EngineOptions options) =>
    [
        new("time", "Says at the end how long the cell took.", (_, context) => Done(Time(context))),
        new("lsmagic", "Lists the languages and commands.", (_, context) => Show(context, ListMagics(engine))),
        new("about", "Says which versions are at work.", (_, context) => Show(context, About())),
        .. Sharing.SharingMagics.Create(engine),
        new("lock", "Shows the lock of the notebook's packages: what was asked for, what came in, with hashes.", async (_, context) => await ShowLockAsync(engine, context)),
        new("import", "Runs the cells of a file (.ipynb, .dib, .cs, .csx, .fs, .fsx) here.", (file, context) => ImportAsync(file, engine, options, context)),
        ConnectMagic.Create(engine, options),
    ];

    private static Task<Action?> Done(Action? atEnd = null) => Task.FromResult(atEnd);

    private static Task<Action?> Show(CellContext context, string text)
    {
        context.DisplayRendered(Rendering.Text(text));
        return Done();
    }

    private static async Task<Action?> ShowLockAsync(NotebookEngine engine, CellContext context)
    {
        PackageLock made = await engine.CreateLockAsync(context.CancellationToken);
        context.DisplayRendered(Rendering.Text(JsonSerializer.Serialize(made.ToJson(), Indented)));
        return null;
    }

    private static Action Time(CellContext context)
    {
        long start = Stopwatch.GetTimestamp();
        return () => context.DisplayRendered(Rendering.Text(
            string.Create(CultureInfo.InvariantCulture, $"Wall time: {Stopwatch.GetElapsedTime(start).TotalMilliseconds:0.###} ms")));
    }

    private static string ListMagics(NotebookEngine engine)
    {
        StringBuilder text = new("Languages:\n");
        foreach (ICellLanguage language in engine.Languages)
        {
            text.Append("  ").AppendLine(string.Join(", ", language.Names.Distinct(StringComparer.OrdinalIgnoreCase).Select(n => "#!" + n)));
        }

        text.AppendLine("Commands:");
        foreach (Magic magic in engine.Magics.OrderBy(m => m.Name, StringComparer.Ordinal))
        {
            text.AppendLine($"  #!{magic.Name,-12} {magic.Description}");
        }

        return text.AppendLine("Directives:")
            .AppendLine("  #r \"nuget: Name, Version\"   adds a package (no version: the newest stable one)")
            .AppendLine("  #r \"path.dll\"               adds an assembly")
            .AppendLine("  #r \"project: a.csproj\"       builds and adds a project; again, it builds and loads it anew")
            .AppendLine("  #i \"nuget: SOURCE\"          adds a package source, an address or a folder")
            .Append("  #load \"file.csx\"            runs a file as a part of the cell").ToString();
    }

    private static string About() => string.Join(
        '\n',
        $"ArKernel {typeof(NotebookEngine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]}",
        $"{RuntimeInformation.FrameworkDescription} on {RuntimeInformation.OSDescription} ({RuntimeInformation.OSArchitecture})",
        $"C# {LanguageVersion.CSharp14.ToDisplayString()}, Roslyn {typeof(CSharpCompilation).Assembly.GetName().Version?.ToString(3)}");

    private static async Task<Action?> ImportAsync(string argument, NotebookEngine engine, EngineOptions options, CellContext context)
    {
        string path = Directives.ResolvePath(argument.Trim().Trim('"'), context.Cell.Name);
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"#!import: the file '{path}' does not exist.", path);
        }

        foreach (CellSubmission cell in ReadCells(path, options))
        {
            if (await engine.RunAsync(cell, context) is { } error)
            {
                throw new CellFailedException(error with { Message = $"{error.Message} (in {cell.Name}, imported from {Path.GetFileName(path)})", Line = null });
            }
        }

        return null;
    }

    private static IEnumerable<CellSubmission> ReadCells(string path, EngineOptions options) => Path.GetExtension(path).ToUpperInvariant() switch
    {
        ".CS" or ".CSX" => [new CellSubmission("csharp", File.ReadAllText(path), path)],
        ".FSX" => [new CellSubmission("fsharp", File.ReadAllText(path), path)],
        // A file of a project begins with its namespace or module, which only a whole file may have.
        ".FS" => [new CellSubmission("fsharp", ModuleHeader().IsMatch(File.ReadAllText(path)) ? $"#load @\"{path}\"" : File.ReadAllText(path), path)],
        _ when options.ReadDocument is { } read => read(path),
        string extension => throw new NotSupportedException($"#!import: files of type '{extension}' cannot be read here; .cs, .csx, .fs and .fsx can."),
    };

    [GeneratedRegex(@"^\s*((namespace|module)\s+(?!.*=\s*$)\S)", RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ModuleHeader();
}
