using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ArKernel.Notebooks.Documents;

/// <summary>
/// Sets variables of the cell tagged <c>parameters</c>, as papermill does: a cell tagged <c>injected-parameters</c> after it assigns them.
/// The notebook's own cell stays as it is, and a later run replaces the injected one.
/// </summary>
public static class NotebookParameters
{
    private sealed record Parameter(string Name, string Type, string Default);

    /// <summary>Injects values.</summary>
    /// <param name="document">The notebook.</param>
    /// <param name="assignments">Texts <c>name=value</c>; the last of a name counts.</param>
    /// <param name="file">What errors call the notebook.</param>
    /// <exception cref="DocumentException">A name is unknown or a value does not parse; the message lists the parameters.</exception>
    public static void Inject(NotebookDocument document, IEnumerable<string> assignments, string file)
    {
        ArgumentNullException.ThrowIfNull(document);
        ArgumentNullException.ThrowIfNull(assignments);
        int index = document.Cells.ToList().FindIndex(cell => cell.Kind == CellKind.Code && cell.HasTag("parameters"));
        if (index < 0)
        {
            throw new DocumentException($"{file}: no code cell is tagged 'parameters', so -p has nothing to set. Add \"tags\": [\"parameters\"] to the metadata of the cell that declares them.");
        }

        NotebookCell declaring = document.Cells[index];
        if (declaring.Language != "csharp")
        {
            throw new DocumentException($"{file}: cell {index + 1}: -p sets C# variables; the cell tagged 'parameters' is in {declaring.Language}.");
        }

        Parameter[] parameters = [.. Declared(declaring.Source)];
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string assignment in assignments)
        {
            int equals = assignment.IndexOf('=', StringComparison.Ordinal);
            string name = (equals < 0 ? assignment : assignment[..equals]).Trim();
            if (equals <= 0)
            {
                throw Error($"-p takes name=value, not '{assignment}'.");
            }

            Parameter parameter = parameters.FirstOrDefault(candidate => candidate.Name == name) ?? throw Error($"there is no parameter '{name}'.");
            values[name] = Literal(parameter.Type, assignment[(equals + 1)..]) ?? throw Error($"'{assignment[(equals + 1)..]}' is no {parameter.Type} for the parameter '{name}'.");
        }

        string source = "// Parameters\n" + string.Join('\n', values.Select(pair => $"{pair.Key} = {pair.Value};"));
        NotebookCell? injected = document.Cells.FirstOrDefault(cell => cell.Kind == CellKind.Code && cell.HasTag("injected-parameters"));
        if (injected is not null)
        {
            injected.Source = source;
        }
        else
        {
            document.Insert(index + 1, CellKind.Code, source, "csharp").Metadata["tags"] = new JsonArray("injected-parameters");
        }

