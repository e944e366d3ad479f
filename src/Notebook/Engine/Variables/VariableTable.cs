using System.Collections;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ArKernel.Notebooks.Engine.Variables;

/// <summary>The variables of all languages with what is known of their values, and the tensors that cells left where no variable reaches them.</summary>
internal sealed class VariableTable(NotebookEngine engine, IValueInspector? inspector)
{
    private readonly Dictionary<string, LeftTensors> left = new(StringComparer.Ordinal);
    private long reachable; // when it was last counted

    /// <summary>The variables, by name.</summary>
    public IReadOnlyList<VariableRow> Rows =>
    [
        .. engine.Languages.SelectMany(l => l.Variables).OrderBy(v => v.Name, StringComparer.Ordinal)
            .Select(v => new VariableRow(v, v.Value is null ? null : Describe(v.Value))),
    ];

    /// <summary>What the cells left behind, as far as it is still alive.</summary>
    public IReadOnlyList<LeftTensors> Left
    {
        get
        {
            long unreached = inspector is null ? 0 : inspector.LiveTensors - Reachable();
            if (unreached <= 0)
            {
                left.Clear(); // the garbage collector has been here
            }

            return [.. left.Values];
        }
    }

    /// <summary>Runs a cell, and notes how many more tensors are alive afterwards that no variable reaches.</summary>
    public async Task<CellError?> WatchAsync(CellSubmission cell, Func<Task<CellError?>> run)
    {
        if (inspector is null)
        {
            return await run();
        }

        long alive = inspector.LiveTensors;
        CellError? error = await run();
        long now = inspector.LiveTensors;
        if (now != alive)
        {
            // Walking through all values takes its time, so it is done only after cells that made or freed tensors.
            long before = reachable;
            reachable = Reachable();
            long more = now - alive - (reachable - before);
            left.Remove(cell.Id ?? cell.Name);
            if (more > 0)
            {
                left[cell.Id ?? cell.Name] = new LeftTensors(cell.Name, more);
            }
        }

        return error;
    }

    /// <summary>The answer to the request <c>variables</c>.</summary>
    public JsonElement ToJson() => JsonSerializer.SerializeToElement(new JsonObject
    {
        ["variables"] = new JsonArray([.. Rows.Select(row => new JsonObject
        {
            ["name"] = row.Variable.Name,
            ["type"] = row.Type,
            ["shape"] = row.Description?.Shape,
            ["elementType"] = row.Description?.ElementType,
            ["device"] = row.Description?.Device,
            ["bytes"] = row.Description?.Bytes,
            ["cell"] = row.Variable.Cell,
            ["value"] = row.Value,
        })]),
        ["left"] = new JsonArray([.. Left.Select(cell => new JsonObject { ["cell"] = cell.Cell, ["tensors"] = cell.Count })]),
    });

    private long Reachable() => inspector!.CountReachable(engine.Languages.SelectMany(l => l.Variables).Select(v => v.Value).OfType<object>());

    private ValueDescription? Describe(object value)
    {
        try
        {
            return inspector?.Describe(value) ?? Measure(value);
        }
        catch (Exception)
        {
            return null; // a collection of the user's that cannot be counted
        }
    }

    private static ValueDescription? Measure(object value) => value switch
    {
        string text => new ValueDescription($"[{text.Length.ToString(CultureInfo.InvariantCulture)}]", "char", null, 2L * text.Length),
        Array array => new ValueDescription(
            $"[{string.Join(", ", Enumerable.Range(0, array.Rank).Select(d => array.GetLength(d).ToString(CultureInfo.InvariantCulture)))}]",
            VariableRow.NameOf(array.GetType().GetElementType()!),
            null,
            array.GetType().GetElementType()!.IsPrimitive ? Buffer.ByteLength(array) : null),
        ICollection collection => new ValueDescription($"[{collection.Count.ToString(CultureInfo.InvariantCulture)}]", null, null, null),
        _ => null,
    };
}

/// <summary>Tensors that a cell left alive and that no variable reaches: until the garbage collector finds them, their memory is taken.</summary>
internal sealed record LeftTensors(string Cell, long Count);

/// <summary>A line of the table.</summary>
internal sealed record VariableRow(NotebookVariable Variable, ValueDescription? Description)
{
    private const int MostCharacters = 100;

    /// <summary>The declared type, as C# writes it.</summary>
    public string Type => NameOf(Variable.Type);

    /// <summary>The value in one line.</summary>
    public string Value => Summarize(Variable.Value);

    /// <summary>A value in one line.</summary>
    public static string Summarize(object? value)
    {
        string text;
        try
        {
            text = Rendering.Render(value, "text/plain")["text/plain"].ReplaceLineEndings(" ").Trim();
        }
        catch (FormattingException exception)
        {
            text = exception.Message;
        }

        return text.Length <= MostCharacters ? text : text[..(MostCharacters - 1)] + "…";
    }

    /// <summary>A type's name without its namespace.</summary>
    public static string NameOf(Type type) =>
        type.IsArray ? NameOf(type.GetElementType()!) + "[" + new string(',', type.GetArrayRank() - 1) + "]"
        : !type.IsGenericType ? type.Name
        : $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(NameOf))}>";
}
