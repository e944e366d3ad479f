using System.Globalization;
using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Engine.Sharing;
using FSharp.Compiler.Diagnostics;
using FSharp.Compiler.Interactive;

namespace ArKernel.Notebooks.Languages.FSharp;

/// <summary>F# cells, run by the F# compiler service in this process. The service is loaded with the first of them.</summary>
internal sealed class FSharpLanguage(EngineOptions options) : ISharesValues, IDisposable
{
    private const int MostErrors = 20;

    /// <summary>What every cell opens, as it stands behind the word.</summary>
    internal static readonly IReadOnlyList<string> Opens =
        ["System", "System.IO", "System.Text", "System.Collections.Generic", "System.Linq", "ArKernel.Notebooks", "type ArKernel.Notebooks.NotebookFunctions"];

    private readonly Lock gate = new();
    private readonly List<string> added = [];
    private FSharpSession? session;
    private int declared; // of the added references, those the session knows

    public IReadOnlyList<string> Names { get; } = ["fsharp", "f#", "F#"];

    public bool IsCode => true;

    public IEnumerable<NotebookVariable> Variables => session?.Variables.OrderBy(v => v.Name, StringComparer.Ordinal) ?? (IEnumerable<NotebookVariable>)[];

    /// <summary>Nothing where cells will be in another language: they are not to pay for this one.</summary>
    public void WarmUp(CancellationToken hurry)
    {
        if (Names.Contains(options.Language, StringComparer.OrdinalIgnoreCase))
        {
            Session().Evaluate("1 + 1", "warm-up", CancellationToken.None);
        }
    }

    public void AddReferences(IReadOnlyList<string> paths)
    {
        lock (gate)
        {
            added.AddRange(paths.Except(added, StringComparer.Ordinal));
        }
    }

    public async Task<CellError?> RunAsync(string code, CellContext context)
    {
        bool accepted = false;
        try
        {
            await InterruptibleThread.RunAsync(
                () =>
                {
                    Shell.FsiValue? value = Run(code, context);
                    context.Accept(Names[0], code);
                    accepted = true;
                    if (value is not null && value.ReflectionType != typeof(Microsoft.FSharp.Core.Unit))
                    {
                        context.Result(value.ReflectionValue); // here, as formatters are the user's code, too
                    }

                    return Task.FromResult(true);
                },
                context,
                options);
            return null;
        }
        catch (FSharpCompilationException exception)
        {
            return Describe(exception.Errors, code);
        }
        catch (Exception exception) when (exception is not FormattingException)
        {
            if (!accepted)
            {
                context.Accept(Names[0], code); // what was bound before it threw is there
            }

            return ExceptionReport.Describe(exception, context.Cell.Name);
        }
    }

    public Task<NotebookVariable?> GetAsync(string name, CellContext context) => Task.FromResult(session?.Find(name));

    public async Task SetAsync(NotebookVariable variable, CellContext context)
    {
        ArgumentNullException.ThrowIfNull(variable);
        if (variable.Value is null)
        {
            await RunAsync($"let {Quote(variable.Name)} : obj = null", context);
            return;
        }

        try
        {
            Session().Bind(variable.Name, variable.Value);
            context.Accept(Names[0], $"let {Quote(variable.Name)} : {FSharpTypeName.Of(variable.Value.GetType()) ?? "obj"} = Unchecked.defaultof<_>");
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException or InvalidOperationException)
        {
            throw new NotSupportedException($"F# cannot name the type {variable.Value.GetType()} of '{variable.Name}': {exception.Message} Share it as an interface or base class that both know.", exception);
        }
    }

    public void Dispose() => session?.Dispose();

    private static string Quote(string name) => $"``{name}``";

    private Shell.FsiValue? Run(string code, CellContext context)
    {
        FSharpSession running = Session();
        List<string> references;
        lock (gate)
        {
            references = added[declared..];
            declared = added.Count;
        }

        if (references.Count > 0)
        {
            running.Evaluate(string.Join('\n', references.Select(r => $"#r @\"{r}\"")), context.Cell.Name, context.CancellationToken);
        }

        return running.Evaluate(code, context.Cell.Name, context.CancellationToken);
    }

    private FSharpSession Session()
    {
        lock (gate)
        {
            return session ??= new FSharpSession(
                AssemblyReferences.HostFiles,
                Opens);
        }
    }

    private static CellError Describe(IReadOnlyList<FSharpDiagnostic> errors, string code)
    {
        string[] lines = code.Split('\n');
        List<string> report = [];
        foreach (FSharpDiagnostic error in errors.Take(MostErrors))
        {
            report.Add(string.Create(CultureInfo.InvariantCulture, $"({error.StartLine},{error.StartColumn + 1}): error {error.ErrorNumberText}: {error.Message}"));
            if (error.StartLine >= 1 && error.StartLine <= lines.Length)
            {
                string line = lines[error.StartLine - 1];
                int end = error.EndLine == error.StartLine ? error.EndColumn : line.Length;
                report.Add(line);
                report.Add(new string(' ', error.StartColumn) + new string('~', Math.Max(1, end - error.StartColumn)));
            }
        }

        return new CellError("CompilationError", $"{errors[0].ErrorNumberText}: {errors[0].Message}", report, errors[0].StartLine);
    }
}
