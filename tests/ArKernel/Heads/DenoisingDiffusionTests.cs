using ArKernel.Heads.Flow;
using ArKernel.Tests.Training;
using static TorchSharp.torch;

namespace ArKernel.Tests.Heads;

/// <summary>Against Gaussian data N(0, σ²), for which the best noise and the best variance of every step are known.</summary>
[Collection(nameof(RunsAlone))]
public sealed class DenoisingDiffusionTests
{
    private const double Variance = 0.5;

    private static Tensor Draw(ulong seed, params long[] shape)
    {
        using var generator = new Generator(seed);
        return randn(shape, ScalarType.Float64, generator: generator);
    }

    [Fact]
    public void The_cosine_schedule_falls_from_all_to_nothing()
    {
        var diffusion = new DenoisingDiffusion();
        Assert.Equal(1000, diffusion.Steps);
        Assert.Equal(diffusion.Kept.OrderDescending(), diffusion.Kept);
        Assert.True(diffusion.Kept[0] > 0.9999 && diffusion.Kept[^1] < 1e-8);
        double Cosine(double t) => Math.Pow(Math.Cos((t + 0.008) / 1.008 * Math.PI / 2), 2);
        Assert.Equal(Cosine(0.5) / Cosine(0), diffusion.Kept[499], 1e-12);
    }

    [Fact]
    public void Fewer_steps_are_spread_evenly_from_the_first_to_the_last()
    {
        var diffusion = new DenoisingDiffusion();
        Assert.Equal(Enumerable.Range(0, 1000), diffusion.Respaced(1000));
        Assert.Equal([0, 333, 666, 999], diffusion.Respaced(4));
        int[] hundred = diffusion.Respaced(100);
        Assert.Equal((0, 999, 100), (hundred[0], hundred[^1], hundred.Distinct().Count()));
    }

    [Fact]
    public void The_posterior_of_a_step_is_bayes_rule()
    {
        // q(x_{t−1} | x_t, x_0) from the joint of three Gaussians, by hand.
        double[] kept = [0.9, 0.6, 0.2];
        DenoisingDiffusion.Transition transition = DenoisingDiffusion.Between(kept);
        for (int step = 1; step < 3; step++)
        {
            double alpha = kept[step] / kept[step - 1], beta = 1 - alpha, before = 1 - kept[step - 1];
            double precision = 1 / before + alpha / beta;
            Assert.Equal(-Math.Log(precision), transition.LeastLogVariance[step], 1e-12);
            Assert.Equal(Math.Sqrt(kept[step - 1]) / before / precision, transition.DataShare[step], 1e-12);
            Assert.Equal(Math.Sqrt(alpha) / beta / precision, transition.NoisyShare[step], 1e-12);
        }
    }

    /// <summary>The network that knows everything about N(0, σ²), for a given set of steps.</summary>
    private static Func<Tensor, Tensor, Tensor> Oracle(DenoisingDiffusion diffusion, int[] taken) => (x, time) =>
    {
        long[] steps = (time * diffusion.Steps).round().to(ScalarType.Int64).data<long>().ToArray();
        double[] kept = [.. taken.Select(step => diffusion.Kept[step])];
        DenoisingDiffusion.Transition transition = DenoisingDiffusion.Between(kept);
        var noise = new double[steps.Length];
        var mixing = new double[steps.Length];
        for (int row = 0; row < steps.Length; row++)
        {
            int place = Array.IndexOf(taken, (int)steps[row]);
            double remaining = kept[place], marginal = remaining * Variance + 1 - remaining;
            noise[row] = Math.Sqrt(1 - remaining) / marginal;

            // Var(x_{t−1} | x_t) = β̃ + (share of x_0)² Var(x_0 | x_t); at the first step the least variance is a stand-in, and nothing is drawn.
            double left = Variance * (1 - remaining) / marginal;
            double least = place == 0 ? 0 : Math.Exp(transition.LeastLogVariance[place]);
            double logVariance = Math.Log(least + transition.DataShare[place] * transition.DataShare[place] * left);
            double range = transition.GreatestLogVariance[place] - transition.LeastLogVariance[place];
            mixing[row] = 2 * (logVariance - transition.LeastLogVariance[place]) / range - 1;
        }

        return cat([x * tensor(noise).unsqueeze(1), tensor(mixing).unsqueeze(1).expand(x.shape)], -1);
    };

