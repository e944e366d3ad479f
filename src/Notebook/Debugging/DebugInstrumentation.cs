using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ArKernel.Notebooks.Debugging;

/// <summary>
/// Puts a probe before each statement of a cell and a frame around each function body. Everything put in stands on the line of what follows
/// it, so that stack traces keep their line numbers.
/// </summary>
/// <remarks>
/// A probe passes the values of the function's own variables that are definitely assigned: reading any other would not compile, and reading
/// those of an enclosing function would capture them. Lambdas whose body is an expression have no statement to stop at.
/// </remarks>
internal sealed class DebugInstrumentation : CSharpSyntaxRewriter
{
    private const string Probe = "global::ArKernel.Notebooks.Debugging.DebugProbe";

    private readonly SemanticModel model;
    private readonly DebugCell cell;
    private readonly Stack<string> frames = new(); // what the code calls its frame, innermost first

    private DebugInstrumentation(SemanticModel model, DebugCell cell)
    {
        this.model = model;
        this.cell = cell;
        frames.Push(Invariant($"{Probe}.Root({cell.Id})"));
    }

    /// <summary>The tree with probes.</summary>
    /// <param name="model">The model of a compilation without errors.</param>
    /// <param name="cell">Receives the places to stop.</param>
    public static SyntaxTree Instrument(SemanticModel model, DebugCell cell)
    {
        SyntaxTree tree = model.SyntaxTree;
        SyntaxNode root = new DebugInstrumentation(model, cell).Visit(tree.GetRoot())!;
        return tree.WithRootAndOptions(root, tree.Options);
    }

    /// <summary>The lines of a cell on which a statement begins, from 1, in order: where breakpoints can be.</summary>
    public static IReadOnlyList<int> StatementLines(string code)
    {
        SyntaxTree tree = CSharpSyntaxTree.ParseText(code, new CSharpParseOptions(LanguageVersion.CSharp14, kind: SourceCodeKind.Script));
        return [.. tree.GetRoot().DescendantNodes()
            .Where(n => (n is StatementSyntax and not (BlockSyntax or LocalFunctionStatementSyntax)) || (n is FieldDeclarationSyntax { Parent: CompilationUnitSyntax } field && HasInitializer(field)) || n is ArrowExpressionClauseSyntax)
            .Select(n => (n is ArrowExpressionClauseSyntax arrow ? arrow.Expression : n).GetLocation().GetLineSpan().StartLinePosition.Line + 1)
            .Distinct().Order()];
    }

    public override SyntaxNode? VisitCompilationUnit(CompilationUnitSyntax node)
    {
        List<MemberDeclarationSyntax> members = [];
        foreach (MemberDeclarationSyntax member in node.Members)
        {
            MemberDeclarationSyntax visited = (MemberDeclarationSyntax)Visit(member)!;
            StatementSyntax? probe = member switch
            {
                GlobalStatementSyntax { Statement: LocalFunctionStatementSyntax } => null,
                GlobalStatementSyntax { Statement: not BlockSyntax } global => MakeProbe(global.Statement, VariablesAt(global.Statement)),
                FieldDeclarationSyntax field when HasInitializer(field) => MakeProbe(field, []),
                _ => null,
            };
            if (probe is null)
            {
                members.Add(visited);
                continue;
            }

            members.Add(SyntaxFactory.GlobalStatement(probe.WithLeadingTrivia(visited.GetLeadingTrivia())));
            members.Add(visited.WithoutLeadingTrivia());
        }

        return node.WithMembers(SyntaxFactory.List(members));
    }

    public override SyntaxNode? VisitBlock(BlockSyntax node) => node.WithStatements(SyntaxFactory.List(Probed(node.Statements)));

    public override SyntaxNode? VisitSwitchSection(SwitchSectionSyntax node) => node.WithStatements(SyntaxFactory.List(Probed(node.Statements)));

    public override SyntaxNode? Visit(SyntaxNode? node)
    {
        if (node is not StatementSyntax statement || !IsEmbedded(statement))
        {
            return base.Visit(node);
        }

        // 'if (c) Work();' has one place for two statements: it becomes a block.
        StatementSyntax probe = MakeProbe(statement, VariablesAt(statement));
        StatementSyntax visited = (StatementSyntax)base.Visit(statement)!;
        return SyntaxFactory.Block(probe, visited.WithoutLeadingTrivia()).WithLeadingTrivia(visited.GetLeadingTrivia());
    }

    public override SyntaxNode? VisitMethodDeclaration(MethodDeclarationSyntax node) => node switch
    {
        { Body: { } body } => Function(node.Identifier.Text, f => node.WithBody(Framed(body, f))),
        { ExpressionBody: { } arrow } => Function(node.Identifier.Text, f => node.WithExpressionBody(null).WithSemicolonToken(default).WithBody(Framed(arrow, node, f))),
        _ => node,
    };

