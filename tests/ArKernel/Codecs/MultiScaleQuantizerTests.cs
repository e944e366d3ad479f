using ArKernel.Codecs;
using ArKernel.Tests.Training;
using static TorchSharp.torch;

namespace ArKernel.Tests.Codecs;

[Collection(nameof(RunsAlone))]
public sealed class MultiScaleQuantizerTests
{
    private static readonly ScaleList Scales = new(1, 2, 3, 4, 6, 8);

    private static Tensor Draw(ulong seed, params long[] shape)
    {
        using var generator = new Generator(seed);
        return randn(shape, generator: generator);
    }

    private static MultiScaleQuantizer Create(ScaleList? scales = null, int convolutions = 4, double share = 0.5, FrequencyBands? bands = null, bool zeroCode = false)
    {
        using Generator _ = manual_seed(11);
        var quantizer = new MultiScaleQuantizer(new(64, 5), scales ?? Scales, 8, convolutions, share, bands);
        Tensor codes = Draw(12, 64, 5);
        if (zeroCode)
        {
            codes[0] = zeros(5);
        }

        quantizer.Codebook.Set(codes);
        quantizer.eval();
        return quantizer;
    }

    /// <summary>The paper's algorithm 1 (and NFIG's residual rule) written out from the equations, one image at a time.</summary>
    private static (List<Tensor> Tokens, List<Tensor> Residuals, Tensor Sum) ByTheEquations(MultiScaleQuantizer quantizer, Tensor[] arrivals)
    {
        Tensor residual = zeros_like(arrivals[0]), sum = zeros_like(arrivals[0]), codes = quantizer.Codebook.Codes;
        List<Tensor> tokens = [], residuals = [];
        for (int scale = 0; scale < quantizer.Scales.Count; scale++)
        {
            int side = quantizer.Scales.Sides[scale];
            residual = scale < arrivals.Length ? residual + arrivals[scale] : residual;
            Tensor small = nn.functional.interpolate(residual, [side, side], mode: InterpolationMode.Area);
            Tensor distances = (small.unsqueeze(1) - codes.view(1, -1, codes.shape[1], 1, 1)).square().sum(dim: 2); // [batch, V, side, side]
            Tensor found = distances.argmin(1);
            tokens.Add(found.flatten(1));
            Tensor embedded = codes[found.flatten()].view(found.shape[0], side, side, -1).permute(0, 3, 1, 2);
            Tensor contribution = quantizer.Contribution(scale, embedded);
            sum = sum + contribution;
            residual = residual - contribution;
            residuals.Add(residual);
        }

        return (tokens, residuals, sum);
    }

    [Fact]
    public void Tokens_and_sum_are_those_of_the_equations_and_latent_is_residual_plus_sum()
    {
        using MultiScaleQuantizer quantizer = Create();
        Tensor latent = Draw(1, 3, 5, 8, 8) * 2;
        (List<Tensor> tokens, List<Tensor> residuals, Tensor sum) = ByTheEquations(quantizer, [latent]);
        TestTensors.AssertNear(latent, residuals[^1] + sum, 1e-5);
        TestTensors.AssertSame(cat(tokens, 1), quantizer.Encode(latent));
        TestTensors.AssertNear(sum, quantizer.Decode(quantizer.Encode(latent)), 1e-5);
        Quantization inTraining = quantizer.Quantize(latent);
        TestTensors.AssertSame(cat(tokens, 1), inTraining.Tokens);
        TestTensors.AssertNear(sum, inTraining.Latent, 1e-5);
    }

