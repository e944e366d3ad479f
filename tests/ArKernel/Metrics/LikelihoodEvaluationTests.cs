using ArKernel.Data;
using ArKernel.Metrics;
using ArKernel.Orders;
using CsCheck;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Tests.Metrics;

public sealed class LikelihoodEvaluationTests
{
    /// <summary>Charges each token its own value in nats, and reports which positions of the sequence were scored with how much context.</summary>
    private sealed class Meter : AutoregressiveModel
    {
        private readonly Parameter scale = new(ones(1));

        internal Meter()
            : base("meter", GenerationOrder.Raster(1)) => RegisterComponents();

        public override Tensor NegativeLogLikelihood(Tensor tokens, Tensor? condition = null) => tokens.to(ScalarType.Float64) * scale.to(ScalarType.Float64);
    }

    [Fact]
    public void Every_token_is_scored_exactly_once_whatever_the_window_and_stride()
    {
        using var model = new Meter();
        Gen.Select(Gen.Int[1, 60], Gen.Int[1, 20], Gen.Int[1, 20], Gen.Int[1, 5]).Where((count, length, stride, _) => count >= length && stride <= length).Sample(
            (count, length, stride, batchSize) =>
            {
                int[] tokens = [.. Enumerable.Range(0, count).Select(x => x * x + 1)];
                LikelihoodEvaluation result = LikelihoodEvaluation.OfText(model, new TokenStream(tokens), length, stride, batchSize);
                Assert.Equal(count, result.TokenCount);
                Assert.Equal(tokens.Sum(x => (double)x), result.NatsPerToken * result.TokenCount, 1e-6 * tokens.Sum(x => (double)x));
            },
            iter: 200,
            threads: 1);
    }

    [Fact]
    public void Nats_bits_perplexity_and_bits_per_unit_agree()
    {
        var result = new LikelihoodEvaluation(Math.Log(8), 100);
        Assert.Equal(3, result.BitsPerToken, 12);
        Assert.Equal(8, result.Perplexity, 9);
        Assert.Equal(1.5, result.BitsPer(200), 12);
    }

    [Fact]
    public void Batches_are_averaged_and_the_models_mode_is_left_as_it_was()
    {
        using var model = new Meter();
        model.train();
        LikelihoodEvaluation result = LikelihoodEvaluation.OfBatches(model, new LabelledTokens([1, 2, 3, 4], 2, null, 1, seed: null), 2);
        Assert.Equal((2.5, 4L, true), (result.NatsPerToken, result.TokenCount, model.training));
        Assert.Throws<ArgumentException>(() => LikelihoodEvaluation.OfText(model, new TokenStream([1, 2]), 3));
    }
}