    [Theory]
    [InlineData(1000)]
    [InlineData(100)]
    [InlineData(10)]
    public void With_the_best_noise_and_variance_samples_have_the_datas_variance_whatever_the_steps(int steps)
    {
        var diffusion = new DenoisingDiffusion();
        using var generator = new Generator(2);
        Tensor drawn = diffusion.Sample(Oracle(diffusion, diffusion.Respaced(steps)), Draw(1, 20_000, 1), generator, steps);

        // The last step gives the mean of the data given what it came from: by Var(x_0 | x_1) less.
        double first = diffusion.Kept[0], lost = Variance * (1 - first) / (first * Variance + 1 - first);
        Assert.Equal(Variance - lost, drawn.var().item<double>(), 0.02);
        Assert.Equal(0, drawn.mean().item<double>(), 0.02);
    }

    [Fact]
    public void Temperature_zero_draws_nothing_and_a_lower_temperature_less()
    {
        var diffusion = new DenoisingDiffusion();
        double Spread(double temperature, ulong seed)
        {
            using var generator = new Generator(seed);
            return diffusion.Sample(Oracle(diffusion, diffusion.Respaced(50)), Draw(3, 4000, 1), generator, 50, temperature).var().item<double>();
        }

        Assert.Equal(Spread(0, 1), Spread(0, 2));
        Assert.True(Spread(0.8, 1) < 0.9 * Spread(1, 1));
    }

    [Fact]
    public void The_bound_of_the_variance_is_least_at_the_best_one()
    {
        using Generator _ = manual_seed(5);
        var diffusion = new DenoisingDiffusion(20);
        int[] all = diffusion.Respaced(20);
        Tensor data = randn([200_000, 1], ScalarType.Float64) * Math.Sqrt(Variance), noise = randn_like(data);
        foreach (int number in new[] { 3, 10, 18 })
        {
            Tensor step = full([data.shape[0]], number, ScalarType.Int64);
            Tensor noisy = diffusion.Diffuse(data, noise, step);
            Tensor[] parts = Oracle(diffusion, all)(noisy, step.to(ScalarType.Float64) / 20).chunk(2, -1);
            Tensor shift = zeros(1, ScalarType.Float64).requires_grad_();
            diffusion.VarianceBound(parts[0], parts[1] + shift, data, noisy, step).mean().backward();
            double Bound(double by) => diffusion.VarianceBound(parts[0], parts[1] + by, data, noisy, step).mean().item<double>();
            Assert.Equal(0, shift.grad!.item<double>(), 0.02);
            Assert.True(Bound(0) < Bound(0.5) && Bound(0) < Bound(-0.5));
        }

        Tensor weight = ones(1, ScalarType.Float64).requires_grad_();
        Tensor output = cat([data.narrow(0, 0, 8) * weight, zeros(8, 1, ScalarType.Float64)], -1);
        Tensor loss = diffusion.Loss((x, t) => output, data.narrow(0, 0, 8));
        Assert.Equal([8L, 1L], loss.shape);
        loss.sum().backward();
        double gradient = weight.grad!.item<double>();
        Assert.True(double.IsFinite(gradient) && gradient != 0); // the squared error reaches the network
    }

    [Fact]
    public void A_network_without_a_variance_is_refused()
    {
        var diffusion = new DenoisingDiffusion(10);
        using var generator = new Generator(1);
        Assert.Contains("twice the channels", Assert.Throws<ArgumentException>(() => diffusion.Loss((x, t) => x, zeros(2, 3))).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => diffusion.Sample((x, t) => x, zeros(2, 3), generator, 11));
    }
}
