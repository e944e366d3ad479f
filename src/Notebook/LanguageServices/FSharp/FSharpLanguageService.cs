using ArKernel.Notebooks.Languages;
using ArKernel.Notebooks.Languages.FSharp;
using FSharp.Compiler.CodeAnalysis;

namespace ArKernel.Notebooks.LanguageServices.FSharp;

/// <summary>Completion, descriptions and completeness of F# cells. The compiler service is loaded by the first question.</summary>
public sealed class FSharpLanguageService : ILanguageService
{
    private readonly Lock gate = new();
    private readonly CellHistory early = new(FSharpLanguage.Opens);
    private readonly List<string> earlyReferences = [];
    private readonly Lazy<Task> warmUp;
    private FSharpProject? project;

    /// <summary>Makes the service; nothing is loaded before it is used.</summary>
    public FSharpLanguageService() => warmUp = new Lazy<Task>(() => Task.Run(RehearseAsync));

    /// <inheritdoc/>
    public string Language => "fsharp";

    /// <inheritdoc/>
    public Task WarmUpAsync() => warmUp.Value;

    /// <inheritdoc/>
    public void Accept(string code)
    {
        lock (gate)
        {
            if (project is null)
            {
                early.Add(code);
                return;
            }
        }

        project.Accept(code);
    }

    /// <inheritdoc/>
    public void AddReferences(IReadOnlyList<string> paths)
    {
        lock (gate)
        {
            if (project is null)
            {
                earlyReferences.AddRange(paths);
                return;
            }
        }

        project.AddReferences(paths);
    }

    /// <inheritdoc/>
    public void Reset()
    {
        lock (gate)
        {
            if (project is null)
            {
                early.Clear();
                return;
            }
        }

        project.Clear();
    }

    /// <inheritdoc/>
    public Task<CompletionList> CompleteAsync(string code, int position, CancellationToken cancellationToken) =>
        FSharpCompletion.CompleteAsync(Project(), code, position, cancellationToken);

    /// <inheritdoc/>
    public Task<Description?> DescribeAsync(string code, int position, bool detailed, CancellationToken cancellationToken) =>
        FSharpDescription.DescribeAsync(Project(), code, position, detailed, cancellationToken);

    /// <inheritdoc/>
    public CodeStatus GetStatus(string code)
    {
        ArgumentNullException.ThrowIfNull(code);
        FSharpParseFileResults parsed = Project().Parse(code);
        return FSharpCompleteness.Of(code, parsed);
    }

    private FSharpProject Project()
    {
        lock (gate)
        {
            return project ??= Start();
        }
    }

    private FSharpProject Start()
    {
        FSharpProject started = new(AssemblyReferences.HostFiles, early);
        started.AddReferences(earlyReferences);
        return started;
    }

    private async Task RehearseAsync()
    {
        const string code = "let numbers = [ 1; 2 ]\nnumbers |> List.";
        await CompleteAsync(code, code.Length, CancellationToken.None);
        await CompleteAsync("print", 5, CancellationToken.None);
        await DescribeAsync(code, 5, detailed: false, CancellationToken.None);
    }
}
