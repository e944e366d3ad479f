using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ArKernel.Notebooks.Languages.CSharp;

/// <summary>Finds which types of a cell depend on which.</summary>
internal static class TypeDependencies
{
    /// <summary>The types in groups that depend on one another in a circle (most are groups of one), each group after those it needs.</summary>
    /// <param name="model">The meaning of a program with all the types.</param>
    /// <param name="types">The types.</param>
    public static IReadOnlyList<IReadOnlyList<TypeDeclaration>> Groups(SemanticModel model, IReadOnlyList<TypeDeclaration> types)
    {
        Dictionary<ISymbol, Node> nodes = new(SymbolEqualityComparer.Default);
        List<(Node Node, MemberDeclarationSyntax Syntax)> parts = [];
        SyntaxNode root = model.SyntaxTree.GetRoot();
        foreach (TypeDeclaration type in types)
        {
            // The same text at the same place, in the tree that was compiled.
            MemberDeclarationSyntax syntax = root.DescendantNodes().OfType<MemberDeclarationSyntax>().First(m => m.Span == type.Syntax.Span && m is BaseTypeDeclarationSyntax or DelegateDeclarationSyntax);
            ISymbol symbol = model.GetDeclaredSymbol(syntax)!;
            if (!nodes.TryGetValue(symbol, out Node? node))
            {
                nodes.Add(symbol, node = new Node());
            }

            node.Declarations.Add(type);
            parts.Add((node, syntax));
        }

        foreach ((Node node, MemberDeclarationSyntax syntax) in parts)
        {
            foreach (SimpleNameSyntax name in syntax.DescendantNodes().OfType<SimpleNameSyntax>())
            {
                if (model.GetSymbolInfo(name).Symbol is { } symbol && nodes.TryGetValue(Outermost(symbol), out Node? other) && other != node)
                {
                    node.Needs.Add(other);
                }
            }
        }

        List<IReadOnlyList<TypeDeclaration>> groups = [];
        Stack<Node> open = [];
        int count = 0;
        foreach (Node node in nodes.Values)
        {
            Visit(node, ref count, open, groups);
        }

        return groups;
    }

    private static ISymbol Outermost(ISymbol symbol)
    {
        while (symbol.ContainingType is { } container)
        {
            symbol = container;
        }

        return symbol.OriginalDefinition;
    }

    /// <summary>Tarjan's algorithm: it finds the groups in the order wanted.</summary>
    private static void Visit(Node node, ref int count, Stack<Node> open, List<IReadOnlyList<TypeDeclaration>> groups)
    {
        if (node.Number != 0)
        {
            return;
        }

        node.Number = node.Lowest = ++count;
        open.Push(node);
        node.IsOpen = true;
        foreach (Node other in node.Needs)
        {
            Visit(other, ref count, open, groups);
            if (other.IsOpen)
            {
                node.Lowest = Math.Min(node.Lowest, other.Lowest);
            }
        }

        if (node.Lowest == node.Number)
        {
            List<TypeDeclaration> group = [];
            Node member;
            do
            {
                member = open.Pop();
                member.IsOpen = false;
                group.AddRange(member.Declarations);
            }
            while (member != node);
            groups.Add(group);
        }
    }

    private sealed class Node
    {
        public List<TypeDeclaration> Declarations { get; } = [];

        public HashSet<Node> Needs { get; } = [];

        public int Number { get; set; }

        public int Lowest { get; set; }

        public bool IsOpen { get; set; }
    }
}
