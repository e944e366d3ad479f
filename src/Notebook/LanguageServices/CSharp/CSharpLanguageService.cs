using ArKernel.Notebooks.Engine;
using Microsoft.CodeAnalysis;

namespace ArKernel.Notebooks.LanguageServices.CSharp;

/// <summary>Completion, descriptions and completeness of C# cells.</summary>
public sealed class CSharpLanguageService : ILanguageService
{
    private readonly Lazy<CSharpNotebook> notebook;
    private readonly Lazy<Task> warmUp;

    /// <summary>Makes the service; nothing is loaded before it is used.</summary>
    /// <param name="options">What the engine's cells see besides the default; null for nothing.</param>
    public CSharpLanguageService(EngineOptions? options = null)
    {
        notebook = new Lazy<CSharpNotebook>(() => new CSharpNotebook(options ?? new EngineOptions()));
        warmUp = new Lazy<Task>(() => Task.Run(RehearseAsync));
    }

    /// <inheritdoc/>
    public string Language => "csharp";

    /// <summary>What has been declared and is in force, as scripts for the editor.</summary>
    internal CSharpNotebook Notebook => notebook.Value;

    /// <inheritdoc/>
    public Task WarmUpAsync() => warmUp.Value;

    /// <inheritdoc/>
    public void Accept(string code) => notebook.Value.Accept(code);

    /// <inheritdoc/>
    public void AddReferences(IReadOnlyList<string> paths) => notebook.Value.AddReferences(paths);

    /// <inheritdoc/>
    public void Reset() => notebook.Value.Reset();

    /// <inheritdoc/>
    public async Task<CompletionList> CompleteAsync(string code, int position, CancellationToken cancellationToken) =>
        await MemberCompletion.CompleteAsync(await notebook.Value.OpenAsync(code, cancellationToken), position, cancellationToken);

    /// <inheritdoc/>
    public async Task<Description?> DescribeAsync(string code, int position, bool detailed, CancellationToken cancellationToken)
    {
        Document document = await notebook.Value.OpenAsync(code, cancellationToken);
        return await SymbolDescription.DescribeAsync(document, notebook.Value.History, position, detailed, cancellationToken);
    }

    /// <inheritdoc/>
    public CodeStatus GetStatus(string code) => CodeCompleteness.Of(code);

    /// <summary>Roslyn composes its parts and compiles its code at the first question of each kind, which takes a second.</summary>
    private async Task RehearseAsync()
    {
        const string code = "var numbers = new List<int> { 1 };\nnumbers.Add(Math.Max(1, 2));\nnumbers.";
        await CompleteAsync(code, code.Length, CancellationToken.None);
        await CompleteAsync("Con", 3, CancellationToken.None);
        await DescribeAsync(code, code.IndexOf("Add", StringComparison.Ordinal) + 1, detailed: false, CancellationToken.None);
        await DescribeAsync(code, code.IndexOf("1, 2", StringComparison.Ordinal), detailed: false, CancellationToken.None);
    }
}
