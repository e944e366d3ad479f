using ArKernel.Theory.Information;

namespace ArKernel.Theory.Tests.Information;

public sealed class DirectedInformationTests
{
    private static readonly double Copy = Math.Log(2) * 0.5310044; // 1 − h(0.1) bits

    [Theory]
    [InlineData(DirectedEstimator.CodeLengths)]
    [InlineData(DirectedEstimator.Entropies)]
    [InlineData(DirectedEstimator.Divergence)]
    [InlineData(DirectedEstimator.JointDivergence)]
    public void A_delayed_noisy_copy_has_the_closed_form_by_all_four_estimators(DirectedEstimator estimator)
    {
        (Symbols x, Symbols y) = TransferEntropyTests.DelayedCopy(20_000, 0.1, 7);
        InformationEstimate forward = DirectedInformation.ContextTree(x, y, 3, estimator);
        Assert.Equal(Copy, forward.Value, 0.02);
        Assert.Equal(0, DirectedInformation.ContextTree(y, x, 3, estimator).Value, 0.01);
        Assert.Equal(0, forward.Further.Single(q => q.Name.StartsWith("instantaneous", StringComparison.Ordinal)).Value, 0.01);
        // Seen from y, the same information flows back from the other side.
        Assert.Equal(Copy, DirectedInformation.ContextTree(y, x, 3, estimator).Further[1].Value, 0.02);
    }

    [Fact]
    public void A_present_noisy_copy_is_instantaneous()
    {
        (int[] x, int[] y) = MutualInformationTests.NoisyCopy(20_000, 0.1, 8);
        InformationEstimate estimate = DirectedInformation.ContextTree(x, y, 2);
        Assert.Equal(Copy, estimate.Value, 0.02);
        Assert.Equal(Copy, estimate.Further[0].Value, 0.02);
        Assert.Equal(Copy, DirectedInformation.Discrete(x, y).Value, 0.02);
        Assert.Equal(0, TransferEntropy.Discrete(x, y).Value, 0.001);
    }

    [Fact]
    public void Divergence_estimators_are_never_negative_where_the_difference_of_code_lengths_is()
    {
        var random = new Random(1);
        Dictionary<DirectedEstimator, List<double>> values = [];
        for (int draw = 0; draw < 30; draw++)
        {
            int[] x = [.. Enumerable.Range(0, 300).Select(_ => random.Next(2))];
            int[] y = [.. Enumerable.Range(0, 300).Select(_ => random.Next(2))];
            foreach (DirectedEstimator estimator in Enum.GetValues<DirectedEstimator>())
            {
                values.TryAdd(estimator, []);
                values[estimator].Add(DirectedInformation.ContextTree(x, y, 2, estimator).Value);
            }
        }

        Assert.True(values[DirectedEstimator.Divergence].Min() >= 0);
        Assert.True(values[DirectedEstimator.JointDivergence].Min() >= 0);
        Assert.True(values[DirectedEstimator.CodeLengths].Min() < 0);
    }

    [Fact]
    public void Code_lengths_are_those_of_the_trees()
    {
        // Estimator 1 is the difference of code lengths: of y alone, and of the pair less x given the pair's past.
        (Symbols x, Symbols y) = TransferEntropyTests.DelayedCopy(500, 0.2, 3);
        Symbols pair = Symbols.Pair(x, y);
        ContextTree pairs = new(4, 2, pair.Span[..2]);
        ContextTree ys = new(2, 2, y.Span[..2]);
        double[] joint = new double[4];
        double expected = 0;
        for (int t = 2; t < 500; t++)
        {
            pairs.Predict(joint);
            expected += Math.Log(joint[x[t] + 2 * y[t]] / (joint[x[t]] + joint[x[t] + 2])) - Math.Log(ys.Update(y[t]));
            pairs.Update(pair[t]);
        }

        Assert.Equal(expected / 498, DirectedInformation.ContextTree(x, y, 2, DirectedEstimator.CodeLengths).Value, 1e-12);
    }

    [Fact]
    public void Normal_processes_have_transfer_and_instantaneous_parts()
    {
        VectorAutoregression process = new([new double[,] { { 0.5, 0 }, { 0.7, 0.3 } }], new double[,] { { 1, 0.6 }, { 0.6, 1 } });
        double instantaneous = -Math.Log(1 - 0.36) / 2;
        double exact = DirectedInformation.Exact(process, [0], [1]);
        Assert.Equal(TransferEntropy.Exact(process, [0], [1]) + instantaneous, exact, 1e-12);
        Samples path = process.Simulate(50_000, 6);
        InformationEstimate estimate = DirectedInformation.Gaussian(path.Select(0), path.Select(1), 5);
        Assert.Equal(exact, estimate.Value, 0.01);
        Assert.Equal(instantaneous, estimate.Further[1].Value, 0.01);
        Assert.Equal(6, Assert.IsType<CurveChart>(estimate.Charts[0]).Curves[0].X.Length);
    }

    [Fact]
    public void Faults_name_their_cause()
    {
        Assert.Contains("contexts of 4", Assert.Throws<TooFewSamplesException>(() => DirectedInformation.ContextTree("aba", "bab")).Problem, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => DirectedInformation.ContextTree(new[] { 0, 1 }, new[] { 0 }));
    }
}
