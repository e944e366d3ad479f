using System.Globalization;
using Microsoft.CodeAnalysis;

namespace ArKernel.Notebooks.LanguageServices.CSharp;

/// <summary>Writes types so that they mean the same in any other place.</summary>
internal static class TypeText
{
    /// <summary>What the names of helpers start with that are not the user's to see.</summary>
    public const string HelperPrefix = "__ArKernelExample";

    private static readonly SymbolDisplayFormat Format = SymbolDisplayFormat.FullyQualifiedFormat
        .WithMiscellaneousOptions(SymbolDisplayFormat.FullyQualifiedFormat.MiscellaneousOptions | SymbolDisplayMiscellaneousOptions.IncludeNullableReferenceTypeModifier);

    private static readonly SymbolDisplayFormat WithoutArguments = Format.WithGenericsOptions(SymbolDisplayGenericsOptions.None);

    /// <summary>A type by its full name. Of a <c>var</c>, the compiler says that it may be null whatever it is; nobody wrote that.</summary>
    public static string Of(ITypeSymbol type) => type.WithNullableAnnotation(NullableAnnotation.NotAnnotated).ToDisplayString(Format);

    /// <summary>A declaration of a variable, or null when its type cannot be written or inferred.</summary>
    public static string? Declare(string name, ITypeSymbol type)
    {
        List<INamedTypeSymbol> anonymous = [];
        if (!Collect(type, anonymous))
        {
            return null;
        }

        if (anonymous.Count == 0)
        {
            return $"{Of(type)} {name};";
        }

        // A type that has no name is inferred from examples: a method that takes an example of each anonymous type in it and returns it.
        int count = 0;
        List<string> helpers = [];
        string expression = Example(type, name.TrimStart('@'), ref count, helpers);
        return $"{string.Concat(helpers)}var {name} = {expression};";
    }

    private static string Example(ITypeSymbol type, string name, ref int count, List<string> helpers)
    {
        if (type.IsAnonymousType)
        {
            List<string> members = [];
            foreach (IPropertySymbol property in type.GetMembers().OfType<IPropertySymbol>())
            {
                members.Add($"@{property.Name} = {Example(property.Type, name, ref count, helpers)}");
            }

            return $"new {{ {string.Join(", ", members)} }}";
        }

        List<INamedTypeSymbol> anonymous = [];
        Collect(type, anonymous);
        if (anonymous.Count == 0)
        {
            return $"default({type.ToDisplayString(Format)})!";
        }

        string helper = string.Create(CultureInfo.InvariantCulture, $"{HelperPrefix}_{name}_{count++}");
        string[] parameters = [.. anonymous.Select((_, i) => string.Create(CultureInfo.InvariantCulture, $"T{i}"))];
        helpers.Add($"static {Write(type, anonymous)} {helper}<{string.Join(", ", parameters)}>({string.Join(", ", parameters.Select(p => $"{p} {p.ToLowerInvariant()}"))}) {{ throw null!; }}\n");
        List<string> arguments = [];
        foreach (INamedTypeSymbol argument in anonymous)
        {
            arguments.Add(Example(argument, name, ref count, helpers));
        }

        return $"{helper}({string.Join(", ", arguments)})";
    }

    /// <summary>Finds the anonymous types in a type.</summary>
    /// <returns>False when there is something in it that cannot be written.</returns>
    private static bool Collect(ITypeSymbol type, List<INamedTypeSymbol> anonymous)
    {
        switch (type)
        {
            case IErrorTypeSymbol or IPointerTypeSymbol or IFunctionPointerTypeSymbol:
                return false;
            case IArrayTypeSymbol array:
                return Collect(array.ElementType, anonymous);
            case INamedTypeSymbol { IsAnonymousType: true } named:
                if (named.TypeKind == TypeKind.Delegate)
                {
                    return false;
                }

                if (!anonymous.Contains(named, SymbolEqualityComparer.Default))
                {
                    anonymous.Add(named);
                }

                return named.GetMembers().OfType<IPropertySymbol>().All(p => Collect(p.Type, []));
            case INamedTypeSymbol named:
                int before = anonymous.Count;
                return named.TypeArguments.All(a => Collect(a, anonymous))
                    && (named.ContainingType is null || (Collect(named.ContainingType, anonymous) && anonymous.Count == before));
            default:
                return true;
        }
    }

    /// <summary>The type with type parameters in place of anonymous types.</summary>
    private static string Write(ITypeSymbol type, List<INamedTypeSymbol> anonymous)
    {
        int index = anonymous.FindIndex(a => SymbolEqualityComparer.Default.Equals(a, type));
        return index >= 0 ? string.Create(CultureInfo.InvariantCulture, $"T{index}")
            : type is IArrayTypeSymbol array ? $"{Write(array.ElementType, anonymous)}[{new string(',', array.Rank - 1)}]"
            : type is INamedTypeSymbol { IsTupleType: true } tuple ? $"({string.Join(", ", tuple.TupleElements.Select(e => $"{Write(e.Type, anonymous)} {e.Name}"))})"
            : type is INamedTypeSymbol { TypeArguments.Length: > 0 } named ? $"{named.ToDisplayString(WithoutArguments)}<{string.Join(", ", named.TypeArguments.Select(a => Write(a, anonymous)))}>"
            : type.ToDisplayString(Format);
    }
}
