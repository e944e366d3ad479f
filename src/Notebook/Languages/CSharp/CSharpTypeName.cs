namespace ArKernel.Notebooks.Languages.CSharp;

/// <summary>Types as C# code writes them.</summary>
internal static class CSharpTypeName
{
    /// <summary>The name of a type, or null when it has none that code outside its assembly could write.</summary>
    public static string? Of(Type type)
    {
        if (type == typeof(object))
        {
            return "object";
        }

        if (type.IsArray)
        {
            return Of(type.GetElementType()!) is { } element ? $"{element}[{new string(',', type.GetArrayRank() - 1)}]" : null;
        }

        // Names such as <>f__AnonymousType0 or Submission#1 are not for code.
        if (!type.IsVisible || type.IsByRef || type.IsPointer || type.IsByRefLike || type.FullName is not { } full || full.AsSpan(0, full.AsSpan().IndexOf('[') is var i and > 0 ? i : full.Length).ContainsAny("<>#"))
        {
            return null;
        }

        Queue<Type> arguments = new(type.GetGenericArguments());
        List<string> parts = [];
        foreach (Type part in Nesting(type))
        {
            string[] name = part.Name.Split('`');
            int own = name.Length > 1 ? int.Parse(name[1], System.Globalization.CultureInfo.InvariantCulture) : 0;
            List<string> given = [];
            for (int n = 0; n < own; n++)
            {
                if (Of(arguments.Dequeue()) is not { } argument)
                {
                    return null;
                }

                given.Add(argument);
            }

            parts.Add("@" + name[0] + (own == 0 ? "" : $"<{string.Join(", ", given)}>"));
        }

        string space = type.Namespace is { Length: > 0 } n2 ? string.Concat(n2.Split('.').Select(s => "@" + s + ".")) : "";
        return $"global::{space}{string.Join('.', parts)}";
    }

    private static IEnumerable<Type> Nesting(Type type) => type.DeclaringType is { } outer ? [.. Nesting(outer), type] : [type];
}
