using ArKernel.Theory.RateDistortion;
using CsCheck;

namespace ArKernel.Theory.Tests.RateDistortion;

public sealed class BlahutArimotoTests
{
    private static readonly double[,] Hamming2 = { { 0, 1 }, { 1, 0 } };

    [Fact]
    public void Capacities_of_textbook_channels_lie_in_their_intervals()
    {
        (double[,] Channel, double Bits)[] cases =
        [
            (new[,] { { 0.89, 0.11 }, { 0.11, 0.89 } }, 0.5000840418),
            (new[,] { { 0.7, 0.3, 0 }, { 0, 0.3, 0.7 } }, 0.7),
            (new[,] { { 1, 0 }, { 0.5, 0.5 } }, Math.Log2(1.25)),
            (new[,] { { 0.6, 0.3, 0.1 }, { 0.7, 0.1, 0.2 }, { 0.5, 0.05, 0.45 } }, 0.1616318609),
        ];
        foreach ((double[,] channel, double bits) in cases)
        {
            ChannelCapacity capacity = BlahutArimoto.Capacity(channel, 1e-12);
            Assert.InRange(capacity.Upper - capacity.Lower, 0, 1e-12);
            Assert.Equal(bits, capacity.Bits, 9);
        }

        double[] z = BlahutArimoto.Capacity(cases[2].Channel, 1e-12).InputDistribution;
        Assert.Equal(0.6, z[0], 5);
        double[] unused = BlahutArimoto.Capacity(cases[3].Channel, 1e-12).InputDistribution;
        Assert.Equal(0.50174, unused[0], 5);
        Assert.InRange(unused[1], 0, 1e-9);
        Assert.Equal(0.49826, unused[2], 5);
    }

    [Fact]
    public void The_bounds_on_the_capacity_hold_at_every_distribution() =>
        Gen.Double[0.01, 1].Array[4].Array[3].Select(rows => Channel(rows)).Sample(channel =>
        {
            var problem = new CapacityProblem(channel);
            double capacity = BlahutArimoto.Capacity(channel, 1e-10).Nats;
            double[] input = [1.0 / 3, 1.0 / 3, 1.0 / 3], exponents = new double[3];
            for (int iteration = 0; iteration < 20; iteration++)
            {
                problem.Evaluate(input, exponents);
                Assert.InRange(capacity, problem.Bounds.Lower - 1e-9, problem.Bounds.Upper + 1e-9);
                double sum = input.Zip(exponents, (r, g) => r * Math.Exp(g)).Sum();
                for (int i = 0; i < 3; i++)
                {
                    input[i] *= Math.Exp(exponents[i]) / sum;
                }
            }
        }, iter: 50);

    [Fact]
    public void A_Bernoulli_source_has_the_rate_of_the_closed_form()
    {
        RateDistortionPoint point = BlahutArimoto.AtSlope([0.7, 0.3], Hamming2, Math.Log(0.1 / 0.9), 1e-12);
        Assert.Equal(0.1, point.Distortion, 6);
        Assert.Equal(0.4122953, point.Bits, 6);
        RateDistortionPoint fixedLevel = BlahutArimoto.AtDistortion([0.7, 0.3], Hamming2, 0.1, 1e-10);
        Assert.InRange(fixedLevel.Interval.Width, 0, 1e-10);
        Assert.InRange(ClosedForms.Binary(0.3, 0.1), fixedLevel.Lower - 1e-12, fixedLevel.Rate + 1e-12);
        Assert.Equal(0.2857813, fixedLevel.Rate, 7);
    }

    [Fact]
    public void A_uniform_source_is_solved_at_the_first_look()
    {
        double[,] hamming = new double[4, 4];
        for (int x = 0; x < 4; x++)
        {
            for (int y = 0; y < 4; y++)
            {
                hamming[x, y] = x == y ? 0 : 1;
            }
        }

        RateDistortionPoint point = BlahutArimoto.AtSlope([0.25, 0.25, 0.25, 0.25], hamming, Math.Log(0.2 / (0.8 * 3)), 1e-12);
        Assert.Equal(1, point.Iterations);
        Assert.Equal(0.2, point.Distortion, 12);
        Assert.Equal(0.9610794, point.Bits, 7);
    }

    [Fact]
    public void Fine_grids_approach_the_Gaussian_and_the_Laplacian()
    {
        double[] grid = [.. Enumerable.Range(0, 161).Select(i => -4 + i / 20.0)];
        RateDistortionPoint gaussian = BlahutArimoto.AtSlope(
            Normalized(grid.Select(x => Math.Exp(-x * x / 2))), Pairwise(grid, (x, y) => (x - y) * (x - y)), -1 / (2 * 0.25), 1e-5);
        Assert.Equal(0.25, gaussian.Distortion, 2);
        Assert.Equal(1, gaussian.Bits, 2e-3);

        double[] wide = [.. Enumerable.Range(0, 201).Select(i => -10 + i / 10.0)];
        RateDistortionPoint laplacian = BlahutArimoto.AtSlope(Normalized(wide.Select(x => Math.Exp(-Math.Abs(x)))), Pairwise(wide, (x, y) => Math.Abs(x - y)), -2, 1e-5);
        Assert.Equal(ClosedForms.Laplacian(1, laplacian.Distortion), laplacian.Rate, 1e-2);
    }

