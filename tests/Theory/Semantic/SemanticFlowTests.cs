using ArKernel.Theory.Semantic;

namespace ArKernel.Theory.Tests.Semantic;

public sealed class SemanticFlowTests
{
    private const int Symbols = 3, Length = 6;

    /// <summary>A prompt that selects one of two bigram tables.</summary>
    private static PromptedProcess TwoTables(int seed)
    {
        var random = new Random(seed);
        double Gamma() => -Math.Log(random.NextDouble() * random.NextDouble()); // of shape 2, for Dirichlet(2) rows
        double[][][] tables = [.. Enumerable.Range(0, 2).Select(_ => Enumerable.Range(0, Symbols + 1).Select(_ =>
        {
            double[] row = [Gamma(), Gamma(), Gamma()];
            return (double[])[.. row.Select(value => value / row.Sum())];
        }).ToArray())];
        return new PromptedProcess([0.5, 0.5], Symbols, Length, (x, history) => tables[x][history.Length == 0 ? Symbols : history[^1]]);
    }

    [Fact]
    public void The_flow_s_mean_is_the_information_and_its_exponential_is_a_martingale_of_mean_one()
    {
        for (int seed = 0; seed < 5; seed++)
        {
            PromptedProcess process = TwoTables(seed);
            Assert.Equal(1, process.MeanInverseRatio, 1e-12);
            (int[] prompts, int[,] answers) = Everything();
            SemanticFlow flow = process.Flow(prompts, answers);
            double[] mean = new double[Length], compensator = new double[Length];
            double inverse = 0;
            for (int i = 0; i < prompts.Length; i++)
            {
                // The weight of an answer is what its own prediction gives it.
                double logMixture = 0;
                int[] history = [];
                for (int t = 0; t < Length; t++)
                {
                    logMixture += Math.Log(process.NextWithoutPrompt(history)[answers[i, t]]);
                    history = [.. history, answers[i, t]];
                }

                double probability = 0.5 * Math.Exp(logMixture + flow.Flow[i, Length - 1]);
                inverse += probability * Math.Exp(-flow.Flow[i, Length - 1]);
                for (int t = 0; t < Length; t++)
                {
                    mean[t] += probability * flow.Flow[i, t];
                    compensator[t] += probability * flow.Compensator![i, t];
                }
            }

            Assert.Equal(1, inverse, 1e-12);
            for (int t = 0; t < Length; t++)
            {
                Assert.Equal(process.Information[t], mean[t], 1e-12);
                Assert.Equal(process.Information[t], compensator[t], 1e-12); // S − A has mean 0
                Assert.True(t == 0 || process.Information[t] >= process.Information[t - 1]);
            }

            Assert.InRange(process.Information[^1], 0.01, Math.Log(2));
        }
    }

    [Fact]
    public void Drawn_answers_rise_by_their_compensator_and_shuffled_prompts_fall()
    {
        PromptedProcess process = TwoTables(1);
        (int[] prompts, int[,] answers) = process.Sample(20_000, seed: 7);
        SemanticFlow flow = process.Flow(prompts, answers);
        for (int t = 0; t < Length; t++)
        {
            Assert.InRange(flow.MartingaleMean[t], -3.5 * flow.MartingaleError[t], 3.5 * flow.MartingaleError[t]);
            Assert.InRange(flow.Mean[t] - process.Information[t], -3.5 * flow.StandardError[t], 3.5 * flow.StandardError[t]);
        }

        Assert.Equal(1, flow.ShareOfRisingTimes);
        int[] shuffled = [.. prompts];
        new Random(2).Shuffle(shuffled);
        Assert.True(process.Flow(shuffled, answers).Mean[^1] < 0);
    }

    [Fact]
    public void Bad_flows_are_refused()
    {
        Assert.Throws<TooFewSamplesException>(() => SemanticFlow.Trace(new double[1, 3], new double[1, 3]));
        Assert.Throws<ArgumentException>(() => SemanticFlow.Trace(new double[2, 3], new double[2, 4]));
        Assert.Throws<NotFiniteException>(() => SemanticFlow.Trace(new[,] { { double.NaN }, { 0 } }, new double[2, 1]));
        Assert.Throws<ArgumentException>(() => SemanticFlow.Trace(new double[2, 1], new double[2, 1], new[,] { { -0.1 }, { 0 } }));
        Assert.Throws<ArgumentException>(() => TwoTables(0).Flow([2, 0], new int[2, Length]));
    }

    private static (int[] Prompts, int[,] Answers) Everything()
    {
        int count = (int)Math.Pow(Symbols, Length);
        (int[] prompts, int[,] answers) = (new int[2 * count], new int[2 * count, Length]);
        for (int i = 0; i < 2 * count; i++)
        {
            prompts[i] = i / count;
            for (int t = 0, rest = i % count; t < Length; t++, rest /= Symbols)
            {
                answers[i, t] = rest % Symbols;
            }
        }

        return (prompts, answers);
    }
}
