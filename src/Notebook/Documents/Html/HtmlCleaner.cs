using System.Net;
using AngleSharp.Css.Dom;
using AngleSharp.Dom;
using Ganss.Xss;

namespace ArKernel.Notebooks.Documents;

/// <summary>Keeps of HTML what cannot act: markup, tables, drawings and styles, no scripts, frames, forms or event handlers.</summary>
internal static class HtmlCleaner
{
    /// <summary>The sanitiser recurses into nested elements, and there are no more levels than tags.</summary>
    private const int MostTags = 100_000;

    private static readonly HtmlSanitizer Sanitizer = Create();

    public static string Clean(string html)
    {
        if (html.AsSpan().Count('<') > MostTags)
        {
            return $"<pre>{WebUtility.HtmlEncode(html.Length > 10_000 ? html[..10_000] + " …" : html)}</pre>";
        }

        lock (Sanitizer)
        {
            return Sanitizer.Sanitize(html);
        }
    }

    private static HtmlSanitizer Create()
    {
        var sanitizer = new HtmlSanitizer();
        foreach (string tag in "style svg g path rect circle ellipse line polyline polygon text tspan title desc defs clipPath linearGradient radialGradient stop symbol marker pattern mask figure figcaption picture".Split(' '))
        {
            sanitizer.AllowedTags.Add(tag);
        }

        foreach (string tag in "form input button textarea select option optgroup fieldset legend label keygen".Split(' '))
        {
            sanitizer.AllowedTags.Remove(tag);
        }

        foreach (string attribute in ("class id role aria-label aria-hidden open viewBox preserveAspectRatio d x y x1 y1 x2 y2 cx cy r rx ry dx dy fx fy points transform fill fill-opacity " +
            "fill-rule stroke stroke-width stroke-opacity stroke-dasharray stroke-dashoffset stroke-linecap stroke-linejoin stroke-miterlimit opacity offset stop-color stop-opacity " +
            "gradientUnits gradientTransform patternUnits text-anchor dominant-baseline alignment-baseline font-family font-size font-weight font-style letter-spacing clip-path " +
            "clip-rule mask marker-start marker-mid marker-end markerWidth markerHeight refX refY orient vector-effect shape-rendering text-rendering image-rendering xmlns xml:space").Split(' '))
        {
            sanitizer.AllowedAttributes.Add(attribute);
        }

        foreach (string property in ("fill stroke stroke-width stroke-opacity fill-opacity stroke-dasharray stroke-linecap stroke-linejoin text-anchor dominant-baseline image-rendering shape-rendering color-scheme " +
            "grid grid-template-columns grid-template-rows grid-auto-flow grid-column grid-row grid-gap gap row-gap column-gap flex flex-direction flex-wrap flex-grow flex-shrink flex-basis justify-content align-items " +
            "align-self align-content order aspect-ratio object-fit tab-size font-variant-numeric overflow-x overflow-y overflow-wrap user-select").Split(' '))
        {
            sanitizer.AllowedCssProperties.Add(property);
        }

        sanitizer.AllowedAtRules.Add(CssRuleType.Media);
        sanitizer.AllowedSchemes.Add("mailto");
        sanitizer.FilterUrl += (_, args) =>
        {
            if (args.Tag.LocalName is "img" && args.OriginalUrl.StartsWith("data:image/", StringComparison.OrdinalIgnoreCase))
            {
                args.SanitizedUrl = args.OriginalUrl;
            }
        };
        sanitizer.PostProcessNode += (_, args) =>
        {
            if (args.Node is IElement { LocalName: "style" } style)
            {
                // A style holds for the output it comes with, not for the page around it.
                foreach (string name in style.Attributes.Select(attribute => attribute.Name).ToArray())
                {
                    style.RemoveAttribute(name);
                }

                style.TextContent = $"@scope {{{style.TextContent}}}";
            }
        };
        return sanitizer;
    }
}
