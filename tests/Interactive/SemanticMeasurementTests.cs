using ArKernel.Backbones;
using ArKernel.Recipes;
using ArKernel.Theory;
using ArKernel.Theory.Semantic;
using TorchSharp;
using static TorchSharp.torch;

namespace ArKernel.Interactive.Tests;

public sealed class SemanticMeasurementTests
{
    private static AutoregressiveModel TextModel()
    {
        manual_seed(1);
        return NextToken.Compose(DecoderConfiguration.Llama(7, channels: 16, layers: 2, heads: 2, keyValueHeads: 2, feedForwardChannels: 32, maximumLength: 12));
    }

    [Fact]
    public void The_flow_of_a_prompt_is_the_difference_of_the_model_s_losses_and_its_compensator_their_divergence()
    {
        using DisposeScope scope = NewDisposeScope();
        AutoregressiveModel model = TextModel();
        Tensor texts = randint(0, 7, [5, 12], ScalarType.Int64), prompts = texts.narrow(1, 0, 4), answers = texts.narrow(1, 4, 8);
        SemanticFlow flow = SemanticMeasurement.Flow(model, prompts, answers);
        Tensor with = model.NegativeLogLikelihood(texts).narrow(1, 4, 8), without = model.NegativeLogLikelihood(answers);
        Tensor expected = (without - with).cumsum(1);
        for (int i = 0; i < 5; i++)
        {
            for (int t = 0; t < 8; t++)
            {
                Assert.Equal(expected[i, t].item<float>(), flow.Flow[i, t], 1e-4);
            }
        }

        Assert.True(flow.MeanCompensator[^1] > 0);
        Assert.Throws<ArgumentException>(() => SemanticMeasurement.Flow(model, prompts.narrow(0, 0, 2), answers));
    }

    [Fact]
    public void The_first_layer_s_symbols_are_the_token_before_and_tell_nothing_of_the_next_beyond_it()
    {
        using DisposeScope scope = NewDisposeScope();
        AutoregressiveModel model = TextModel();
        Tensor texts = randint(0, 7, [40, 12], ScalarType.Int64);
        IReadOnlyList<Symbols> layers = SemanticMeasurement.LayerSymbols(model, texts, from: 4, clusters: 7);
        Assert.Equal(3, layers.Count);
        int[] last = [.. texts.narrow(1, 3, 8).flatten().data<long>().Select(token => (int)token)];
        Dictionary<int, int> names = [];
        for (int i = 0; i < last.Length; i++)
        {
            Assert.Equal(names.TryGetValue(layers[0][i], out int token) ? token : names[layers[0][i]] = last[i], last[i]);
        }

        Assert.Equal(7, names.Count);
        Assert.Throws<ArgumentException>(() => SemanticMeasurement.LayerSymbols(model, texts, from: 12, clusters: 2));
    }
}