    [Fact]
    public void Erasure_distortion_costs_what_is_not_erased()
    {
        // d = 0 for the letter itself, 1 for the erasure, ∞ for another letter. Erasing the likelier letter first leaves uniform erasures: the curve is the straight line
        // H − D ln 2 up to D = 2 min(p, 1 − p), where the slope belongs to a whole segment.
        double[,] erasure = { { 0, double.PositiveInfinity, 1 }, { double.PositiveInfinity, 0, 1 } };
        double entropy = ClosedForms.BinaryEntropy(0.3);
        foreach (double level in new[] { 0.0, 0.05, 0.25, 0.5 })
        {
            RateDistortionPoint point = BlahutArimoto.AtDistortion([0.7, 0.3], erasure, level, 1e-8);
            Assert.InRange(point.Interval.Width, 0, 1e-8);
            Assert.Equal(entropy - level * Math.Log(2), point.Rate, 2e-8);
            Assert.True(point.Distortion <= level + 1e-12);
        }

        Assert.Equal(0, BlahutArimoto.AtDistortion([0.7, 0.3], erasure, 1).Rate, 12);
    }

    [Fact]
    public void The_channel_of_a_point_has_its_rate_and_distortion_and_the_interval_brackets_every_point_of_the_curve() =>
        Gen.Select(Gen.Double[0.05, 1].Array[4], Gen.Double[0, 2].Array[12], Gen.Double[0.05, 0.95]).Sample((weights, flat, part) =>
        {
            double[] source = Normalized(weights);
            double[,] distortion = new double[4, 3];
            Buffer.BlockCopy(flat, 0, distortion, 0, 12 * sizeof(double));
            double least = Enumerable.Range(0, 4).Sum(x => source[x] * Enumerable.Range(0, 3).Min(y => distortion[x, y]));
            double most = Enumerable.Range(0, 3).Min(y => Enumerable.Range(0, 4).Sum(x => source[x] * distortion[x, y]));
            double level = least + part * (most - least);
            RateDistortionPoint point = BlahutArimoto.AtDistortion(source, distortion, level, 1e-7);
            Assert.InRange(point.Interval.Width, 0, 1e-7);
            (double information, double mean) = InformationAndDistortion(source, point.TestChannel, distortion);
            Assert.True(information <= point.Rate + 1e-10, $"{information} {point.Rate}");
            Assert.True(information >= point.Lower - 1e-10);
            Assert.True(mean <= level + 1e-9);

            // The tangent of any other slope is below the curve.
            RateDistortionPoint other = BlahutArimoto.AtSlope(source, distortion, -1.5, 1e-8);
            Assert.True(point.Rate >= other.Lower - 1.5 * (level - other.Distortion) - 1e-7);
        }, iter: 60);

    [Fact]
    public void A_few_slopes_bound_the_whole_curve_from_below()
    {
        RateDistortionCurve curve = BlahutArimoto.Curve([0.7, 0.3], Hamming2, [-0.5, -1, -2, -3, -5, double.NegativeInfinity]);
        for (double distortion = 0; distortion < 0.4; distortion += 0.005)
        {
            double exact = ClosedForms.Binary(0.3, distortion);
            Assert.InRange(curve.LowerBound(distortion), Math.Max(0, exact - 0.15), exact + 1e-12);
        }

        // Shifted by a constant, the distortion shifts the bound.
        RateDistortionCurve shifted = BlahutArimoto.Curve([0.7, 0.3], new[,] { { 2.0, 3 }, { 3, 2 } }, [-0.5, -1, -2, -3, -5]);
        Assert.Equal(curve.LowerBound(0.13), shifted.LowerBound(2.13), 1e-8);
        Assert.All(curve.Points.Take(5), point => Assert.Equal(point.Lower, curve.LowerBound(point.Distortion), 1e-9));
    }

