using System.Runtime.CompilerServices;
using System.Xml.Linq;
using Microsoft.DotNet.Interactive.Formatting;
using TorchSharp;

// Tensors are counted for the whole process, so tests that compare counts must run alone.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace ArKernel.Interactive.Tests;

/// <summary>Stands where a host stands: loads the extension and keeps what is displayed, rendered at once as hosts do.</summary>
internal static class Notebook
{
    private static readonly AsyncLocal<List<(string Html, string Text)>?> Shown = new();

    [ModuleInitializer]
    internal static void Load()
    {
        if (LoadProbe.IsWanted)
        {
            LoadProbe.Run();
        }

        torch.set_num_threads(1);
        Extension.Load(Display, () => CancellationToken.None);
    }

    /// <summary>The number of tensors alive, after those that earlier tests left to the garbage collector are gone.</summary>
    public static long SettledTensorCount()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return torch.Tensor.TotalCount;
    }

    /// <summary>What was displayed by an action, updates included.</summary>
    public static List<(string Html, string Text)> Record(Action action)
    {
        Shown.Value = [];
        action();
        return Shown.Value;
    }

    /// <summary>The HTML of a value as a host renders it; proves that it is well-formed and needs nothing from outside.</summary>
    public static string HtmlOf(object value)
    {
        Assert.Contains("text/html", Formatter.GetPreferredMimeTypesFor(value.GetType()));
        string html = value.ToDisplayString("text/html");
        Check(html);
        return html;
    }

    public static string TextOf(object value) => value.ToDisplayString("text/plain");

    public static void Check(string html)
    {
        XElement root = XElement.Parse($"<r>{html}</r>");
        Assert.DoesNotContain(root.Descendants(), element => element.Name.LocalName is "script" or "link" or "iframe" or "object");
        Assert.DoesNotContain(root.Descendants().Attributes(), attribute =>
            attribute.Name.LocalName.StartsWith("on", StringComparison.OrdinalIgnoreCase)
            || (attribute.Name.LocalName is "src" or "href" && !attribute.Value.StartsWith("data:", StringComparison.Ordinal) && !attribute.Value.StartsWith('#')));
        Assert.DoesNotContain("NaN\"", html, StringComparison.Ordinal); // a coordinate that is no number
        Assert.True(html.Length < 600_000, $"The view has {html.Length} characters.");
    }

    private static Action<object> Display(object value)
    {
        Add(value);
        return Add;

        static void Add(object value) => Shown.Value?.Add((HtmlOf(value), TextOf(value)));
    }
}
