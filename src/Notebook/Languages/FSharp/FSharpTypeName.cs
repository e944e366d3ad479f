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

        if (!type.IsVisible || type.IsNested || type.FullName is null)
        {
            return null;
        }

        if (!type.IsGenericType)
        {
            return "global." + type.FullName;
        }

        string?[] arguments = [.. type.GetGenericArguments().Select(Of)];
        return arguments.Contains(null) ? null : $"global.{type.FullName.Split('`')[0]}<{string.Join(", ", arguments)}>";
    }
}
