using System.Reflection;
using ArKernel.Notebooks.Engine;
using FSharp.Compiler.Diagnostics;
using FSharp.Compiler.Interactive;
using Microsoft.FSharp.Core;

namespace ArKernel.Notebooks.Languages.FSharp;

/// <summary>The F# compiler service's interactive session: each interaction becomes an assembly, and sees those before it.</summary>
internal sealed class FSharpSession : IDisposable
{
    private readonly Shell.FsiEvaluationSession session;

    /// <param name="references">Assembly files that interactions see besides the framework.</param>
    /// <param name="opened">Namespaces and types opened for every cell.</param>
    public FSharpSession(IEnumerable<string> references, IEnumerable<string> opened)
    {
        string[] arguments =
        [
            "arkernel", "--nologo", "--gui-", "--readline-", "--multiemit+", "--debug:portable", "--optimize+", "--noframework", "--targetprofile:netcore",
            "--exec", // not interactive: a session that is has an abort of its own, which cannot be nested in that of cells
            "--usesdkrefs-", // the running framework's own assemblies: no search for an SDK at start
            .. references.Select(r => "-r:" + r),
        ];
        session = Shell.FsiEvaluationSession.Create(
            Shell.FsiEvaluationSession.GetDefaultConfiguration(Shell.Settings.fsi, useFsiAuxLib: false),
            arguments, TextReader.Null, TextWriter.Null, TextWriter.Null, FSharpOption<bool>.None, null);
        AppDomain.CurrentDomain.AssemblyLoad += (_, e) => Remember(e.LoadedAssembly);
        Evaluate(string.Join('\n', opened.Select(o => "open " + o)), "start", CancellationToken.None);
    }

    /// <summary>The variables, each with its latest definition.</summary>
    public IEnumerable<NotebookVariable> Variables =>
        session.GetBoundValues().Where(v => v.Name is not "it").Select(v => new NotebookVariable(v.Name, v.Value.ReflectionType, v.Value.ReflectionValue));

    /// <summary>The variable of a name, or null.</summary>
    public NotebookVariable? Find(string name) => session.TryFindBoundValue(name) is { Value: { } found }
        ? new NotebookVariable(name, found.Value.ReflectionType, found.Value.ReflectionValue)
        : null;

    /// <summary>Runs code on the calling thread.</summary>
    /// <returns>The value of its last expression, if it has one, and what the compiler warns of.</returns>
    /// <exception cref="FSharpCompilationException">It does not compile.</exception>
    public (Shell.FsiValue? Value, IReadOnlyList<FSharpDiagnostic> Warnings) Evaluate(string code, string name, CancellationToken cancellationToken)
    {
        (FSharpChoice<FSharpOption<Shell.FsiValue>?, Exception> outcome, FSharpDiagnostic[] diagnostics) =
            session.EvalInteractionNonThrowing(code, name, FSharpOption<CancellationToken>.Some(cancellationToken));
        if (outcome is FSharpChoice<FSharpOption<Shell.FsiValue>?, Exception>.Choice1Of2 succeeded)
        {
            return (succeeded.Item is { } value ? value.Value : null, [.. diagnostics.Where(d => d.Severity.IsWarning)]);
        }

        FSharpDiagnostic[] errors = [.. diagnostics.Where(d => d.Severity.IsError)];
        Exception failure = ((FSharpChoice<FSharpOption<Shell.FsiValue>?, Exception>.Choice2Of2)outcome).Item;
        if (errors.Length > 0)
        {
            throw new FSharpCompilationException(errors);
        }

        System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure is TargetInvocationException { InnerException: { } inner } ? inner : failure);
        return default;
    }

    /// <summary>Makes a variable that refers to a value of this process.</summary>
    /// <exception cref="ArgumentException">F# has no name for the value's type.</exception>
    public void Bind(string name, object value) => session.AddBoundValue(name, value);

    public void Dispose() => ((IDisposable)session).Dispose();

    /// <summary>Assemblies of interactions are loaded from memory, where the runtime does not find them by name.</summary>
    private static void Remember(Assembly assembly)
    {
        if (assembly.GetName().Name is { } name && name.StartsWith(SubmissionAssemblies.FSharpNamePrefix, StringComparison.Ordinal))
        {
            SubmissionAssemblies.Remember(assembly);
        }
    }
}

/// <summary>F# code does not compile.</summary>
/// <param name="errors">Why.</param>
internal sealed class FSharpCompilationException(IReadOnlyList<FSharpDiagnostic> errors) : Exception(errors[0].Message)
{
    public IReadOnlyList<FSharpDiagnostic> Errors { get; } = errors;
}
