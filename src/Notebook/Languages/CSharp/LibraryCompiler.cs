using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Emit;
using ArKernel.Notebooks.Debugging;
using ArKernel.Notebooks.Engine;

namespace ArKernel.Notebooks.Languages.CSharp;

/// <summary>
/// Compiles the types of cells to libraries. A type of a submission is nested in the submission's class, where C# allows neither namespaces nor
/// extensions, and no library can name it. So every type that can live without the notebook's variables and methods does; the others stay
/// in script.
/// </summary>
internal sealed class LibraryCompiler(AssemblyReferences references, CSharpCompilationOptions scriptOptions)
{
    private static readonly EmitOptions EmitOptions = new(debugInformationFormat: DebugInformationFormat.PortablePdb);

    private readonly CSharpCompilationOptions options = scriptOptions.WithUsings(ImmutableArray<string>.Empty).WithSourceReferenceResolver(null);
    private readonly NotebookImports imports = new(scriptOptions.Usings);
    private readonly NotebookNames names = new();
    private readonly Dictionary<string, CellLibrary> inForce = new(StringComparer.Ordinal);
    private readonly List<CellLibrary> accepted = [];
    private readonly Dictionary<string, string> outOfSight = new(StringComparer.Ordinal); // by simple name, what became of the type

    /// <summary>The libraries of all cells so far, each after those it needs.</summary>
    public IReadOnlyList<CellLibrary> Accepted => accepted;

    /// <summary>Compiles what can be compiled apart from the cell's statements. What it defines anew is hidden from then on.</summary>
    public CellTypes Compile(TypeDeclarations declarations, CSharpCompilation? previous, DebugCell? debugged, CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<string, NotebookName> known = names.UpTo(previous);
        CellTypes result = new(declarations, Hide(declarations));
        // A type that script has defined keeps its place: script finds its own definitions first, the newest one there.
        List<TypeDeclaration> types = [.. declarations.All.Where(t => t.IsBeyondScript || !(known.TryGetValue(t.Name, out NotebookName? name) && name.Kind == SymbolKind.NamedType))];
        HashSet<string> meaningless = new(StringComparer.Ordinal);
        ImmutableArray<Diagnostic>? firstErrors = null;
        while (types.Count > 0 || declarations.HasNamespaces)
        {
            Attempt attempt = Try(declarations, types, meaningless, result.Replaced, [], debugged, cancellationToken);
            string[] dropped = [.. attempt.ImportsInError().Where(meaningless.Add)];
            if (dropped.Length > 0)
            {
                continue;
            }

            firstErrors ??= attempt.Errors;
            HashSet<TypeDeclaration> misplaced = [.. types.Where(t => !t.IsBeyondScript && (attempt.Errors.Any(e => IsIn(e, t)) || attempt.MeansOther(t, known, declarations)))];
            if (misplaced.Count > 0)
            {
                types.RemoveAll(misplaced.Contains);
            }
            else if (attempt.Errors.Length == 0)
            {
                result.Add(Split(declarations, types, meaningless, result.Replaced, attempt, debugged, cancellationToken), types);
                break;
            }
            else if (declarations.HasNamespaces || types.Any(t => t.IsBeyondScript))
            {
                result.Error = CompilationErrors.Describe(firstErrors, declarations.Text, e => Remedy(e, previous));
                Undo(result);
                break;
            }
            else
            {
                break; // the error is the cell's own, and script will report it
            }
        }

        return result;
    }

    /// <summary>Makes the types those in force, and the cell's usings known to later libraries.</summary>
    public void Accept(CellTypes? types, SyntaxList<UsingDirectiveSyntax> usings)
    {
        imports.Add(usings);
        if (types is null)
        {
            return;
        }

        references.Add(types.References);
        foreach (CellLibrary library in types.Replaced)
        {
            foreach (string type in library.Types.Where(t => inForce.Remove(t)))
            {
                outOfSight[type.Split('.')[^1].Split('`')[0]] =
                    $"'{type}' was defined together with a type that has been defined anew since, and that it depends on: run the cell that defines '{type}' ({library.Cell}) again.";
            }
        }

        accepted.AddRange(types.Libraries);
        foreach (CellLibrary library in types.Libraries)
        {
            foreach (string type in library.Types)
            {
                inForce[type] = library;
            }
        }
    }