    [Fact]
    public void A_curve_falls_and_is_convex_and_ends_at_zero()
    {
        RateDistortionCurve curve = BlahutArimoto.Curve([0.5, 0.3, 0.2], new[,] { { 0.0, 1, 2 }, { 1, 0, 1 }, { 2, 1, 0 } }, [0, -0.2, -0.5, -1, -2, -4, -8, double.NegativeInfinity], 1e-10);
        double[] d = [.. curve.Points.Select(point => point.Distortion)], r = [.. curve.Points.Select(point => point.Rate)];
        Assert.Equal(0, r[0], 9);
        Assert.Equal(0, d[^1], 12);
        Assert.Equal(-(0.5 * Math.Log(0.5) + 0.3 * Math.Log(0.3) + 0.2 * Math.Log(0.2)), r[^1], 9); // no distortion costs the entropy
        for (int i = 1; i < d.Length; i++)
        {
            Assert.True(d[i] <= d[i - 1] + 1e-9 && r[i] >= r[i - 1] - 1e-9);
        }

        for (int i = 1; i + 1 < d.Length; i++)
        {
            if (d[i - 1] - d[i + 1] > 1e-9)
            {
                double chord = r[i + 1] + (r[i - 1] - r[i + 1]) * (d[i] - d[i + 1]) / (d[i - 1] - d[i + 1]);
                Assert.True(r[i] <= chord + 1e-8);
            }
        }

        Assert.Single(curve.Charts);
        Assert.Contains("bits", curve.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_accelerated_iteration_and_the_plain_one_agree_on_a_large_problem()
    {
        var random = new Random(3);
        double[] source = Normalized(Enumerable.Range(0, 400).Select(_ => random.NextDouble()));
        double[,] distortion = new double[400, 500];
        for (int i = 0; i < distortion.Length; i++)
        {
            distortion[i / 500, i % 500] = random.NextDouble();
        }

        RateDistortionPoint fast = BlahutArimoto.AtSlope(source, distortion, -12, 1e-6);
        Assert.InRange(fast.Interval.Width, 0, 1e-6);
        var problem = new DistortionProblem(source, distortion) { Slope = -12 };
        double[] q = BlahutArimoto.Uniform(500), exponents = new double[500];
        double gap = 1;
        int plain = 0;
        for (; gap > 1e-4; plain++)
        {
            (_, gap) = problem.Evaluate(q, exponents);
            for (int y = 0; y < q.Length; y++)
            {
                q[y] *= Math.Exp(exponents[y]);
            }
        }

        // Each lower bound is a tangent of the curve; it must lie below the other's point.
        (double reached, double lower, double upper, _) = problem.Point(q);
        Assert.True(lower - 12 * (fast.Distortion - reached) <= fast.Rate + 1e-9);
        Assert.True(fast.Lower - 12 * (reached - fast.Distortion) <= upper + 1e-9);
        Assert.True(fast.Iterations < plain, $"{fast.Iterations} against {plain}");
    }

    [Fact]
    public void Bad_input_is_named()
    {
        Assert.Contains("sums to", Assert.Throws<NotADistributionException>(() => BlahutArimoto.Capacity(new[,] { { 0.5, 0.4 } })).Message, StringComparison.Ordinal);
        Assert.Throws<NotFiniteException>(() => BlahutArimoto.Capacity(new[,] { { double.NaN, 1 } }));
        Assert.Throws<NotADistributionException>(() => BlahutArimoto.AtSlope([1.2, -0.2], Hamming2, -1));
        Assert.Contains("NaN", Assert.Throws<NotFiniteException>(() => BlahutArimoto.AtSlope([0.5, 0.5], new[,] { { 0, double.NaN }, { 1, 0 } }, -1)).Message, StringComparison.Ordinal);
        Assert.Throws<NotFiniteException>(() => BlahutArimoto.AtSlope([0.5, 0.5], new[,] { { double.PositiveInfinity }, { 0 } }, -1));
        Assert.Throws<ArgumentException>(() => BlahutArimoto.AtSlope([0.5, 0.5], Hamming2, 1));
        Assert.Throws<ArgumentException>(() => BlahutArimoto.AtDistortion([0.5, 0.5], Hamming2, -0.1));
        Assert.Throws<ArgumentException>(() => BlahutArimoto.AtSlope([1], Hamming2, -1));
        Assert.Throws<ArgumentException>(() => BlahutArimoto.Capacity(new double[0, 2]));
        Assert.Throws<ArgumentException>(() => BlahutArimoto.Capacity(Hamming2, 0));
    }

    internal static double[] Normalized(IEnumerable<double> weights)
    {
        double[] all = [.. weights];
        double sum = all.Sum();
        return [.. all.Select(weight => weight / sum)];
    }

    internal static double[,] Pairwise(double[] grid, Func<double, double, double> distance)
    {
        double[,] matrix = new double[grid.Length, grid.Length];
        for (int i = 0; i < grid.Length; i++)
        {
            for (int j = 0; j < grid.Length; j++)
            {
                matrix[i, j] = distance(grid[i], grid[j]);
            }
        }

        return matrix;
    }

    private static double[,] Channel(double[][] rows)
    {
        double[,] channel = new double[rows.Length, rows[0].Length];
        for (int x = 0; x < rows.Length; x++)
        {
            double[] row = Normalized(rows[x]);
            for (int y = 0; y < row.Length; y++)
            {
                channel[x, y] = row[y];
            }
        }

        return channel;
    }

    private static (double Information, double Distortion) InformationAndDistortion(double[] source, double[,] channel, double[,] distortion)
    {
        double information = 0, mean = 0;
        for (int y = 0; y < channel.GetLength(1); y++)
        {
            double marginal = Enumerable.Range(0, source.Length).Sum(x => source[x] * channel[x, y]);
            for (int x = 0; x < source.Length; x++)
            {
                information += channel[x, y] > 0 ? source[x] * channel[x, y] * Math.Log(channel[x, y] / marginal) : 0;
                mean += source[x] * channel[x, y] * distortion[x, y];
            }
        }

        return (information, mean);
    }
}
