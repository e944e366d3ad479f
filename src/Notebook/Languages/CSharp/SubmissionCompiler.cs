using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using System.Text;
using ArKernel.Notebooks.Debugging;
using ArKernel.Notebooks.Engine;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Emit;
using Microsoft.CodeAnalysis.Text;

namespace ArKernel.Notebooks.Languages.CSharp;

/// <summary>Compiles cells as a chain of script submissions.</summary>
internal sealed class SubmissionCompiler
{
    internal static readonly CSharpParseOptions ParseOptions = new(LanguageVersion.CSharp14, kind: SourceCodeKind.Script);
    private static readonly EmitOptions EmitOptions = new(debugInformationFormat: DebugInformationFormat.PortablePdb);
    private static int assemblyCount;

    private readonly AssemblyReferences references;
    private readonly CSharpCompilationOptions options;
    private CSharpCompilation? previous;
    private int index;

    // A submission inherits the references of the one before it. Given again, they would add up: a cell would cost memory
    // in proportion to references times earlier cells.
    private int knownReferences;

    public SubmissionCompiler(AssemblyReferences references, IEnumerable<string> usings)
    {
        this.references = references;
        options = new CSharpCompilationOptions(
            OutputKind.DynamicallyLinkedLibrary,
            usings: [
                "System", "System.IO", "System.Text", "System.Collections", "System.Collections.Generic", "System.Threading.Tasks", "System.Linq",
                "ArKernel.Notebooks", "ArKernel.Notebooks.NotebookFunctions", .. usings,
            ],
            optimizationLevel: OptimizationLevel.Release, // loops of user code should run at full speed
            allowUnsafe: true,
            generalDiagnosticOption: ReportDiagnostic.Suppress, // a cell that works should not be littered with warnings
            concurrentBuild: false, // a cell is small: handing its methods to other threads costs more than it gains
            sourceReferenceResolver: new LoadedFiles(),
            assemblyIdentityComparer: DesktopAssemblyIdentityComparer.Default,
            nullableContextOptions: NullableContextOptions.Annotations);
    }

    /// <summary>What cells are compiled with, the default usings among it.</summary>
    public CSharpCompilationOptions Options => options;

    /// <summary>Compiles a cell against the cells accepted so far.</summary>
    /// <param name="code">The code.</param>
    /// <param name="name">What stack traces call it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="debugged">Receives the places where a debugger can stop, if one is attached.</param>
    public Submission Compile(string code, string name, CancellationToken cancellationToken, DebugCell? debugged = null)
    {
        int referenceCount = references.Count;
        SyntaxTree tree = CSharpSyntaxTree.ParseText(SourceText.From(code, Encoding.UTF8), ParseOptions, name, cancellationToken);
        string assemblyName = string.Create(CultureInfo.InvariantCulture, $"{SubmissionAssemblies.NamePrefix}{Interlocked.Increment(ref assemblyCount)}");
        CSharpCompilation compilation = CSharpCompilation.CreateScriptCompilation(
            assemblyName,
            tree,
            references.From(knownReferences),
            options.WithScriptClassName(string.Create(CultureInfo.InvariantCulture, $"Submission#{index}")),
            previous,
            returnType: typeof(object));

        if (((CompilationUnitSyntax)tree.GetRoot(cancellationToken)).Members.Count == 0 && !tree.GetCompilationUnitRoot(cancellationToken).GetLoadDirectives().Any())
        {
            // Usings and comments alone: nothing to emit, but the cells that follow see them.
            ImmutableArray<Diagnostic> wrong = [.. compilation.GetDiagnostics(cancellationToken).Where(d => d.Severity == DiagnosticSeverity.Error)];
            return new Submission(compilation, referenceCount, null, null, wrong.Length > 0 ? CompilationErrors.Describe(wrong) : null);
        }

        if (debugged is not null && !compilation.GetDiagnostics(cancellationToken).Any(d => d.Severity == DiagnosticSeverity.Error))
        {
            compilation = compilation.ReplaceSyntaxTree(tree, DebugInstrumentation.Instrument(compilation.GetSemanticModel(tree), debugged));
        }

        MemoryStream image = new(), symbols = new();
        EmitResult emitted = compilation.Emit(image, symbols, options: EmitOptions, cancellationToken: cancellationToken);
        ImmutableArray<Diagnostic> errors = [.. emitted.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error)];
        image.Position = symbols.Position = 0;
        return new Submission(compilation, referenceCount, image, symbols, emitted.Success ? null : CompilationErrors.Describe(errors));
    }

    /// <summary>Makes what a submission defines visible to those compiled from now on.</summary>
    public void Accept(Submission submission)
    {
        previous = submission.Compilation;
        index++;
        knownReferences = submission.ReferenceCount;
    }
}

/// <summary>A compiled cell.</summary>
/// <param name="Compilation">The compilation, which the next one builds on.</param>
/// <param name="ReferenceCount">How many references it and those before it see.</param>
/// <param name="Image">The assembly; null when there is nothing to run.</param>
/// <param name="Symbols">Its portable debugging symbols.</param>
/// <param name="Error">Why it does not compile, or null.</param>
internal sealed record Submission(CSharpCompilation Compilation, int ReferenceCount, MemoryStream? Image, MemoryStream? Symbols, CellError? Error)
{
    /// <summary>Loads the assembly. The function creates the submission's instance in the array's next slot and runs its statements.</summary>
    public Func<object?[], Task<object?>> Load()
    {
        if (Image is null || Symbols is null)
        {
            return _ => Task.FromResult<object?>(null);
        }

        IMethodSymbol entry = Compilation.GetEntryPoint(CancellationToken.None)!;
        Assembly assembly = SubmissionAssemblies.Load(Compilation.AssemblyName!, Image, Symbols);
        return assembly.GetType(entry.ContainingType.MetadataName, throwOnError: true)!
            .GetMethod(entry.MetadataName, BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)!
            .CreateDelegate<Func<object?[], Task<object?>>>();
    }

    /// <summary>Whether the cell ends in an expression that has a value, even if that is null.</summary>
    public bool ResultIsValue()
    {
        SyntaxTree tree = Compilation.SyntaxTrees[0];
        return ((CompilationUnitSyntax)tree.GetRoot()).Members.LastOrDefault() is GlobalStatementSyntax
            {
                Statement: ExpressionStatementSyntax { SemicolonToken.IsMissing: true } last,
            }
            && Compilation.GetSemanticModel(tree).GetTypeInfo(last.Expression).ConvertedType is { SpecialType: not SpecialType.System_Void };
    }
}
