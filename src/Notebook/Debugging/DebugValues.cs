using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.Json.Nodes;
using ArKernel.Notebooks.Engine.Variables;

namespace ArKernel.Notebooks.Debugging;

/// <summary>
/// Values as the debug adapter protocol shows them: a line of text, and a number under which the members can be asked for.
/// </summary>
internal sealed class DebugValues
{
    private const int MostChildren = 100;

    private readonly Dictionary<int, Group> expandable = [];

    /// <summary>Makes a group of variables that can be asked for.</summary>
    /// <returns>Its number.</returns>
    public int Add(Func<IEnumerable<(string Name, Type Type, object? Value)>> children) => Add(new Group(children, ItemCount: null));

    /// <summary>The members of a group, or a page of them.</summary>
    /// <param name="reference">The group.</param>
    /// <param name="filter"><c>indexed</c> for items of a collection only, <c>named</c> for members only, empty for both.</param>
    /// <param name="start">How many to leave out first.</param>
    /// <param name="count">How many; 0 for all, of which a collection shows the first hundred.</param>
    /// <exception cref="DebugException">There is no such group any more.</exception>
    public JsonArray Children(int reference, string filter = "", int start = 0, int count = 0)
    {
        Group? group;
        lock (expandable)
        {
            expandable.TryGetValue(reference, out group);
        }

        if (group is null)
        {
            throw new DebugException($"There is no variables reference {reference}: references hold until the code goes on.");
        }

        if (filter == (group.ItemCount is null ? "indexed" : "named"))
        {
            return [];
        }

        int most = count > 0 ? count : group.ItemCount is null ? int.MaxValue : MostChildren;
        JsonArray shown = [.. group.Children().Skip(start).Take(most).Select(c => (JsonNode)Describe(c.Name, c.Type, c.Value))];
        if (count == 0 && group.ItemCount - start - shown.Count is { } rest and > 0) // of a front end that does not page
        {
            shown.Add(new JsonObject { ["name"] = "…", ["value"] = string.Create(CultureInfo.InvariantCulture, $"{rest} more"), ["type"] = "", ["variablesReference"] = 0 });
        }

        return shown;
    }

    /// <summary>A variable of the protocol.</summary>
    public JsonObject Describe(string name, Type type, object? value)
    {
        int? items = ItemCountOf(value);
        JsonObject variable = new()
        {
            ["name"] = name,
            ["value"] = VariableRow.Summarize(value),
            ["type"] = VariableRow.NameOf(value?.GetType() ?? type),
            ["evaluateName"] = name,
            ["variablesReference"] = HasMembers(value) ? Add(new Group(() => Members(value!), items)) : 0,
        };
        if (items is { } number)
        {
            variable["indexedVariables"] = number;
        }

        return variable;
    }

    private int Add(Group group)
    {
        lock (expandable)
        {
            expandable[expandable.Count + 1] = group;
            return expandable.Count;
        }
    }

    private static bool HasMembers(object? value) => value is not (null or string or Delegate or Type or IFormattable or bool) && !value.GetType().IsPrimitive;

    /// <summary>How many items a collection has; null for what is none. Not of any sequence: enumerating one may run user code without end.</summary>
    private static int? ItemCountOf(object? value) => (value as ICollection)?.Count;

    private static IEnumerable<(string Name, Type Type, object? Value)> Members(object value)
    {
        if (value is IDictionary dictionary)
        {
            foreach (DictionaryEntry entry in dictionary)
            {
                yield return ($"[{VariableRow.Summarize(entry.Key)}]", entry.Value?.GetType() ?? typeof(object), entry.Value);
            }
        }
        else if (value is ICollection items)
        {
            int index = 0;
            foreach (object? item in items)
            {
                yield return (string.Create(CultureInfo.InvariantCulture, $"[{index++}]"), item?.GetType() ?? typeof(object), item);
            }
        }
        else
        {
            foreach (FieldInfo field in value.GetType().GetFields(BindingFlags.Public | BindingFlags.Instance))
            {
                yield return (field.Name, field.FieldType, field.GetValue(value));
            }

            foreach (PropertyInfo property in value.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanRead && p.GetIndexParameters().Length == 0))
            {
                yield return (property.Name, property.PropertyType, Read(property, value));
            }
        }
    }

    private static object? Read(PropertyInfo property, object value)
    {
        try
        {
            return property.GetValue(value);
        }
        catch (TargetInvocationException exception)
        {
            return exception.InnerException?.Message;
        }
        catch (Exception exception) when (exception is NotSupportedException or ArgumentException or InvalidOperationException)
        {
            return exception.Message; // by-ref and ref struct properties cannot be read so
        }
    }

    /// <param name="Children">Its members.</param>
    /// <param name="ItemCount">How many items there are if they are a collection's.</param>
    private sealed record Group(Func<IEnumerable<(string Name, Type Type, object? Value)>> Children, int? ItemCount);
}

/// <summary>A request of the debugger that cannot be served.</summary>
/// <param name="message">Why.</param>
internal sealed class DebugException(string message) : Exception(message);
