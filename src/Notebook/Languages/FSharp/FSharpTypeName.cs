namespace ArKernel.Notebooks.Languages.FSharp;

/// <summary>Types as F# code writes them.</summary>
internal static class FSharpTypeName
{
    /// <summary>The name of a type, or null when it has none that code could write.</summary>
    public static string? Of(Type type)
    {
        if (type.IsArray)
        {
            return Of(type.GetElementType()!) is { } element ? $"{element}[{new string(',', type.GetArrayRank() - 1)}]" : null;
        }

        // Names such as Submission#1 are not for code; types of F# cells are nested in modules FSI_0001 that code does not name.
        if (!type.IsVisible || type.FullName is not { } name || name.AsSpan(0, name.IndexOf('[', StringComparison.Ordinal) is var i and > 0 ? i : name.Length).ContainsAny("<>#@")
            || name.StartsWith("FSI_", StringComparison.Ordinal) || (type.IsNested && type.IsGenericType))
        {
            return null;
        }

        if (!type.IsGenericType)
        {
            return "global." + name.Replace('+', '.');
        }

        string?[] arguments = [.. type.GetGenericArguments().Select(Of)];
        return arguments.Contains(null) ? null : $"global.{type.FullName.Split('`')[0]}<{string.Join(", ", arguments)}>";
    }
}
