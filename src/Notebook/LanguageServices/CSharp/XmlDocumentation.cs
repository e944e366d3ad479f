using System.Text;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;

namespace ArKernel.Notebooks.LanguageServices.CSharp;

/// <summary>A documentation comment as text.</summary>
internal sealed partial class XmlDocumentation
{
    private static readonly XmlDocumentation Empty = new(new XElement("member"));

    private readonly XElement member;

    private XmlDocumentation(XElement member) => this.member = member;

    /// <summary>What the symbol does.</summary>
    public string Summary => TextOf(member.Element("summary"));

    /// <summary>The documentation of a symbol, empty when it has none.</summary>
    public static XmlDocumentation Of(ISymbol symbol) => Parse(symbol.GetDocumentationCommentXml(expandIncludes: false));

    /// <summary>The documentation in a comment.</summary>
    public static XmlDocumentation Parse(string? xml)
    {
        if (string.IsNullOrWhiteSpace(xml))
        {
            return Empty;
        }

        try
        {
            XElement root = XElement.Parse($"<root>{xml}</root>", LoadOptions.PreserveWhitespace);
            return new XmlDocumentation(root.Element("member") ?? root);
        }
        catch (XmlException)
        {
            return Empty; // a comment that is not well formed documents nothing
        }
    }

    /// <summary>What a parameter is.</summary>
    public string Parameter(string name) => TextOf(member.Elements("param").FirstOrDefault(p => (string?)p.Attribute("name") == name));

    private static string TextOf(XElement? element)
    {
        if (element is null)
        {
            return "";
        }

        StringBuilder text = new();
        Append(element, text);
        return Blank().Replace(text.ToString(), " ").Replace(" \u2029", "\n").Replace("\u2029 ", "\n").Replace('\u2029', '\n').Trim();
    }

    private static void Append(XElement element, StringBuilder text)
    {
        foreach (XNode node in element.Nodes())
        {
            if (node is XText content)
            {
                text.Append(content.Value);
            }
            else if (node is XElement inner)
            {
                bool isBlock = inner.Name.LocalName is "para" or "item" or "code" or "br";
                text.Append(isBlock ? "\u2029" : "");
                text.Append(inner.Name.LocalName is "item" ? "- " : "");
                _ = inner.IsEmpty || inner.Value.Length == 0 ? text.Append(Reference(inner)) : null;
                Append(inner, text);
                text.Append(isBlock ? "\u2029" : "");
            }
        }
    }

    private static string Reference(XElement element)
    {
        string? target = (string?)element.Attribute("langword") ?? (string?)element.Attribute("name") ?? (string?)element.Attribute("cref") ?? (string?)element.Attribute("href");
        if (target is null || target.Length < 2 || target[1] != ':')
        {
            return target ?? "";
        }

        // M:System.Collections.Generic.List`1.Add(`0) is Add to a reader.
        string name = Arity().Replace(target[2..].Split('(')[0], "");
        string last = name[(name.LastIndexOf('.') + 1)..];
        return last is "#ctor" ? name.Split('.')[^2] : last;
    }

    [GeneratedRegex(@"[ \t\r\n]+")]
    private static partial Regex Blank();

    [GeneratedRegex("`+[0-9]+")]
    private static partial Regex Arity();
}
