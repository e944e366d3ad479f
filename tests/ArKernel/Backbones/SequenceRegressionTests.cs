using ArKernel.Backbones;
using ArKernel.Data;
using static TorchSharp.torch;

namespace ArKernel.Tests.Backbones;

public sealed class SequenceRegressionTests
{
    [Fact]
    public void A_prediction_depends_on_no_later_vector_and_the_loss_is_that_of_the_next_one()
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        using SequenceRegression model = new SequenceRegression(3, DecoderConfiguration.Gpt2(0, 16, 2, 2, 12)).Randomized(1);
        using var random = new Generator(2);
        Tensor sequences = randn([2, 9, 3], generator: random), changed = sequences.clone();
        changed.narrow(1, 6, 3).add_(1);
        Tensor before = model.forward(sequences), after = model.forward(changed);
        TestTensors.AssertNear(before.narrow(1, 0, 6), after.narrow(1, 0, 6), 1e-5);
        Assert.False(before.narrow(1, 6, 3).allclose(after.narrow(1, 6, 3)));
        Tensor expected = (before.narrow(1, 0, 8) - sequences.narrow(1, 1, 8)).square().sum(-1).mean();
        TestTensors.AssertNear(expected, model.Loss(new Batch(sequences)), 1e-5);
        Assert.Contains("[2, 9, 2]", Assert.Throws<ArgumentException>(() => model.forward(sequences.narrow(2, 0, 2))).Message);
    }
}
