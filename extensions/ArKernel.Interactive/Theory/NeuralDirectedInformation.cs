using ArKernel.Data;
using ArKernel.Theory;
using ArKernel.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace ArKernel.Interactive;

/// <summary>
/// The rate of directed information from x to y by neural networks (DINE: Tsur, Aharoni, Goldfeld and Permuter 2023): the difference of two divergences
/// from a uniform reference, D(with x up to the present) − D(with y's past alone). Each is estimated by a lower bound; their difference is no bound.
/// </summary>
public sealed record NeuralDirectedInformation : TheoryResult
{
    private const double Normal95 = 1.959963984540054;
    private const int References = 8;
    private const int Batch = 64;
    private readonly int window;
    private readonly int steps;
    private readonly int seed;

    private NeuralDirectedInformation(double without, double with, double standardError, int held, int window, int steps, int seed)
    {
        (DivergenceWithout, DivergenceWith, StandardError, HeldOut) = (without, with, standardError, held);
        (this.window, this.steps, this.seed) = (window, steps, seed);
    }

    /// <summary>The directed information, nats a step, on times the networks did not learn from.</summary>
    public double Value => DivergenceWith - DivergenceWithout;

    /// <summary>Its standard error over the held-out windows.</summary>
    public double StandardError { get; }

    /// <summary>The bound on the divergence of y from the reference given y's past, in nats.</summary>
    public double DivergenceWithout { get; }

    /// <summary>The bound given x up to the present beside it, in nats.</summary>
    public double DivergenceWith { get; }

    /// <summary>The number of held-out windows.</summary>
    public int HeldOut { get; }

    /// <summary>Estimates the rate: learns on the first four fifths of the times and judges by the rest.</summary>
    /// <param name="x">The source; one variable or more.</param>
    /// <param name="y">The target, as long; one variable or more.</param>
    /// <param name="memory">The past that is remembered at least, in steps; windows are three times as long.</param>
    /// <param name="steps">Steps of training.</param>
    /// <param name="width">The width of the networks.</param>
    /// <param name="seed">The seed of the weights, windows and references.</param>
    /// <exception cref="ArgumentException">The lengths differ, or a number is not positive.</exception>
    /// <exception cref="TooFewSamplesException">There are fewer than 20 held-out windows.</exception>
    /// <exception cref="SingularCovarianceException">A variable is constant.</exception>
    public static NeuralDirectedInformation Estimate(Samples x, Samples y, int memory = 5, int steps = 600, int width = 32, int seed = 1)
    {
        if (x.Count != y.Count || memory < 1 || steps < 1 || width < 1)
        {
            throw new ArgumentException($"Series of {x.Count} and {y.Count} times, memory {memory}, {steps} steps and width {width} were given; the times must be as many and the numbers positive.");
        }

        int length = 3 * memory + 1, split = x.Count / 5 * 4, held = (x.Count - split) / length;
        if (held < 20)
        {
            throw new TooFewSamplesException($"{x.Count} times leave {held} held-out windows of {length}; at least 20 are needed.", "Take longer series or a shorter memory.");
        }

        using DisposeScope scope = NewDisposeScope();
        using Generator generator = new((ulong)seed);
        manual_seed(seed);
        Tensor series = cat([Standardised(x), Standardised(y)], 1), target = series.narrow(1, x.Variables, y.Variables);
        Tensor low = target.amin([0]), high = target.amax([0]), margin = (high - low) * 0.02;
        var critics = new DirectedInformationCritics(x.Variables, low - margin, high + margin, width, warmUp: memory, References);
        var run = new TrainingRun(critics, batch => Loss(critics, batch.Tokens, generator), new SeriesWindows(series.narrow(0, 0, split), length, Batch, seed),
            new TrainingOptions { Steps = steps, LearningRate = 3e-3, WeightDecay = 0, Seed = seed, EvaluateEvery = 0 }) { LossUnit = "nats" };
        run.Run();

        using IDisposable noGradient = no_grad();
        critics.eval();
        Tensor windows = series.narrow(0, split, held * length).view(held, length, series.shape[1]);
        (Tensor trueWithout, Tensor normaliserWithout, Tensor trueWith, Tensor normaliserWith) = critics.Forward(windows, generator);
        double[] gains = [.. (trueWith - trueWithout).mean([1]).to(ScalarType.Float64).data<double>()];
        double mean = gains.Average(), error = Math.Sqrt(gains.Sum(gain => (gain - mean) * (gain - mean)) / (held - 1) / held);
        return new NeuralDirectedInformation(
            trueWithout.mean().item<float>() - normaliserWithout.item<float>(), trueWith.mean().item<float>() - normaliserWith.item<float>(), error, held, length, steps, seed);
    }

    /// <inheritdoc/>
    public override string Title => "Directed information by neural estimation";

    /// <inheritdoc/>
    public override IReadOnlyList<Quantity> Quantities =>
    [
        new("directed information", Value, "nats a step", Interval.Confidence(Value - Normal95 * StandardError, Value + Normal95 * StandardError, 0.95)) { Note = "no bound: a difference of two lower bounds" },
        new("divergence from the reference, with x", DivergenceWith, "nats") { Note = "a lower bound" },
        new("divergence from the reference, without x", DivergenceWithout, "nats") { Note = "a lower bound" },
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters => [new("held-out windows", HeldOut), new("window", window), new("steps", steps)];

    /// <inheritdoc/>
    public override int? Seed => seed;

    private static Tensor Loss(DirectedInformationCritics critics, Tensor windows, Generator generator)
    {
        (Tensor trueWithout, Tensor normaliserWithout, Tensor trueWith, Tensor normaliserWith) = critics.Forward(windows, generator);
        return normaliserWithout - trueWithout.mean() + normaliserWith - trueWith.mean();
    }

    /// <summary>[times, variables] of mean 0 and variance 1: information does not change under it, training does.</summary>
    private static Tensor Standardised(Samples samples)
    {
        float[] values = new float[samples.Count * samples.Variables];
        for (int variable = 0; variable < samples.Variables; variable++)
        {
            double[] column = samples.Column(variable);
            double mean = column.Average(), deviation = Math.Sqrt(column.Average(value => (value - mean) * (value - mean)));
            if (!(deviation > 0))
            {
                throw new SingularCovarianceException($"Variable '{samples.Names[variable]}' is constant.", "Leave it out.");
            }

            for (int t = 0; t < column.Length; t++)
            {
                values[t * samples.Variables + variable] = (float)((column[t] - mean) / deviation);
            }
        }

        return tensor(values, [samples.Count, samples.Variables]);
    }

    /// <summary>Windows at random places of a series.</summary>
    private sealed class SeriesWindows(Tensor series, int window, int batch, int seed) : IBatchSource
    {
        public Batch GetBatch(long step)
        {
            long key = Seeds.Mix(seed, step);
            long[] starts = [.. Enumerable.Range(0, batch).Select(row => Seeds.Mix(key, row) % (series.shape[0] - window + 1))];
            using Tensor rows = tensor(starts).unsqueeze(1) + arange(window);
            return new Batch(series.index_select(0, rows.flatten()).view(batch, window, series.shape[1]));
        }
    }
}
