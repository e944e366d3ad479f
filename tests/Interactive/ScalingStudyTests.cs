using ArKernel.Backbones;
using ArKernel.Data;
using ArKernel.Recipes;
using ArKernel.Theory.Scaling;
using ArKernel.Training;

namespace ArKernel.Interactive.Tests;

/// <summary>The sweep of the model library and the laws of the theory tools on the same runs.</summary>
public sealed class ScalingStudyTests
{
    private const double Flip = 0.2;
    private const int Length = 32;

    private static double H(double p) => -p * Math.Log(p) - (1 - p) * Math.Log(1 - p);

    /// <summary>A fair first state, then one that flips with probability 0.2: the entropy of a sequence is ln 2 + (T − 1) h(0.2).</summary>
    private static LabelledTokens Chain(int sequences, int seed, int batchSize)
    {
        var random = new Random(seed);
        int[] tokens = new int[sequences * Length];
        for (int i = 0; i < tokens.Length; i++)
        {
            tokens[i] = i % Length == 0 ? random.Next(2) : random.NextDouble() < Flip ? 1 - tokens[i - 1] : tokens[i - 1];
        }

        return new LabelledTokens(tokens, Length, labels: null, batchSize, seed);
    }

    [Fact]
    public void The_irreducible_loss_of_a_chain_s_models_is_its_entropy_and_no_model_is_better()
    {
        ScalingSweep sweep = new("chain", NextToken.Compose,
            [.. ((int[])[4, 8]).Select(channels => DecoderConfiguration.Gpt2(2, channels, layers: 1, heads: 2, Length) with { InitialDeviation = 0.1 })],
            [2048, 4096, 8192, 16_384, 32_768, 65_536], Chain(4096, 1, 4), Chain(4096, 2, 128), 32,
            size => new TrainingOptions { LearningRate = 0.05 / size.Channels, WeightDecay = 0 });
        List<(string Html, string Text)> shown = Notebook.Record(() => sweep.Run());
        double entropy = (Math.Log(2) + (Length - 1) * H(Flip)) / Length;
        foreach (ScalingRow[] size in sweep.Rows.Chunk(sweep.Budgets.Count))
        {
            Assert.All(size, row => Assert.True(row.Loss > entropy - 3 * row.LossError, $"{row.Loss} ± {row.LossError} against {entropy}"));
            PowerLawFit fit = PowerLaw.Fit([.. size.Select(row => (double)row.Tokens)], [.. size.Select(row => row.Loss)]);
            Assert.Equal(1, fit.Law.Irreducible / entropy, 0.01);
        }

        // What is shown: the progress, then every loss by size and budget.
        Assert.Equal("chain: 0 of 12 runs, 0 % of the tokens", shown[0].Text);
        Assert.Equal("chain: 12 of 12 runs, 100 % of the tokens", shown[^1].Text);
        Assert.Contains("completed", shown[^1].Html, StringComparison.Ordinal);
        Assert.All(sweep.Rows, row => Assert.Contains(FormattableString.Invariant($"{row.Loss:0.000}"), shown[^1].Html, StringComparison.Ordinal));
        Assert.All(shown, view => Assert.DoesNotContain("Completed", view.Text, StringComparison.Ordinal)); // no view of its own for each run
    }

    [Fact]
    public void Parameters_are_counted_as_the_scaling_laws_count_them()
    {
        foreach ((int channels, int layers) in ((int, int)[])[(8, 1), (16, 3)])
        {
            using AutoregressiveModel model = NextToken.Compose(DecoderConfiguration.Gpt2(10, channels, layers, heads: 2, Length));
            Assert.Equal(TransformerCost.Parameters(channels, layers), ScalingSweep.ParametersOf(model));
            Assert.Equal(TransformerCost.TrainingFlops(ScalingSweep.ParametersOf(model), 1000), new ScalingRow("", channels, layers, ScalingSweep.ParametersOf(model), 1000, 1, 0).Flops);
        }
    }

    [Fact]
    public void A_sweep_that_ends_early_says_so()
    {
        ScalingSweep sweep = new("chain", NextToken.Compose, [DecoderConfiguration.Gpt2(2, 4, 1, 2, Length)], [16_384], Chain(100, 1, 32), Chain(100, 2, 32), 1,
            _ => new TrainingOptions { LearningRate = 1e30, WarmUpSteps = 0 });
        List<(string Html, string Text)> shown = Notebook.Record(() => Assert.Throws<InvalidOperationException>(() => sweep.Run()));
        Assert.EndsWith("ended early", shown[^1].Text, StringComparison.Ordinal);
        Assert.Contains("ended early", shown[^1].Html, StringComparison.Ordinal);
    }
}
