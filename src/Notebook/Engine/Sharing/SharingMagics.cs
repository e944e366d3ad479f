using System.Globalization;
using System.Text.Json;

namespace ArKernel.Notebooks.Engine.Sharing;

/// <summary><c>#!share</c> and <c>#!set</c>: variables from one language to another.</summary>
internal static class SharingMagics
{
    public static IEnumerable<Magic> Create(NotebookEngine engine) =>
    [
        new("share", "Takes over a variable of another language: #!share NAME --from LANGUAGE [--as NAME].", (text, context) => ShareAsync(text, engine, context))
        {
            Options = new Dictionary<string, string>(StringComparer.Ordinal) { ["--from"] = "The language that has the variable.", ["--as"] = "Another name for it here." },
        },
        new("set", "Sets a variable: #!set --name NAME --value VALUE; the value is a literal, @LANGUAGE:NAME, @input:\"question\" or @password:\"question\".", (text, context) => SetAsync(text, engine, context))
        {
            Options = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["--name"] = "The variable.", ["--value"] = "A literal, @LANGUAGE:NAME, @input or @password.", ["--byref"] = "Accepted; values are always shared by reference within this process.",
            },
        },
    ];

    /// <summary>The language of a name.</summary>
    /// <exception cref="CellFailedException">There is none, or it does not share.</exception>
    internal static ISharesValues Find(NotebookEngine engine, string name, MagicArguments arguments)
    {
        ISharesValues[] all = [.. engine.Languages.OfType<ISharesValues>()];
        return all.FirstOrDefault(l => l.Names.Contains(name, StringComparer.OrdinalIgnoreCase))
            ?? throw arguments.Error($"there is no language '{name}' with variables; there are {string.Join(", ", all.Select(l => l.Names[0]))}");
    }

    /// <summary>The language that a command in a cell is for.</summary>
    internal static ISharesValues Target(CellContext context, MagicArguments arguments) =>
        context.Language as ISharesValues ?? throw arguments.Error($"cells of '{context.Language?.Names[0]}' have no variables");

    private static async Task<Action?> ShareAsync(string text, NotebookEngine engine, CellContext context)
    {
        MagicArguments arguments = new("share", text, ["--from", "--as", "--mime-type"]);
        if (arguments.Words.Count != 1)
        {
            throw arguments.Error("one variable's name is needed: #!share NAME --from LANGUAGE [--as NAME]");
        }

        NotebookVariable found = await GetAsync(engine, arguments.Required("--from"), arguments.Words[0], arguments, context);
        await GiveAsync(Target(context, arguments), found with { Name = arguments["--as"] ?? found.Name }, arguments, context);
        return null;
    }

    private static async Task<Action?> SetAsync(string text, NotebookEngine engine, CellContext context)
    {
        MagicArguments arguments = new("set", text, ["--name", "--value", "--mime-type"], "--byref");
        string name = arguments.Required("--name");
        object? value = await EvaluateAsync(arguments.Required("--value"), engine, arguments, context);
        NotebookVariable variable = value is NotebookVariable other ? other with { Name = name } : new NotebookVariable(name, value?.GetType() ?? typeof(object), value);
        await GiveAsync(Target(context, arguments), variable, arguments, context);
        return null;
    }

    private static async Task<object?> EvaluateAsync(string text, NotebookEngine engine, MagicArguments arguments, CellContext context)
    {
        if (!text.StartsWith('@'))
        {
            return Literal(text);
        }

        string[] parts = text[1..].Split(':', 2);
        string rest = parts.Length > 1 ? parts[1].Trim('"') : "";
        return parts[0] switch
        {
            "input" => await engine.Input.AskAsync(Prompt(rest), isPassword: false, context),
            "password" => await engine.Input.AskAsync(Prompt(rest), isPassword: true, context),
            _ when rest.Length > 0 => await GetAsync(engine, parts[0], rest, arguments, context),
            _ => throw arguments.Error($"'{text}' is not understood; a variable is @LANGUAGE:NAME"),
        };
    }

    // The predecessor's form with options: @input:{"prompt": "…"}.
    private static string Prompt(string text)
    {
        try
        {
            return text.StartsWith('{') && JsonDocument.Parse(text).RootElement.TryGetProperty("prompt", out JsonElement prompt) ? prompt.GetString() ?? "" : text;
        }
        catch (JsonException)
        {
            return text;
        }
    }

    private static object? Literal(string text) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int whole) ? whole
        : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long large) ? large
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double real) ? real
        : text switch { "true" => true, "false" => false, "null" => null, _ => text };

    private static async Task<NotebookVariable> GetAsync(NotebookEngine engine, string from, string name, MagicArguments arguments, CellContext context)
    {
        ISharesValues source = Find(engine, from, arguments);
        return await source.GetAsync(name, context) ?? throw arguments.Error(
            $"{source.Names[0]} has no variable '{name}'{(source.Variables.Select(v => v.Name).ToArray() is { Length: > 0 } names ? "; it has " + string.Join(", ", names.Take(20)) : "")}");
    }

    private static async Task GiveAsync(ISharesValues target, NotebookVariable variable, MagicArguments arguments, CellContext context)
    {
        try
        {
            await target.SetAsync(variable, context);
        }
        catch (NotSupportedException exception)
        {
            throw arguments.Error(exception.Message.TrimEnd('.'));
        }
    }
}
