using ArKernel.Theory.Semantic;
using ArKernel.Theory.Tests.Information;

namespace ArKernel.Theory.Tests.Semantic;

public sealed class TokenGrangerTests
{
    private static int[] Fair(int count, int symbols, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(symbols))];
    }

    /// <summary>y_t = x_{t−lag}, flipped with a probability.</summary>
    private static int[] Delayed(int[] x, int lag, double flip, int seed)
    {
        var random = new Random(seed);
        return [.. x.Select((_, t) => (t < lag ? 0 : x[t - lag]) ^ (random.NextDouble() < flip ? 1 : 0))];
    }

    [Fact]
    public void A_noisy_copy_is_caused_by_its_original_with_the_channel_s_information_and_not_the_other_way()
    {
        int[] x = Fair(20_000, 2, 1), y = Delayed(x, 1, 0.1, 2);
        TokenGrangerTest forth = TokenGranger.Test(x, y), back = TokenGranger.Test(y, x);
        double exact = Math.Log(2) + 0.1 * Math.Log(0.1) + 0.9 * Math.Log(0.9);
        Assert.Equal(exact, forth.TransferEntropy - forth.Bias, 0.01);
        Assert.Equal(0.01, forth.PValue, 1e-12);
        Assert.True(back.PValue > 0.01 && back.ChiSquaredPValue > 0.001);
        Assert.Equal(2 * forth.Tokens * forth.TransferEntropy, forth.LikelihoodRatio, 1e-9);
        // At lag 2 one past token of x tells nothing, two tell all.
        int[] late = Delayed(x, 2, 0.1, 3);
        Assert.True(TokenGranger.Test(x, late, 1).TransferEntropy < 1e-3);
        Assert.Equal(exact, TokenGranger.Test(x, late, 2).TransferEntropy, 0.01);
    }

    [Fact]
    public void An_indirect_cause_vanishes_when_what_it_acts_through_is_given()
    {
        // x → y → z; with x sticky, x's past helps to predict z unless y's past is known.
        var random = new Random(4);
        int[] x = new int[20_000];
        for (int t = 1; t < x.Length; t++)
        {
            x[t] = x[t - 1] ^ (random.NextDouble() < 0.1 ? 1 : 0);
        }

        int[] y = Delayed(x, 1, 0.05, 5), z = Delayed(y, 1, 0.05, 6);
        Assert.Equal(0.01, TokenGranger.Test(x, z).PValue, 1e-12);
        Assert.True(TokenGranger.Test(x, z, given: y).PValue > 0.01);
        Assert.Equal(0.01, TokenGranger.Test(y, z, given: x).PValue, 1e-12);
    }

    [Fact]
    public void Without_a_cause_both_p_values_are_uniform_and_the_bias_is_that_of_the_degrees_of_freedom()
    {
        List<double> theory = [], surrogate = [];
        double excess = 0;
        for (int seed = 0; seed < 200; seed++)
        {
            TokenGrangerTest test = TokenGranger.Test(Fair(400, 3, 2 * seed), Fair(400, 3, 2 * seed + 1), surrogates: 19, seed: seed);
            theory.Add(test.ChiSquaredPValue);
            surrogate.Add(test.PValue);
            excess += (test.LikelihoodRatio - test.Freedom) / 200;
            Assert.Equal(12, test.Freedom);
            Assert.InRange(test.Bias, 0, 0.05);
        }

        Assert.True(Uniformity.KolmogorovSmirnov([.. theory]) > 0.01);
        Assert.InRange(surrogate.Count(p => p <= 0.05), 2, 22); // 10 expected
        Assert.InRange(excess, -1.5, 1.5);
        Assert.Throws<ArgumentException>(() => TokenGranger.Test(Fair(10, 2, 0), Fair(11, 2, 0)));
        Assert.Throws<TooFewSamplesException>(() => TokenGranger.Test(Fair(2, 2, 0), Fair(2, 2, 0)));
    }
}