    [Fact]
    public void Advancing_scale_by_scale_gives_the_same_sum_and_the_inputs_of_teacher_forcing()
    {
        using MultiScaleQuantizer quantizer = Create();
        Tensor tokens = quantizer.Encode(Draw(2, 2, 5, 8, 8));
        Tensor[] maps = Scales.Split(tokens), inputs = quantizer.TeacherInputs(tokens).split([4, 9, 16, 36, 64], 1);
        Tensor[] partial = quantizer.PartialSums(tokens);
        Tensor? sum = null, next;
        for (int scale = 0; scale < Scales.Count; scale++)
        {
            (sum, next) = quantizer.Advance(scale, sum, quantizer.Embed(scale, maps[scale]));
            TestTensors.AssertNear(partial[scale], sum, 1e-5);
            if (scale + 1 < Scales.Count)
            {
                TestTensors.AssertNear(next!.flatten(2).transpose(1, 2), inputs[scale], 1e-5);
                TestTensors.AssertNear(nn.functional.interpolate(sum, [Scales.Sides[scale + 1], Scales.Sides[scale + 1]], mode: InterpolationMode.Area), next, 1e-5);
            }
            else
            {
                Assert.Null(next);
            }
        }

        TestTensors.AssertNear(quantizer.Decode(tokens), sum!, 1e-5);
    }

    [Fact]
    public void The_inputs_of_a_scale_do_not_depend_on_its_own_tokens_nor_on_later_ones()
    {
        using MultiScaleQuantizer quantizer = Create();
        Tensor tokens = TestTensors.RandomIds(3, 64, 1, Scales.TokenCount), inputs = quantizer.TeacherInputs(tokens);
        for (int scale = 0; scale < Scales.Count; scale++)
        {
            (int start, int length) = Scales.Ranges[scale];
            Tensor changed = tokens.clone();
            changed[0, start] = (changed[0, start] + 1) % 64;
            Tensor difference = (quantizer.TeacherInputs(changed) - inputs).abs().sum(-1)[0];
            int unchanged = Math.Min(start + length - 1, (int)difference.shape[0]); // inputs begin with the second scale
            Assert.Equal(0, difference.narrow(0, 0, unchanged).sum().item<float>());
            if (scale + 1 < Scales.Count)
            {
                Assert.NotEqual(0, difference.narrow(0, unchanged, Scales.Sides[scale + 1] * Scales.Sides[scale + 1]).sum().item<float>());
            }
        }
    }

    [Fact]
    public void With_one_scale_and_no_convolution_it_is_the_plain_quantizer_bit_for_bit()
    {
        using MultiScaleQuantizer quantizer = Create(new ScaleList(8), share: 0);
        using var plain = new VectorQuantizer(new(64, 5), 8, 8);
        plain.Codebook.Set(quantizer.Codebook.Codes);
        plain.eval();
        Tensor latent = Draw(4, 3, 5, 8, 8);
        TestTensors.AssertSame(plain.Encode(latent), quantizer.Encode(latent));
        Quantization expected = plain.Quantize(latent), actual = quantizer.Quantize(latent);
        TestTensors.AssertSame(expected.Latent, actual.Latent);
        TestTensors.AssertSame(expected.Loss, actual.Loss);
        TestTensors.AssertSame(plain.Decode(expected.Tokens), quantizer.Decode(actual.Tokens));
    }

    [Fact]
    public void A_residual_quantizer_codes_what_the_depths_before_left()
    {
        using var quantizer = MultiScaleQuantizer.Residual(new(64, 5), 8, depth: 3);
        quantizer.Codebook.Set(Draw(12, 64, 5));
        quantizer.eval();
        Tensor latent = Draw(5, 1, 5, 8, 8);
        Tensor rest = latent.permute(0, 2, 3, 1).reshape(64, 5);
        List<Tensor> expected = [];
        for (int depth = 0; depth < 3; depth++)
        {
            expected.Add(quantizer.Codebook.Nearest(rest));
            rest = rest - quantizer.Codebook.Lookup(expected[^1]);
        }

        TestTensors.AssertSame(cat(expected, 0).view(1, -1), quantizer.Encode(latent));
        TestTensors.AssertNear(latent - rest.view(1, 8, 8, 5).permute(0, 3, 1, 2), quantizer.Decode(quantizer.Encode(latent)), 1e-5);
    }

