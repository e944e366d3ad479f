using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ArKernel.Notebooks.LanguageServices.CSharp;

/// <summary>Within the parentheses of a call: what can be called, and which parameter the cursor is at. (Roslyn's own service for it is internal.)</summary>
internal static class OverloadHelp
{
    private static readonly SymbolDisplayFormat Format = SymbolDisplayFormat.MinimallyQualifiedFormat.WithParameterOptions(SymbolDisplayParameterOptions.None)
        .WithMemberOptions(SymbolDisplayMemberOptions.IncludeType | SymbolDisplayMemberOptions.IncludeContainingType);

    private static readonly SymbolDisplayFormat ParameterFormat = SymbolDisplayFormat.MinimallyQualifiedFormat.WithParameterOptions(
        SymbolDisplayParameterOptions.IncludeType | SymbolDisplayParameterOptions.IncludeName | SymbolDisplayParameterOptions.IncludeParamsRefOut
        | SymbolDisplayParameterOptions.IncludeDefaultValue | SymbolDisplayParameterOptions.IncludeExtensionThis);

    /// <summary>The overloads with the one that fits best first, or null when the cursor is not at a place for an argument.</summary>
    public static async Task<Description?> DescribeAsync(Document document, int position, CancellationToken cancellationToken)
    {
        SyntaxNode root = (await document.GetSyntaxRootAsync(cancellationToken))!;
        if (FindCall(root, position) is not { } call)
        {
            return null;
        }

        SemanticModel model = (await document.GetSemanticModelAsync(cancellationToken))!;
        ISymbol[] overloads = [.. Overloads(model, call.Node, cancellationToken).Where(o => model.IsAccessible(position, o)).Distinct(SymbolEqualityComparer.Default)];
        if (overloads.Length == 0)
        {
            return null;
        }

        SymbolInfo chosen = model.GetSymbolInfo(call.Node, cancellationToken);
        ISymbol? best = chosen.Symbol;
        DescriptionText text = new();
        int number = 0;
        foreach (ISymbol overload in overloads.OrderBy(o => SymbolEqualityComparer.Default.Equals(o, best) ? 0 : IndexOf(o, call) is null ? 2 : 1).ThenBy(o => Parameters(o).Length))
        {
            Add(text, overload, IndexOf(overload, call), ++number, overloads.Length);
        }

        return text.ToDescription();
    }

    private static void Add(DescriptionText text, ISymbol overload, int? current, int number, int count)
    {
        ImmutableArray<IParameterSymbol> parameters = Parameters(overload);
        (char open, char close) = overload is IPropertySymbol ? ('[', ']') : ('(', ')');
        string head = overload is IMethodSymbol { MethodKind: MethodKind.Constructor } constructor
            ? constructor.ContainingType.ToDisplayString(SymbolDisplayFormat.MinimallyQualifiedFormat)
            : overload.ToDisplayString(Format).TrimEnd(')', '(', ']', '[').Replace("this", "", StringComparison.Ordinal).TrimEnd('.');
        string[] shown = [.. parameters.Select(p => p.ToDisplayString(ParameterFormat))];
        string position = count > 1 ? FormattableString.Invariant($"{number} of {count}: ") : "";
        string plain = $"{position}{head}{open}{string.Join(", ", shown)}{close}";
        string markdown = $"{position}{DescriptionText.Escape(head)}{open}{string.Join(", ", shown.Select((p, i) => i == current ? $"**{DescriptionText.Escape(p)}**" : DescriptionText.Escape(p)))}{close}";
        XmlDocumentation documentation = XmlDocumentation.Of(overload is IMethodSymbol { ReducedFrom: { } extension } ? extension : overload.OriginalDefinition);
        if (documentation.Summary is { Length: > 0 } summary)
        {
            plain += $"\n  {summary}";
            markdown += $"\n\n{DescriptionText.Escape(summary)}";
        }

        if (current is { } index)
        {
            string name = parameters[index].Name, explanation = documentation.Parameter(name);
            plain += $"\n  ▸ {name}{(explanation.Length > 0 ? ": " + explanation : "")}";
            markdown += explanation.Length > 0 ? $"\n\n**{DescriptionText.Escape(name)}**: {DescriptionText.Escape(explanation)}" : "";
        }

        text.Add(plain, markdown);
    }

