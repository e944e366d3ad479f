using ArKernel.Codecs;
using static TorchSharp.torch;

namespace ArKernel.Tests.Codecs;

public sealed class FrequencyBandsTests
{
    private static readonly int[] TenSides = [1, 2, 3, 4, 5, 6, 8, 10, 13, 16];

    private static Tensor Draw(ulong seed, params long[] shape)
    {
        using var generator = new Generator(seed);
        return randn(shape, generator: generator);
    }

    public static TheoryData<BandRule, int, int[]> Layouts => new()
    {
        { BandRule.SideProportional, 16, TenSides },
        { BandRule.SideProportional, 8, new[] { 1, 2, 3, 4, 6, 8 } },
        { BandRule.SideProportional, 8, new[] { 1, 2, 4, 8 } },
        { BandRule.AreaSquareRoot, 16, TenSides },
        { BandRule.AreaLinear, 16, TenSides },
    };

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Bands_add_up_to_the_map_are_disjoint_and_keep_its_energy(BandRule rule, int side, int[] sides)
    {
        var bands = new FrequencyBands(side, side, sides, rule, allowEmptyBands: true);
        Tensor map = Draw(1, 2, 3, side, side);
        Tensor[] parts = bands.Split(map);
        TestTensors.AssertNear(map, parts.Aggregate((sum, part) => sum + part), 1e-5);

        Tensor masks = stack(Enumerable.Range(0, sides.Length).Select(bands.Mask).ToArray());
        TestTensors.AssertSame(ones(side, side), masks.sum(dim: 0));
        Assert.Equal(bands.CoefficientCounts, masks.sum([1, 2]).data<float>().Select(count => (int)count));

        double energy = map.square().sum().item<float>();
        Assert.Equal(energy, parts.Sum(part => part.square().sum().item<float>()), energy * 1e-5);
        TestTensors.AssertNear(stack(parts.Select(part => part.square().sum([-2, -1])).ToArray(), -1), bands.Energy(map), 1e-3);
    }

    [Fact]
    public void The_coefficients_of_each_rule_are_those_counted_by_hand()
    {
        int[] Counts(BandRule rule, int side, params int[] sides) => [.. new FrequencyBands(side, side, sides, rule, allowEmptyBands: true).CoefficientCounts];

        // Some edges lie exactly on coefficients, such as σ_8 = 255/680 = 3/8 on (±3, ±3): these are not below it, and belong to the next band.
        Assert.Equal([1, 0, 0, 0, 0, 8, 12, 36, 92, 107], Counts(BandRule.AreaLinear, 16, TenSides));
        Assert.Equal([1, 0, 8, 12, 16, 20, 40, 48, 82, 29], Counts(BandRule.AreaSquareRoot, 16, TenSides));
        Assert.Equal([1, 4, 8, 8, 16, 20, 40, 52, 82, 25], Counts(BandRule.SideProportional, 16, TenSides));
        Assert.Equal([1, 4, 8, 8, 30, 13], Counts(BandRule.SideProportional, 8, 1, 2, 3, 4, 6, 8));
        Assert.Equal([1, 4, 16, 43], Counts(BandRule.SideProportional, 8, 1, 2, 4, 8));
    }

    [Fact]
    public void A_rule_that_empties_a_band_is_refused_unless_asked_for()
    {
        string message = Assert.Throws<ArgumentException>(() => new FrequencyBands(16, 16, TenSides, BandRule.AreaLinear)).Message;
        Assert.Contains("1, 0, 0, 0, 0, 8", message);
        Assert.Contains("SideProportional", message);
        Assert.Throws<ArgumentException>(() => new FrequencyBands(8, 8, [4, 2]));
    }

    [Fact]
    public void A_constant_lies_in_the_first_band_and_a_checkerboard_in_the_last()
    {
        var bands = new FrequencyBands(8, 8, [1, 2, 4, 8]);
        Tensor constant = bands.Energy(full([1, 1, 8, 8], 3f))[0, 0];
        Assert.Equal([9f * 64, 0, 0, 0], constant.data<float>().Select(value => MathF.Round(value, 3)));

        Tensor board = ((arange(8).view(8, 1) + arange(8)) % 2 * 2 - 1).to(ScalarType.Float32).view(1, 1, 8, 8);
        Assert.Equal([0, 0, 0, 64f], bands.Energy(board)[0, 0].data<float>().Select(value => MathF.Round(value, 3)));
    }

    /// <summary>Why few tokens suffice for a low band, and what area and bicubic resizing leave to the finer stages.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void A_band_limited_map_survives_fourier_resizing_exactly_and_area_with_bicubic_only_roughly(int side)
    {
        // All frequencies strictly inside |u|, |v| < side/(2·8) cycles a pixel, that is index below side/2.
        Tensor spectrum = fft.fft2(Draw(2, 1, 1, 8, 8));
        Tensor inside = zeros(8, 8);
        int reach = (side - 1) / 2;
        foreach (int row in Enumerable.Range(-reach, 2 * reach + 1))
        {
            foreach (int column in Enumerable.Range(-reach, 2 * reach + 1))
            {
                inside[(row + 8) % 8, (column + 8) % 8] = ones(1).sum();
            }
        }

        Tensor map = fft.ifft2(spectrum * inside).real;

        // Down: the centre of the spectrum, scaled by (side/8)²; up: zeros around it again.
        Tensor centred = fft.fftshift(fft.fft2(map), [-2, -1]);
        int first = 4 - side / 2;
        Tensor small = fft.ifft2(fft.ifftshift(centred.narrow(-2, first, side).narrow(-1, first, side), [-2, -1]) * ((double)side * side / 64)).real;
        Tensor padded = zeros(1, 1, 8, 8, ScalarType.ComplexFloat32);
        padded.narrow(-2, first, side).narrow(-1, first, side).copy_(fft.fftshift(fft.fft2(small), [-2, -1]) * (64.0 / (side * side)));
        TestTensors.AssertNear(map, fft.ifft2(fft.ifftshift(padded, [-2, -1])).real, 1e-5);

        if (side > 2) // at side 2 only the constant is left, which every kernel keeps
        {
            Tensor resized = nn.functional.interpolate(nn.functional.adaptive_avg_pool2d(map, [side, side]), [8, 8], mode: InterpolationMode.Bicubic, align_corners: false);
            double error = ((resized - map).square().mean() / map.square().mean()).item<float>();
            TestContext.Current.TestOutputHelper?.WriteLine($"relative squared error of area and bicubic: {error:0.000}");
            Assert.InRange(error, 0.01, 1);
        }
    }
}
