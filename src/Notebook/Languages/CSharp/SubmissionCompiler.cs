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

    private readonly AssemblyReferences references;
    private readonly CSharpCompilationOptions options;
    private readonly LibraryCompiler libraries;
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
        libraries = new LibraryCompiler(references, options);
    }

    /// <summary>What cells are compiled with, the default usings among it.</summary>
    public CSharpCompilationOptions Options => options;

    /// <summary>The libraries of the types that accepted cells have defined.</summary>
    public IReadOnlyList<CellLibrary> Libraries => libraries.Accepted;

    /// <summary>Compiles a cell against the cells accepted so far.</summary>
    /// <param name="code">The code.</param>
    /// <param name="name">What stack traces call it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="debugged">Receives the places where a debugger can stop, if one is attached.</param>
    public Submission Compile(string code, string name, CancellationToken cancellationToken, DebugCell? debugged = null)
    {
        // Each step leaves lines and columns as they are.
        SourceText text = SourceText.From(code, Encoding.UTF8);
        SyntaxTree tree = CSharpSyntaxTree.ParseText(text, ParseOptions, name, cancellationToken);
        (tree, IReadOnlyList<UsingVariable> disposed) = ScriptForms.Apply(tree, cancellationToken);
        CellTypes? types = null;
        if (new TypeDeclarations(tree, text) is { IsEmpty: false } declarations)
        {
            types = libraries.Compile(declarations, previous, debugged, cancellationToken);
            tree = types.Script;
        }

        Submission submission = CompileScript(tree, text, types, disposed, debugged, cancellationToken);
        if (submission.Error is not null && types is not null)
        {
            LibraryCompiler.Undo(types);
        }

        return submission;
    }

    /// <summary>Makes what a submission defines visible to those compiled from now on.</summary>
    public void Accept(Submission submission)
    {
        previous = submission.Compilation;
        index++;
        knownReferences = submission.ReferenceCount + (submission.Types?.References.Count ?? 0);
        libraries.Accept(submission.Types, ((CompilationUnitSyntax)submission.Compilation.SyntaxTrees[0].GetRoot()).Usings);
    }

    private string? Remedy(Diagnostic error) => libraries.Remedy(error, previous);

    private Submission CompileScript(SyntaxTree tree, SourceText text, CellTypes? types, IReadOnlyList<UsingVariable> disposed, DebugCell? debugged, CancellationToken cancellationToken)
    {
        int referenceCount = references.Count;
        IReadOnlyList<MetadataReference> added = references.From(knownReferences);
        CSharpCompilation compilation = CSharpCompilation.CreateScriptCompilation(
            SubmissionAssemblies.NextName(),
            tree,
            types is null ? added : [.. added, .. types.References],
            options.WithScriptClassName(string.Create(CultureInfo.InvariantCulture, $"Submission#{index}")),
            previous,
            returnType: typeof(object));
        Submission submission = new(compilation, referenceCount, types, disposed);
        if (types?.Error is { } error)
        {
            return submission with { Error = error };
        }

        CompilationUnitSyntax root = (CompilationUnitSyntax)tree.GetRoot(cancellationToken);
        if (root.Members.Count == 0 && root.AttributeLists.Count == 0 && !root.GetLoadDirectives().Any())
        {
            // Usings and comments alone: nothing to emit, but the cells that follow see them.
            ImmutableArray<Diagnostic> wrong = [.. compilation.GetDiagnostics(cancellationToken).Where(d => d.Severity == DiagnosticSeverity.Error)];
            return submission with { Error = wrong.Length > 0 ? CompilationErrors.Describe(wrong, text, Remedy) : null };
        }

        if (debugged is not null && !compilation.GetDiagnostics(cancellationToken).Any(d => d.Severity == DiagnosticSeverity.Error))
        {
            compilation = compilation.ReplaceSyntaxTree(tree, DebugInstrumentation.Instrument(compilation.GetSemanticModel(tree), debugged));
            submission = submission with { Compilation = compilation };
        }

        MemoryStream image = new(), symbols = new();
        EmitResult emitted = compilation.Emit(image, symbols, options: EmitOptions, cancellationToken: cancellationToken);
        if (!emitted.Success)
        {
            return submission with { Error = CompilationErrors.Describe([.. emitted.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error)], text, Remedy) };
        }

        image.Position = symbols.Position = 0;
        return submission with { Image = image, Symbols = symbols, Error = UsingVariables.Check(compilation, disposed) };
    }
}

/// <summary>A compiled cell.</summary>
/// <param name="Compilation">The compilation, which the next one builds on.</param>
/// <param name="ReferenceCount">How many references it and those before it see, without the libraries of its own types.</param>
/// <param name="Types">The types that were compiled apart from its statements, if any.</param>
/// <param name="Disposed">The variables that the end of the cell disposes of.</param>
internal sealed record Submission(CSharpCompilation Compilation, int ReferenceCount, CellTypes? Types, IReadOnlyList<UsingVariable> Disposed)
{
    /// <summary>Why the cell does not compile, or null.</summary>
    public CellError? Error { get; init; }

    /// <summary>The assembly; null when there is nothing to run.</summary>
    public MemoryStream? Image { get; init; }

    /// <summary>The assembly's portable debugging symbols.</summary>
    public MemoryStream? Symbols { get; init; }

    /// <summary>Loads the assembly. The function creates the submission's instance in the array's next slot and runs its statements.</summary>
    public Func<object?[], Task<object?>> Load()
    {
        Types?.Libraries.ForEach(library => library.Load());
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
