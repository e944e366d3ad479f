using ArKernel.Backbones;
using ArKernel.Heads;
using ArKernel.Orders;
using ArKernel.Queries;
using ArKernel.Recipes;
using static ArKernel.Tests.TestTensors;
using static TorchSharp.torch;

namespace ArKernel.Tests;

public sealed class AutoregressiveModelTests
{
    private const int Vocabulary = 5, Length = 6;

    private static DecoderConfiguration Shape => DecoderConfiguration.Llama(Vocabulary, 16, 2, 4, 2, 20, Length);

    [Fact]
    public void A_raster_model_takes_shorter_sequences_and_gives_them_the_same_costs()
    {
        using var scope = NewDisposeScope();
        AutoregressiveModel model = NextToken.Compose(Shape).Randomized(1);
        Tensor tokens = RandomIds(2, Vocabulary, 3, Length), whole = model.NegativeLogLikelihood(tokens);
        for (int length = 1; length < Length; length++)
        {
            AssertNear(whole.narrow(1, 0, length), model.NegativeLogLikelihood(tokens.narrow(1, 0, length)));
        }
    }

    [Fact]
    public void The_cost_is_minus_the_log_softmax_of_the_heads_logits_at_the_token()
    {
        using var scope = NewDisposeScope();
        AutoregressiveModel model = NextPixel.Compose(Shape with { TiedEmbeddings = false }, classes: 2).Randomized(3);
        Tensor tokens = RandomIds(4, Vocabulary, 3, Length), labels = tensor(new long[] { 1, 0, 2 }); // 2: no class
        Tensor logits = ((CategoricalHead)model.Head).Logits(model.Hidden(tokens, labels));
        AssertNear(-logits.log_softmax(-1).gather(2, tokens.unsqueeze(2)).squeeze(2), model.NegativeLogLikelihood(tokens, labels));
    }

    [Fact]
    public void Attention_maps_are_a_matrix_of_weights_a_layer_and_head_and_leave_the_mode()
    {
        using var scope = NewDisposeScope();
        AutoregressiveModel model = NextToken.Compose(Shape with { Dropout = 0.9 }).Randomized(5);
        Tensor tokens = RandomIds(6, Vocabulary, 2, Length);
        IReadOnlyList<Tensor> evaluated = model.AttentionMaps(tokens);
        model.train();
        IReadOnlyList<Tensor> maps = model.AttentionMaps(tokens);
        Assert.True(model.training);
        Assert.Equal(2, maps.Count);
        Assert.All(maps.Zip(evaluated), pair =>
        {
            AssertSame(pair.Second, pair.First); // without dropout
            Assert.Equal([2, 4, Length, Length], pair.First.shape);
            AssertNear(ones(2, 4, Length), pair.First.sum(-1));
            Assert.Equal(0, pair.First.triu(1).abs().max().item<float>());
        });
    }

    [Fact]
    public void The_states_of_the_layers_begin_with_the_embedded_text_end_with_the_output_and_see_no_later_token()
    {
        using var scope = NewDisposeScope();
        AutoregressiveModel model = NextToken.Compose(Shape).Randomized(8);
        Tensor tokens = RandomIds(9, Vocabulary, 2, Length);
        IReadOnlyList<Tensor> states = model.LayerStates(tokens);
        Assert.Equal(3, states.Count);
        var backbone = (TransformerBackbone)model.Backbone;
        var norm = (RootMeanSquareNorm)backbone.named_modules().Single(entry => entry.name == "norm").module;
        AssertNear(model.Hidden(tokens), norm.forward(states[^1]));
        using Draft draft = model.DraftOf(tokens);
        AssertSame(model.Query.Rows(draft, new StepRange(0, 0, Length)).Rows, states[0]);
        Tensor changed = tokens.clone();
        changed[.., 2] = (tokens[.., 2] + 1) % Vocabulary;
        foreach ((Tensor before, Tensor after) in states.Zip(model.LayerStates(changed)))
        {
            AssertNear(before.narrow(1, 0, 3), after.narrow(1, 0, 3)); // row 2 has read the tokens before 2
            Assert.NotEqual(0, (before - after).narrow(1, 3, 1).abs().max().item<float>());
        }
    }

    [Fact]
    public void Training_drops_labels_as_often_as_asked_and_evaluation_never()
    {
        using var scope = NewDisposeScope();
        var decoder = new CausalDecoder(Shape);
        var query = new PreviousToken(decoder.Embedding, classes: 1, labelDropout: 0.25).Randomized(7);
        Tensor start = query.named_parameters().Single(entry => entry.name == "start").parameter;
        Tensor Dropped() => query.Rows(new Draft(GenerationOrder.Raster(1), zeros(4000, 1, dtype: ScalarType.Int64), zeros(4000, dtype: ScalarType.Int64)), new StepRange(0, 0, 1)).Rows.squeeze(1).eq(start[1]).all(-1);
        Assert.Equal(0, Dropped().sum().item<long>());
        query.train();
        Assert.InRange(Dropped().sum().item<long>(), 850, 1150); // 1000 ± 5 deviations
    }

    [Fact]
    public void A_condition_of_another_type_or_out_of_range_is_named()
    {
        using var scope = NewDisposeScope();
        AutoregressiveModel model = NextPixel.Compose(Shape, classes: 2).Randomized(8);
        Tensor tokens = RandomIds(9, Vocabulary, 1, Length);
        string Message(Tensor condition) => Assert.Throws<ArgumentException>(() => model.NegativeLogLikelihood(tokens, condition)).Message;
        Assert.Contains("run from 3 to 3", Message(tensor(new long[] { 3 })));
        Assert.Contains("run from -1 to -1", Message(tensor(new long[] { -1 })));
        Assert.Contains("Int64", Message(tensor(new float[] { 1 })));
        Assert.Contains("Int64", Assert.Throws<ArgumentException>(() => model.NegativeLogLikelihood(tokens.to(ScalarType.Float32), tensor(new long[] { 0 }))).Message);
        Assert.Contains("[1, 0]", Assert.Throws<ArgumentException>(() => model.NegativeLogLikelihood(tokens.narrow(1, 0, 0), tensor(new long[] { 0 }))).Message);
    }
}
