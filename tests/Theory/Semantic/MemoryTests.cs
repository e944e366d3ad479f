using ArKernel.Theory.Semantic;
using MathNet.Numerics.Distributions;
using MathNet.Numerics.Integration;

namespace ArKernel.Theory.Tests.Semantic;

public sealed class MemoryTests
{
    [Theory]
    [InlineData(0, 2)]
    [InlineData(0.5, 0.961205)]
    [InlineData(1, 0.519572)]
    [InlineData(2, 0.200231)]
    public void Gardner_s_capacity_falls_with_the_margin_as_published(double margin, double capacity)
    {
        Assert.Equal(capacity, MemoryCapacity.Gardner(margin), 1e-6);
        double integral = GaussLegendreRule.Integrate(t => (t + margin) * (t + margin) * Normal.PDF(0, 1, t), -margin, 12, 200);
        Assert.Equal(1 / integral, MemoryCapacity.Gardner(margin), 1e-9);
    }

    [Fact]
    public void Half_of_all_labellings_are_separable_at_two_patterns_a_weight()
    {
        for (int n = 1; n <= 300; n++)
        {
            Assert.Equal(0.5, MemoryCapacity.SeparableShare(2 * n, n), 1e-9);
            Assert.Equal(1, MemoryCapacity.SeparableShare(n, n));
        }

        Assert.Equal(14.0 / 16, MemoryCapacity.SeparableShare(4, 3), 1e-12); // four points in the plane, affinely: all but the two crosses
    }

    [Fact]
    public void The_transition_at_capacity_sharpens_with_size()
    {
        Assert.True(MemoryCapacity.SeparableShare(180, 100) > 0.9);
        Assert.True(MemoryCapacity.SeparableShare(1800, 1000) > 0.999);
        Assert.True(MemoryCapacity.SeparableShare(2200, 1000) < 0.001);
    }

    [Fact]
    public void Recall_never_raises_the_energy_and_ends_at_the_stored_pattern()
    {
        var random = new Random(1);
        double[,] patterns = OnSphere(40, 16, random);
        AssociativeMemory memory = new(patterns, 20);
        for (int i = 0; i < 40; i++)
        {
            double[] state = [.. Enumerable.Range(0, 16).Select(c => patterns[i, c] + Normal.Sample(random, 0, 0.1))];
            for (int step = 0; step < 8; step++)
            {
                double[] next = memory.Retrieve(state);
                Assert.True(memory.Read(next).Energy <= memory.Read(state).Energy + 1e-12);
                state = next;
            }

            Assert.True(Enumerable.Range(0, 16).Max(c => Math.Abs(state[c] - patterns[i, c])) < 1e-2);
        }
    }

    [Fact]
    public void One_step_is_one_read_of_attention()
    {
        double[,] patterns = { { 1, 0, 2 }, { -1, 1, 0.5 } };
        double[] query = [0.3, -0.2, 0.9];
        double first = Math.Exp(1.7 * (0.3 + 1.8)), second = Math.Exp(1.7 * (-0.3 - 0.2 + 0.45));
        double weight = first / (first + second);
        double[] read = new AssociativeMemory(patterns, 1.7).Retrieve(query);
        Assert.Equal(weight - (1 - weight), read[0], 1e-12);
        Assert.Equal(1 - weight, read[1], 1e-12);
        Assert.Equal(2 * weight + 0.5 * (1 - weight), read[2], 1e-12);
    }

    [Fact]
    public void Capacity_grows_exponentially_with_the_dimension()
    {
        // The load at which one in twenty noisy cues is lost, multiplies with each six dimensions more.
        double Recalled(int dimension, int count) => new AssociativeMemory(OnSphere(count, dimension, new Random(dimension)), 50).RecalledShare(0.7 / Math.Sqrt(dimension), 1);
        int Load(int dimension)
        {
            int count = 2;
            while (count < 1024 && Recalled(dimension, count) >= 0.95)
            {
                count *= 2;
            }

            return count;
        }

        int at4 = Load(4), at10 = Load(10), at16 = Load(16);
        Assert.True(at10 >= 2 * at4 && at16 >= 4 * at10, $"{at4}, {at10}, {at16}");
    }

    [Fact]
    public void The_proven_capacity_is_the_published_example_s_and_more_than_doubles_every_few_dimensions()
    {
        // Ramsauer et al., theorem 3: with β = 1 and p = 0.001, c is 3.1546 at K = 3, d = 20, and 1.3718 at K = 1, d = 75.
        double twenty = MemoryCapacity.HopfieldPatterns(20, 1, 3, 0.001);
        Assert.Equal(3.1546, Math.Pow(twenty / Math.Sqrt(0.001), 4 / 19.0), 2e-3);
        double seventyFive = MemoryCapacity.HopfieldPatterns(75, 1, 1, 0.001);
        Assert.Equal(1.3718, Math.Pow(seventyFive / Math.Sqrt(0.001), 4 / 74.0), 2e-3);
        Assert.True(MemoryCapacity.HopfieldPatterns(40, 1, 3, 0.001) > 20 * twenty);
        Assert.Throws<ArgumentException>(() => MemoryCapacity.HopfieldPatterns(5, 1, 1, 0.5));
        Assert.Throws<ArgumentOutOfRangeException>(() => MemoryCapacity.Gardner(-1));
        Assert.Throws<ArgumentException>(() => new AssociativeMemory(new double[0, 3], 1));
        Assert.Throws<ArgumentException>(() => new AssociativeMemory(new double[2, 3], 1).Retrieve([1]));
    }

    private static double[,] OnSphere(int count, int dimension, Random random)
    {
        double[,] patterns = new double[count, dimension];
        for (int i = 0; i < count; i++)
        {
            double[] drawn = [.. Enumerable.Range(0, dimension).Select(_ => Normal.Sample(random, 0, 1))];
            double norm = Math.Sqrt(drawn.Sum(value => value * value));
            for (int c = 0; c < dimension; c++)
            {
                patterns[i, c] = drawn[c] / norm;
            }
        }

        return patterns;
    }
}
