using ArKernel.Heads.Flow;
using ArKernel.Tests.Training;
using static TorchSharp.torch;

namespace ArKernel.Tests.Heads;

/// <summary>Against Gaussian data N(0, σ²), whose velocity field is known in closed form.</summary>
[Collection(nameof(RunsAlone))]
public sealed class FlowMatchingTests
{
    private static Tensor Draw(ulong seed, params long[] shape)
    {
        using var generator = new Generator(seed);
        return randn(shape, ScalarType.Float64, generator: generator);
    }

    /// <summary>The best velocity with noise at one (xAR, check 5).</summary>
    private static Func<Tensor, double, Tensor> Exact(double variance) =>
        (x, t) => x * ((t - (1 - t) * variance) / ((1 - t) * (1 - t) * variance + t * t));

    /// <summary>And with noise at zero (FlowAR, check 3).</summary>
    private static Func<Tensor, double, Tensor> ExactFromZero(double variance) =>
        (x, t) => x * ((t * variance - (1 - t)) / (t * t * variance + (1 - t) * (1 - t)));

    [Theory]
    [InlineData(10, 0.4308)]
    [InlineData(50, 0.4854)]
    [InlineData(200, 0.4963)]
    public void Eulers_method_maps_noise_to_half_of_it_with_the_known_error(int steps, double expected)
    {
        Tensor noise = ones(1, ScalarType.Float64);
        Assert.Equal(expected, FlowMatching.Sample(Exact(0.25), noise, steps, solver: FlowSolver.Euler).item<double>(), 1e-4);
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(2)]
    public void Heuns_method_scales_noise_by_the_deviation_with_an_error_of_the_second_order(double deviation)
    {
        Tensor noise = Draw(1, 100);
        double Error(int steps) => ((FlowMatching.Sample(ExactFromZero(deviation * deviation), noise, steps, FlowClock.NoiseAtZero) - noise * deviation).abs() / (noise * deviation).abs()).max().item<double>();
        Assert.True(Error(50) < 1e-2);
        Assert.InRange(Error(50) / Error(100), 3, 5); // halving the step quarters the error
    }

    [Theory]
    [InlineData(FlowSolver.Euler)]
    [InlineData(FlowSolver.Heun)]
    [InlineData(FlowSolver.EulerMaruyama)]
    public void The_two_clocks_describe_one_flow(FlowSolver solver)
    {
        Tensor data = Draw(2, 5, 3), noise = Draw(3, 5, 3), time = rand(5, ScalarType.Float64);
        TestTensors.AssertNear(
            FlowMatching.Interpolate(data, noise, time).to(ScalarType.Float32),
            FlowMatching.Interpolate(data, noise, 1 - time, FlowClock.NoiseAtZero).to(ScalarType.Float32), 1e-6);
        TestTensors.AssertSame(FlowMatching.Velocity(data, noise), -FlowMatching.Velocity(data, noise, FlowClock.NoiseAtZero));
        TestTensors.AssertNear(
            FlowMatching.Score(data, noise, time * 0.9 + 0.05).to(ScalarType.Float32),
            FlowMatching.Score(data, -noise, 0.95 - time * 0.9, FlowClock.NoiseAtZero).to(ScalarType.Float32), 1e-4);

        using Generator first = new(7), second = new(7);
        Tensor start = Draw(4, 50);
        Tensor one = FlowMatching.Sample(Exact(0.3), start, 20, FlowClock.NoiseAtOne, solver, first);
        Tensor zero = FlowMatching.Sample(ExactFromZero(0.3), start, 20, FlowClock.NoiseAtZero, solver, second);
        TestTensors.AssertNear(one.to(ScalarType.Float32), zero.to(ScalarType.Float32), 1e-5);
    }

    [Fact]
    public void The_velocity_of_gaussians_gives_their_score()
    {
        Tensor x = Draw(5, 40);
        foreach (double t in new[] { 0.1, 0.5, 0.9 })
        {
            const double Variance = 0.7;
            Tensor score = FlowMatching.Score(x, Exact(Variance)(x, t), full(40, t, ScalarType.Float64));
            Assert.True((score + x / ((1 - t) * (1 - t) * Variance + t * t)).abs().max().item<double>() < 1e-12);
        }
    }

