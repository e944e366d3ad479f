namespace ArKernel.Theory.Information;

/// <summary>
/// Compresses a sequence by a <see cref="ContextTree"/> and a range coder. The model's probabilities are rounded to integer frequencies, with which
/// both sides compute the same; 2 bytes before the code hold a version and a check sum. All of it is within 32 bits of the model's code length.
/// </summary>
public static class ContextTreeCompressor
{
    private const int Version = 1;
    private const ulong Parts = 1UL << 30;

    /// <summary>Compresses a sequence.</summary>
    /// <param name="symbols">The sequence.</param>
    /// <param name="depth">The longest context.</param>
    /// <param name="pseudoCount">What the model adds to each count; ½ is Krichevsky and Trofimov's.</param>
    /// <exception cref="ArgumentException">The alphabet has fewer than two symbols or the depth is negative.</exception>
    public static CompressedSequence Compress(Symbols symbols, int depth, double pseudoCount = 0.5)
    {
        ContextTree tree = new(symbols.Alphabet, depth, [], pseudoCount);
        RangeEncoder encoder = new();
        ulong[] cumulative = new ulong[symbols.Alphabet + 1];
        double[] bits = new double[symbols.Count];
        for (int i = 0; i < symbols.Count; i++)
        {
            int symbol = symbols[i];
            Frequencies(tree, cumulative);
            encoder.Encode(cumulative[symbol], cumulative[symbol + 1] - cumulative[symbol], cumulative[^1]);
            bits[i] = -Math.Log2(tree.Update(symbol));
        }

        int check = CheckSum(symbols.Span);
        byte[] bytes = [(byte)(Version << 4 | check >> 8), (byte)check, .. encoder.Finish()];
        return new CompressedSequence(bytes, symbols.Count, symbols.Alphabet, depth, pseudoCount, bits, tree.Nodes);
    }

    /// <summary>Restores a sequence.</summary>
    /// <param name="compressed">What <see cref="Compress"/> returned.</param>
    /// <exception cref="DamagedStreamException">The bytes were cut short or changed.</exception>
    public static Symbols Decompress(CompressedSequence compressed) =>
        Decompress(compressed.Bytes, compressed.Count, compressed.Alphabet, compressed.Depth, compressed.PseudoCount);

    /// <summary>Restores a sequence from its bytes and what its compression depended on.</summary>
    /// <param name="bytes">The compressed bytes.</param>
    /// <param name="count">The number of symbols.</param>
    /// <param name="alphabet">The number of different symbols.</param>
    /// <param name="depth">The longest context.</param>
    /// <param name="pseudoCount">What the model adds to each count.</param>
    /// <exception cref="DamagedStreamException">The bytes were cut short, changed, or made with other settings or by another version.</exception>
    public static Symbols Decompress(ReadOnlySpan<byte> bytes, int count, int alphabet, int depth, double pseudoCount = 0.5)
    {
        if (bytes.Length < 2 || bytes[0] >> 4 != Version)
        {
            throw new DamagedStreamException(
                bytes.Length < 2 ? $"There are {bytes.Length} bytes; a code has at least 3." : $"The code is of version {bytes[0] >> 4}; this program reads version {Version}.",
                "Take the bytes as the compressor returned them.");
        }

        ContextTree tree = new(alphabet, depth, [], pseudoCount);
        RangeDecoder decoder = new(bytes[2..]);
        ulong[] cumulative = new ulong[alphabet + 1];
        int[] symbols = new int[count];
        for (int i = 0; i < count; i++)
        {
            Frequencies(tree, cumulative);
            ulong target = decoder.Target(cumulative[^1]);
            int found = Array.BinarySearch(cumulative, target);
            int symbol = found >= 0 ? found : ~found - 1;
            decoder.Consume(cumulative[symbol], cumulative[symbol + 1] - cumulative[symbol], cumulative[^1]);
            symbols[i] = symbol;
            tree.Update(symbol);
        }

        decoder.Finish();
        int check = (bytes[0] & 15) << 8 | bytes[1];
        if (CheckSum(symbols) != check)
        {
            throw new DamagedStreamException($"The check sum of the {count} symbols is {CheckSum(symbols):x3}, not {check:x3}.", "The code was changed, or is decoded with other settings than it was made with.");
        }

        return new Symbols(symbols, alphabet);
    }

