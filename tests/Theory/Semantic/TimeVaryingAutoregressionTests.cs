using ArKernel.Theory.Information;
using ArKernel.Theory.Semantic;
using MathNet.Numerics.LinearAlgebra;

namespace ArKernel.Theory.Tests.Semantic;

public sealed class TimeVaryingAutoregressionTests
{
    private const int Length = 7, Channels = 4;

    private static Matrix<double> Draw(int rows, int columns, Random random) => Matrix<double>.Build.Dense(rows, columns, (_, _) => random.NextDouble() * 2 - 1);

    private static AttentionHead[] Heads(Random random) =>
        [.. Enumerable.Range(0, 2).Select(_ => new AttentionHead(Draw(3, Channels, random), Draw(3, Channels, random), Draw(2, Channels, random), Draw(Channels, 2, random)))];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Attention_is_the_autoregression_of_its_weights(bool softmax)
    {
        var random = new Random(1);
        Matrix<double> s = Draw(Length, Channels, random);
        AttentionHead[] heads = Heads(random);
        double[,] applied = TimeVaryingAutoregression.FromAttention(s.ToArray(), heads, softmax).Apply(s.ToArray());
        for (int t = 0; t < Length; t++)
        {
            // The layer as it is usually written: queries, keys and values, weights, output.
            Vector<double> sum = Vector<double>.Build.Dense(Channels);
            foreach (AttentionHead head in heads)
            {
                double[] scores = [.. Enumerable.Range(0, t + 1).Select(i => (head.Query * s.Row(t)).DotProduct(head.Key * s.Row(i)))];
                double[] weights = softmax ? [.. scores.Select(score => Math.Exp(score / Math.Sqrt(3)) / scores.Sum(other => Math.Exp(other / Math.Sqrt(3))))] : scores;
                Vector<double> mixed = Vector<double>.Build.Dense(2);
                for (int i = 0; i <= t; i++)
                {
                    mixed += weights[i] * (head.Value * s.Row(i));
                }

                sum += head.Output * mixed;
            }

            for (int c = 0; c < Channels; c++)
            {
                Assert.Equal(sum[c], applied[t, c], 1e-12);
            }
        }
    }

    [Fact]
    public void A_later_state_changes_no_earlier_output()
    {
        var random = new Random(2);
        double[,] s = Draw(Length, Channels, random).ToArray(), changed = (double[,])s.Clone();
        AttentionHead[] heads = Heads(random);
        changed[4, 1] += 1;
        double[,] before = TimeVaryingAutoregression.FromAttention(s, heads).Apply(s), after = TimeVaryingAutoregression.FromAttention(changed, heads).Apply(changed);
        for (int t = 0; t < Length; t++)
        {
            for (int c = 0; c < Channels; c++)
            {
                Assert.True(t < 4 ? before[t, c] == after[t, c] : before[t, c] != after[t, c]);
            }
        }
    }

    [Fact]
    public void A_state_space_model_s_scan_and_its_unrolled_form_agree_and_mamba_2_is_a_semiseparable_matrix()
    {
        var random = new Random(3);
        double[] decay = [.. Enumerable.Range(0, Length).Select(_ => random.NextDouble())];
        foreach (bool scalar in (bool[])[false, true])
        {
            Matrix<double>[] transitions = [.. decay.Select(a => scalar ? a * Matrix<double>.Build.DenseIdentity(3) : 0.5 * Draw(3, 3, random))];
            Matrix<double>[] inputs = [.. decay.Select(_ => Draw(3, 1, random))], outputs = [.. decay.Select(_ => Draw(1, 3, random))];
            double[,] signal = Draw(Length, 1, random).ToArray();
            double[,] unrolled = TimeVaryingAutoregression.FromStateSpace(transitions, inputs, outputs).Apply(signal);
            Vector<double> state = Vector<double>.Build.Dense(3);
            for (int t = 0; t < Length; t++)
            {
                state = transitions[t] * state + inputs[t].Column(0) * signal[t, 0];
                Assert.Equal((outputs[t] * state)[0], unrolled[t, 0], 1e-12);
                if (scalar)
                {
                    double masked = Enumerable.Range(0, t + 1).Sum(i => (outputs[t] * inputs[i])[0, 0] * decay[(i + 1)..(t + 1)].Aggregate(1.0, (a, b) => a * b) * signal[i, 0]);
                    Assert.Equal(masked, unrolled[t, 0], 1e-12);
                }
            }
        }
    }

    [Fact]
    public void A_process_has_its_own_lags_at_all_times()
    {
        VectorAutoregression process = new([new[,] { { 0.5, 0.1 }, { 0, 0.3 } }, new[,] { { 0.1, 0 }, { 0.2, 0.1 } }], new double[,] { { 1, 0 }, { 0, 1 } });
        TimeVaryingAutoregression model = TimeVaryingAutoregression.FromProcess(process, 6);
        IReadOnlyList<Matrix<double>> lags = model.MeanByLag(3);
        Assert.True((lags[0] - process.Lags[0]).FrobeniusNorm() < 1e-15 && (lags[1] - process.Lags[1]).FrobeniusNorm() < 1e-15 && lags[2].FrobeniusNorm() == 0);
        double[,] path = Draw(6, 2, new Random(4)).ToArray(), predicted = model.Apply(path);
        Assert.Equal(0.5 * path[3, 0] + 0.1 * path[3, 1] + 0.1 * path[2, 0], predicted[3, 0], 1e-12);
        Assert.Throws<ArgumentException>(() => model.Apply(new double[5, 2]));
        Assert.Throws<ArgumentException>(() => TimeVaryingAutoregression.FromStateSpace([], [], []));
        Assert.Throws<ArgumentException>(() => TimeVaryingAutoregression.FromAttention(new double[3, 2], Heads(new Random(5))));
    }
}
