using static TorchSharp.torch;

namespace ArKernel.Heads.Flow;

/// <summary>Which end of the path is noise. The two clocks describe one path: t ↔ 1 − t, v ↔ −v.</summary>
public enum FlowClock
{
    /// <summary>x_t = (1 − t) x₀ + t ε, v = ε − x₀ (SiT, xAR).</summary>
    NoiseAtOne,

    /// <summary>x_t = t x₁ + (1 − t) ε, v = x₁ − ε (FlowAR, Distilled Decoding).</summary>
    NoiseAtZero,
}

/// <summary>How noise is carried along the velocity to data.</summary>
public enum FlowSolver
{
    /// <summary>Euler's method on the ordinary differential equation: one call of the network a step.</summary>
    Euler,

    /// <summary>Heun's method: two calls a step, an error of the second order.</summary>
    Heun,

    /// <summary>
    /// Euler-Maruyama on the stochastic equation of the same marginals, dx = [v − ½ g² ∇log p] dt + g dw with g² = 2t, from t = 1 to 0.04, and one step without
    /// noise to 0 (xAR).
    /// </summary>
    EulerMaruyama,
}

/// <summary>How training draws times.</summary>
public enum FlowTimes
{
    /// <summary>Uniformly over 0 to 1.</summary>
    Uniform,

    /// <summary>t = sigmoid(n), n ~ N(0, 1): more often in the middle (xAR).</summary>
    LogitNormal,
}

/// <summary>Flow matching along straight paths between noise and data (Lipman et al. 2023; Liu et al. 2023).</summary>
public static class FlowMatching
{
    private const double LastStochasticTime = 0.04;

    /// <summary>The point of the path at a time (x_t).</summary>
    /// <param name="data">[batch, ...].</param>
    /// <param name="noise">The same shape.</param>
    /// <param name="time">[batch] or a shape that begins as the data's does, such as [batch, positions]; 0 to 1.</param>
    /// <param name="clock">Which end is noise.</param>
    public static Tensor Interpolate(Tensor data, Tensor noise, Tensor time, FlowClock clock = FlowClock.NoiseAtOne)
    {
        Tensor t = Broadcast(time, data);
        return clock == FlowClock.NoiseAtOne ? (1 - t) * data + t * noise : t * data + (1 - t) * noise;
    }

    /// <summary>The velocity of the path, which is what the network learns.</summary>
    /// <param name="data">[batch, ...].</param>
    /// <param name="noise">The same shape.</param>
    /// <param name="clock">Which end is noise.</param>
    public static Tensor Velocity(Tensor data, Tensor noise, FlowClock clock = FlowClock.NoiseAtOne) => clock == FlowClock.NoiseAtOne ? noise - data : data - noise;

    /// <summary>The score ∇ log p_t(x) that a velocity implies: −(x + (1 − t) v)/t with noise at one.</summary>
    /// <param name="x">[batch, ...].</param>
    /// <param name="velocity">The mean velocity at x, the same shape.</param>
    /// <param name="time">[batch] or more axes; not that of pure data, where the score is unbounded.</param>
    /// <param name="clock">Which end is noise.</param>
    public static Tensor Score(Tensor x, Tensor velocity, Tensor time, FlowClock clock = FlowClock.NoiseAtOne)
    {
        Tensor t = Broadcast(time, x);
        return clock == FlowClock.NoiseAtOne ? -(x + (1 - t) * velocity) / t : -(x - t * velocity) / (1 - t);
    }

    /// <summary>Times to train at, from torch's global generator, which training seeds for every step.</summary>
    /// <param name="shape">The shape to draw.</param>
    /// <param name="times">How they are spread.</param>
    /// <param name="device">Where; null for the CPU.</param>
    public static Tensor DrawTimes(ReadOnlySpan<long> shape, FlowTimes times = FlowTimes.Uniform, Device? device = null) =>
        times == FlowTimes.Uniform ? rand(shape, device: device) : randn(shape, device: device).sigmoid();

