using ArKernel.Theory.Scaling;

namespace ArKernel.Theory.Tests.Scaling;

public sealed class ScalingLawTableTests
{
    [Theory]
    [InlineData("image 16x16", 1.73e10)]
    [InlineData("image 32x32", 2.69e26)]
    [InlineData("image VQ 16x16", 4.77e15)]
    [InlineData("image VQ 32x32", 3.17e19)]
    public void The_law_of_an_image_follows_from_the_law_of_a_token(string domain, double oneNat)
    {
        ImageLawRow image = ScalingLawTable.HenighanImages.Single(row => row.Domain == domain);
        ScalingLaw law = ScalingLawTable.Of(domain).Compute!.PerSequence(image.Tokens);
        Assert.Equal(1, law.Scale / oneNat, 0.005);
        Assert.Equal(1, law.Scale / image.OneNatCompute, 0.03);
        Assert.Equal(1, law.Irreducible / image.Irreducible, 0.005);
        Assert.Equal(1, law.Reducible(law.Scale), 1e-12);
    }

    [Fact]
    public void The_printed_compute_of_the_smallest_images_is_a_tenth_of_what_follows()
    {
        ImageLawRow image = ScalingLawTable.HenighanImages[0];
        double follows = ScalingLawTable.Of(image.Domain).Compute!.PerSequence(image.Tokens).Scale;
        Assert.Equal(1.87e4, follows, 0.01e4);
        Assert.InRange(follows / image.OneNatCompute, 9, 11);
    }

    [Fact]
    public void Optimal_sizes_and_compute_for_tokens_are_those_of_the_paper()
    {
        Assert.Equal(1.293e9, ScalingLawTable.Of("language").OptimalSize!.Parameters(1), 0.001e9);
        Assert.Equal(3.08e8, ScalingLawTable.Of("image 16x16").OptimalSize!.Parameters(1), 0.01e8);
        // Section 6 writes N_opt = 2.8e8 C^0.74 for 16x16 images.
        OptimalSizeLaw section6 = new(Math.Pow(2.8e8, -1 / 0.74), 0.74);
        (double coefficient, double exponent) = section6.ComputeForTokens();
        Assert.Equal(6.35e-42, coefficient, 0.1e-42);
        Assert.Equal(3.846, exponent, 0.001);
        double tokens = 1e10, compute = coefficient * Math.Pow(tokens, exponent);
        Assert.Equal(1, TransformerCost.TrainingPetaflopDays(section6.Parameters(compute), tokens) / compute, 1e-9);
        Assert.Throws<InvalidOperationException>(() => new OptimalSizeLaw(1, 1).ComputeForTokens());
    }

    [Fact]
    public void The_laws_of_compute_and_data_contradict_each_other_beyond_where_they_cross()
    {
        // N_opt = C^0.7 in FLOP units: D = C^0.3 / 6, so pure laws cross where C^-a = (C^0.3 / 6)^-b.
        OptimalSizeLaw size = new(1, 0.7);
        ScalingLaw compute = new(0, 1e3, 0.2), data = new(0, 1, 0.4);
        double expected = Math.Exp((0.2 * Math.Log(1e3) - 0.4 * Math.Log(6)) / (0.2 - 0.3 * 0.4));
        double crossing = size.Crossing(compute, data, from: 1, unit: 1);
        Assert.Equal(1, crossing / expected, 1e-8);
        double tokens = crossing / (6 * size.Parameters(crossing));
        Assert.Equal(compute.Loss(crossing), data.Loss(tokens), 1e-9);
        Assert.True(compute.Loss(10 * crossing) < data.Loss(10 * crossing / (6 * size.Parameters(10 * crossing))));
        Assert.Equal(double.PositiveInfinity, size.Crossing(compute, new(0, 1, 5), from: 1e6, unit: 1));
        Assert.Throws<ArgumentException>(() => size.Crossing(compute, data, from: 10 * crossing, unit: 1));
    }

