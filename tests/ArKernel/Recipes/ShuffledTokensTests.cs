using ArKernel.Backbones;
using ArKernel.Decoding;
using ArKernel.Recipes;
using static ArKernel.Tests.TestTensors;
using static TorchSharp.torch;

namespace ArKernel.Tests.Recipes;

public sealed class ShuffledTokensTests
{
    [Fact]
    public void Windows_of_one_token_without_mixers_are_raster_autoregression()
    {
        using var scope = NewDisposeScope();
        DecoderConfiguration shape = VisualSystems.Raster(5, 3, 3);
        AutoregressiveModel raster = LlamaGen.Compose(shape, 2).Randomized(1), shuffled = ShuffledTokens.Compose(shape, 3, 1, 2, mixers: 0).Randomized(2);
        raster.CopyTo(shuffled);
        using (no_grad())
        {
            foreach (string name in (string[])["query.fusion.narrow.weight", "head.split.widen.weight"])
            {
                shuffled.named_parameters().Single(entry => entry.name == name).parameter.copy_(eye(shape.Channels));
            }
        }

        Tensor tokens = RandomIds(3, 5, 4, 9), labels = RandomIds(4, 2, 4);
        AssertNear(raster.NegativeLogLikelihood(tokens, labels), shuffled.NegativeLogLikelihood(tokens, labels));
    }

    [Fact]
    public void Guidance_schedules_have_their_known_values()
    {
        SamplingProgress At(int step, int steps) => new(step, steps, step / (double)steps, (step + 1) / (double)steps);
        double[] half = [.. Enumerable.Range(0, 8).Select(step => Guidance.HalfLinear(At(step, 8)))];
        Assert.Equal([0, 0.25, 0.5, 0.75, 1, 1, 1, 1], half); // 1 + (g − 1) · 0 = 1 at first, g from half on
        Assert.Equal([0, 0.5, 1], Enumerable.Range(0, 3).Select(step => Guidance.Linear(At(step, 3))));
        Assert.Equal(1, Guidance.Linear(At(0, 1)));
        Assert.Equal([0.25, 0.5, 0.75, 1], Enumerable.Range(0, 4).Select(step => Guidance.LinearInTokens(At(step, 4))));
        Assert.Equal(1, Guidance.Constant(At(0, 4)));
    }
}
