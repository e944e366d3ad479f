using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace ArKernel.Notebooks.Jupyter;

/// <summary>
/// What was run, over all sessions, in one file of JSON lines that only its owner can read. Kernels that run at the same time share it: each
/// appends whole lines.
/// </summary>
internal sealed class History
{
    private const int MostEntries = 10_000;

    private readonly string? path;
    private readonly Action<string> log;
    private readonly Lock gate = new();
    private List<Entry>? entries;
    private bool failed;
    private int session;

    /// <summary>Opens the history; the file is read when it is first asked for.</summary>
    /// <param name="folder">The folder it lies in; null keeps it in memory.</param>
    /// <param name="language">Whose history it is.</param>
    /// <param name="log">Receives a line when the file cannot be used.</param>
    public History(string? folder, string language, Action<string> log)
    {
        this.log = log;
        path = folder is null ? null : Path.Combine(folder, "history", language + ".jsonl");
    }

    private sealed record Entry(int Session, int Line, string Input, string? Output);

    /// <summary>Adds what was run.</summary>
    public void Add(int line, string input, string? output)
    {
        lock (gate)
        {
            List<Entry> all = Load();
            Entry entry = new(session, line, input, output);
            all.Add(entry);
            if (path is null || failed)
            {
                return;
            }

            try
            {
                JsonObject json = new() { ["session"] = session, ["line"] = line, ["input"] = input, ["output"] = output };
                using FileStream file = Open(path, FileMode.Append);
                RandomAccess.Write(file.SafeFileHandle, [.. JsonSerializer.SerializeToUtf8Bytes(json, JupyterJson.Options), (byte)'\n'], file.Length); // one write: whole lines
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                failed = true; // said once, not for every cell
                log($"the history cannot be kept: {exception.Message}");
            }
        }
    }

    /// <summary>Answers a <c>history_request</c>.</summary>
    public JsonArray Find(JsonObject request)
    {
        bool withOutput = JupyterMessage.Flag(request, "output", false);
        List<Entry> found;
        lock (gate)
        {
            List<Entry> all = Load();
            int number = JupyterMessage.Number(request, "n", MostEntries);
            found = JupyterMessage.Text(request, "hist_access_type") switch
            {
                "range" => Range(all, JupyterMessage.Number(request, "session", 0), JupyterMessage.Number(request, "start", 0), JupyterMessage.Number(request, "stop", int.MaxValue)),
                "search" => Search(all, JupyterMessage.Text(request, "pattern"), JupyterMessage.Flag(request, "unique", false), number),
                _ => all.TakeLast(number).ToList(),
            };
        }

        return [.. found.Select(e => (JsonNode)new JsonArray(e.Session, e.Line, withOutput ? new JsonArray(e.Input, e.Output) : JsonValue.Create(e.Input)))];
    }

    // Session 0 is the running one, a negative number counts back from it.
    private List<Entry> Range(List<Entry> all, int asked, int start, int stop)
    {
        int wanted = asked > 0 ? asked : session + asked;
        return all.FindAll(e => e.Session == wanted && e.Line >= start && e.Line < stop);
    }

    private static List<Entry> Search(List<Entry> all, string pattern, bool unique, int number)
    {
        Regex glob = new("^" + Regex.Escape(pattern.Length == 0 ? "*" : pattern).Replace("\\*", ".*", StringComparison.Ordinal).Replace("\\?", ".", StringComparison.Ordinal) + "$", RegexOptions.Singleline | RegexOptions.NonBacktracking, TimeSpan.FromSeconds(1));
        IEnumerable<Entry> matches = all.AsEnumerable().Reverse().Where(e => glob.IsMatch(e.Input));
        return [.. (unique ? matches.DistinctBy(e => e.Input, StringComparer.Ordinal) : matches).Take(number).Reverse()];
    }

    private List<Entry> Load()
    {
        if (entries is not null)
        {
            return entries;
        }

        entries = [];
        try
        {
            if (path is not null && File.Exists(path))
            {
                string[] lines = File.ReadAllLines(path);
                entries.AddRange(lines.TakeLast(MostEntries).Select(Parse).OfType<Entry>());
                if (lines.Length > 2 * MostEntries)
                {
                    Shorten(path, lines);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            log($"the history cannot be read: {exception.Message}");
        }

        session = entries.Count == 0 ? 1 : entries.Max(e => e.Session) + 1;
        return entries;
    }

    private static Entry? Parse(string line)
    {
        try
        {
            return JsonNode.Parse(line) is JsonObject json
                ? new Entry(JupyterMessage.Number(json, "session", 0), JupyterMessage.Number(json, "line", 0), JupyterMessage.Text(json, "input"), json["output"]?.GetValue<string>())
                : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or ArgumentException)
        {
            return null; // a line cut short by a crash
        }
    }

    private static void Shorten(string path, string[] lines)
    {
        string temporary = path + "." + Guid.NewGuid().ToString("N") + ".tmp";
        using (FileStream file = Open(temporary, FileMode.CreateNew))
        using (StreamWriter writer = new(file))
        {
            foreach (string line in lines.TakeLast(MostEntries))
            {
                writer.WriteLine(line);
            }
        }

        File.Move(temporary, path, overwrite: true);
    }

    private static FileStream Open(string path, FileMode mode)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        FileStreamOptions options = new() { Mode = mode, Access = FileAccess.Write, Share = FileShare.ReadWrite };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(path, options);
    }
}
