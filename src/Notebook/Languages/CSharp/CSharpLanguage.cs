using System.Globalization;
using System.Reflection;
using System.Text;
using ArKernel.Notebooks.Debugging;
using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Engine.Sharing;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ArKernel.Notebooks.Languages.CSharp;

/// <summary>C# cells: a chain of script submissions, each of which sees the variables, methods and types of those before it.</summary>
internal sealed partial class CSharpLanguage : ISharesValues, IDisposable
{
    private readonly EngineOptions options;
    private readonly AssemblyReferences references = new();
    private readonly SubmissionCompiler compiler;

    // The instances of the submissions so far; the compiled code finds its predecessors here. Slot 0 would be a host object.
    private object?[] submissions = new object?[16];
    private int submissionCount = 1;
    private readonly Dictionary<Assembly, string> cells = [];

    public CSharpLanguage(EngineOptions options)
    {
        this.options = options;
        references.Add(options.References.Where(r => r.Location.Length > 0).Select(r => r.Location));
        compiler = new SubmissionCompiler(references, options.Usings);
    }

    public IReadOnlyList<string> Names { get; } = ["csharp", "c#", "C#"];

    public bool IsCode => true;

    public IEnumerable<NotebookVariable> Variables =>
        submissions.OfType<object>()
            .SelectMany(s => s.GetType().GetFields(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
                .Where(f => !f.Name.StartsWith('<'))
                .Select(f => new NotebookVariable(f.Name, f.FieldType, f.GetValue(s)) { Cell = cells.GetValueOrDefault(s.GetType().Assembly) }))
            .Reverse()
            .DistinctBy(v => v.Name, StringComparer.Ordinal) // the last definition of a name is the one in force
            .OrderBy(v => v.Name, StringComparer.Ordinal);

    /// <summary>Where <see cref="WriteTypes"/> writes; null before it has.</summary>
    internal DirectoryInfo? TypeFolder { get; private set; }

    /// <summary>Assembly files of the types that cells have defined so far: compilers of other languages read no others. Nothing is written before.</summary>
    public IReadOnlyList<string> WriteTypes()
    {
        if (compiler.Libraries.Count == 0)
        {
            return [];
        }

        TypeFolder ??= Directory.CreateTempSubdirectory("arkernel-types-");
        return [.. compiler.Libraries.Select(l => l.File(TypeFolder.FullName))];
    }

    public void AddReferences(IReadOnlyList<string> paths) => references.Add(paths);

    public void WarmUp(CancellationToken hurry)
    {
        // A chain that is thrown away: state, then a use of it, the way real cells come.
        SubmissionCompiler rehearsal = new(references, options.Usings);
        object?[] slots = new object?[4];
        foreach (string code in (string[])["var x = new[] { 1, 2 };", "x.Sum(v => v + 1)"])
        {
            if (hurry.IsCancellationRequested)
            {
                return;
            }

            Submission submission = rehearsal.Compile(code, "warm-up", CancellationToken.None);
            rehearsal.Accept(submission);
            object? value = submission.Load()(slots).GetAwaiter().GetResult();
            Rendering.Render(value);
        }
    }

    public void Dispose()
    {
        try
        {
            TypeFolder?.Delete(recursive: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A compiler still has a file open; the system empties its temporary folder sooner or later.
        }
    }

    public async Task<CellError?> RunAsync(string code, CellContext context)
    {
        DebugCell? debugged = context.Engine.Debugger.IsAttached ? context.Engine.Debugger.Begin(context.Cell.Name, context.Cell.Source) : null;
        Submission submission = compiler.Compile(code, context.Cell.Name, context.CancellationToken, debugged);
        if (submission.Error is { } error)
        {
            return error;
        }

        Func<object?[], Task<object?>> run = submission.Load();
        cells[run.Method.Module.Assembly] = context.Cell.Name;
        compiler.Accept(submission); // from here on its variables exist, whether it throws or not
        context.Accept(Names[0], code);
        if (debugged is not null)
        {
            DebugProbe.Register(debugged);
            context.Engine.Debugger.Evaluator = Evaluate;
        }

        CSharpCompilation compilation = submission.Compilation;
        string[] types = [.. submission.Types?.Libraries.SelectMany(l => l.Types) ?? []];
        context.Track(Names[0], () => SymbolUses.Of(compilation, code, types));
        if (++submissionCount >= submissions.Length)
        {
            Array.Resize(ref submissions, submissions.Length * 2);
        }

        CellError? failure = null;
        try
        {
            await InterruptibleThread.RunAsync(
                async () =>
                {
                    object? value = await run(submissions);
                    if (value is not null || submission.ResultIsValue())
                    {
                        context.Result(value); // here, as formatters are the user's code, too
                    }

                    return true;
                },
                context,
                options);
        }
        catch (Exception exception) when (exception is not FormattingException)
        {
            failure = ExceptionReport.Describe(exception, context.Cell.Name);
        }
        finally
        {
            failure = await DisposeAsync(submission, context) is { } other ? failure ?? other : failure;
        }

        return failure;
    }

    /// <summary>Disposes of the cell's <c>using</c> variables, whatever has become of the cell, after its value has been shown.</summary>
    private async Task<CellError?> DisposeAsync(Submission submission, CellContext context)
    {
        if (submission.Disposed.Count == 0 || submissions.LastOrDefault(s => s is not null) is not { } instance)
        {
            return null;
        }

        try
        {
            await InterruptibleThread.RunAsync(
                async () =>
                {
                    await UsingVariables.DisposeAsync(instance, submission.Disposed);
                    return true;
                },
                context,
                options);
            return null;
        }
        catch (Exception exception)
        {
            return ExceptionReport.Describe(exception, context.Cell.Name);
        }
    }

    /// <summary>A watch of the debugger: an expression that sees the state and some locals, and leaves no trace.</summary>
    private object? Evaluate(string expression, IReadOnlyList<DebugVariable> variables, IReadOnlyList<object?> values)
    {
        StringBuilder code = new();
        for (int i = 0; i < variables.Count; i++)
        {
            (string name, string type) = variables[i];
            string value = string.Create(CultureInfo.InvariantCulture, $"global::{typeof(DebugProbe).FullName}.{nameof(DebugProbe.Evaluated)}[{i}]");
            code.Append(CultureInfo.InvariantCulture, $"{type} {DebugInstrumentation.Escape(name)} = {(type is "dynamic" ? "" : $"({type})")}{value}; ");
        }

        Submission submission = compiler.Compile(code.Append(WithoutThis(expression)).ToString(), "watch", CancellationToken.None);
        if (submission.Error is { } error)
        {
            throw new DebugException(error.Message);
        }

        object?[] slots = [.. submissions, null]; // a copy: the chain goes on without the watch
        DebugProbe.EvaluatedValues.Value = values;
        try
        {
            return submission.Load()(slots).GetAwaiter().GetResult();
        }
        finally
        {
            DebugProbe.EvaluatedValues.Value = null;
        }
    }

    /// <summary>A method's <c>this</c> is an ordinary local to the watch.</summary>
    private static string WithoutThis(string expression)
    {
        ExpressionSyntax parsed = SyntaxFactory.ParseExpression(expression.Trim().TrimEnd(';'));
        return parsed.ReplaceNodes(parsed.DescendantNodesAndSelf().OfType<ThisExpressionSyntax>(), (_, _) => SyntaxFactory.IdentifierName("@this")).ToFullString();
    }
}
