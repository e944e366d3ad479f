using ArKernel.Codecs;
using ArKernel.Tests.Training;
using static TorchSharp.torch;

namespace ArKernel.Tests.Codecs;

[Collection(nameof(RunsAlone))]
public sealed class CodebookTests
{
    private static Tensor Draw(ulong seed, params long[] shape)
    {
        using var generator = new Generator(seed);
        return randn(shape, generator: generator);
    }

    private static Codebook Create(CodebookConfiguration configuration, Tensor? codes = null)
    {
        using Generator _ = manual_seed(5);
        var codebook = new Codebook(configuration);
        if (codes is not null)
        {
            codebook.Set(codes);
        }

        return codebook;
    }

    [Fact]
    public void The_nearest_code_is_that_of_least_distance_however_many_vectors_there_are()
    {
        Tensor codes = Draw(1, 300, 4);
        using Codebook codebook = Create(new(300, 4), codes);
        Tensor vectors = Draw(2, 60_000, 4); // 18 million distances: more than are computed at once
        Tensor found = codebook.Nearest(vectors);
        Tensor some = arange(0, 60_000, 997);
        Tensor distances = (vectors[some].unsqueeze(1) - codes.unsqueeze(0)).square().sum(-1);
        TestTensors.AssertSame(distances.argmin(1), found[some]);
    }

    [Theory]
    [InlineData(CodebookGeometry.Cosine)]
    [InlineData(CodebookGeometry.Sphere)]
    public void By_angle_the_length_of_code_and_vector_does_not_count(CodebookGeometry geometry)
    {
        Tensor codes = tensor(new float[] { 10, 0, 0, 0.1f }, [2, 2]);
        using Codebook codebook = Create(new(2, 2) { Geometry = geometry }, codes);
        Assert.Equal([1, 0], codebook.Nearest(tensor(new float[] { 1, 2, 0.02f, 0.01f }, [2, 2])).data<long>().ToArray());
        Tensor looked = codebook.Lookup(tensor(new long[] { 0, 1 }));
        TestTensors.AssertNear(geometry == CodebookGeometry.Sphere ? eye(2) : codes, looked, 1e-6);
    }

    [Fact]
    public void A_moving_average_code_is_the_weighted_mean_of_its_vectors()
    {
        using Codebook codebook = Create(new(2, 1) { Decay = 0.9, Revive = false }, tensor(new float[] { -1, 1 }, [2, 1]));
        codebook.train();
        Tensor first = tensor(new float[] { 2, 4, -3 }, [3, 1]), second = tensor(new float[] { 9 }, [1, 1]);
        codebook.Learn(first, codebook.Nearest(first));
        TestTensors.AssertNear(tensor(new float[] { -3, 3 }, [2, 1]), codebook.Codes);
        codebook.Learn(second, codebook.Nearest(second));

        // N: 0.1·2 → 0.18 + 0.1, m: 0.1·6 → 0.54 + 0.9
        TestTensors.AssertNear(tensor(new float[] { -3, 1.44f / 0.28f }, [2, 1]), codebook.Codes);
    }

    [Fact]
    public void The_first_step_places_unused_codes_on_vectors_and_later_ones_those_long_unused()
    {
        using Codebook codebook = Create(new(4, 1) { DeadAfter = 3 });
        codebook.train();
        using Generator _ = manual_seed(1);
        Tensor vectors = Draw(3, 50, 1) + 100; // so far away that one code is nearest to all
        codebook.Learn(vectors, codebook.Nearest(vectors));
        Assert.Equal(0, codebook.Usage.Reinitialisations); // placing codes at first is no collapse
        Tensor gaps = (codebook.Codes.unsqueeze(1) - vectors.unsqueeze(0)).abs().sum(-1).amin(1);
        Assert.Equal(3, (gaps == 0).sum().item<long>()); // one code is the mean of all; the others stand on vectors

        Tensor one = full([20, 1], 7f);
        for (int step = 0; step < 3; step++)
        {
            codebook.Learn(one, zeros(20, ScalarType.Int64));
        }

        Assert.Equal(3, codebook.Usage.DeadCodes); // three codes were unused for three steps and now stand on the only vector there is
        Assert.Equal(3, codebook.Usage.Reinitialisations);
        TestTensors.AssertNear(full([3, 1], 7f), codebook.Codes.narrow(0, 1, 3));
        codebook.Learn(one, arange(20) % 4);
        Assert.Equal(0, codebook.Usage.DeadCodes);
        Assert.Equal(["codebook perplexity", "codes re-initialised", "dead codes"], codebook.Usage.ToMeasures().Keys.Order());
    }