    [Fact]
    public void With_zero_among_the_codes_and_no_convolution_the_last_scale_never_adds_error()
    {
        using MultiScaleQuantizer quantizer = Create(share: 0, zeroCode: true);
        Tensor latent = Draw(6, 20, 5, 8, 8);
        Tensor[] sums = quantizer.PartialSums(quantizer.Encode(latent));
        Tensor before = (latent - sums[^2]).square().sum(dim: 1), after = (latent - sums[^1]).square().sum(dim: 1);
        Assert.True((after <= before + 1e-5).all().item<bool>());
    }

    [Theory]
    [InlineData(6, 4, new[] { 0, 0, 1, 2, 3, 3 })]
    [InlineData(10, 4, new[] { 0, 0, 1, 1, 1, 2, 2, 3, 3, 3 })]
    [InlineData(10, 1, new[] { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 })]
    [InlineData(5, 5, new[] { 0, 1, 2, 3, 4 })]
    [InlineData(1, 4, new[] { 0 })]
    public void Scales_share_convolutions_as_the_published_weights_do(int scales, int convolutions, int[] expected) =>
        Assert.Equal(expected, Enumerable.Range(0, scales).Select(scale => ScaleUpsampler.ConvolutionOf(scale, scales, convolutions)));

    [Fact]
    public void The_contribution_is_the_bicubic_map_mixed_with_its_convolution()
    {
        using MultiScaleQuantizer quantizer = Create();
        var convolution = quantizer.named_parameters().Where(entry => entry.name.Contains("convolutions.1.")).ToDictionary(entry => entry.name.Split('.')[^1], entry => entry.parameter);
        Tensor embedded = Draw(7, 2, 5, 3, 3);
        Tensor large = nn.functional.interpolate(embedded, [8, 8], mode: InterpolationMode.Bicubic, align_corners: false);
        Tensor expected = 0.5 * large + 0.5 * nn.functional.conv2d(large, convolution["weight"], convolution["bias"], padding: [1, 1]);
        TestTensors.AssertNear(expected, quantizer.Contribution(2, embedded), 1e-5);
    }

    [Fact]
    public void The_loss_is_the_mean_over_scales_of_both_distances_and_reaches_latent_codes_and_convolutions()
    {
        using Generator _ = manual_seed(13);
        using var quantizer = new MultiScaleQuantizer(new(64, 5) { Learning = CodebookLearning.Gradient, Revive = false }, Scales, 8);
        quantizer.Codebook.Set(Draw(12, 64, 5));
        Tensor latent = Draw(8, 2, 5, 8, 8).requires_grad_();
        Quantization result = quantizer.Quantize(latent);
        double expected = quantizer.PartialSums(result.Tokens).Average(sum => 1.25 * (sum - latent).square().mean().item<float>());
        Assert.Equal(expected, result.Loss.item<float>(), 1e-4);
        result.Loss.backward();
        Assert.All(quantizer.parameters(), parameter => Assert.True(parameter.grad!.abs().sum().item<float>() > 0));

        // Only the commitment β·mse(sg f̂, f) pulls the latent: 2β(f − f̂)/n, averaged over the scales.
        Tensor pull = quantizer.PartialSums(result.Tokens).Aggregate(zeros_like(latent), (sum, part) => sum + (latent - part)).detach() * (2 * 0.25 / latent.numel() / Scales.Count);
        TestTensors.AssertNear(pull, latent.grad!, 1e-6);
    }

    [Fact]
    public void The_mask_of_kept_tokens_is_the_resized_one_with_the_coarsest_map_always_kept()
    {
        using MultiScaleQuantizer quantizer = Create();
        Assert.True(quantizer.KeepMask(ones(8, 8, ScalarType.Bool)).all().item<bool>());
        Tensor none = quantizer.KeepMask(zeros(8, 8, ScalarType.Bool));
        Assert.Equal(1, none.sum().item<long>());
        Assert.True(none[0, 0].item<bool>());
        Assert.Equal(0, quantizer.KeepMask(zeros(8, 8, ScalarType.Bool), keepCoarsest: false).sum().item<long>());

        Tensor left = zeros(8, 8, ScalarType.Bool);
        left.narrow(1, 0, 4).fill_(true);
        Tensor[] maps = Scales.Split(quantizer.KeepMask(left));
        TestTensors.AssertSame(tensor(new[] { true, false, true, false }, [1, 4]), maps[1]);
        TestTensors.AssertSame(left.view(1, 64), maps[^1]);
    }