    public override SyntaxNode? VisitLocalFunctionStatement(LocalFunctionStatementSyntax node) => node switch
    {
        { Body: { } body } => Function(node.Identifier.Text, f => node.WithBody(Framed(body, f))),
        { ExpressionBody: { } arrow } => Function(node.Identifier.Text, f => node.WithExpressionBody(null).WithSemicolonToken(default).WithBody(Framed(arrow, node, f))),
        _ => node,
    };

    public override SyntaxNode? VisitConstructorDeclaration(ConstructorDeclarationSyntax node) =>
        node.Body is null ? node : Function(node.Identifier.Text, f => node.WithBody(Framed(node.Body, f)));

    public override SyntaxNode? VisitOperatorDeclaration(OperatorDeclarationSyntax node) =>
        node.Body is null ? node : Function("operator " + node.OperatorToken.Text, f => node.WithBody(Framed(node.Body, f)));

    public override SyntaxNode? VisitAccessorDeclaration(AccessorDeclarationSyntax node) =>
        node.Body is null ? node : Function(Owner(node) + node.Keyword.Text, f => node.WithBody(Framed(node.Body, f)));

    public override SyntaxNode? VisitSimpleLambdaExpression(SimpleLambdaExpressionSyntax node) =>
        node.Block is null ? base.VisitSimpleLambdaExpression(node) : Function("lambda", f => node.WithBlock(Framed(node.Block, f)));

    public override SyntaxNode? VisitParenthesizedLambdaExpression(ParenthesizedLambdaExpressionSyntax node) =>
        node.Block is null ? base.VisitParenthesizedLambdaExpression(node) : Function("lambda", f => node.WithBlock(Framed(node.Block, f)));

    public override SyntaxNode? VisitAnonymousMethodExpression(AnonymousMethodExpressionSyntax node) =>
        Function("delegate", f => node.WithBlock(Framed(node.Block, f)));

    private static bool HasInitializer(FieldDeclarationSyntax field) => field.Declaration.Variables.Any(v => v.Initializer is not null);

    private static bool IsEmbedded(StatementSyntax statement) => statement is not BlockSyntax && statement.Parent switch
    {
        ElseClauseSyntax => statement is not IfStatementSyntax,
        IfStatementSyntax or WhileStatementSyntax or DoStatementSyntax or ForStatementSyntax or CommonForEachStatementSyntax
            or UsingStatementSyntax or LockStatementSyntax or FixedStatementSyntax => true,
        _ => false,
    };

    private static string Owner(AccessorDeclarationSyntax node) => node.Parent?.Parent switch
    {
        PropertyDeclarationSyntax property => property.Identifier.Text + ".",
        IndexerDeclarationSyntax => "this[].",
        EventDeclarationSyntax declaration => declaration.Identifier.Text + ".",
        _ => "",
    };

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private IEnumerable<StatementSyntax> Probed(SyntaxList<StatementSyntax> statements)
    {
        foreach (StatementSyntax statement in statements)
        {
            StatementSyntax visited = (StatementSyntax)Visit(statement)!;
            if (statement is LocalFunctionStatementSyntax or BlockSyntax)
            {
                yield return visited;
                continue;
            }

            if (visited is LabeledStatementSyntax label && statement is LabeledStatementSyntax labeled)
            {
                // After the label, so that a jump to it stops too.
                yield return label.WithStatement(MakeProbe(labeled.Statement, VariablesAt(labeled.Statement)));
                yield return label.Statement;
                continue;
            }

            yield return MakeProbe(statement, VariablesAt(statement)).WithLeadingTrivia(visited.GetLeadingTrivia());
            yield return visited.WithoutLeadingTrivia();
        }
    }

    /// <summary>Rewrites a function whose body runs in a frame of its own.</summary>
    private T Function<T>(string name, Func<int, T> rewrite)
    {
        int function = cell.AddFunction(name);
        frames.Push(Invariant($"__frame{function}")); // numbered, as a nested function may not reuse a name of its outer one
        T rewritten = rewrite(function);
        frames.Pop();
        return rewritten;
    }

    private BlockSyntax Framed(BlockSyntax block, int function)
    {
        BlockSyntax visited = (BlockSyntax)VisitBlock(block)!;
        return InFrame(visited.WithoutTrivia(), function).WithTriviaFrom(visited);
    }

