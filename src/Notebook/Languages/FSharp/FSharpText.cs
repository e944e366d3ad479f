using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.DotNet.Interactive.Formatting;
using Microsoft.FSharp.Core;

namespace ArKernel.Notebooks.Languages.FSharp;

/// <summary>F#'s values as F# writes them: to the formatters a list is an object with a head and a tail.</summary>
internal static class FSharpText
{
    private const string Mapping = "Microsoft.FSharp.Core.CompilationMappingAttribute"; // by name: C# notebooks are not to load F#'s library

    private static readonly ConditionalWeakTable<Type, object> Known = [];

    /// <summary>What <c>%A</c> prints, or null for a value that is not F#'s or has a formatter of the user's.</summary>
    public static string? Of(object? value) =>
        value is not null && IsOfFSharp(value.GetType()) && !HasFormatter(value.GetType(), PlainTextFormatter.MimeType)
            ? ExtraTopLevelOperators.PrintFormatToString(new PrintfFormat<FSharpFunc<object, string>, Unit, string, string, object>("%A")).Invoke(value)
            : null;

    /// <summary>The value itself, or for F#'s lists and sets an array, which is shown as a table.</summary>
    public static object? ForTable(object? value, string mimeType)
    {
        if (value is not IEnumerable || !IsCollection(value.GetType()) || HasFormatter(value.GetType(), mimeType))
        {
            return value;
        }

        Array items = Array.CreateInstance(value.GetType().GetGenericArguments()[0], ((IEnumerable)value).Cast<object?>().Count());
        int index = 0;
        foreach (object? item in (IEnumerable)value)
        {
            items.SetValue(item, index++);
        }

        return items;
    }

    private static bool IsCollection(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition().FullName is "Microsoft.FSharp.Collections.FSharpList`1" or "Microsoft.FSharp.Collections.FSharpSet`1";

    private static bool IsOfFSharp(Type type) => (bool)Known.GetValue(type, static t => IsMapped(t));

    /// <summary>Records, unions, lists, maps and sets are marked by the compiler; sequences of an expression are classes with an @ in their name.</summary>
    private static bool IsMapped(Type type)
    {
        bool isSequence = type.Name.Contains('@', StringComparison.Ordinal) && typeof(IEnumerable).IsAssignableFrom(type);
        for (Type? part = type; part is not null && part != typeof(object); part = part.BaseType)
        {
            if (part.GetCustomAttributesData().Any(a => a.AttributeType.FullName == Mapping && IsData(a)))
            {
                return true;
            }
        }

        return isSequence || (type.IsGenericType && type.Namespace == "Microsoft.FSharp.Collections");
    }

    /// <summary>Whether a mark is that of a union (1) or a record (2) and not, say, of a class, which has no text of its own.</summary>
    private static bool IsData(CustomAttributeData mark) => mark.ConstructorArguments is [{ Value: int kind }, ..] && (kind & 31) is 1 or 2;

    private static bool HasFormatter(Type type, string mimeType) =>
        Formatter.RegisteredFormatters(includeDefaults: false).Any(f => f.MimeType == mimeType && f.Type != typeof(object) && f.Type.IsAssignableFrom(type));
}
