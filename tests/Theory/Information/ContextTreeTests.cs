using ArKernel.Theory.Information;
using CsCheck;

namespace ArKernel.Theory.Tests.Information;

public sealed class ContextTreeTests
{
    [Theory]
    [InlineData(2, 0, 3, 8)]
    [InlineData(1, 1, 1, 8)]
    [InlineData(2, 1, 1, 16)]
    [InlineData(4, 3, 5, 2048)]
    public void The_estimator_of_Krichevsky_and_Trofimov_has_its_known_values(int zeros, int ones, int numerator, int denominator)
    {
        ContextTree tree = new(2, 0);
        foreach (int symbol in Enumerable.Repeat(0, zeros).Concat(Enumerable.Repeat(1, ones)))
        {
            tree.Update(symbol);
        }

        Assert.Equal((double)numerator / denominator, Math.Pow(2, tree.Log2Probability), 1e-14);
    }

    [Theory]
    [InlineData(3, 95, 32768)]
    [InlineData(2, 17, 8192)]
    [InlineData(1, 1, 512)]
    [InlineData(0, 5, 2048)]
    public void The_weighted_probability_is_the_exact_fraction(int depth, int numerator, int denominator)
    {
        ContextTree tree = new(2, depth, [0, 1, 0]);
        double product = 1;
        double[] probabilities = new double[2];
        foreach (int symbol in (int[])[0, 1, 1, 0, 1, 0, 0])
        {
            tree.Predict(probabilities);
            Assert.Equal(1, probabilities.Sum(), 1e-14);
            double predicted = probabilities[symbol];
            Assert.Equal(predicted, tree.Update(symbol), 1e-14);
            product *= predicted;
        }

        Assert.Equal((double)numerator / denominator, product, 1e-15);
        Assert.Equal(product, Math.Pow(2, tree.Log2Probability), 1e-15);
    }

    [Theory]
    [InlineData(2, 7)]
    [InlineData(3, 5)]
    public void The_probabilities_of_all_sequences_sum_to_one(int alphabet, int length)
    {
        double sum = 0;
        for (int code = 0; code < (int)Math.Pow(alphabet, length); code++)
        {
            ContextTree tree = new(alphabet, 3, [0, 1, 0]);
            for (int i = 0, rest = code; i < length; i++, rest /= alphabet)
            {
                tree.Update(rest % alphabet);
            }

            sum += Math.Pow(2, tree.Log2Probability);
        }

        Assert.Equal(1, sum, 1e-12);
    }

    [Fact]
    public void Predicting_symbol_by_symbol_equals_weighting_the_whole_block() =>
        Gen.Select(Gen.Int[2, 4], Gen.Int[0, 3]).SelectMany((alphabet, depth) => Gen.Int[0, alphabet - 1].Array[0, 30].Select(symbols => (alphabet, depth, symbols))).Sample(given =>
        {
            ContextTree tree = new(given.alphabet, given.depth);
            foreach (int symbol in given.symbols)
            {
                tree.Update(symbol);
            }

            int[] padded = [.. new int[given.depth], .. given.symbols];
            Assert.Equal(Weighted(padded, given.alphabet, given.depth, []), Math.Pow(2, tree.Log2Probability), 1e-12);
        }, iter: 100);

    [Fact]
    public void The_code_length_is_within_the_bound_of_a_tree_source()
    {
        // Leaves 0, 01, 11 (the last symbol first): three of them.
        double[] one = [0.1, 0.8, 0.4];
        for (int seed = 0; seed < 5; seed++)
        {
            var random = new Random(seed);
            int[] symbols = new int[5000];
            double truth = 0;
            for (int t = 0; t < symbols.Length; t++)
            {
                (int last, int before) = (t > 0 ? symbols[t - 1] : 0, t > 1 ? symbols[t - 2] : 0);
                double p = one[last == 0 ? 0 : before == 0 ? 1 : 2];
                symbols[t] = random.NextDouble() < p ? 1 : 0;
                truth -= Math.Log2(symbols[t] == 1 ? p : 1 - p);
            }

            ContextTree tree = new(2, 5);
            foreach (int symbol in symbols)
            {
                tree.Update(symbol);
            }

            Assert.InRange(-tree.Log2Probability - truth, double.NegativeInfinity, 1.5 * Math.Log2(5000 / 3.0) + 3 + 5);
        }
    }

    [Fact]
    public void Long_predictable_sequences_stay_finite()
    {
        ContextTree tree = new(2, 8);
        for (int t = 0; t < 200_000; t++)
        {
            double p = tree.Update(t % 3 == 0 ? 1 : 0);
            Assert.InRange(p, 1e-9, 1);
        }

        Assert.InRange(-tree.Log2Probability, 1, 100);
        Assert.InRange(tree.Nodes, 20, 60);
    }

    [Fact]
    public void Faults_name_their_cause()
    {
        Assert.Throws<ArgumentException>(() => new ContextTree(1, 2));
        Assert.Throws<ArgumentException>(() => new ContextTree(2, -1));
        Assert.Contains("Symbol 2 is not one of 0..1", Assert.Throws<ArgumentException>(() => new ContextTree(2, 1).Update(2)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new ContextTree(2, 1, [5]));
        Assert.Throws<ArgumentException>(() => new ContextTree(2, 1).Predict(new double[3]));
    }

    /// <summary>P_w by its recursive definition on the counts of the whole block; <paramref name="padded"/> begins with the past.</summary>
    private static double Weighted(int[] padded, int alphabet, int depth, int[] context)
    {
        // The context lists the last symbol first.
        int[] counts = new int[alphabet];
        double own = 1;
        for (int t = depth; t < padded.Length; t++)
        {
            if (context.Index().All(entry => padded[t - 1 - entry.Index] == entry.Item))
            {
                own *= (counts[padded[t]] + 0.5) / (counts.Sum() + alphabet / 2.0);
                counts[padded[t]]++;
            }
        }

        return context.Length == depth ? own
            : own / 2 + Enumerable.Range(0, alphabet).Aggregate(0.5, (product, symbol) => product * Weighted(padded, alphabet, depth, [.. context, symbol]));
    }
}
