using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace ArKernel.Notebooks.Languages.CSharp;

/// <summary>What the script parts of the cells so far have defined: names that mean something to a cell's statements, but not to a library.</summary>
internal sealed class NotebookNames
{
    private readonly Dictionary<string, NotebookName> names = new(StringComparer.Ordinal);
    private CSharpCompilation? known;

    /// <summary>Takes in the submissions made since the last call. Asked for by cells that declare types only: others do not pay.</summary>
    public IReadOnlyDictionary<string, NotebookName> UpTo(CSharpCompilation? latest)
    {
        Stack<CSharpCompilation> unread = [];
        for (CSharpCompilation? submission = latest; submission is not null && submission != known; submission = submission.ScriptCompilationInfo!.PreviousScriptCompilation)
        {
            unread.Push(submission);
        }

        foreach (CSharpCompilation submission in unread)
        {
            foreach (ISymbol member in submission.ScriptClass?.GetMembers().Where(m => m.CanBeReferencedByName && !m.IsImplicitlyDeclared) ?? [])
            {
                names[member.Name] = new NotebookName(member.Kind, submission.SyntaxTrees.FirstOrDefault()?.FilePath ?? "");
            }
        }

        known = latest;
        return names;
    }
}

/// <summary>A name that a cell defined.</summary>
internal sealed record NotebookName(SymbolKind Kind, string Cell)
{
    /// <summary>What to do about a library's use of the name.</summary>
    public string Remedy(string name) =>
        $"'{name}' ({Cell}) belongs to the statements of the notebook. Types are compiled apart from those and cannot see it: pass it as a parameter, or make it a static member of a class.";
}
