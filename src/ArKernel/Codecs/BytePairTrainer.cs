using System.Text;

namespace ArKernel.Codecs;

/// <summary>
/// Learns byte-pair merges. Every word stands once in one linked list of symbols; a pair knows where it stands, so a merge touches those places
/// and their neighbours alone, however long the words are. The most frequent pair comes from a heap whose stale entries are dropped when
/// they surface. The cost follows the changes, not the corpus.
/// </summary>
internal sealed class BytePairTrainer
{
    private readonly List<int> symbols = []; // −1 where a merge has taken the symbol in
    private readonly List<int> next = []; // −1 at the end of a word
    private readonly List<int> previous = []; // −1 at its beginning
    private readonly List<int> weights = []; // how often the word occurs
    private readonly Dictionary<(int Left, int Right), Occurrences> pairs = [];
    private readonly PriorityQueue<((int Left, int Right) Pair, long Count), (long Count, int Left, int Right)> queue = new();

    /// <summary>The merges, most frequent first; merge i makes token 256 + i. Ties go to the pair with the smaller ids.</summary>
    public static List<(int Left, int Right)> Learn(IReadOnlyDictionary<string, int> wordCounts, int mergeCount)
    {
        var trainer = new BytePairTrainer();
        foreach ((string text, int count) in wordCounts)
        {
            trainer.AddWord(Encoding.UTF8.GetBytes(text), count);
        }

        return trainer.Learn(mergeCount);
    }

    private void AddWord(byte[] word, int count)
    {
        int first = symbols.Count;
        for (int i = 0; i < word.Length; i++)
        {
            symbols.Add(word[i]);
            previous.Add(i == 0 ? -1 : first + i - 1);
            next.Add(i == word.Length - 1 ? -1 : first + i + 1);
            weights.Add(count);
            if (i > 0)
            {
                Count(first + i - 1, (word[i - 1], word[i]), null);
            }
        }
    }

    private List<(int Left, int Right)> Learn(int mergeCount)
    {
        foreach ((int, int) pair in pairs.Keys)
        {
            Enqueue(pair);
        }

        var merges = new List<(int Left, int Right)>();
        var changed = new HashSet<(int, int)>();
        while (merges.Count < mergeCount && queue.TryDequeue(out ((int Left, int Right) Pair, long Count) top, out _))
        {
            if (!pairs.TryGetValue(top.Pair, out Occurrences? occurrences) || occurrences.Count != top.Count)
            {
                continue; // stale: the pair was counted anew since
            }

            if (top.Count < 2)
            {
                break;
            }

            pairs.Remove(top.Pair);
            changed.Clear();
            occurrences.Places.Sort(); // left to right, so that of three equals the first two merge
            foreach (int place in occurrences.Places)
            {
                Merge(place, top.Pair, 256 + merges.Count, changed);
            }

            merges.Add(top.Pair);
            foreach ((int, int) pair in changed)
            {
                Enqueue(pair);
            }
        }

        return merges;
    }

    /// <summary>Merges the pair at a place, if it still stands there.</summary>
    private void Merge(int place, (int Left, int Right) pair, int merged, HashSet<(int, int)> changed)
    {
        int second = next[place];
        if (symbols[place] != pair.Left || second < 0 || symbols[second] != pair.Right)
        {
            return;
        }

        int before = previous[place], after = next[second];
        if (before >= 0)
        {
            Uncount(before, (symbols[before], pair.Left), changed);
            Count(before, (symbols[before], merged), changed);
        }

        if (after >= 0)
        {
            Uncount(second, (pair.Right, symbols[after]), changed);
            Count(place, (merged, symbols[after]), changed);
            previous[after] = place;
        }

        (symbols[place], next[place], symbols[second]) = (merged, after, -1);
    }

    private void Count(int place, (int Left, int Right) pair, HashSet<(int, int)>? changed)
    {
        if (!pairs.TryGetValue(pair, out Occurrences? occurrences))
        {
            pairs[pair] = occurrences = new Occurrences();
        }

        occurrences.Count += weights[place];
        occurrences.Places.Add(place);
        changed?.Add(pair);
    }

    private void Uncount(int place, (int Left, int Right) pair, HashSet<(int, int)> changed)
    {
        if (pairs.TryGetValue(pair, out Occurrences? occurrences))
        {
            occurrences.Count -= weights[place];
            changed.Add(pair);
        }
    }

    private void Enqueue((int Left, int Right) pair)
    {
        if (pairs.TryGetValue(pair, out Occurrences? occurrences) && occurrences.Count > 0)
        {
            queue.Enqueue((pair, occurrences.Count), (-occurrences.Count, pair.Left, pair.Right));
        }
    }

    /// <summary>How often a pair occurs, and where its left symbol stands or once stood.</summary>
    private sealed class Occurrences
    {
        public long Count { get; set; }

        public List<int> Places { get; } = [];
    }
}
