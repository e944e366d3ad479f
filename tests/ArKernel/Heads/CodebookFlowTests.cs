using ArKernel.Heads.Flow;
using static TorchSharp.torch;

namespace ArKernel.Tests.Heads;

public sealed class CodebookFlowTests
{
    private static Tensor Draw(ulong seed, params long[] shape)
    {
        using var generator = new Generator(seed);
        return randn(shape, generator: generator);
    }

    /// <summary>In one dimension the map is monotone, so it is the quantile map: codes change at Φ⁻¹(0.2) and Φ⁻¹(0.7).</summary>
    [Theory]
    [InlineData(50, -0.8417, 0.5245, 2e-3)]
    [InlineData(10, -0.845, 0.528, 2e-3)]
    public void In_one_dimension_codes_change_at_the_quantiles(int steps, double first, double second, double tolerance)
    {
        Tensor codebook = tensor(new double[] { -1, 0.2, 2 }, [3, 1]), probabilities = tensor(new double[] { 0.2, 0.5, 0.3 }, [1, 3]);
        Tensor noise = linspace(-3, 3, 60_001, ScalarType.Float64).unsqueeze(1);
        long[] codes = CodebookFlow.Map(noise, probabilities, codebook, steps).data<long>().ToArray();
        Assert.Equal(codes.Order(), codes);
        Assert.Equal(first, -3 + 1e-4 * Array.IndexOf(codes, 1L), tolerance);
        Assert.Equal(second, -3 + 1e-4 * Array.IndexOf(codes, 2L), tolerance);
        Assert.Equal(-0.8416, first, 5e-3); // the quantiles themselves
        Assert.Equal(0.5244, second, 5e-3);
    }

    [Fact]
    public void Codes_come_with_their_probabilities()
    {
        Tensor codebook = Draw(1, 6, 3), noise = Draw(2, 20_000, 3);
        double[] probabilities = [0.05, 0.3, 0.1, 0.25, 0.2, 0.1];
        Tensor codes = CodebookFlow.Map(noise, tensor(probabilities.Select(p => (float)p).ToArray()).unsqueeze(0), codebook, 25);
        long[] counts = [.. bincount(codes, minlength: 6).data<long>()];
        double statistic = counts.Zip(probabilities, (count, p) => Math.Pow(count - 20_000 * p, 2) / (20_000 * p)).Sum();
        Assert.True(statistic < 20.515, $"χ² = {statistic}: {string.Join(", ", counts)}"); // the 0.999 quantile of five degrees of freedom
    }

    [Fact]
    public void A_sure_code_comes_from_every_noise()
    {
        Tensor codebook = Draw(3, 8, 4), noise = Draw(4, 500, 4) * 3;
        for (int code = 0; code < 8; code++)
        {
            Tensor sure = zeros(1, 8);
            sure[0, code] = ones(1).sum();
            Assert.True(CodebookFlow.Map(noise, sure, codebook).eq(code).all().item<bool>());
        }
    }

    [Fact]
    public void The_flow_ends_on_a_code_before_the_nearest_is_taken()
    {
        Tensor codebook = Draw(5, 16, 4), noise = Draw(6, 1000, 4), probabilities = (Draw(7, 1000, 16) * 2).softmax(-1);
        Tensor end = CodebookFlow.Solve(noise, probabilities, codebook, 50);
        Tensor gaps = (end.unsqueeze(1) - codebook).square().sum(-1).amin(1).sqrt();

        // Only noise on the border between two codes is still between them.
        Assert.True((gaps < 1e-2).to(ScalarType.Float32).mean().item<float>() > 0.99, $"{gaps.max().item<float>()}");
    }

    [Fact]
    public void Permuting_codes_and_probabilities_together_permutes_the_result()
    {
        Tensor codebook = Draw(8, 10, 3), noise = Draw(9, 400, 3), probabilities = Draw(10, 400, 10).softmax(-1);
        using var generator = new Generator(11);
        Tensor order = randperm(10, generator: generator);
        Tensor permuted = CodebookFlow.Map(noise, probabilities.index_select(1, order), codebook.index_select(0, order));
        TestTensors.AssertSame(CodebookFlow.Map(noise, probabilities, codebook), order.index_select(0, permuted));
    }

    [Fact]
    public void The_velocity_is_the_mean_of_the_paths_through_a_point()
    {
        // Bayes by hand: w_k ∝ p_k N(x; t c_k, (1 − t)²).
        Tensor codebook = Draw(12, 5, 2).to(ScalarType.Float64), x = Draw(13, 1, 2).to(ScalarType.Float64);
        double[] p = [0.1, 0.2, 0.3, 0.15, 0.25];
        const double Time = 0.6;
        double[] weights = [.. p.Select((probability, code) => probability * Math.Exp(-(x[0] - codebook[code] * Time).square().sum().item<double>() / (2 * 0.16)))];
        Tensor expected = zeros(2, ScalarType.Float64);
        for (int code = 0; code < 5; code++)
        {
            expected += (codebook[code] - x[0]) * (weights[code] / weights.Sum() / (1 - Time));
        }

        Tensor velocity = CodebookFlow.Velocity(x, Time, tensor(p).unsqueeze(0), codebook);
        Assert.True((velocity[0] - expected).abs().max().item<double>() < 1e-9);
    }

    [Fact]
    public void Codes_of_no_probability_never_come_and_large_codes_make_no_nan()
    {
        Tensor codebook = Draw(14, 6, 3) * 100, probabilities = tensor(new float[] { 0.5f, 0, 0.5f, 0, 0, 0 }, [1, 6]);
        Tensor noise = Draw(15, 1000, 3);
        Assert.True(CodebookFlow.Solve(noise, probabilities, codebook, 50).isfinite().all().item<bool>());
        Assert.Equal([0, 2], CodebookFlow.Map(noise, probabilities, codebook, 50).data<long>().Distinct().Order());
    }

    [Fact]
    public void What_is_no_distribution_over_the_codes_is_refused()
    {
        Tensor codebook = Draw(16, 4, 2), noise = Draw(17, 3, 2);
        Assert.Contains("[1, 5]", Assert.Throws<ArgumentException>(() => CodebookFlow.Map(noise, ones(1, 5), codebook)).Message);
        Assert.Contains("positive", Assert.Throws<ArgumentException>(() => CodebookFlow.Map(noise, zeros(1, 4), codebook)).Message);
        Assert.Contains("positive", Assert.Throws<ArgumentException>(() => CodebookFlow.Map(noise, full([1, 4], double.NaN, ScalarType.Float32), codebook)).Message);
        Assert.Contains("deterministic", Assert.Throws<ArgumentException>(() => CodebookFlow.Map(noise, ones(1, 4), codebook, 5, FlowSolver.EulerMaruyama)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => CodebookFlow.Velocity(noise, 1, ones(1, 4), codebook));
    }
}
