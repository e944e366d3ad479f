using FSharp.Compiler.CodeAnalysis;
using FSharp.Compiler.Text;
using Microsoft.FSharp.Control;
using Microsoft.FSharp.Core;

namespace ArKernel.Notebooks.LanguageServices.FSharp;

/// <summary>The notebook as a project of the F# compiler service: files of accepted cells, and the cell that is being typed as its last file.</summary>
internal sealed class FSharpProject
{
    private const string CellFile = "/notebook/Cell.fsx";

    private readonly Lock gate = new();
    private readonly FSharpChecker checker;
    private readonly CellHistory history;
    private readonly List<string> references;
    private string[] files;
    private string prefix = "";
    private int prefixLines;
    private int version;
    private FSharpProjectOptions options;
    private Task current = Task.CompletedTask; // the last change's
    private Task settled = Task.CompletedTask;

    /// <param name="references">Assembly files.</param>
    /// <param name="history">The cells accepted so far; from now on it belongs to the project.</param>
    public FSharpProject(IEnumerable<string> references, CellHistory history)
    {
        this.references = [.. references];
        this.history = history;
        files = history.Files;
        checker = FSharpChecker.Create(
            projectCacheSize: FSharpOption<int>.Some(1),
            keepAssemblyContents: FSharpOption<bool>.Some(false),
            keepAllBackgroundResolutions: FSharpOption<bool>.Some(false),
            legacyReferenceResolver: null,
            tryGetMetadataSnapshot: null,
            suggestNamesForErrors: null,
            keepAllBackgroundSymbolUses: FSharpOption<bool>.Some(false),
            enableBackgroundItemKeyStoreAndSemanticClassification: null,
            enablePartialTypeChecking: null,
            parallelReferenceResolution: null,
            captureIdentifiersWhenParsing: null,
            documentSource: FSharpOption<DocumentSource>.Some(DocumentSource.NewCustom(FuncConvert.FromFunc<string, FSharpAsync<FSharpOption<ISourceText>?>>(Read)!)),
            useTransparentCompiler: null,
            transparentCompilerCacheSizes: null);
        options = MakeOptions();
        SetPrefix();
    }

    /// <summary>Code that has become part of the state. It is checked in the background, so that the next question need not.</summary>
    public void Accept(string code) => Change(() => history.Add(code));

    /// <summary>Forgets all code.</summary>
    public void Clear() => Change(history.Clear);

    /// <summary>Makes assembly files known.</summary>
    public void AddReferences(IReadOnlyList<string> paths) => Change(() =>
    {
        HashSet<string> names = new(references.Select(r => Path.GetFileName(r)), StringComparer.OrdinalIgnoreCase);
        string[] added = [.. paths.Where(p => names.Add(Path.GetFileName(p)))];
        if (added.Length > 0)
        {
            references.AddRange(added);
            options = MakeOptions();
        }
    });

    /// <summary>The checked cell.</summary>
    public async Task<CheckedCell> CheckAsync(string code, CancellationToken cancellationToken)
    {
        string text;
        int lines;
        Task changing;
        FSharpProjectOptions project;
        int number;
        lock (gate)
        {
            text = prefix + Code.WithoutDirectives(code);
            lines = prefixLines;
            changing = current;
            project = options;
            number = ++version;
        }

        await changing.WaitAsync(cancellationToken);
        (FSharpParseFileResults parsed, FSharpCheckFileAnswer answer) = await Start(
            checker.ParseAndCheckFileInProject(CellFile, number, SourceText.ofString(text), project, userOpName: null), cancellationToken);
        return new CheckedCell(code, lines, parsed, (answer as FSharpCheckFileAnswer.Succeeded)?.Item);
    }

    /// <summary>The syntax of a cell.</summary>
    public FSharpParseFileResults Parse(string code)
    {
        FSharpParsingOptions parsing = checker.GetParsingOptionsFromProjectOptions(options).Item1;
        return FSharpAsync.RunSynchronously(checker.ParseFile(CellFile, SourceText.ofString(Code.WithoutDirectives(code)), parsing, cache: null, userOpName: null), null, null);
    }

    private static Task<T> Start<T>(FSharpAsync<T> computation, CancellationToken cancellationToken) =>
        FSharpAsync.StartAsTask(computation, null, FSharpOption<CancellationToken>.Some(cancellationToken));

    private void Change(Action change)
    {
        lock (gate)
        {
            change();
            SetPrefix();
            string[] before = files;
            files = history.Files;
            string[] after = files;
            FSharpProjectOptions project = options;
            current = current.ContinueWith(_ => NotifyAsync(before, after, project), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default).Unwrap();
            if (settled.IsCompleted)
            {
                settled = Task.Run(SettleAsync);
            }
        }
    }

    /// <summary>Checks what has changed before it is asked for.</summary>
    private async Task SettleAsync()
    {
        Task seen;
        do
        {
            lock (gate)
            {
                seen = current;
            }

            await CheckAsync("", CancellationToken.None);
        }
        while (seen != current);
    }

    private async Task NotifyAsync(string[] before, string[] after, FSharpProjectOptions project)
    {
        for (int i = 0; i < after.Length; i++)
        {
            if (before[i] != after[i])
            {
                await Start(checker.NotifyFileChanged(FileName(i), project, userOpName: null), CancellationToken.None);
            }
        }
    }

    private static string FileName(int index) => $"/notebook/Cells{index:D2}.fs";

    private FSharpAsync<FSharpOption<ISourceText>?> Read(string file)
    {
        string name = Path.GetFileNameWithoutExtension(file);
        string text = "";
        lock (gate)
        {
            if (name.StartsWith("Cells", StringComparison.Ordinal) && int.TryParse(name.AsSpan("Cells".Length), out int index) && index < files.Length)
            {
                text = files[index];
            }
        }

        return FSharpAsync.AwaitTask(Task.FromResult<FSharpOption<ISourceText>?>(FSharpOption<ISourceText>.Some(SourceText.ofString(text))));
    }

    private void SetPrefix()
    {
        prefix = string.Concat(history.Opens.Select(o => $"open {o}\n"));
        prefixLines = history.Opens.Count;
    }

    private FSharpProjectOptions MakeOptions() => new(
        projectFileName: "/notebook/Notebook.fsproj",
        projectId: null,
        sourceFiles: [.. Enumerable.Range(0, CellHistory.FileCount).Select(FileName), CellFile],
        otherOptions: ["--noframework", "--targetprofile:netcore", "--target:exe", "--nowin32manifest", "--warn:0", "--nowarn:988", .. references.Select(r => "-r:" + r)],
        referencedProjects: [],
        isIncompleteTypeCheckEnvironment: false,
        useScriptResolutionRules: false,
        loadTime: DateTime.UnixEpoch,
        unresolvedReferences: null,
        originalLoadReferences: Microsoft.FSharp.Collections.FSharpList<Tuple<global::FSharp.Compiler.Text.Range, string, string>>.Empty,
        stamp: null);
}

/// <summary>A cell as the compiler sees it.</summary>
/// <param name="Code">What the user typed.</param>
/// <param name="PrefixLines">How many lines stand before it in what was checked.</param>
/// <param name="Parsed">Its syntax.</param>
/// <param name="Types">Its types; null when the checker gave up.</param>
internal sealed record CheckedCell(string Code, int PrefixLines, FSharpParseFileResults Parsed, FSharpCheckFileResults? Types);