    [Fact]
    public void A_billion_parameters_leave_four_nats_of_a_small_image() =>
        Assert.Equal(3.80, ScalingLawTable.Of("image 8x8").Size.PerSequence(192).Reducible(1e9), 0.01);

    [Fact]
    public void Reducible_loss_and_its_inverse_agree() => Assert.All(ScalingLawTable.Henighan, row =>
    {
        Assert.Equal(0.3, row.Size.Reducible(row.Size.ForReducible(0.3)), 1e-12);
        Assert.Equal(row.Size.Irreducible + 0.3, row.Size.Loss(row.Size.ForReducible(0.3)), 1e-12);
        Assert.Throws<ArgumentOutOfRangeException>(() => row.Size.ForReducible(0));
    });

    [Theory]
    [InlineData(32, 4, 1.23e4)]
    [InlineData(64, 8, 9.83e4)]
    [InlineData(128, 16, 7.86e5)]
    [InlineData(512, 64, 5.03e7)]
    [InlineData(2048, 256, 3.22e9)]
    public void Sizes_of_the_paper_s_image_models_are_counted_as_it_counts(int width, int layers, double printed) =>
        Assert.Equal(1, TransformerCost.Parameters(width, layers, 0.25, 1) / printed, 0.005);

    [Fact]
    public void Sizes_of_language_models_are_twelve_squares_a_layer() => Assert.Equal(98_304, TransformerCost.Parameters(64, 2));

    [Fact]
    public void An_unknown_domain_is_told_with_the_known_ones() =>
        Assert.Contains("'language'", Assert.Throws<ArgumentException>(() => ScalingLawTable.Of("smell")).Message, StringComparison.Ordinal);

    [Fact]
    public void What_one_half_of_a_text_says_of_the_other_is_the_difference_of_its_costs()
    {
        var random = new Random(7);
        for (int i = 0; i < 200; i++)
        {
            double unigram = 4 + 6 * random.NextDouble();
            PositionLossLaw law = new(unigram * random.NextDouble(), unigram, random.NextDouble());
            int tokens = random.Next(1, 300);
            double alone = Enumerable.Range(1, tokens).Sum(t => law.Loss(t));
            double after = Enumerable.Range(tokens + 1, tokens).Sum(t => law.Loss(t));
            Assert.Equal(alone - after, law.MutualInformation(tokens), 1e-10);
            Assert.Equal((alone - after) / after, law.InfoGain(tokens), 1e-10);
        }
    }

    [Fact]
    public void The_law_along_the_context_is_recovered_from_the_losses_by_position()
    {
        PositionLossLaw truth = new(1.5, 6, 0.4);
        PositionLossLaw law = PositionLossLaw.Fit([.. Enumerable.Range(1, 256).Select(t => truth.Loss(t))]);
        Assert.Equal(truth.LongContext, law.LongContext, 1e-6);
        Assert.Equal(truth.Unigram, law.Unigram, 1e-6);
        Assert.Equal(truth.Decay, law.Decay, 1e-6);
    }

    [Fact]
    public void The_logarithm_of_information_between_modalities_is_recovered()
    {
        // The paper's claims: Infogain 0.1 at 1e9 parameters, 20 % at 3e12.
        double rate = 0.1 / Math.Log(3000);
        double[] sizes = [1e6, 1e7, 1e8, 1e9];
        InfoGainLaw law = InfoGainLaw.Fit(sizes, [.. sizes.Select(n => 0.1 + rate * Math.Log(n / 1e9))]);
        Assert.Equal(0.0125, law.Rate, 1e-4);
        Assert.Equal(1, law.Scale / 3.3e5, 0.02);
        Assert.Equal(1, law.SizeFor(0.2) / 3e12, 1e-6);
        Assert.Equal(0, law.At(10));
        Assert.Throws<TooFewPointsException>(() => InfoGainLaw.Fit([5, 5], [1, 2]));
    }
}
