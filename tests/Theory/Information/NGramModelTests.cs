using ArKernel.Theory.Information;
using CsCheck;

namespace ArKernel.Theory.Tests.Information;

public sealed class NGramModelTests
{
    [Fact]
    public void Probabilities_sum_to_one_after_every_context() =>
        Gen.Select(Gen.Int[2, 5], Gen.Int[1, 5], Gen.Int[0, 4].Array[6, 60], Gen.Int[0, 4].Array[0, 8]).Sample((vocabulary, order, text, context) =>
        {
            var model = NGramModel.Fit([.. text.Select(symbol => symbol % vocabulary)], order, vocabulary);
            int[] before = [.. context.Select(symbol => symbol % vocabulary)];
            Assert.Equal(1.0, Enumerable.Range(0, vocabulary).Sum(symbol => model.Probability(symbol, before)), 12);
        });

    [Fact]
    public void A_bigram_is_the_interpolated_Kneser_Ney_formula_worked_by_hand()
    {
        // a a b a b c: bigrams aa 1, ab 2, ba 1, bc 1, so n1 = 3, n2 = 1, D = 3/5. Continuations: a {a,b} 2, b {a} 1, c {b} 1: n1 = 2, n2 = 1, D = 1/2.
        var model = NGramModel.Fit([0, 0, 1, 0, 1, 2], order: 2, vocabularySize: 3);
        double lower = ((1 - 0.5) + (0.5 * 3 / 3)) / 4; // p(b) = p(c)
        Assert.Equal(lower, model.Probability(1, []), 12);
        Assert.Equal(((2 - 0.6) + (0.6 * 2 * lower)) / 3, model.Probability(1, [0]), 12);
        Assert.Equal(0.6 * 2 * lower / 3, model.Probability(2, [0]), 12);
        Assert.Equal(lower, model.Probability(1, [2]), 12); // c was never followed by anything
    }

    [Fact]
    public void Bits_per_symbol_approach_the_entropy_rate_of_a_Markov_source()
    {
        // Transition a→b with probability 0.1, b→a with 0.3: stationary (3/4, 1/4); entropy rate = 3/4 h(0.1) + 1/4 h(0.3).
        var random = new Random(7);
        int state = 0;
        var symbols = new int[200_000];
        for (int i = 0; i < symbols.Length; i++)
        {
            state = random.NextDouble() < (state == 0 ? 0.1 : 0.3) ? 1 - state : state;
            symbols[i] = state;
        }

        double rate = (0.75 * BinaryEntropy(0.1)) + (0.25 * BinaryEntropy(0.3));
        double held = NGramModel.Fit(symbols.AsSpan(0, 100_000), 2, 2).BitsPerSymbol(symbols.AsSpan(100_000));
        Assert.Equal(rate, held, 2);
        Assert.True(NGramModel.Fit(symbols.AsSpan(0, 100_000), 1, 2).BitsPerSymbol(symbols.AsSpan(100_000)) > held + 0.1);
    }

    [Fact]
    public void Bad_input_is_named()
    {
        Assert.Contains("Symbol 9 is outside", Assert.Throws<ArgumentException>(() => NGramModel.Fit([0, 9], 1, 3)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => NGramModel.Fit([0], 2, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => NGramModel.Fit([0, 1], 17, 256));
        Assert.Throws<ArgumentException>(() => NGramModel.Fit([0, 1], 1, 2).BitsPerSymbol([]));
    }

    private static double BinaryEntropy(double p) => -(p * Math.Log2(p)) - ((1 - p) * Math.Log2(1 - p));
}
