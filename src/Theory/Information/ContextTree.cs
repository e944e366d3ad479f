namespace ArKernel.Theory.Information;

/// <summary>
/// Context-tree weighting (Willems, Shtarkov &amp; Tjalkens 1995): a mixture over all suffix-tree sources up to a depth, each leaf with the
/// estimator of Krichevsky and Trofimov. P_w(s) = P_e(s) at full depth, else ½ P_e(s) + ½ Π P_w(children). It predicts symbol after symbol
/// and learns from each; its code length exceeds that of the best tree with L leaves by at most about (L/2) log₂(n/L) + 3L bits.
/// </summary>
/// <remarks>
/// Kept at each node is β = P_e/Π P_w(children), in ordinary floating point and with nothing but sums, products and quotients, so that every
/// machine computes the same bits and a compressor may rely on it.
/// </remarks>
public sealed class ContextTree
{
    private const double LargestRatio = 1e250;
    private const int None = -1;

    private readonly double pseudoCount;
    private readonly int[] past; // the last symbol first
    private readonly int[] path;
    private readonly List<Node> nodes = [];
    private readonly List<Entry> entries = [];

    /// <summary>A tree that has seen nothing.</summary>
    /// <param name="alphabet">The number of symbols.</param>
    /// <param name="depth">The longest context.</param>
    /// <param name="past">The symbols before the first, oldest first; where they are fewer than the depth, zeros stand before them.</param>
    /// <param name="pseudoCount">What is added to each symbol's count: ½ is Krichevsky and Trofimov's; large alphabets of which few symbols follow a context want less.</param>
    /// <exception cref="ArgumentException">The alphabet has fewer than two symbols, the depth is negative, the pseudo-count is not positive, or a past symbol is not one of the alphabet.</exception>
    public ContextTree(int alphabet, int depth, ReadOnlySpan<int> past = default, double pseudoCount = 0.5)
    {
        if (alphabet < 2 || depth < 0 || !(pseudoCount > 0) || !double.IsFinite(pseudoCount))
        {
            throw new ArgumentException($"An alphabet of {alphabet}, a depth of {depth} and a pseudo-count of {pseudoCount} were given; they must be at least 2, at least 0 and positive.");
        }

        (Alphabet, Depth, this.pseudoCount) = (alphabet, depth, pseudoCount);
        (this.past, path) = (new int[depth], new int[depth + 1]);
        for (int i = Math.Max(0, past.Length - depth); i < past.Length; i++)
        {
            CheckSymbol(past[i]);
            Remember(past[i]);
        }

        NewNode();
    }

    /// <summary>The number of symbols.</summary>
    public int Alphabet { get; }

    /// <summary>The longest context.</summary>
    public int Depth { get; }

    /// <summary>The logarithm of the probability of everything seen so far, base 2: minus the ideal code length in bits.</summary>
    public double Log2Probability { get; private set; }

    /// <summary>The nodes of the tree so far.</summary>
    public int Nodes => nodes.Count;

    /// <summary>The probability of each symbol to come next.</summary>
    /// <param name="probabilities">Receives them, as many as symbols.</param>
    /// <exception cref="ArgumentException">There are not as many.</exception>
    public void Predict(Span<double> probabilities)
    {
        if (probabilities.Length != Alphabet)
        {
            throw new ArgumentException($"{Alphabet} symbols need as many probabilities, not {probabilities.Length}.");
        }

        int deepest = Descend();
        probabilities.Fill(1.0 / Alphabet);
        for (int level = deepest; level >= 0; level--)
        {
            Node node = nodes[path[level]];
            // At full depth there is nothing to weigh the node's own estimate against.
            double weight = level == Depth ? 1 : node.Ratio / (node.Ratio + 1);
            double scale = weight / (node.Count + pseudoCount * Alphabet);
            for (int symbol = 0; symbol < probabilities.Length; symbol++)
            {
                probabilities[symbol] = (1 - weight) * probabilities[symbol] + pseudoCount * scale;
            }

            for (int entry = node.First; entry != None; entry = entries[entry].Next)
            {
                probabilities[entries[entry].Symbol] += entries[entry].Count * scale;
            }
        }
    }

    /// <summary>Learns the symbol that came.</summary>
    /// <param name="symbol">The symbol.</param>
    /// <returns>The probability it had.</returns>
    /// <exception cref="ArgumentException">It is not one of the alphabet.</exception>
    public double Update(int symbol)
    {
        CheckSymbol(symbol);
        for (int level = Descend() + 1; level <= Depth; level++)
        {
            int child = NewNode();
            path[level] = child;
            int entry = Find(path[level - 1], past[level - 1], create: true);
            entries[entry] = entries[entry] with { Child = child };
        }

        double weighted = 1;
        for (int level = Depth; level >= 0; level--)
        {
            int at = path[level];
            Node node = nodes[at];
            int entry = Find(at, symbol, create: true);
            double own = (entries[entry].Count + pseudoCount) / (node.Count + pseudoCount * Alphabet);
            entries[entry] = entries[entry] with { Count = entries[entry].Count + 1 };
            node = nodes[at] with { Count = node.Count + 1 };
            if (level == Depth)
            {
                weighted = own;
            }
            else
            {
                double child = weighted;
                weighted = (node.Ratio * own + child) / (node.Ratio + 1);
                // Beyond this the other side has no weight that a double could show.
                node = node with { Ratio = Math.Clamp(node.Ratio * (own / child), 1 / LargestRatio, LargestRatio) };
            }

            nodes[at] = node;
        }

        Log2Probability += Math.Log2(weighted);
        Remember(symbol);
        return weighted;
    }

    /// <summary>Finds the nodes of the present context; the depth of the last that exists.</summary>
    private int Descend()
    {
        path[0] = 0;
        for (int level = 1; level <= Depth; level++)
        {
            int entry = Find(path[level - 1], past[level - 1], create: false);
            if (entry == None || entries[entry].Child == None)
            {
                return level - 1;
            }

            path[level] = entries[entry].Child;
        }

        return Depth;
    }

    private int Find(int node, int symbol, bool create)
    {
        int entry = nodes[node].First;
        while (entry != None && entries[entry].Symbol != symbol)
        {
            entry = entries[entry].Next;
        }

        if (entry == None && create)
        {
            entry = entries.Count;
            entries.Add(new Entry(symbol, 0, None, nodes[node].First));
            nodes[node] = nodes[node] with { First = entry };
        }

        return entry;
    }

    private int NewNode()
    {
        nodes.Add(new Node(1, 0, None));
        return nodes.Count - 1;
    }

    private void Remember(int symbol)
    {
        if (Depth > 0)
        {
            Array.Copy(past, 0, past, 1, Depth - 1);
            past[0] = symbol;
        }
    }

    private void CheckSymbol(int symbol)
    {
        if ((uint)symbol >= (uint)Alphabet)
        {
            throw new ArgumentException($"Symbol {symbol} is not one of 0..{Alphabet - 1}.");
        }
    }

    /// <summary>A context: β, the symbols counted after it, and the first of its entries.</summary>
    private readonly record struct Node(double Ratio, int Count, int First);

    /// <summary>Of a node and a symbol: how often the symbol came after the context, and the context that is longer by it.</summary>
    private readonly record struct Entry(int Symbol, int Count, int Child, int Next);
}
