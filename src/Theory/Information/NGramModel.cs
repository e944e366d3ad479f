using static System.Runtime.InteropServices.CollectionsMarshal;

namespace ArKernel.Theory.Information;

/// <summary>
/// An n-gram model with interpolated Kneser-Ney smoothing (Kneser &amp; Ney 1995; Chen &amp; Goodman 1999, eq. 21): the count-based
/// baseline an autoregressive model has to beat. Order 1 is the unigram, 2 the bigram.
/// </summary>
public sealed class NGramModel
{
    private readonly Level[] levels;
    private readonly UInt128 vocabulary;

    private NGramModel(int order, int vocabularySize)
    {
        Order = order;
        VocabularySize = vocabularySize;
        vocabulary = (UInt128)vocabularySize;
        levels = new Level[order];
    }

    /// <summary>The number of symbols in a gram: the predicted one and Order - 1 before it.</summary>
    public int Order { get; }

    /// <summary>The number of different symbols.</summary>
    public int VocabularySize { get; }

    /// <summary>Counts the grams of a sequence.</summary>
    /// <param name="symbols">The training sequence, values 0..vocabularySize-1.</param>
    /// <param name="order">Symbols in a gram, at least 1.</param>
    /// <param name="vocabularySize">The number of different symbols, at least 2.</param>
    /// <exception cref="ArgumentException">The sequence is shorter than a gram or holds a symbol outside the vocabulary.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The order or vocabulary is too small, or vocabularySize^order exceeds 2^127.</exception>
    public static NGramModel Fit(ReadOnlySpan<int> symbols, int order, int vocabularySize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(order, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabularySize, 2);
        if (order * Math.Log2(vocabularySize) > 127)
        {
            throw new ArgumentOutOfRangeException(nameof(order), order, $"Grams of {order} symbols out of {vocabularySize} do not fit 127 bits.");
        }

        if (symbols.Length < order)
        {
            throw new ArgumentException($"A sequence of {symbols.Length} symbols holds no gram of {order}.", nameof(symbols));
        }

        var model = new NGramModel(order, vocabularySize);
        model.CheckSymbols(symbols);
        Dictionary<UInt128, int> grams = CountGrams(symbols, order, model.vocabulary);
        for (int context = order - 1; context >= 0; context--)
        {
            model.levels[context] = new Level(grams, model.vocabulary);
            if (context > 0)
            {
                grams = ContinuationCounts(grams, Power(model.vocabulary, context));
            }
        }

        return model;
    }

    /// <summary>The probability of a symbol after a context.</summary>
    /// <param name="symbol">The symbol predicted.</param>
    /// <param name="context">The symbols before it, oldest first; only the last Order - 1 count.</param>
    public double Probability(int symbol, ReadOnlySpan<int> context)
    {
        CheckSymbols([symbol]);
        CheckSymbols(context);
        double probability = 1.0 / VocabularySize;
        UInt128 key = UInt128.Zero, scale = UInt128.One;
        int longest = Math.Min(Order - 1, context.Length);
        for (int length = 0; length <= longest; length++)
        {
            if (length > 0)
            {
                key += scale * (UInt128)context[^length];
                scale *= vocabulary;
            }

            probability = levels[length].Interpolate(key, (UInt128)symbol, vocabulary, probability);
        }

        return probability;
    }

    /// <summary>The mean code length of a sequence under the model, in bits per symbol; each symbol is predicted from those before it.</summary>
    /// <param name="symbols">A sequence, at least one symbol.</param>
    /// <exception cref="ArgumentException">The sequence is empty or holds a symbol outside the vocabulary.</exception>
    public double BitsPerSymbol(ReadOnlySpan<int> symbols)
    {
        if (symbols.IsEmpty)
        {
            throw new ArgumentException("An empty sequence has no bits per symbol.", nameof(symbols));
        }

        double bits = 0;
        for (int i = 0; i < symbols.Length; i++)
        {
            bits -= Math.Log2(Probability(symbols[i], symbols[Math.Max(0, i - Order + 1)..i]));
        }

        return bits / symbols.Length;
    }

    private static Dictionary<UInt128, int> CountGrams(ReadOnlySpan<int> symbols, int order, UInt128 vocabulary)
    {
        var grams = new Dictionary<UInt128, int>();
        UInt128 modulus = Power(vocabulary, order - 1), key = UInt128.Zero;
        for (int i = 0; i < symbols.Length; i++)
        {
            key = key % modulus * vocabulary + (UInt128)symbols[i];
            if (i >= order - 1)
            {
                GetValueRefOrAddDefault(grams, key, out _)++;
            }
        }

        return grams;
    }

    /// <summary>N1+(• g): how many different symbols stand before each gram one shorter.</summary>
    private static Dictionary<UInt128, int> ContinuationCounts(Dictionary<UInt128, int> grams, UInt128 modulus)
    {
        var shorter = new Dictionary<UInt128, int>();
        foreach (UInt128 gram in grams.Keys)
        {
            GetValueRefOrAddDefault(shorter, gram % modulus, out _)++;
        }

        return shorter;
    }

    private static UInt128 Power(UInt128 value, int exponent)
    {
        UInt128 power = UInt128.One;
        for (int i = 0; i < exponent; i++)
        {
            power *= value;
        }

        return power;
    }

    private void CheckSymbols(ReadOnlySpan<int> symbols)
    {
        foreach (int symbol in symbols)
        {
            if ((uint)symbol >= (uint)VocabularySize)
            {
                throw new ArgumentException($"Symbol {symbol} is outside the vocabulary 0..{VocabularySize - 1}.", nameof(symbols));
            }
        }
    }

    /// <summary>The grams of one length, with the totals of their contexts.</summary>
    private sealed class Level
    {
        private readonly Dictionary<UInt128, int> grams;
        private readonly Dictionary<UInt128, (int Total, int Distinct)> contexts = [];
        private readonly double discount; // D

        public Level(Dictionary<UInt128, int> grams, UInt128 vocabulary)
        {
            this.grams = grams;
            double once = 0, twice = 0;
            foreach ((UInt128 gram, int count) in grams)
            {
                ref (int Total, int Distinct) context =
                    ref GetValueRefOrAddDefault(contexts, gram / vocabulary, out _);
                context = (context.Total + count, context.Distinct + 1);
                once += count == 1 ? 1 : 0;
                twice += count == 2 ? 1 : 0;
            }

            // D = n1 / (n1 + 2 n2) presumes a long tail of rare grams; without one any value inside (0, 1) keeps unseen grams possible.
            discount = once > 0 && twice > 0 ? once / (once + (2 * twice)) : 0.5;
        }

        public double Interpolate(UInt128 context, UInt128 symbol, UInt128 vocabulary, double shorter)
        {
            if (!contexts.TryGetValue(context, out (int Total, int Distinct) seen))
            {
                return shorter;
            }

            double count = grams.GetValueOrDefault(context * vocabulary + symbol);
            return (Math.Max(count - discount, 0) + (discount * seen.Distinct * shorter)) / seen.Total;
        }
    }
}
