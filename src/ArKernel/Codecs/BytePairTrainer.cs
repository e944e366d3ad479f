using System.Text;

namespace ArKernel.Codecs;

/// <summary>
/// Learns byte-pair merges. Pair counts are kept up to date word by word: a merge touches only the words that hold its pair, and the most
/// frequent pair comes from a heap whose stale entries are dropped when they surface, so the cost follows the changes, not the corpus.
/// </summary>
internal static class BytePairTrainer
{
    /// <summary>The merges, most frequent first; merge i makes token 256 + i. Ties go to the pair with the smaller ids.</summary>
    public static List<(int Left, int Right)> Learn(IReadOnlyDictionary<string, int> wordCounts, int mergeCount)
    {
        var words = new List<Word>(wordCounts.Count);
        var counts = new Dictionary<(int, int), int>();
        var holders = new Dictionary<(int, int), HashSet<int>>();
        foreach ((string text, int count) in wordCounts.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            var word = new Word([.. Encoding.UTF8.GetBytes(text).Select(value => (int)value)], count);
            for (int i = 0; i + 1 < word.Symbols.Count; i++)
            {
                Add((word.Symbols[i], word.Symbols[i + 1]), count, words.Count);
            }

            words.Add(word);
        }

        var queue = new PriorityQueue<((int Left, int Right) Pair, int Count), (int Count, int Left, int Right)>();
        foreach (((int, int) pair, int count) in counts)
        {
            Enqueue(pair, count);
        }

        var merges = new List<(int Left, int Right)>(mergeCount);
        while (merges.Count < mergeCount && queue.TryDequeue(out var top, out _))
        {
            if (counts.GetValueOrDefault(top.Pair) != top.Count)
            {
                continue; // stale: the pair was counted anew since
            }

            if (top.Count < 2)
            {
                break;
            }

            int merged = 256 + merges.Count;
            merges.Add(top.Pair);
            var changed = new HashSet<(int, int)>();
            foreach (int index in holders[top.Pair])
            {
                Merge(words[index], index, top.Pair, merged, changed);
            }

            holders.Remove(top.Pair);
            counts.Remove(top.Pair);
            foreach ((int, int) pair in changed)
            {
                if (counts.TryGetValue(pair, out int count) && count > 0)
                {
                    Enqueue(pair, count);
                }
            }
        }

        return merges;

        void Enqueue((int Left, int Right) pair, int count) => queue.Enqueue((pair, count), (-count, pair.Left, pair.Right));

        void Add((int, int) pair, int count, int word)
        {
            counts[pair] = counts.GetValueOrDefault(pair) + count;
            if (!holders.TryGetValue(pair, out HashSet<int>? set))
            {
                holders[pair] = set = [];
            }

            set.Add(word);
        }

        void Merge(Word word, int index, (int Left, int Right) pair, int merged, HashSet<(int, int)> changed)
        {
            List<int> symbols = word.Symbols;
            for (int i = 0; i + 1 < symbols.Count; i++)
            {
                counts[(symbols[i], symbols[i + 1])] -= word.Count;
                changed.Add((symbols[i], symbols[i + 1]));
            }

            int kept = 0;
            for (int i = 0; i < symbols.Count; kept++)
            {
                bool here = i + 1 < symbols.Count && symbols[i] == pair.Left && symbols[i + 1] == pair.Right;
                symbols[kept] = here ? merged : symbols[i];
                i += here ? 2 : 1;
            }

            symbols.RemoveRange(kept, symbols.Count - kept);
            for (int i = 0; i + 1 < symbols.Count; i++)
            {
                // The word being merged is already among the holders of its unchanged pairs.
                (int, int) now = (symbols[i], symbols[i + 1]);
                Add(now, word.Count, index);
                changed.Add(now);
            }
        }
    }

    private sealed record Word(List<int> Symbols, int Count);
}
