namespace ArKernel.Notebooks.LanguageServices;

/// <summary>
/// What an editor asks about code of one language while the user types. It lives in the front and needs the text of earlier cells only, so it
/// answers while a cell runs. Positions are UTF-16 offsets into the code.
/// </summary>
public interface ILanguageService
{
    /// <summary>The language's proper name, as in <see cref="Engine.CodeAccepted"/>.</summary>
    string Language { get; }

    /// <summary>Does once, in the background, what would make the first answer slow.</summary>
    /// <returns>A task that ends when it is done.</returns>
    Task WarmUpAsync();

    /// <summary>Takes note of code that has become a part of the notebook's state.</summary>
    /// <param name="code">The code.</param>
    void Accept(string code);

    /// <summary>Makes assembly files known.</summary>
    /// <param name="paths">Their paths.</param>
    void AddReferences(IReadOnlyList<string> paths);

    /// <summary>Forgets all accepted code: the state has been lost.</summary>
    void Reset();

    /// <summary>What could stand at a position.</summary>
    /// <param name="code">The code of the cell that is being typed.</param>
    /// <param name="position">The cursor.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The candidates, best first, and the span they replace.</returns>
    Task<CompletionList> CompleteAsync(string code, int position, CancellationToken cancellationToken);

    /// <summary>What stands at a position: signature, documentation, overloads.</summary>
    /// <param name="code">The code of the cell that is being typed.</param>
    /// <param name="position">The cursor.</param>
    /// <param name="detailed">Whether more than the signature and summary is wanted.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The description, or null when nothing is there.</returns>
    Task<Description?> DescribeAsync(string code, int position, bool detailed, CancellationToken cancellationToken);

    /// <summary>Whether code could be run as it is, or a line is still missing.</summary>
    /// <param name="code">The code.</param>
    /// <returns>The answer.</returns>
    CodeStatus GetStatus(string code);
}

/// <summary>Candidates for what stands between two positions.</summary>
/// <param name="Start">Where what they replace starts.</param>
/// <param name="End">Where it ends.</param>
/// <param name="Items">The candidates, best first.</param>
public sealed record CompletionList(int Start, int End, IReadOnlyList<CompletionItem> Items)
{
    /// <summary>No candidates.</summary>
    /// <param name="position">The cursor.</param>
    /// <returns>The empty list.</returns>
    public static CompletionList None(int position) => new(position, position, []);
}

/// <summary>A candidate.</summary>
/// <param name="Text">What is inserted.</param>
/// <param name="Kind">A word such as <c>method</c>, <c>property</c>, <c>class</c>, <c>keyword</c>, <c>package</c>, <c>magic</c>.</param>
/// <param name="Signature">The candidate's type or parameters, where cheap to tell; otherwise null.</param>
public sealed record CompletionItem(string Text, string Kind, string? Signature = null);

/// <summary>What stands at a position.</summary>
/// <param name="PlainText">For front ends without rich text.</param>
/// <param name="Markdown">The same with formatting.</param>
public sealed record Description(string PlainText, string Markdown);

/// <summary>Whether code could be run as it is.</summary>
/// <param name="Completeness">The answer.</param>
/// <param name="Indent">For incomplete code: what the next line should start with.</param>
public sealed record CodeStatus(Completeness Completeness, string Indent = "");

/// <summary>Whether code could be run as it is.</summary>
public enum Completeness
{
    /// <summary>It can be run.</summary>
    Complete,

    /// <summary>More lines must follow.</summary>
    Incomplete,

    /// <summary>It is wrong whatever follows.</summary>
    Invalid,
}
