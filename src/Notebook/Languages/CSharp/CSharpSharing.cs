using System.Reflection;
using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Engine.Sharing;
using Microsoft.CodeAnalysis.CSharp;

namespace ArKernel.Notebooks.Languages.CSharp;

/// <summary>Variables of other languages in C#: a submission that declares them, so that code, editor and debugger see no difference.</summary>
internal sealed partial class CSharpLanguage
{
    public Task<NotebookVariable?> GetAsync(string name, CellContext context) =>
        Task.FromResult(Variables.FirstOrDefault(v => string.Equals(v.Name, name, StringComparison.Ordinal)));

    public async Task SetAsync(NotebookVariable variable, CellContext context)
    {
        ArgumentNullException.ThrowIfNull(variable);
        if (!SyntaxFacts.IsValidIdentifier(variable.Name))
        {
            throw new NotSupportedException($"'{variable.Name}' is no C# name. Give one with --as.");
        }

        Type type = Declared(variable);
        foreach (Assembly assembly in AssembliesOf(type).Where(a => a.Location.Length == 0))
        {
            references.Add(assembly);
        }

        string name = SyntaxFacts.GetKeywordKind(variable.Name) == SyntaxKind.None ? variable.Name : "@" + variable.Name;
        string typeName = CSharpTypeName.Of(type) ?? "dynamic";
        int slot = SharedValue.Put(variable.Value);
        try
        {
            string code = FormattableString.Invariant($"{typeName} {name} = ({typeName})global::{typeof(SharedValue).FullName}.{nameof(SharedValue.Get)}({slot})!;");
            if (await RunAsync(code, context) is { } error)
            {
                throw new NotSupportedException($"'{variable.Name}' of type {type} could not be declared in C#: {error.Message}");
            }
        }
        finally
        {
            SharedValue.Remove(slot);
        }
    }

    /// <summary>The most specific type that C# code can name: the variable's, the value's, or one of its bases.</summary>
    private static Type Declared(NotebookVariable variable)
    {
        Type? type = variable.Type == typeof(object) ? variable.Value?.GetType() : variable.Type;
        while (type is not null && CSharpTypeName.Of(type) is null)
        {
            type = type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType) ? parent : null;
        }

        return type ?? typeof(object);
    }

    private static IEnumerable<Assembly> AssembliesOf(Type type) => type.HasElementType
        ? AssembliesOf(type.GetElementType()!)
        : [type.Assembly, .. type.GetGenericArguments().SelectMany(AssembliesOf)];
}