    [Fact]
    public void Scales_that_do_not_fit_are_refused_with_both_sides_named()
    {
        Assert.Contains("1, 2, 3, 4, 6, 8", Assert.Throws<ArgumentException>(() => new MultiScaleQuantizer(new(4, 2), Scales, 7)).Message);
        Assert.Contains("7×7", Assert.Throws<ArgumentException>(() => new MultiScaleQuantizer(new(4, 2), Scales, 7)).Message);
        Assert.Contains("4, 2", Assert.Throws<ArgumentException>(() => new ScaleList(4, 2)).Message);
        Assert.Contains("130", Assert.Throws<ArgumentException>(() => Create().Decode(zeros(1, 7, ScalarType.Int64))).Message);
        Assert.Throws<ArgumentException>(() => new MultiScaleQuantizer(new(4, 2), Scales, 8, bands: new FrequencyBands(8, 8, [1, 2, 4, 8])));
    }

    [Fact]
    public void Vars_ten_scales_are_680_tokens() => Assert.Equal(680, ScaleList.Var.TokenCount);

    [Fact]
    public void Frequency_stages_keep_sum_plus_residual_equal_to_the_bands_that_have_arrived()
    {
        using MultiScaleQuantizer quantizer = MultiScaleQuantizer.Frequency(new(64, 5), new ScaleList(1, 2, 4, 8), 8);
        quantizer.Codebook.Set(Draw(12, 64, 5));
        quantizer.eval();
        Tensor latent = Draw(9, 2, 5, 8, 8);
        Tensor[] bands = quantizer.Bands!.Split(latent);
        (List<Tensor> tokens, List<Tensor> residuals, Tensor sum) = ByTheEquations(quantizer, bands);
        TestTensors.AssertSame(cat(tokens, 1), quantizer.Encode(latent));
        TestTensors.AssertNear(latent, residuals[^1] + sum, 1e-5);

        // After every stage: what is left of the bands so far is what the next stage finds beside its own band.
        Tensor[] sums = quantizer.PartialSums(quantizer.Encode(latent));
        Tensor arrived = zeros_like(latent);
        for (int scale = 0; scale < 4; scale++)
        {
            arrived = arrived + bands[scale];
            TestTensors.AssertNear(arrived, sums[scale] + residuals[scale], 1e-5);
        }
    }

    [Fact]
    public void With_all_energy_in_the_first_band_it_is_vars_quantizer()
    {
        var scales = new ScaleList(8, 8, 8);
        var bands = new FrequencyBands(8, 8, scales.Sides, allowEmptyBands: true); // σ_1 = 1 already: band 1 is everything below the corner
        using MultiScaleQuantizer frequency = Create(scales, share: 0, bands: bands), plain = Create(scales, share: 0);
        Tensor latent = Draw(10, 2, 5, 8, 8);
        latent = latent - bands.Split(latent)[^1]; // the corner frequency alone lies in the last, closed band
        TestTensors.AssertSame(plain.Encode(latent), frequency.Encode(latent));

        // Growing scales: a constant map is all zero frequency, which is the first band.
        var growing = new ScaleList(1, 2, 4, 8);
        using MultiScaleQuantizer byBand = Create(growing, share: 0, bands: new FrequencyBands(8, 8, growing.Sides)), byScale = Create(growing, share: 0);
        Tensor constant = Draw(14, 6, 5, 1, 1).expand(6, 5, 8, 8).contiguous();
        TestTensors.AssertSame(byScale.Encode(constant), byBand.Encode(constant));

        using MultiScaleQuantizer one = Create(new ScaleList(8), share: 0, bands: new FrequencyBands(8, 8, [8])), vector = Create(new ScaleList(8), share: 0);
        TestTensors.AssertSame(vector.Encode(latent), one.Encode(latent));
    }
}