    /// <summary>The model's probabilities as cumulative integer frequencies, each at least 1 apart.</summary>
    private static void Frequencies(ContextTree tree, ulong[] cumulative)
    {
        Span<double> probabilities = tree.Alphabet <= 256 ? stackalloc double[tree.Alphabet] : new double[tree.Alphabet];
        tree.Predict(probabilities);
        double scale = Parts - (ulong)tree.Alphabet;
        for (int symbol = 0; symbol < probabilities.Length; symbol++)
        {
            cumulative[symbol + 1] = cumulative[symbol] + 1 + (ulong)(probabilities[symbol] * scale);
        }
    }

    /// <summary>Twelve bits of Fowler, Noll and Vo's hash.</summary>
    private static int CheckSum(ReadOnlySpan<int> symbols)
    {
        uint hash = 2166136261;
        foreach (int symbol in symbols)
        {
            hash = (hash ^ (uint)symbol) * 16777619;
        }

        return (int)((hash ^ hash >> 12 ^ hash >> 24) & 0xfff);
    }
}

/// <summary>A compressed sequence and what its decompression needs.</summary>
public sealed record CompressedSequence : TheoryResult
{
    private const int ChartPoints = 200;
    private readonly double[] bits;
    private readonly int nodes;

    internal CompressedSequence(byte[] bytes, int count, int alphabet, int depth, double pseudoCount, double[] bits, int nodes)
    {
        (Bytes, Count, Alphabet, Depth, PseudoCount, this.bits, this.nodes) = (bytes, count, alphabet, depth, pseudoCount, bits, nodes);
        ModelBits = bits.Sum();
    }

    /// <summary>The code.</summary>
    public byte[] Bytes { get; }

    /// <summary>The number of symbols.</summary>
    public int Count { get; }

    /// <summary>The number of different symbols.</summary>
    public int Alphabet { get; }

    /// <summary>The longest context.</summary>
    public int Depth { get; }

    /// <summary>What the model adds to each count.</summary>
    public double PseudoCount { get; }

    /// <summary>The model's code length, in bits.</summary>
    public double ModelBits { get; }

    /// <summary>The bits a symbol.</summary>
    public double BitsPerSymbol => 8.0 * Bytes.Length / Math.Max(1, Count);

    /// <inheritdoc/>
    public override string Title => $"{Count} symbols in {Bytes.Length} bytes by context-tree weighting";

    /// <inheritdoc/>
    public override IReadOnlyList<Quantity> Quantities =>
    [
        new("rate", BitsPerSymbol, "bits a symbol"),
        new("measured length", 8.0 * Bytes.Length, "bits"),
        new("length by the model", ModelBits, "bits"),
        new("contexts", nodes),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters => [new("alphabet", Alphabet), new("depth", Depth), new("pseudo-count", PseudoCount)];

    /// <summary>The rate as the model learns: the mean over windows of the sequence.</summary>
    public override IReadOnlyList<Chart> Charts
    {
        get
        {
            int window = Math.Max(1, bits.Length / ChartPoints);
            double[][] windows = [.. bits.Chunk(window).Where(chunk => chunk.Length == window)];
            double[] at = [.. windows.Select((_, i) => (i + 1.0) * window)];
            return windows.Length < 2 ? [] : [new CurveChart("Bits as the model learns", "symbols", "bits a symbol", new Curve($"mean of {window}", at, [.. windows.Select(chunk => chunk.Average())]), Curve.Level("log₂ of the alphabet", Math.Log2(Alphabet), at[0], at[^1]))];
        }
    }
}
