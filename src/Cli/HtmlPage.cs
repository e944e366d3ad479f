using ArKernel.Notebooks.Documents;

namespace ArKernel.Cli;

/// <summary>Writes a notebook as one web page.</summary>
internal static class HtmlPage
{
    public static void Write(NotebookDocument document, string notebook, string path)
    {
        string page = HtmlExporter.Export(document, Path.GetFileNameWithoutExtension(notebook), PlotlyScript);
        NotebookFile.WriteAtomically(path, writer => writer.Write(page));
    }

    /// <summary>plotly.js as Plotly.NET carries it: the version its charts are made for, and nothing to fetch.</summary>
    private static string? PlotlyScript()
    {
        var assembly = typeof(Plotly.NET.GenericChart).Assembly;
        string? name = Array.Find(assembly.GetManifestResourceNames(), name => name.Contains("plotly", StringComparison.OrdinalIgnoreCase) && name.EndsWith(".min.js", StringComparison.Ordinal));
        if (name is null)
        {
            return null;
        }

        using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
