using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Languages;
using ArKernel.Notebooks.Languages.CSharp;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Host.Mef;
using Microsoft.CodeAnalysis.Text;

namespace ArKernel.Notebooks.LanguageServices.CSharp;

/// <summary>
/// The notebook as Roslyn sees it: three projects, however many cells there are. A library holds the types of the accepted cells, a script
/// their variables and methods, and a script after it the cell that is being typed. (A project a cell, as the scripts really are compiled,
/// costs milliseconds and megabytes a cell at each keystroke.)
/// </summary>
internal sealed class CSharpNotebook
{
    // Cells that come one after the other are not to share the processor with what is noted of those before; a question is answered after all of it.
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(100);
    private const int MostPending = 32;

    private readonly Lock gate = new();
    private readonly Queue<Action> pending = new();
    private TaskCompletionSource wanted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long lastPending; // in milliseconds of the system's uptime
    private readonly AssemblyReferences references = new();
    private readonly IReadOnlyList<string> usings;
    private readonly ProjectId library = ProjectId.CreateNewId(), script = ProjectId.CreateNewId(), cell = ProjectId.CreateNewId();
    private readonly DocumentId libraryDocument, scriptDocument, cellDocument;
    private DeclarationHistory history = new();
    private Solution solution;
    private string libraryText = "", scriptText = "";
    private Task absorbing = Task.CompletedTask;
    private bool isAbsorbing;

    public CSharpNotebook(EngineOptions options)
    {
        references.Add(options.References.Where(r => r.Location.Length > 0).Select(r => r.Location));
        CSharpCompilationOptions compilation = new SubmissionCompiler(references, options.Usings).Options;
        usings = compilation.Usings;
        CSharpParseOptions parse = SubmissionCompiler.ParseOptions;
        libraryDocument = DocumentId.CreateNewId(library);
        scriptDocument = DocumentId.CreateNewId(script);
        cellDocument = DocumentId.CreateNewId(cell);
        AdhocWorkspace workspace = new(MefHostServices.DefaultHost);
        solution = workspace.CurrentSolution
            .AddProject(Project(library, "NotebookTypes", parse.WithKind(SourceCodeKind.Regular), isSubmission: false))
            .AddDocument(libraryDocument, "types", history.Library(usings))
            .AddProject(Project(script, DeclarationHistory.ScriptAssemblies[0], parse, isSubmission: true, library))
            .AddDocument(Document(scriptDocument, "script"))
            .AddProject(Project(cell, DeclarationHistory.ScriptAssemblies[1], parse, isSubmission: true, script, library))
            .AddDocument(Document(cellDocument, "cell"));

        ProjectInfo Project(ProjectId id, string name, CSharpParseOptions parseOptions, bool isSubmission, params ProjectId[] before) => ProjectInfo.Create(
            id, VersionStamp.Create(), name, name, LanguageNames.CSharp,
            compilationOptions: isSubmission ? compilation.WithScriptClassName(name) : compilation,
            parseOptions: parseOptions,
            metadataReferences: references.From(0),
            projectReferences: before.Select(p => new ProjectReference(p)),
            isSubmission: isSubmission);

        static DocumentInfo Document(DocumentId id, string name) => DocumentInfo.Create(
            id, name, sourceCodeKind: SourceCodeKind.Script, loader: TextLoader.From(TextAndVersion.Create(SourceText.From(""), VersionStamp.Create())));
    }

    /// <summary>What the accepted cells have declared; to be asked for in an answer only.</summary>
    public DeclarationHistory History => history;

    /// <summary>Takes note of a cell's code, soon.</summary>
    public void Accept(string code) => Enqueue(() => Absorb(code));

    /// <summary>Takes note of assembly files, soon.</summary>
    public void AddReferences(IReadOnlyList<string> paths) => Enqueue(() =>
    {
        references.Add(paths);
        IReadOnlyList<MetadataReference> all = references.From(0);
        Update(solution.WithProjectMetadataReferences(library, all).WithProjectMetadataReferences(script, all).WithProjectMetadataReferences(cell, all));
    });

    /// <summary>Forgets all cells, soon.</summary>
    public void Reset() => Enqueue(() =>
    {
        history = new DeclarationHistory();
        UpdateHistory();
    });

    /// <summary>The cell that is being typed, seeing all that has been taken note of before.</summary>
    public async Task<Document> OpenAsync(string code, CancellationToken cancellationToken)
    {
        Task before;
        lock (gate)
        {
            before = absorbing;
            wanted.TrySetResult();
        }

        await before.WaitAsync(cancellationToken);
        return With(CellText.ToScript(code));
    }

    private Document With(string code) => Volatile.Read(ref solution).WithDocumentText(cellDocument, SourceText.From(code)).GetDocument(cellDocument)!;

    private void Enqueue(Action action)
    {
        lock (gate)
        {
            pending.Enqueue(action);
            lastPending = Environment.TickCount64;
            if (!isAbsorbing)
            {
                isAbsorbing = true;
                wanted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                absorbing = Task.Run(AbsorbAllAsync);
            }
            else if (pending.Count == MostPending)
            {
                wanted.TrySetResult();
            }
        }
    }

    private async Task WaitForQuietAsync()
    {
        while (!wanted.Task.IsCompleted && Quiet - TimeSpan.FromMilliseconds(Environment.TickCount64 - Volatile.Read(ref lastPending)) is { Ticks: > 0 } rest)
        {
            await Task.WhenAny(wanted.Task, Task.Delay(rest));
        }
    }

    private async Task AbsorbAllAsync()
    {
        await WaitForQuietAsync();
        while (true)
        {
            Action? next;
            lock (gate)
            {
                if (!pending.TryDequeue(out next))
                {
                    isAbsorbing = false;
                    return;
                }
            }

            try
            {
                next();
                if (IsLast())
                {
                    // Roslyn answers from compilations that it has at hand; these are small.
                    await solution.GetProject(cell)!.GetCompilationAsync();
                }
            }
            catch (Exception)
            {
                // What cannot be understood of one cell must not cost the completion of the others.
            }
        }
    }

    private bool IsLast()
    {
        lock (gate)
        {
            return pending.Count == 0;
        }
    }

    private void Absorb(string code)
    {
        code = CellText.ToScript(code);
        CompilationUnitSyntax root = CSharpSyntaxTree.ParseText(code, SubmissionCompiler.ParseOptions).GetCompilationUnitRoot();
        history.AddTypes(root);
        UpdateHistory();
        if (DeclarationHistory.MayDeclareMembers(root))
        {
            Compilation? compilation = With(CellText.WithoutTypes(code, root)).Project.GetCompilationAsync().GetAwaiter().GetResult();
            history.AddMembers((CSharpCompilation)compilation!, CancellationToken.None);
            UpdateHistory();
        }
    }

    private void UpdateHistory()
    {
        Set(libraryDocument, history.Library(usings), ref libraryText);
        Set(scriptDocument, history.Script, ref scriptText);

        void Set(DocumentId document, string text, ref string current)
        {
            if (text != current)
            {
                current = text;
                Update(solution.WithDocumentText(document, SourceText.From(text)));
            }
        }
    }

    private void Update(Solution updated) => Volatile.Write(ref solution, updated);
}
