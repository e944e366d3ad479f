using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Engine.Sharing;
using FSharp.Compiler.Diagnostics;
using FSharp.Compiler.Interactive;

namespace ArKernel.Notebooks.Languages.FSharp;

/// <summary>F# cells, run by the F# compiler service in this process. The service is loaded with the first of them.</summary>
/// <param name="options">The engine's.</param>
/// <param name="cellTypes">Files of the assemblies with the types that cells of other languages have defined.</param>
internal sealed class FSharpLanguage(EngineOptions options, Func<IReadOnlyList<string>> cellTypes) : ISharesValues, IDisposable
{
    /// <summary>What every cell opens, as it stands behind the word.</summary>
    internal static readonly IReadOnlyList<string> Opens =
        ["System", "System.IO", "System.Text", "System.Collections.Generic", "System.Linq", "ArKernel.Notebooks", "type ArKernel.Notebooks.NotebookFunctions"];

    private readonly Lock gate = new();
    private readonly List<string> added = [];
    private readonly HashSet<string> declared = new(StringComparer.Ordinal); // of the added references, those the session knows
    private readonly FSharpTimer timer = new();
    private FSharpSession? session;

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
            return FSharpDiagnostics.ToError(exception.Errors, code);
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
            Reference(Session(), context);
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
        Reference(running, context);
        code = timer.Take(code);
        using (timer.Start(context))
        {
            (Shell.FsiValue? value, IReadOnlyList<FSharpDiagnostic> warnings) = running.Evaluate(code, context.Cell.Name, context.CancellationToken);
            if (warnings.Count > 0)
            {
                context.Write("stderr", string.Join('\n', FSharpDiagnostics.Describe(warnings, code)) + "\n");
            }

            return value;
        }
    }

    /// <summary>Makes the session know what has come since. What it refuses is said, does not keep the cell from running, and is tried again with the next one.</summary>
    private void Reference(FSharpSession running, CellContext context)
    {
        string[] types = [.. cellTypes().Where(t => !declared.Contains(t))];
        string[] missing;
        lock (gate)
        {
            missing = [.. added.Where(a => !declared.Contains(a)), .. types];
        }

        if (missing.Length == 0)
        {
            return;
        }

        foreach (string[] files in Declare(missing) is null ? [] : missing.Select(m => new[] { m }))
        {
            if (Declare(files) is { } refusal)
            {
                context.Write("stderr", $"F# cannot refer to {files[0]}: {refusal}\n");
            }
        }

        if (types.Length > 0)
        {
            context.Output.Add(new ReferencesAdded(types) { Language = Names[0] });
        }

        string? Declare(string[] files)
        {
            try
            {
                running.Evaluate(string.Join('\n', files.Select(f => $"#r @\"{f}\"")), context.Cell.Name, context.CancellationToken);
                declared.UnionWith(files);
                return null;
            }
            catch (FSharpCompilationException exception)
            {
                return exception.Message;
            }
        }
    }

    private FSharpSession Session()
    {
        lock (gate)
        {
            return session ??= new FSharpSession(AssemblyReferences.HostFiles, Opens);
        }
    }
}
