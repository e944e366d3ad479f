using ArKernel.Data;
using ArKernel.Metrics;
using ArKernel.Tests.Decoding;
using static TorchSharp.torch;

namespace ArKernel.Tests.Metrics;

public sealed class SequenceLossesTests
{
    private static readonly double[] Initial = [0.7, 0.3];
    private static readonly double[][] Transitions = [[0.8, 0.2], [0.4, 0.6]];

    [Fact]
    public void The_losses_of_a_known_chain_are_the_logarithms_of_its_probabilities()
    {
        using AutoregressiveModel model = MarkovChain.Create(Initial, Transitions, length: 3);
        model.train();
        SequenceLosses losses = SequenceLosses.Of(model, new LabelledTokens([0, 0, 1, 1, 1, 0], 3, labels: null, batchSize: 1, seed: null), batchCount: 2);
        double[,] expected = { { -Math.Log(0.7), -Math.Log(0.8), -Math.Log(0.2) }, { -Math.Log(0.3), -Math.Log(0.6), -Math.Log(0.4) } };
        double[] rows = new double[2];
        for (int i = 0; i < 2; i++)
        {
            for (int t = 0; t < 3; t++)
            {
                Assert.Equal(expected[i, t], losses.Nats[i, t], 1e-6);
                Assert.Equal((expected[0, t] + expected[1, t]) / 2, losses.ByPosition[t], 1e-6);
                rows[i] += expected[i, t] / 3;
            }
        }

        Assert.Equal(rows[0], losses.BySequence[0], 1e-6);
        Assert.Equal(rows.Average(), losses.Mean, 1e-6);
        Assert.Equal(Math.Abs(rows[0] - rows[1]) / 2, losses.StandardError, 1e-6);
        Assert.Equal(rows.Min(), losses.Percentile(0), 1e-6);
        Assert.Equal(rows.Average(), losses.Percentile(0.5), 1e-6);
        Assert.Equal(rows.Max(), losses.Percentile(1), 1e-6);
        Assert.True(model.training);
        Assert.Throws<ArgumentOutOfRangeException>(() => losses.Percentile(1.1));
    }

    [Fact]
    public void A_single_sequence_has_no_error_and_a_model_without_classes_no_blank_one()
    {
        using AutoregressiveModel model = MarkovChain.Create(Initial, Transitions, length: 3);
        var one = new LabelledTokens([0, 0, 1], 3, labels: null, batchSize: 1, seed: null);
        Assert.Equal(double.NaN, SequenceLosses.Of(model, one, 1).StandardError);
        Assert.Throws<InvalidOperationException>(() => SequenceLosses.Of(model, one, 1, blank: true));
    }

    [Fact]
    public void Sequences_of_different_lengths_are_refused()
    {
        using AutoregressiveModel model = MarkovChain.Create(Initial, Transitions, length: 3);
        Assert.Throws<ArgumentException>(() => SequenceLosses.Of(model, new Growing(), 2));
    }

    private sealed class Growing : IBatchSource
    {
        public Batch GetBatch(long step) => new(zeros([1, step + 2], ScalarType.Int64));
    }
}
