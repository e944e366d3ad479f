namespace ArKernel.Notebooks.Engine.Staleness;

/// <summary>
/// The cells that have run, in the order of the notebook, which is taken to be that of their first runs. A cell is known by its id; without one,
/// by its text, and one that defines all that an earlier one did takes the earlier one's place.
/// </summary>
internal sealed class CellHistory
{
    private readonly List<CellRecord> records = [];
    private long clock;

    /// <summary>Takes note of code of a cell that has become part of the state.</summary>
    public void Add(CellRecord record, string language, Func<CellSymbols> symbols)
    {
        record.Add(language, symbols);
        record.Ran = ++clock;
        int place = records.FindIndex(r => r == record || AreSame(r.Cell, record.Cell));
        if (place < 0)
        {
            records.Add(record);
        }
        else
        {
            records[place] = record;
        }
    }

    /// <summary>
    /// The stale cells in notebook order. A cell is stale when a cell before it has written a name that it uses after it ran, or is stale
    /// itself and writes such a name. What cells after it write is none of its inputs: a notebook that ran once from top to bottom is not stale.
    /// </summary>
    public IReadOnlyList<StaleCell> Stale()
    {
        Reorder();
        Dictionary<(string, string), (string Language, string Name)[]> definitions = [];
        foreach (CellRecord record in records.OrderBy(r => r.Ran))
        {
            foreach (((string, string) symbol, IEnumerable<(string, string)> writes) in record.Definitions)
            {
                definitions[symbol] = [.. writes];
            }
        }

        List<StaleCell> stale = [];
        Dictionary<(string, string), CellRecord> newest = []; // who wrote a name last, of the cells before
        Dictionary<(string, string), CellRecord> pending = []; // which stale cell is still to write it
        foreach (CellRecord record in records)
        {
            (string Language, string Name)[] reads = [.. record.Reads.Distinct()];
            StaleCell? found = reads.Where(n => newest.TryGetValue(n, out CellRecord? writer) && writer.Ran > record.Ran)
                    .Select(n => new StaleCell(record.Cell, n.Name, newest[n].Cell, IsTransitive: false)).FirstOrDefault()
                ?? reads.Where(pending.ContainsKey)
                    .Select(n => new StaleCell(record.Cell, n.Name, pending[n].Cell, IsTransitive: true)).FirstOrDefault();
            if (found is not null)
            {
                stale.Add(found);
            }

            IEnumerable<(string, string)> writes = record.Writes.Concat(record.Definitions.Select(d => d.Symbol)).Concat(reads.SelectMany(n => definitions.GetValueOrDefault(n, [])));
            foreach ((string, string) name in writes.Distinct())
            {
                if (!newest.TryGetValue(name, out CellRecord? writer) || writer.Ran < record.Ran)
                {
                    newest[name] = record;
                }

                if (found is not null)
                {
                    pending[name] = record;
                }
                else
                {
                    pending.Remove(name); // a cell that is up to date has written it since
                }
            }
        }

        return stale;
    }

    private static bool AreSame(CellSubmission a, CellSubmission b) =>
        a.Id is null && b.Id is null ? string.Equals(a.Source, b.Source, StringComparison.Ordinal) : string.Equals(a.Id, b.Id, StringComparison.Ordinal);

    private void Reorder()
    {
        for (int i = 1; i < records.Count; i++)
        {
            HashSet<(string, string)> defined = [.. records[i].Definitions.Select(d => d.Symbol)];
            int place = records[i].Cell.Id is not null || defined.Count == 0 ? -1 : records.FindIndex(0, i, r =>
                r.Cell.Id is null && r.Ran < records[i].Ran && r.Definitions.Any() && r.Definitions.All(d => defined.Contains(d.Symbol)));
            if (place >= 0)
            {
                records[place] = records[i];
                records.RemoveAt(i--);
            }
        }
    }
}
