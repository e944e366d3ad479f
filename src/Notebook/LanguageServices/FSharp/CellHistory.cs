namespace ArKernel.Notebooks.LanguageServices.FSharp;

/// <summary>
/// The accepted cells as the source files of a project, so that the compiler checks each once. Every cell is a module that opens itself; later
/// ones hide what earlier ones declared. A file that changes has those behind it checked again, so a cell is added to the last one, and
/// neighbours of like size are joined: there are few files, and a cell is checked a few times only, however many there are.
/// </summary>
internal sealed class CellHistory
{
    /// <summary>How many files there are; those behind the last cell are empty.</summary>
    public const int FileCount = 32;

    private const int MostJoined = 64; // joining more would make one acceptance slow

    private readonly List<List<Module>> segments = [];
    private readonly List<string> opens = [];
    private readonly IReadOnlyList<string> initialOpens;
    private int count;

    /// <param name="opens">What every cell opens, as it stands behind the word.</param>
    public CellHistory(IReadOnlyList<string> opens)
    {
        initialOpens = opens;
        this.opens.AddRange(opens);
    }

    /// <summary>What a cell opens that comes next.</summary>
    public IReadOnlyList<string> Opens => opens;

    /// <summary>The text of each file.</summary>
    public string[] Files
    {
        get
        {
            string[] files = new string[FileCount];
            for (int i = 0; i < FileCount; i++)
            {
                files[i] = "namespace global\n" + (i < segments.Count ? string.Concat(segments[i].Select(m => m.Text)) : "");
            }

            return files;
        }
    }

    public void Add(string code)
    {
        string blanked = Code.WithoutDirectives(code).ReplaceLineEndings("\n");
        string header = $"[<AutoOpen>]\nmodule Cell{++count} =\n";
        string text = header + string.Concat(opens.Select(o => $"    open {o}\n")) + string.Concat(blanked.Split('\n').Select(l => $"    {l}\n")) + "    ()\n";
        foreach (string open in Code.Opens(blanked))
        {
            opens.Remove(open);
            opens.Add(open);
        }

        segments.Add([new Module(blanked, text)]);
        while (segments.Count > 1 && (segments.Count > FileCount || IsDue(segments[^2].Count, segments[^1].Count)))
        {
            HashSet<string> last = [.. segments[^1].Select(m => m.Code)];
            segments[^2].RemoveAll(m => last.Contains(m.Code)); // run again: what it declared then is hidden
            segments[^2].AddRange(segments[^1]);
            segments.RemoveAt(segments.Count - 1);
        }
    }

    public void Clear()
    {
        segments.Clear();
        opens.Clear();
        opens.AddRange(initialOpens);
    }

    private static bool IsDue(int earlier, int last) => earlier <= last && earlier + last <= MostJoined;

    /// <param name="Code">What the user wrote.</param>
    /// <param name="Text">The module it became.</param>
    private sealed record Module(string Code, string Text);
}
