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

    private readonly Dictionary<int, Func<IEnumerable<(string Name, Type Type, object? Value)>>> expandable = [];

    /// <summary>Makes a group of variables that can be asked for.</summary>
    /// <returns>Its number.</returns>
    public int Add(Func<IEnumerable<(string Name, Type Type, object? Value)>> children)
    {
        lock (expandable)
        {
            expandable[expandable.Count + 1] = children;
            return expandable.Count;
        }
    }

    /// <summary>The members of a group.</summary>
    /// <exception cref="DebugException">There is no such group any more.</exception>
    public JsonArray Children(int reference)
    {
        Func<IEnumerable<(string Name, Type Type, object? Value)>>? children;
        lock (expandable)
        {
            expandable.TryGetValue(reference, out children);
        }

        return children is null
            ? throw new DebugException($"There is no variables reference {reference}: references hold until the code goes on.")
            : [.. children().Select(c => (JsonNode)Describe(c.Name, c.Type, c.Value))];
    }

    /// <summary>A variable of the protocol.</summary>
    public JsonObject Describe(string name, Type type, object? value)
    {
        JsonObject variable = new()
        {
            ["name"] = name,
            ["value"] = VariableRow.Summarize(value),
            ["type"] = VariableRow.NameOf(value?.GetType() ?? type),
            ["evaluateName"] = name,
            ["variablesReference"] = HasMembers(value) ? Add(() => Members(value!)) : 0,
        };
        return variable;
    }

    private static bool HasMembers(object? value) => value is not (null or string or Delegate or Type or IFormattable or bool) && !value.GetType().IsPrimitive;

    private static IEnumerable<(string Name, Type Type, object? Value)> Members(object value)
    {
        if (value is IDictionary dictionary)
        {
            int shown = 0;
            foreach (DictionaryEntry entry in dictionary)
            {
                if (shown++ == MostChildren)
                {
                    yield break;
                }

                yield return ($"[{VariableRow.Summarize(entry.Key)}]", entry.Value?.GetType() ?? typeof(object), entry.Value);
            }
        }
        else if (value is ICollection or Array) // not any sequence: enumerating one may run user code without end
        {
            int index = 0;
            foreach (object? item in (IEnumerable)value)
            {
                if (index == MostChildren)
                {
                    yield break;
                }

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
}

/// <summary>A request of the debugger that cannot be served.</summary>
/// <param name="message">Why.</param>
internal sealed class DebugException(string message) : Exception(message);
