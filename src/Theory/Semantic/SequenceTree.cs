namespace ArKernel.Theory.Semantic;

/// <summary>A model of short sequences, enumerated: P(u_t | u^{t−1}) at every history. A history is a number in the base of the alphabet.</summary>
internal sealed class SequenceTree
{
    private readonly double[][] conditionals; // by length of the history: [history, symbol]
    private readonly double[][] probabilities; // by length: P(u^t)

    public SequenceTree(int symbols, int length, Func<int[], double[]> next, string name)
    {
        if (symbols < 1 || length < 1 || length * Math.Log2(symbols) > 20)
        {
            throw new ArgumentException($"{symbols} symbols over {length} times do not make 1 to 2²⁰ sequences.");
        }

        (Symbols, Length) = (symbols, length);
        conditionals = new double[length][];
        probabilities = new double[length + 1][];
        probabilities[0] = [1];
        for (int t = 0; t < length; t++)
        {
            int histories = Count(t);
            conditionals[t] = new double[histories * symbols];
            for (int history = 0; history < histories; history++)
            {
                double[] row = next(Word(history, t));
                Check.Distribution(row, $"{name} after {t} symbols");
                if (row.Length != symbols)
                {
                    throw new ArgumentException($"{name} has {row.Length} entries for {symbols} symbols.");
                }

                row.CopyTo(conditionals[t], history * symbols);
            }

            probabilities[t + 1] = [.. conditionals[t].Select((p, i) => p * probabilities[t][i / symbols])];
        }
    }

    public int Symbols { get; }

    public int Length { get; }

    /// <summary>The number of sequences of a length.</summary>
    public int Count(int length) => (int)Math.Round(Math.Pow(Symbols, length));

    /// <summary>P(u^T) of a whole sequence.</summary>
    public double Probability(int code) => probabilities[Length][code];

    /// <summary>P(u^t) of all sequences of a length.</summary>
    public double[] Probabilities(int length) => probabilities[length];

    /// <summary>P(· | u^{t−1}).</summary>
    public double[] Next(int length, int history) => conditionals[length][(history * Symbols)..((history + 1) * Symbols)];

    public int[] Word(int code, int length)
    {
        int[] word = new int[length];
        for (int t = length - 1; t >= 0; t--)
        {
            (code, word[t]) = Math.DivRem(code, Symbols);
        }

        return word;
    }

    public int Code(int[] history)
    {
        if (history.Length >= Length || history.Any(symbol => (uint)symbol >= (uint)Symbols))
        {
            throw new ArgumentException($"The history [{string.Join(", ", history)}] must have fewer than {Length} symbols out of 0..{Symbols - 1}.");
        }

        return history.Aggregate(0, (code, symbol) => code * Symbols + symbol);
    }
}
