using System.Text;
using ArKernel.Notebooks.LanguageServices.CSharp;
using ArKernel.Notebooks.Languages;
using FSharp.Compiler.EditorServices;
using FSharp.Compiler.Symbols;
using FSharp.Compiler.Text;
using FSharp.Compiler.Tokenization;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;

namespace ArKernel.Notebooks.LanguageServices.FSharp;

/// <summary>Describes the name at the cursor: its signatures and documentation.</summary>
internal static class FSharpDescription
{
    private const int MostOverloads = 5;

    public static async Task<Description?> DescribeAsync(FSharpProject project, string code, int position, bool detailed, CancellationToken cancellationToken)
    {
        CheckedCell cell = await project.CheckAsync(code, cancellationToken);
        (int line, string text, int column) = Code.Locate(code, position);

        // Behind an open parenthesis the called function is meant.
        int anchor = column > 0 && text[column - 1] == '(' && (column == text.Length || !char.IsLetter(text[column])) ? column - 1 : column;
        FSharpOption<Tuple<string, int, bool>>? island = QuickParse.GetCompleteIdentifierIsland(tolerateJustAfter: true, text, anchor);
        if (cell.Types is null || island is null)
        {
            return null;
        }

        FSharpList<string> names = ListModule.OfSeq(island.Value.Item1.Split('.').Select(n => n.Trim('`')));
        ToolTipText tip = cell.Types.GetToolTip(cell.PrefixLines + line + 1, island.Value.Item2, text, names, FSharpTokenTag.Identifier, width: FSharpOption<int>.Some(120));
        ToolTipElementData[] found = [.. tip.Item.OfType<ToolTipElement.Group>().SelectMany(g => g.elements)];
        if (found.Length == 0)
        {
            return null;
        }

        StringBuilder plain = new(), markdown = new("```fsharp\n");
        foreach (string signature in found.Take(detailed ? found.Length : MostOverloads).Select(f => Text(f.MainDescription)))
        {
            plain.AppendLine(signature);
            markdown.AppendLine(signature);
        }

        if (!detailed && found.Length > MostOverloads)
        {
            string more = $"// and {found.Length - MostOverloads} more overloads";
            plain.AppendLine(more);
            markdown.AppendLine(more);
        }

        markdown.AppendLine("```");
        foreach (string paragraph in Documentation(found[0], detailed))
        {
            plain.AppendLine().AppendLine(paragraph);
            markdown.AppendLine().AppendLine(paragraph);
        }

        if (detailed)
        {
            foreach (string remark in found.Take(1).Where(f => f.Remarks is not null).Select(f => Text(f.Remarks!.Value)))
            {
                plain.AppendLine().AppendLine(remark);
                markdown.AppendLine().AppendLine(remark);
            }
        }

        return new Description(plain.ToString().TrimEnd(), markdown.ToString().TrimEnd());
    }

    private static IEnumerable<string> Documentation(ToolTipElementData element, bool detailed)
    {
        string xml = element.XmlDoc switch
        {
            FSharpXmlDoc.FromXmlFile file => DocumentationFiles.Of(file.dllName).Find(file.xmlSig),
            FSharpXmlDoc.FromXmlText text => text.Item.GetXmlText(),
            _ => "",
        };
        XmlDocumentation documentation = XmlDocumentation.Parse(xml);
        if (documentation.Summary is { Length: > 0 } summary)
        {
            yield return summary;
        }

        if (detailed && element.Symbol?.Value is FSharpMemberOrFunctionOrValue function)
        {
            foreach (string name in function.CurriedParameterGroups.SelectMany(g => g).Select(p => p.Name?.Value).OfType<string>())
            {
                if (documentation.Parameter(name) is { Length: > 0 } parameter)
                {
                    yield return $"{name}: {parameter}";
                }
            }
        }
    }

    private static string Text(RichText text) => text.Text.Trim();
}