        DocumentException Error(string problem)
        {
            var list = new StringBuilder($"{file}: cell {index + 1}: {problem} ");
            list.Append(parameters.Length == 0 ? "The cell declares none." : "The parameters are:");
            foreach (Parameter parameter in parameters)
            {
                list.Append($"\n  {parameter.Type} {parameter.Name} = {parameter.Default}");
            }

            return new DocumentException(list.ToString());
        }
    }

    private static IEnumerable<Parameter> Declared(string source)
    {
        var options = new CSharpParseOptions(LanguageVersion.CSharp14, kind: SourceCodeKind.Script);
        foreach (FieldDeclarationSyntax field in CSharpSyntaxTree.ParseText(source, options).GetCompilationUnitRoot().Members.OfType<FieldDeclarationSyntax>())
        {
            if (field.Modifiers.Any(SyntaxKind.ConstKeyword) || field.Modifiers.Any(SyntaxKind.ReadOnlyKeyword))
            {
                continue;
            }

            foreach (VariableDeclaratorSyntax variable in field.Declaration.Variables)
            {
                if (variable.Initializer?.Value is { } value && TypeOf(field.Declaration.Type, value) is { } type)
                {
                    yield return new Parameter(variable.Identifier.ValueText, type, value.ToString());
                }
            }
        }
    }

    /// <summary>The declared type, or for <c>var</c> that of the literal; null for types no value of the command line can have.</summary>
    private static string? TypeOf(TypeSyntax declared, ExpressionSyntax value)
    {
        if (declared.IsVar)
        {
            if (value is PrefixUnaryExpressionSyntax sign)
            {
                value = sign.Operand;
            }

            return value switch
            {
                LiteralExpressionSyntax literal => literal.Token.Value switch
                {
                    int => "int", uint => "uint", long => "long", ulong => "ulong", float => "float", double => "double", decimal => "decimal",
                    bool => "bool", char => "char", string => "string", _ => null,
                },
                MemberAccessExpressionSyntax { Expression: IdentifierNameSyntax type } => type.Identifier.Text,
                InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Expression: IdentifierNameSyntax { Identifier.Text: "TimeSpan" } } } => "TimeSpan",
                _ => null,
            };
        }

        string name = declared.ToString(), bare = name.TrimEnd('?');
        return Parsers.ContainsKey(bare) || IsEnum(bare, value) ? name : null;
    }

    private static bool IsEnum(string type, ExpressionSyntax value) =>
        value is MemberAccessExpressionSyntax access && access.Expression.ToString().Split('.')[^1] == type.Split('.')[^1];

    private static string? Literal(string type, string text)
    {
        if (type.EndsWith('?'))
        {
            if (text == "null")
            {
                return text;
            }

            type = type[..^1];
        }

        return Parse(type, text);
    }

    private static string? Parse(string type, string text) =>
        Parsers.TryGetValue(type, out Func<string, string?>? parser) ? parser(text)
            : SyntaxFacts.IsValidIdentifier(text) ? $"{type}.{text}" // an enumeration; the compiler checks the member
            : null;

    private static readonly Dictionary<string, Func<string, string?>> Parsers = new(StringComparer.Ordinal)
    {
        ["sbyte"] = Number<sbyte>(""), ["byte"] = Number<byte>(""), ["short"] = Number<short>(""), ["ushort"] = Number<ushort>(""),
        ["int"] = Number<int>(""), ["uint"] = Number<uint>("U"), ["long"] = Number<long>("L"), ["ulong"] = Number<ulong>("UL"),
        ["nint"] = Number<nint>(""), ["nuint"] = Number<nuint>(""),
        ["float"] = text => float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out float value) ? Real("float", value, "F") : null,
        ["double"] = text => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? Real("double", value, "D") : null,
        ["decimal"] = text => decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal value) ? value.ToString(CultureInfo.InvariantCulture) + "M" : null,
        ["bool"] = text => text.ToLowerInvariant() switch { "true" or "1" => "true", "false" or "0" => "false", _ => null },
        ["char"] = text => text.Length == 1 ? SymbolDisplay.FormatLiteral(text[0], quote: true) : null,
        ["string"] = text => SymbolDisplay.FormatLiteral(text, quote: true),
        ["TimeSpan"] = text => TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out TimeSpan value) ? $"new TimeSpan({value.Ticks.ToString(CultureInfo.InvariantCulture)}L)" : null,
    };

    private static Func<string, string?> Number<T>(string suffix)
        where T : System.Numerics.INumberBase<T> =>
        text => T.TryParse(text.Replace("_", "", StringComparison.Ordinal), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out T? value)
            ? value.ToString(null, CultureInfo.InvariantCulture) + suffix
            : null;

    private static string Real<T>(string type, T value, string suffix)
        where T : System.Numerics.IFloatingPointIeee754<T> =>
        T.IsNaN(value) ? $"{type}.NaN"
        : T.IsPositiveInfinity(value) ? $"{type}.PositiveInfinity"
        : T.IsNegativeInfinity(value) ? $"{type}.NegativeInfinity"
        : value.ToString("R", CultureInfo.InvariantCulture) + suffix;
}
