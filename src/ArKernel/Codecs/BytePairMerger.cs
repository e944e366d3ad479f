namespace ArKernel.Codecs;

/// <summary>
/// Encodes words of any length: the merge learned first of those that apply comes next from a heap, so a word of n bytes costs n log n and not
/// n² as in the tokenizer, which is made for words of some letters. Texts without spaces, such as genomes, are one word of a million.
/// </summary>
internal sealed class BytePairMerger(IReadOnlyList<int> idOfByte, IReadOnlyDictionary<(int Left, int Right), (int Rank, int Merged)> merges)
{
    /// <summary>Adds the tokens of a word.</summary>
    public void Encode(ReadOnlySpan<byte> word, List<int> tokens)
    {
        int[] symbols = new int[word.Length], next = new int[word.Length], previous = new int[word.Length];
        var queue = new PriorityQueue<(int Place, int Left, int Right), (int Rank, int Place)>();
        for (int i = 0; i < word.Length; i++)
        {
            (symbols[i], next[i], previous[i]) = (idOfByte[word[i]], i + 1 < word.Length ? i + 1 : -1, i - 1);
        }

        for (int i = 0; i + 1 < word.Length; i++)
        {
            Propose(i);
        }

        while (queue.TryDequeue(out (int Place, int Left, int Right) pair, out _))
        {
            int second = next[pair.Place];
            if (symbols[pair.Place] != pair.Left || second < 0 || symbols[second] != pair.Right)
            {
                continue; // one of the two was merged with another since
            }

            (symbols[pair.Place], symbols[second]) = (merges[(pair.Left, pair.Right)].Merged, -1);
            next[pair.Place] = next[second];
            if (next[second] >= 0)
            {
                previous[next[second]] = pair.Place;
                Propose(pair.Place);
            }

            if (previous[pair.Place] >= 0)
            {
                Propose(previous[pair.Place]);
            }
        }

        for (int i = word.Length == 0 ? -1 : 0; i >= 0; i = next[i])
        {
            tokens.Add(symbols[i]);
        }

        void Propose(int place)
        {
            (int Left, int Right) pair = (symbols[place], symbols[next[place]]);
            if (merges.TryGetValue(pair, out (int Rank, int Merged) merge))
            {
                queue.Enqueue((place, pair.Left, pair.Right), (merge.Rank, place));
            }
        }
    }

    /// <summary>Whether a text may hold a word longer than a number of characters: a run of letters, digits, spaces or other signs.</summary>
    public static bool HasRun(string text, int longest)
    {
        int run = 0, kind = -1;
        foreach (char character in text)
        {
            int now = char.IsLetter(character) ? 0 : char.IsNumber(character) ? 1 : char.IsWhiteSpace(character) ? 2 : 3;
            run = now == kind ? run + 1 : 1;
            kind = now;
            if (run > longest)
            {
                return true;
            }
        }

        return false;
    }
}
