using ArKernel.Backbones;
using ArKernel.Data;
using ArKernel.Decoding;
using ArKernel.Heads;
using ArKernel.Metrics;
using ArKernel.Orders;
using ArKernel.Queries;
using CsCheck;
using static TorchSharp.torch;

namespace ArKernel.Tests.Metrics;

public sealed class LikelihoodEvaluationTests
{
    /// <summary>Charges each token its own id in nats.</summary>
    private sealed class MeterHead() : Head("meter")
    {
        public override Tensor Loss(Prediction prediction) => prediction.Targets.to(ScalarType.Float64);

        public override Tensor Sample(Prediction prediction, SamplingOptions options, Generator generator) =>
            throw new NotSupportedException("The meter only scores.");
    }

    private static AutoregressiveModel Meter()
    {
        var decoder = new CausalDecoder(DecoderConfiguration.Llama(4000, 4, 1, 1, 1, 4, 20));
        return new AutoregressiveModel("meter", GenerationOrder.Raster(20), new PreviousToken(decoder.Embedding), decoder.Backbone, new MeterHead());
    }

    [Fact]
    public void Every_token_is_scored_exactly_once_whatever_the_window_and_stride()
    {
        using var model = Meter();
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
        using var model = Meter();
        model.train();
        LikelihoodEvaluation result = LikelihoodEvaluation.OfBatches(model, new LabelledTokens([1, 2, 3, 4], 2, null, 1, seed: null), 2);
        Assert.Equal((2.5, 4L, true), (result.NatsPerToken, result.TokenCount, model.training));
        Assert.Throws<ArgumentException>(() => LikelihoodEvaluation.OfText(model, new TokenStream([1, 2]), 3));
    }
}
