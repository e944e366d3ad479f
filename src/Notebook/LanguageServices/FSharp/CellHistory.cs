using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

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

    private readonly List<Segment> segments = [];
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
    public string[] Files => [.. segments.Select(s => s.Text), .. Enumerable.Repeat(Segment.Start, FileCount - segments.Count)];

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

        segments.Add(Segment.Of(new Module(Hash(blanked), text.Length), text));
        while (segments.Count > 1 && (segments.Count > FileCount || IsDue(segments[^2].Modules.Count, segments[^1].Modules.Count)))
        {
            segments[^2] = segments[^2].Join(segments[^1]);
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

    private static UInt128 Hash(string code) => BinaryPrimitives.ReadUInt128LittleEndian(SHA256.HashData(MemoryMarshal.AsBytes(code.AsSpan())));

    /// <param name="Code">Tells whether it is the same code as another's.</param>
    /// <param name="Length">How many characters of its file it takes.</param>
    private readonly record struct Module(UInt128 Code, int Length);

    /// <summary>A file, and the modules in it. The text is here once.</summary>
    private sealed record Segment(string Text, IReadOnlyList<Module> Modules)
    {
        public const string Start = "namespace global\n";

        public static Segment Of(Module module, string text) => new(Start + text, [module]);

        /// <summary>The file with those of the next one behind its modules; what is run again there is left out here, as what it declared is hidden.</summary>
        public Segment Join(Segment next)
        {
            HashSet<UInt128> again = [.. next.Modules.Select(m => m.Code)];
            StringBuilder text = new(Start);
            List<Module> modules = [];
            int place = Start.Length;
            foreach (Module module in Modules)
            {
                if (!again.Contains(module.Code))
                {
                    text.Append(Text, place, module.Length);
                    modules.Add(module);
                }

                place += module.Length;
            }

            return new Segment(text.Append(next.Text, Start.Length, next.Text.Length - Start.Length).ToString(), [.. modules, .. next.Modules]);
        }
    }
}