    /// <summary>The mean squared error of a network's velocity, at one time drawn for each row.</summary>
    /// <param name="network">The velocity at points [batch, ...] and times [batch].</param>
    /// <param name="data">[batch, ...].</param>
    /// <param name="clock">Which end is noise.</param>
    /// <param name="times">How the times are spread.</param>
    /// <returns>[batch, ...]: the squared error of each element, to be averaged or masked.</returns>
    public static Tensor Loss(Func<Tensor, Tensor, Tensor> network, Tensor data, FlowClock clock = FlowClock.NoiseAtOne, FlowTimes times = FlowTimes.Uniform)
    {
        Tensor noise = randn_like(data), time = DrawTimes([data.shape[0]], times, data.device);
        return (network(Interpolate(data, noise, time, clock), time) - Velocity(data, noise, clock)).square();
    }

    /// <summary>Carries noise to data.</summary>
    /// <param name="velocity">The velocity at points [batch, ...] and one time, guidance included.</param>
    /// <param name="noise">[batch, ...] standard normal.</param>
    /// <param name="steps">The number of steps.</param>
    /// <param name="clock">The clock of the velocity.</param>
    /// <param name="solver">The method.</param>
    /// <param name="generator">The randomness of <see cref="FlowSolver.EulerMaruyama"/>; the other methods draw nothing.</param>
    /// <returns>[batch, ...]; without gradients.</returns>
    /// <exception cref="ArgumentException">The stochastic method was given no generator, or fewer than two steps.</exception>
    public static Tensor Sample(
        Func<Tensor, double, Tensor> velocity,
        Tensor noise,
        int steps,
        FlowClock clock = FlowClock.NoiseAtOne,
        FlowSolver solver = FlowSolver.Heun,
        Generator? generator = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, solver == FlowSolver.EulerMaruyama ? 2 : 1);
        if (solver == FlowSolver.EulerMaruyama && generator is null)
        {
            throw new ArgumentException("The stochastic solver needs a generator.", nameof(generator));
        }

        using IDisposable noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor At(Tensor x, double t) => clock == FlowClock.NoiseAtOne ? velocity(x, t) : -velocity(x, 1 - t);
        Tensor x = noise;
        for (int step = 0; step < steps; step++)
        {
            using var inner = NewDisposeScope();
            Tensor next = solver switch
            {
                FlowSolver.Euler => x + At(x, Time(step, steps)) * (Time(step + 1, steps) - Time(step, steps)),
                FlowSolver.Heun => Heun(At, x, Time(step, steps), Time(step + 1, steps)),
                _ => Stochastic(At, x, step, steps, generator!),
            };
            x = next.MoveToOuterDisposeScope();
        }

        return x.MoveToOuterDisposeScope();
    }

    private static double Time(int step, int steps) => 1 - (double)step / steps;

    private static Tensor Heun(Func<Tensor, double, Tensor> velocity, Tensor x, double from, double to)
    {
        Tensor first = velocity(x, from), second = velocity(x + first * (to - from), to);
        return x + (first + second) * ((to - from) / 2);
    }

    private static Tensor Stochastic(Func<Tensor, double, Tensor> velocity, Tensor x, int step, int steps, Generator generator)
    {
        double from = 1 + (LastStochasticTime - 1) * step / (steps - 1);
        bool isLast = step == steps - 1;
        double to = isLast ? 0 : 1 + (LastStochasticTime - 1) * (step + 1) / (steps - 1);

        // −½ g² ∇log p = −t · −(x + (1 − t) v)/t, without the division
        Tensor v = velocity(x, from);
        Tensor drift = v + x + v * (1 - from);
        Tensor mean = x + drift * (to - from);
        return isLast ? mean : mean + randn(x.shape, x.dtype, x.device, generator: generator) * Math.Sqrt(2 * from * (from - to));
    }

    internal static Tensor Broadcast(Tensor time, Tensor like) => time.view([.. time.shape, .. Enumerable.Repeat(1L, (int)(like.dim() - time.dim()))]);
}