    /// <summary>Takes a cell back that does not compile.</summary>
    public static void Undo(CellTypes types)
    {
        foreach (CellLibrary library in types.Replaced)
        {
            library.Show();
        }
    }

    /// <summary>What to do about an error, if it is one that comes from how cells are compiled.</summary>
    public string? Remedy(Diagnostic error, CSharpCompilation? previous)
    {
        if (error.Id is not ("CS0103" or "CS0246" or "CS0234" or "CS0120" or "CS0236"))
        {
            return null;
        }

        string name = (error.Location.SourceTree?.GetText().ToString(error.Location.SourceSpan) ?? "").Split('<', '(')[0];
        return error.Id is not "CS0234" && names.UpTo(previous).TryGetValue(name, out NotebookName? found) ? found.Remedy(name) : outOfSight.GetValueOrDefault(name);
    }

    private CellLibrary[] Hide(TypeDeclarations declarations)
    {
        CellLibrary[] replaced = [.. declarations.All.Select(t => inForce.GetValueOrDefault(t.FullName)).OfType<CellLibrary>().Distinct()];
        foreach (CellLibrary library in replaced)
        {
            library.Hide();
        }

        return replaced;
    }

    private Attempt Try(
        TypeDeclarations declarations,
        IReadOnlyList<TypeDeclaration> types,
        IReadOnlySet<string> meaningless,
        IReadOnlyList<CellLibrary> replaced,
        IEnumerable<CellLibrary> siblings,
        DebugCell? debugged,
        CancellationToken cancellationToken)
    {
        SyntaxTree program = declarations.ProgramOf(types);
        CSharpCompilation compilation = CSharpCompilation.Create(
            SubmissionAssemblies.NextName(), [program], [.. references.From(0), .. replaced.Select(r => r.OutOfSight), .. siblings.Select(s => s.Reference)], options);
        imports.Resolve(compilation);
        SyntaxTree usings = imports.ToTree((CSharpParseOptions)program.Options, program.GetCompilationUnitRoot(cancellationToken).Usings, meaningless);
        compilation = compilation.AddSyntaxTrees(usings);
        MemoryStream image = new(), symbols = new();
        CSharpCompilation complete = compilation;
        if (debugged is not null && !compilation.GetDiagnostics(cancellationToken).Any(d => d.Severity == DiagnosticSeverity.Error))
        {
            complete = compilation.ReplaceSyntaxTree(program, DebugInstrumentation.Instrument(compilation.GetSemanticModel(program), debugged));
        }

        EmitResult emitted = complete.Emit(image, symbols, options: EmitOptions, cancellationToken: cancellationToken);
        symbols.Position = 0;
        return new Attempt(compilation, program, usings, image, symbols, [.. emitted.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error)]);
    }

    /// <summary>A library for each group of types that depend on one another, or a single one if they cannot be told apart.</summary>
    private List<CellLibrary> Split(
        TypeDeclarations declarations,
        List<TypeDeclaration> types,
        IReadOnlySet<string> meaningless,
        IReadOnlyList<CellLibrary> replaced,
        Attempt whole,
        DebugCell? debugged,
        CancellationToken cancellationToken)
    {
        IReadOnlyList<IReadOnlyList<TypeDeclaration>> groups = types.Count == 1 ? [types] : TypeDependencies.Groups(whole.Compilation.GetSemanticModel(whole.Program), types);
        List<CellLibrary> libraries = [];
        if (groups.Count > 1)
        {
            foreach (IReadOnlyList<TypeDeclaration> group in groups)
            {
                Attempt part = Try(declarations, group, meaningless, replaced, libraries, debugged, cancellationToken);
                if (part.Errors.Length > 0)
                {
                    libraries.Clear();
                    break;
                }

                libraries.Add(part.ToLibrary(group));
            }
        }

        return libraries.Count > 0 ? libraries : [whole.ToLibrary(types)];
    }

    private static bool IsIn(Diagnostic error, TypeDeclaration type) => type.Syntax.Span.IntersectsWith(error.Location.SourceSpan);

    /// <summary>A compilation of some of the types.</summary>
    private sealed record Attempt(
        CSharpCompilation Compilation, SyntaxTree Program, SyntaxTree Imports, MemoryStream Image, MemoryStream Symbols, ImmutableArray<Diagnostic> Errors)
    {
        public CellLibrary ToLibrary(IEnumerable<TypeDeclaration> types) =>
            new(Compilation.AssemblyName!, Program.FilePath, [.. types.Select(t => t.FullName).Distinct(StringComparer.Ordinal)], Image.ToArray(), Symbols);

        /// <summary>The lines of the imports that are errors.</summary>
        public IEnumerable<string> ImportsInError() => Errors
            .Where(e => e.Location.SourceTree == Imports)
            .Select(e => Imports.GetText().Lines.GetLineFromPosition(e.Location.SourceSpan.Start).ToString());

        /// <summary>Whether a name in the type means something else to a library than to the notebook, where the user has defined it.</summary>
        public bool MeansOther(TypeDeclaration type, IReadOnlyDictionary<string, NotebookName> known, TypeDeclarations declarations)
        {
            SyntaxNode? node = Program.GetRoot().DescendantNodes().FirstOrDefault(n => n.Span == type.Syntax.Span && n is MemberDeclarationSyntax);
            SemanticModel? model = null;
            foreach (SimpleNameSyntax name in node?.DescendantNodes().OfType<SimpleNameSyntax>() ?? [])
            {
                string text = name.Identifier.ValueText;
                if ((known.ContainsKey(text) || declarations.NamesOfScript.Contains(text)) && !IsQualified(name))
                {
                    model ??= Compilation.GetSemanticModel(Program);
                    ISymbol? symbol = model.GetSymbolInfo(name).Symbol;
                    if (symbol is INamedTypeSymbol or IMethodSymbol { ContainingType.IsStatic: true } && !SymbolEqualityComparer.Default.Equals(symbol.ContainingAssembly, Compilation.Assembly))
                    {
                        return true;
                    }
                }
            }

            return false;
        }

        private static bool IsQualified(SimpleNameSyntax name) => name.Parent switch
        {
            MemberAccessExpressionSyntax access => access.Name == name,
            QualifiedNameSyntax qualified => qualified.Right == name,
            AliasQualifiedNameSyntax or MemberBindingExpressionSyntax or NameColonSyntax or NameEqualsSyntax => true,
            _ => false,
        };
    }
}

/// <summary>What has become of the types of a cell.</summary>
internal sealed class CellTypes(TypeDeclarations declarations, IReadOnlyList<CellLibrary> replaced)
{
    private readonly List<TypeDeclaration> moved = [];

    /// <summary>The libraries, each after those it needs.</summary>
    public List<CellLibrary> Libraries { get; } = [];

    /// <summary>The libraries of earlier cells of which something is defined anew.</summary>
    public IReadOnlyList<CellLibrary> Replaced => replaced;

    /// <summary>What later cells refer to because of this one.</summary>
    public IReadOnlyList<MetadataReference> References => [.. Replaced.Select(l => l.OutOfSight), .. Libraries.Select(l => l.Reference)];

    /// <summary>Why the types do not compile, or null.</summary>
    public CellError? Error { get; set; }

    /// <summary>What is left of the cell for script.</summary>
    public SyntaxTree Script => declarations.ScriptWithout(moved);

    public void Add(IEnumerable<CellLibrary> libraries, IEnumerable<TypeDeclaration> types)
    {
        Libraries.AddRange(libraries);
        moved.AddRange(types);
    }
}