    [Fact]
    public void The_perplexity_is_the_number_of_codes_when_all_are_used_alike_and_falls_to_one_in_a_collapse()
    {
        using Codebook codebook = Create(new(8, 1) { Decay = 0.5, Revive = false });
        codebook.train();
        Tensor vectors = zeros(64, 1);
        codebook.Learn(vectors, arange(64) % 8);
        Assert.Equal(8, codebook.Usage.Perplexity, 1e-6);
        for (int step = 0; step < 40; step++)
        {
            codebook.Learn(vectors, zeros(64, ScalarType.Int64));
        }

        Assert.Equal(1, codebook.Usage.Perplexity, 1e-6);
    }

    [Fact]
    public void Nothing_is_learned_in_evaluation_mode_nor_from_values_that_are_not_finite()
    {
        using Codebook codebook = Create(new(3, 2), Draw(4, 3, 2));
        Tensor before = codebook.Codes.clone();
        Tensor vectors = Draw(5, 10, 2);
        codebook.eval();
        codebook.Learn(vectors, codebook.Nearest(vectors));
        TestTensors.AssertSame(before, codebook.Codes);
        codebook.train();
        codebook.Learn(vectors * double.NaN, zeros(10, ScalarType.Int64));
        TestTensors.AssertSame(before, codebook.Codes);
    }

    [Fact]
    public void Codes_are_a_parameter_only_when_learned_by_gradient()
    {
        using Codebook average = Create(new(3, 2)), gradient = Create(new(3, 2) { Learning = CodebookLearning.Gradient });
        Assert.Empty(average.parameters());
        Assert.Equal([3L, 2L], Assert.Single(gradient.parameters()).shape);
        Assert.Contains("codes", average.state_dict().Keys);
    }

    [Fact]
    public void A_token_outside_the_codebook_and_a_vector_of_another_width_are_refused()
    {
        using Codebook codebook = Create(new(3, 2));
        Assert.Contains("0..2", Assert.Throws<ArgumentException>(() => codebook.Lookup(tensor(new long[] { 3 }))).Message);
        Assert.Contains("[count, 2]", Assert.Throws<ArgumentException>(() => codebook.Nearest(zeros(1, 3))).Message);
        Assert.Contains("Decay", Assert.Throws<ArgumentException>(() => Create(new(3, 2) { Decay = 1 })).Message);
    }

    [Fact]
    public void The_plain_quantizer_passes_gradients_straight_through_and_its_loss_is_the_papers()
    {
        using Generator _ = manual_seed(2);
        using var quantizer = new VectorQuantizer(new(5, 3) { Learning = CodebookLearning.Gradient, Revive = false }, 2, 4);
        quantizer.Codebook.Set(Draw(6, 5, 3));
        Tensor latent = Draw(7, 2, 3, 2, 4).requires_grad_();
        Quantization result = quantizer.Quantize(latent);
        TestTensors.AssertSame(quantizer.Decode(quantizer.Encode(latent)), quantizer.Decode(result.Tokens));
        TestTensors.AssertNear(quantizer.Decode(result.Tokens), result.Latent);

        Tensor weights = Draw(8, 2, 3, 2, 4);
        (result.Latent * weights).sum().backward();
        TestTensors.AssertNear(weights, latent.grad!, 1e-6);

        double gap = (quantizer.Decode(result.Tokens) - latent).square().mean().item<float>();
        Assert.Equal(1.25 * gap, result.Loss.item<float>(), 1e-5);
    }

    [Fact]
    public void Every_code_has_its_token()
    {
        using var quantizer = new VectorQuantizer(new(12, 4), 3, 4);
        quantizer.Codebook.Set(Draw(9, 12, 4));
        Tensor tokens = arange(12).view(1, 12);
        TestTensors.AssertSame(tokens, quantizer.Encode(quantizer.Decode(tokens)));
    }
}
