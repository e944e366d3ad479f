using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ArKernel.Notebooks.LanguageServices.CSharp;

/// <summary>
/// Tells what the first candidates of a list are declared as. (Roslyn's own descriptions of candidates cost 40 ms each, as they are made
/// to be shown one at a time.)
/// </summary>
internal sealed class SymbolSignatures
{
    private const int MaximumCount = 50;

    private static readonly SymbolDisplayFormat Format = SymbolDisplayFormat.MinimallyQualifiedFormat
        .WithMemberOptions(SymbolDisplayMemberOptions.IncludeType | SymbolDisplayMemberOptions.IncludeParameters | SymbolDisplayMemberOptions.IncludeRef)
        .WithKindOptions(SymbolDisplayKindOptions.None);

    private readonly SemanticModel model;
    private readonly int position;
    private readonly ExpressionSyntax? receiver;
    private readonly INamespaceOrTypeSymbol? container;
    private int count;

    public SymbolSignatures(SemanticModel model, int position)
    {
        this.model = model;
        this.position = position;
        SyntaxToken dot = model.SyntaxTree.GetRoot().FindToken(Math.Max(0, position - 1));
        if (dot.IsKind(SyntaxKind.IdentifierToken))
        {
            dot = dot.GetPreviousToken();
        }

        receiver = dot.Parent switch
        {
            MemberAccessExpressionSyntax access when access.OperatorToken == dot => access.Expression,
            QualifiedNameSyntax name when name.DotToken == dot => name.Left,
            MemberBindingExpressionSyntax binding when binding.OperatorToken == dot => (binding.FirstAncestorOrSelf<ConditionalAccessExpressionSyntax>())?.Expression,
            _ => null,
        };
        container = receiver is null ? null : model.GetSymbolInfo(receiver).Symbol as INamespaceOrTypeSymbol ?? model.GetTypeInfo(receiver).Type;
    }

    /// <summary>The signature of what a name stands for here; null when that is not known, or too many have been asked for.</summary>
    public string? Of(string name, CancellationToken cancellationToken)
    {
        if ((receiver is not null && container is null) || ++count > MaximumCount)
        {
            return null;
        }

        cancellationToken.ThrowIfCancellationRequested();
        ISymbol[] symbols = [.. model.LookupSymbols(position, container, name, includeReducedExtensionMethods: container is not INamespaceSymbol)];
        return symbols.FirstOrDefault(s => s is not INamespaceSymbol) is not { } first ? null
            : first.ToMinimalDisplayString(model, position, Format) + (symbols.Length > 1 ? FormattableString.Invariant($" (+{symbols.Length - 1})") : "");
    }
}