    private static IEnumerable<ISymbol> Overloads(SemanticModel model, SyntaxNode call, CancellationToken cancellationToken)
    {
        switch (call)
        {
            case InvocationExpressionSyntax invocation:
                IEnumerable<ISymbol> group = model.GetMemberGroup(invocation.Expression, cancellationToken);
                if (invocation.Expression is MemberAccessExpressionSyntax { Expression: var receiver })
                {
                    // The group also has what the other way of calling would find: Join of Linq for string.Join.
                    bool isType = model.GetSymbolInfo(receiver, cancellationToken).Symbol is ITypeSymbol;
                    group = group.Where(m => m is IMethodSymbol method && (isType ? method.IsStatic && method.ReducedFrom is null : !method.IsStatic || method.ReducedFrom is not null));
                }

                return group.Any() ? group
                    : model.GetTypeInfo(invocation.Expression, cancellationToken).Type is INamedTypeSymbol { DelegateInvokeMethod: { } invoke } ? [invoke]
                    : [];
            case BaseObjectCreationExpressionSyntax:
                return Constructors(model.GetTypeInfo(call, cancellationToken).Type);
            case PrimaryConstructorBaseTypeSyntax primary:
                return Constructors(model.GetTypeInfo(primary.Type, cancellationToken).Type);
            case ConstructorInitializerSyntax initializer:
                INamedTypeSymbol? type = model.GetEnclosingSymbol(initializer.SpanStart, cancellationToken)?.ContainingType;
                return Constructors(initializer.IsKind(SyntaxKind.BaseConstructorInitializer) ? type?.BaseType : type);
            case AttributeSyntax attribute:
                return Constructors(model.GetTypeInfo(attribute, cancellationToken).Type);
            case ElementAccessExpressionSyntax access:
                return Indexers(model.GetTypeInfo(access.Expression, cancellationToken).Type);
            default:
                return [];
        }

        static IEnumerable<ISymbol> Constructors(ITypeSymbol? type) => (type as INamedTypeSymbol)?.InstanceConstructors ?? [];

        static IEnumerable<ISymbol> Indexers(ITypeSymbol? type)
        {
            for (; type is not null; type = type.BaseType)
            {
                foreach (IPropertySymbol indexer in type.GetMembers().OfType<IPropertySymbol>().Where(p => p.IsIndexer))
                {
                    yield return indexer;
                }
            }
        }
    }

    private static ImmutableArray<IParameterSymbol> Parameters(ISymbol symbol) => symbol switch
    {
        IMethodSymbol method => method.Parameters,
        IPropertySymbol property => property.Parameters,
        _ => [],
    };

    /// <summary>Which parameter of an overload the cursor is at; null when it has none there.</summary>
    private static int? IndexOf(ISymbol overload, Call call)
    {
        ImmutableArray<IParameterSymbol> parameters = Parameters(overload);
        if (call.ArgumentName is { } name)
        {
            for (int i = 0; i < parameters.Length; i++)
            {
                if (parameters[i].Name == name)
                {
                    return i;
                }
            }

            return null;
        }

        return call.Index < parameters.Length ? call.Index
            : parameters is [.., { IsParams: true }] ? parameters.Length - 1
            : null;
    }

    /// <summary>The innermost list of arguments around the cursor.</summary>
    private static Call? FindCall(SyntaxNode root, int position)
    {
        SyntaxToken token = root.FindToken(Math.Max(0, position - 1));
        for (SyntaxNode? node = token.Parent; node is not null; node = node.Parent)
        {
            (SyntaxToken open, SyntaxToken close, SyntaxNodeOrTokenList arguments) = node switch
            {
                ArgumentListSyntax list => (list.OpenParenToken, list.CloseParenToken, list.Arguments.GetWithSeparators()),
                BracketedArgumentListSyntax list => (list.OpenBracketToken, list.CloseBracketToken, list.Arguments.GetWithSeparators()),
                AttributeArgumentListSyntax list => (list.OpenParenToken, list.CloseParenToken, list.Arguments.GetWithSeparators()),
                _ => default,
            };
            if (node.Parent is { } call && open.Span.Length > 0 && position >= open.Span.End && (close.Span.Length == 0 || position <= close.SpanStart))
            {
                int index = arguments.Count(a => a.IsToken && a.SpanStart < position);
                string? name = (arguments.Where(a => a.IsNode).ElementAtOrDefault(index).AsNode() as ArgumentSyntax)?.NameColon?.Name.Identifier.ValueText;
                return new Call(call, index, name);
            }

            if (node is AnonymousFunctionExpressionSyntax { Body: BlockSyntax block } && block.Span.Contains(position))
            {
                return null; // in a lambda's statements the call around it is far away
            }
        }

        return null;
    }

    /// <summary>A call, and the argument of it that the cursor is at.</summary>
    private sealed record Call(SyntaxNode Node, int Index, string? ArgumentName);
}