    private BlockSyntax Framed(ArrowExpressionClauseSyntax arrow, SyntaxNode declaration, int function)
    {
        StatementSyntax probe = MakeProbe(arrow.Expression, VariablesAt(arrow.Expression));
        ExpressionSyntax expression = (ExpressionSyntax)Visit(arrow.Expression)!;
        StatementSyntax statement = expression is ThrowExpressionSyntax thrown
            ? SyntaxFactory.ThrowStatement(thrown.ThrowKeyword, thrown.Expression, SyntaxFactory.Token(SyntaxKind.SemicolonToken))
            : model.GetDeclaredSymbol(declaration) is IMethodSymbol method && ReturnsNothing(method)
                ? SyntaxFactory.ExpressionStatement(expression)
                : SyntaxFactory.ReturnStatement(SyntaxFactory.Token(SyntaxKind.ReturnKeyword).WithTrailingTrivia(SyntaxFactory.Space), expression, SyntaxFactory.Token(SyntaxKind.SemicolonToken));
        return InFrame(SyntaxFactory.Block(probe, statement), function)
            .WithLeadingTrivia(arrow.ArrowToken.LeadingTrivia.AddRange(arrow.ArrowToken.TrailingTrivia)) // the line ends in it count
            .WithTrailingTrivia(declaration.GetTrailingTrivia());
    }

    private BlockSyntax InFrame(BlockSyntax body, int function) => SyntaxFactory.Block(
        SyntaxFactory.ParseStatement(Invariant($"var {frames.Peek()} = {Probe}.Enter({cell.Id}, {function});")),
        SyntaxFactory.TryStatement(body, default, SyntaxFactory.FinallyClause(SyntaxFactory.Block(SyntaxFactory.ParseStatement($"{Probe}.Exit({frames.Peek()});")))));

    private static bool ReturnsNothing(IMethodSymbol method) =>
        method.ReturnsVoid || (method.IsAsync && method.ReturnType is INamedTypeSymbol { IsGenericType: false });

    private StatementSyntax MakeProbe(SyntaxNode statement, List<DebugVariable> variables)
    {
        int index = cell.Add(statement.GetLocation().GetLineSpan(), variables);
        string values = string.Join(", ", variables.Select(v => v.Name is "this" ? "this" : Escape(v.Name)));
        string array = variables.Count == 0 ? "global::System.Array.Empty<object>()" : $"new object[] {{ {values} }}";
        return SyntaxFactory.ParseStatement(Invariant($"{Probe}.Hit({frames.Peek()}, {index}, {array});"));
    }

    /// <summary>A name as it stands in code.</summary>
    internal static string Escape(string name) => SyntaxFacts.GetKeywordKind(name) == SyntaxKind.None ? name : "@" + name;

    private List<DebugVariable> VariablesAt(SyntaxNode statement)
    {
        int position = statement.SpanStart;
        List<DebugVariable> variables = [];
        if (model.GetEnclosingSymbol(position) is not IMethodSymbol function)
        {
            return variables;
        }

        if (HasThis(function))
        {
            variables.Add(new DebugVariable("this", TypeText(function.ContainingType, position)));
        }

        DataFlowAnalysis? flow = statement is ExpressionSyntax expression ? model.AnalyzeDataFlow(expression) : model.AnalyzeDataFlow((StatementSyntax)statement);
        if (flow is not { Succeeded: true })
        {
            return variables;
        }

        HashSet<ISymbol> assigned = new(flow.DefinitelyAssignedOnEntry, SymbolEqualityComparer.Default);
        foreach (ISymbol symbol in model.LookupSymbols(position))
        {
            ITypeSymbol? type = (symbol as ILocalSymbol)?.Type ?? (symbol as IParameterSymbol)?.Type;
            if (type is not null && assigned.Contains(symbol) && SymbolEqualityComparer.Default.Equals(symbol.ContainingSymbol, function)
                && !type.IsRefLikeType && type.TypeKind is not (TypeKind.Pointer or TypeKind.FunctionPointer))
            {
                variables.Add(new DebugVariable(symbol.Name, TypeText(type, position)));
            }
        }

        return variables;
    }

    private static bool HasThis(IMethodSymbol function)
    {
        ISymbol? outer = function;
        while (outer is IMethodSymbol { IsStatic: false, MethodKind: MethodKind.AnonymousFunction or MethodKind.LocalFunction })
        {
            outer = outer.ContainingSymbol;
        }

        return outer is IMethodSymbol { IsStatic: false, ContainingType: { TypeKind: TypeKind.Class, IsScriptClass: false } };
    }

    private string TypeText(ITypeSymbol type, int position) => HasName(type) ? type.ToMinimalDisplayString(model, position) : "dynamic";

    private static bool HasName(ITypeSymbol type) => type switch
    {
        IArrayTypeSymbol array => HasName(array.ElementType),
        INamedTypeSymbol named => !named.IsAnonymousType && named.TypeArguments.All(HasName) && (named.ContainingType is null || HasName(named.ContainingType)),
        _ => type.TypeKind == TypeKind.Dynamic,
    };
}