    /// <summary>Every step is linear in x and in the noise, so the variance of the result is known exactly, by recursion.</summary>
    [Theory]
    [InlineData(50)]
    [InlineData(200)]
    public void The_stochastic_solver_gives_the_variance_of_its_recursion_which_tends_to_the_datas(int steps)
    {
        double variance = 1;
        for (int step = 0; step < steps; step++)
        {
            double t = 1 - 0.96 * step / (steps - 1), next = step == steps - 1 ? 0 : 1 - 0.96 * (step + 1) / (steps - 1);
            double marginal = (1 - t) * (1 - t) + t * t, drift = (t - (1 - t)) / marginal + t / marginal; // v* − t ∇log p, over x, for σ = 1
            variance = Math.Pow(1 + drift * (next - t), 2) * variance + (next == 0 ? 0 : 2 * t * (t - next));
        }

        using var generator = new Generator(9);
        double drawn = FlowMatching.Sample(Exact(1), Draw(6, 40_000), steps, solver: FlowSolver.EulerMaruyama, generator: generator).var().item<double>();
        Assert.Equal(variance, drawn, 0.03);
        Assert.InRange(drawn, 0.96, 1.04);
    }

    [Fact]
    public void A_perfect_network_has_no_more_loss_than_the_velocity_varies()
    {
        using Generator _ = manual_seed(3);

        // One point as data: the velocity at x is known without error, (x − data)/t.
        Tensor data = full([2000, 3], 1.5);
        Tensor loss = FlowMatching.Loss((x, t) => (x - 1.5) / t.unsqueeze(1), data);
        Assert.Equal([2000L, 3L], loss.shape);
        Assert.True(loss.mean().item<float>() < 1e-4);

        // Data N(0, 1): what is left is Var(ε − x₀ | x_t) = 1/((1 − t)² + t²), whose mean over t is π/2.
        Tensor normal = randn(200_000);
        double left = FlowMatching.Loss((x, t) => x * ((2 * t - 1) / ((1 - t).square() + t.square())), normal).mean().item<float>();
        Assert.Equal(Math.PI / 2, left, 0.02);
    }

    [Fact]
    public void Logit_normal_times_crowd_the_middle_and_stay_inside()
    {
        using Generator _ = manual_seed(4);
        Tensor times = FlowMatching.DrawTimes([100_000], FlowTimes.LogitNormal), uniform = FlowMatching.DrawTimes([100_000]);
        Assert.True(times.min().item<float>() > 0 && times.max().item<float>() < 1);
        Assert.Equal(0.6827, ((times > 0.26894) & (times < 0.73106)).to(ScalarType.Float32).mean().item<float>(), 0.01); // |n| < 1
        Assert.Equal(1 / 12.0, uniform.var().item<float>(), 2e-3);
    }

    [Fact]
    public void A_time_may_be_given_for_every_position()
    {
        Tensor data = Draw(7, 2, 3, 4), noise = Draw(8, 2, 3, 4), time = rand(2, 3, ScalarType.Float64), mixed = FlowMatching.Interpolate(data, noise, time);
        double t = time[1, 2].item<double>();
        Assert.True((mixed[1, 2] - (data[1, 2] * (1 - t) + noise[1, 2] * t)).abs().max().item<double>() < 1e-12);
    }

    [Fact]
    public void Calls_that_cannot_be_solved_are_refused_and_sampling_leaves_no_tensors()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => FlowMatching.Sample(Exact(1), ones(1), 0));
        Assert.Contains("generator", Assert.Throws<ArgumentException>(() => FlowMatching.Sample(Exact(1), ones(1), 5, solver: FlowSolver.EulerMaruyama)).Message);
        Tensor noise = Draw(9, 10);
        long before = TestTensors.SettledTensorCount();
        FlowMatching.Sample(Exact(1), noise, 7).Dispose();
        Assert.Equal(before, TestTensors.SettledTensorCount());
    }
}
