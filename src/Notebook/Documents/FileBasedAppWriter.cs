using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;
using static ArKernel.Notebooks.Documents.FileBasedApp;

namespace ArKernel.Notebooks.Documents;

/// <summary>Writes a notebook as a program for <c>dotnet run app.cs</c>; see <see cref="FileBasedApp"/> for what is changed and why.</summary>
internal sealed partial class FileBasedAppWriter
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly List<string> header = [];
    private readonly List<string> body = [];
    private readonly List<string> types = [];
    private readonly List<string> notes = [];
    private readonly Dictionary<string, int> declared = new(StringComparer.Ordinal);
    private readonly HashSet<string> typeNames = new(StringComparer.Ordinal);
    private bool displays;

    public static (string Text, IReadOnlyList<string> Notes) Write(NotebookDocument document)
    {
        var writer = new FileBasedAppWriter();
        for (int i = 0; i < document.Cells.Count; i++)
        {
            writer.WriteCell(document.Cells[i], i + 1);
        }

        return (writer.Assemble(), writer.notes);
    }

    private string Assemble()
    {
        var text = new StringBuilder();
        string[] directives = [.. header.Where(line => line.StartsWith("#:", StringComparison.Ordinal)).Append(GeneratedProperty)];
        string[] usings = [.. header.Where(line => !line.StartsWith("#:", StringComparison.Ordinal)), GeneratedUsings, .. displays ? [GeneratedDisplay] : Array.Empty<string>()];
        text.AppendJoin('\n', directives.Concat(usings)).Append('\n');
        text.AppendJoin('\n', body).Append('\n');
        if (types.Count > 0)
        {
            text.Append($"\n{CellMark} [{TypesSection}] the types of the cells: '{TypeMark} Name' marks the place of each\n").AppendJoin('\n', types).Append('\n');
        }

        if (displays)
        {
            text.Append($"\n{CellMark} [{DisplaySection}] what display does outside a notebook\n").Append(DisplayClass).Append('\n');
        }

        return text.ToString();
    }

    private void WriteCell(NotebookCell cell, int number)
    {
        string[] lines = Dib.Trim(cell.Source.ReplaceLineEndings("\n").Split('\n')).Split('\n');
        var mark = new StringBuilder("\n" + CellMark);
        if (cell.Kind != CellKind.Code)
        {
            mark.Append(cell.Kind == CellKind.Markdown ? " [markdown]" : " [raw]");
        }
        else if (cell.Language != "csharp")
        {
            mark.Append($" language={JsonSerializer.Serialize(cell.Language)}");
        }

        foreach ((string key, JsonNode? value) in cell.Metadata)
        {
            if (key is "polyglot_notebook" or "dotnet_interactive" or "vscode" or "language")
            {
                continue; // said by language=
            }

            if (MetadataKey().IsMatch(key))
            {
                mark.Append($" {key}={value?.ToJsonString(Relaxed).ReplaceLineEndings(" ") ?? "null"}");
            }
            else
            {
                notes.Add($"cell {number}: the metadata key '{key}' is not kept, as a cell marker takes letters, digits, '.', '-' and '_' only.");
            }
        }

        body.Add(mark.ToString());
        if (cell.Kind != CellKind.Code)
        {
            body.AddRange(lines.Select(line => line.StartsWith("%%", StringComparison.Ordinal) ? Off(line) : line.Length == 0 ? "//" : "// " + line));
        }
        else if (cell.Language != "csharp" || lines.Any(line => LanguageNames.Selected(line) is not null))
        {
            body.AddRange(lines.Select(Off));
            notes.Add($"cell {number}: the {cell.Language} code is kept as comments, as the program is C#.");
        }
        else
        {
            WriteCode(string.Join('\n', lines), number);
        }

        if (cell.Attachments is { Count: > 0 })
        {
            notes.Add($"cell {number}: the attached files are not kept.");
        }
    }

    private void WriteCode(string source, int number)
    {
        string[] lines = source.Split('\n');
        var off = new HashSet<int>();
        CompilationUnitSyntax root = Parse(source);
        foreach (SyntaxTrivia trivia in root.DescendantTrivia(descendIntoTrivia: false))
        {
            if (trivia.Kind() is SyntaxKind.ReferenceDirectiveTrivia or SyntaxKind.LoadDirectiveTrivia or SyntaxKind.ShebangDirectiveTrivia or SyntaxKind.BadDirectiveTrivia)
            {
                off.Add(LineOf(root, trivia.SpanStart));
            }
        }

        root = Parse(string.Join('\n', lines.Select((line, i) => off.Contains(i) ? new string(' ', line.Length) : line)));
        string? obstacle = Obstacle(root, source);
        if (obstacle is not null)
        {
            body.AddRange(lines.Select(Off));
            notes.Add($"cell {number}: {obstacle}; the cell is kept as comments.");
            return;
        }

        off.UnionWith(root.Usings.SelectMany(line => Enumerable.Range(LineOf(root, line.SpanStart), LineOf(root, line.Span.End) - LineOf(root, line.SpanStart) + 1)));
        off.UnionWith(Enumerable.Range(0, lines.Length).Where(i => lines[i].StartsWith("// #:", StringComparison.Ordinal)));
        foreach (int line in off.Order())
        {
            if (HeaderLine(lines[line]) is not { } hoisted)
            {
                notes.Add($"cell {number}, line {line + 1}: '{lines[line].Trim()}' has no counterpart in a program and is switched off.");
            }
            else if (!header.Contains(hoisted, StringComparer.Ordinal))
            {
                header.Add(hoisted);
            }
        }

        var moved = MoveTypes(root, lines);
        string[] edited = Edit(source, root).Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            if (moved.TryGetValue(i, out (int Last, string Name) type))
            {
                body.Add($"{TypeMark} {type.Name}");
                i = type.Last;
            }
            else
            {
                body.Add(off.Contains(i) || IsReserved(lines[i]) ? Off(lines[i]) : edited[i]);
            }
        }

        displays |= source.Contains("display(", StringComparison.Ordinal) || source.Contains("Display(", StringComparison.Ordinal);
        NoteRedeclarations(root, number);
    }

    /// <summary>Why the cell cannot stand in a program even with changes, or null.</summary>
    private static string? Obstacle(CompilationUnitSyntax root, string source)
    {
        if (source.Contains(ValueMark, StringComparison.Ordinal) || source.Contains("/*:", StringComparison.Ordinal))
        {
            return $"it contains {ValueMark} or /*:, which this format uses itself";
        }

        if (root.GetDiagnostics().FirstOrDefault(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error) is { } error)
        {
            return $"it does not parse as C# ({error.Id}: {error.GetMessage()})";
        }

        foreach (MemberDeclarationSyntax member in root.Members)
        {
            switch (member)
            {
                case GlobalStatementSyntax or FieldDeclarationSyntax:
                case MethodDeclarationSyntax method when method.ParameterList.Parameters.Count == 0 || !method.ParameterList.Parameters[0].Modifiers.Any(SyntaxKind.ThisKeyword):
                    break;
                case BaseTypeDeclarationSyntax or DelegateDeclarationSyntax when OnItsOwnLines(root, member):
                    break;
                case BaseTypeDeclarationSyntax or DelegateDeclarationSyntax:
                    return "a type shares a line with other code";
                case MethodDeclarationSyntax:
                    return "a loose extension method has no counterpart in a program";
                default:
                    return $"a top-level {member.Kind()} has no counterpart in a program";
            }
        }

        SyntaxToken[] used = [.. root.Usings.SelectMany(line => line.DescendantTokens())];
        return used.Length > 0 && root.Members.Count > 0 && LineOf(root, used[^1].Span.End) == LineOf(root, root.Members[0].SpanStart)
            ? "a using directive shares a line with other code"
            : null;
    }

    private static bool OnItsOwnLines(CompilationUnitSyntax root, MemberDeclarationSyntax member)
    {
        SyntaxToken before = member.GetFirstToken().GetPreviousToken(), after = member.GetLastToken().GetNextToken();
        return (before.RawKind == 0 || LineOf(root, before.Span.End) < LineOf(root, member.SpanStart)) &&
            (after.RawKind == 0 || after.IsKind(SyntaxKind.EndOfFileToken) || LineOf(root, after.SpanStart) > LineOf(root, member.Span.End));
    }

    /// <summary>Copies types to the section at the end; answers by first line which lines they took.</summary>
    private Dictionary<int, (int Last, string Name)> MoveTypes(CompilationUnitSyntax root, string[] lines)
    {
        var moved = new Dictionary<int, (int Last, string Name)>();
        foreach (MemberDeclarationSyntax member in root.Members)
        {
            string? name = member switch
            {
                BaseTypeDeclarationSyntax type => type.Identifier.Text,
                DelegateDeclarationSyntax type => type.Identifier.Text,
                _ => null,
            };
            if (name is null)
            {
                continue;
            }

            int first = LineOf(root, member.SpanStart), last = LineOf(root, member.Span.End);
            while (first > 0 && lines[first - 1].TrimStart().StartsWith("///", StringComparison.Ordinal))
            {
                first--;
            }

            string unique = name;
            for (int i = 2; !typeNames.Add(unique); i++)
            {
                unique = $"{name} #{i}";
            }

            types.Add($"{TypeMark} {unique}");
            types.AddRange(lines[first..(last + 1)].Select(line => IsReserved(line) ? Off(line) : line));
            types.Add("");
            moved[first] = (last, unique);
        }

        return moved;
    }

    private string Edit(string source, CompilationUnitSyntax root)
    {
        var changes = new List<TextChange>();
        foreach (MemberDeclarationSyntax member in root.Members)
        {
            SyntaxTokenList modifiers = member is FieldDeclarationSyntax or MethodDeclarationSyntax ? member.Modifiers : default;
            changes.AddRange(modifiers
                .Where(token => !(token.Kind() is SyntaxKind.ConstKeyword or SyntaxKind.AsyncKeyword or SyntaxKind.UnsafeKeyword ||
                    (token.IsKind(SyntaxKind.StaticKeyword) && member is MethodDeclarationSyntax)))
                .Select(token => new TextChange(token.Span, $"/*:{token.Text}*/")));
        }

        if (root.Members.LastOrDefault() is GlobalStatementSyntax { Statement: ExpressionStatementSyntax { SemicolonToken.IsMissing: true } last })
        {
            ExpressionSyntax value = last.Expression;
            // A lambda takes values and calls of void methods alike; only the compiler could tell which this is.
            string open = value.DescendantNodesAndSelf().OfType<AwaitExpressionSyntax>().Any() ? "await display(async () => "
                : value is InvocationExpressionSyntax or ConditionalAccessExpressionSyntax ? "display(() => "
                : "display(";
            changes.Add(new TextChange(new TextSpan(value.SpanStart, 0), open + ValueMark));
            changes.Add(new TextChange(new TextSpan(value.Span.End, 0), ValueMark + ");"));
            displays = true;
        }

        return SourceText.From(source).WithChanges(changes.OrderBy(change => change.Span.Start)).ToString();
    }

    private void NoteRedeclarations(CompilationUnitSyntax root, int number)
    {
        IEnumerable<string> names = root.Members.SelectMany(member => member switch
        {
            FieldDeclarationSyntax field => field.Declaration.Variables.Select(variable => variable.Identifier.Text),
            MethodDeclarationSyntax method => [method.Identifier.Text],
            BaseTypeDeclarationSyntax type => [type.Identifier.Text],
            _ => Array.Empty<string>(),
        });
        foreach (string name in names)
        {
            if (!declared.TryAdd(name, number))
            {
                notes.Add($"cell {number}: '{name}' is declared again (first in cell {declared[name]}); the program compiles once one of them is renamed.");
            }
        }
    }

    private static CompilationUnitSyntax Parse(string source) =>
        CSharpSyntaxTree.ParseText(source, new CSharpParseOptions(LanguageVersion.CSharp14, kind: SourceCodeKind.Script)).GetCompilationUnitRoot();

    private static int LineOf(CompilationUnitSyntax root, int position) => root.SyntaxTree.GetText().Lines.GetLineFromPosition(position).LineNumber;

    [GeneratedRegex(@"^[\w.-]+\z")]
    private static partial Regex MetadataKey();
}
