using System.Globalization;
using System.Reflection;
using ArKernel.Notebooks.Engine;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;

namespace ArKernel.Notebooks.Languages.CSharp;

/// <summary>A variable of a top-level <c>using</c> declaration.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsAsync">Whether it was <c>await using</c>.</param>
/// <param name="Declaration">Where it is declared, for messages.</param>
internal sealed record UsingVariable(string Name, bool IsAsync, TextSpan Declaration);

/// <summary>
/// Gives a top-level <c>using</c> declaration its meaning: the end of the cell is the end of the variable's scope. The variable itself stays
/// visible, as all variables of cells do; what it holds has been disposed of then.
/// </summary>
internal static class UsingVariables
{
    /// <summary>The error of a variable that cannot be disposed of, in the compiler's words.</summary>
    public static CellError? Check(CSharpCompilation compilation, IReadOnlyList<UsingVariable> variables)
    {
        foreach (UsingVariable variable in variables)
        {
            SpecialType wanted = variable.IsAsync ? SpecialType.None : SpecialType.System_IDisposable;
            if (compilation.ScriptClass!.GetMembers(variable.Name).OfType<IFieldSymbol>().FirstOrDefault() is not { Type: { } type }
                || type.TypeKind is TypeKind.Dynamic
                || new[] { type }.Concat(type.AllInterfaces).Any(i => wanted == SpecialType.None
                    ? i.MetadataName is "IAsyncDisposable" && i.ContainingNamespace.Name is "System"
                    : i.SpecialType == wanted))
            {
                continue;
            }

            LinePosition start = compilation.SyntaxTrees[0].GetText().Lines.GetLinePosition(variable.Declaration.Start);
            string message = $"CS1674: '{type.ToDisplayString()}': type used in a using statement must implement '{(variable.IsAsync ? "System.IAsyncDisposable" : "System.IDisposable")}'.";
            return new CellError(
                "CompilationError",
                message,
                [string.Create(CultureInfo.InvariantCulture, $"({start.Line + 1},{start.Character + 1}): error {message}")],
                start.Line + 1);
        }

        return null;
    }

    /// <summary>Disposes of what the variables hold, the last one first.</summary>
    /// <param name="submission">The submission's instance.</param>
    /// <param name="variables">The variables.</param>
    public static async Task DisposeAsync(object submission, IReadOnlyList<UsingVariable> variables)
    {
        foreach (UsingVariable variable in variables.Reverse())
        {
            object? value = submission.GetType().GetField(variable.Name, BindingFlags.Public | BindingFlags.Instance)?.GetValue(submission);
            if (variable.IsAsync && value is IAsyncDisposable asynchronous)
            {
                await asynchronous.DisposeAsync();
            }
            else
            {
                (value as IDisposable)?.Dispose();
            }
        }
    }
}
