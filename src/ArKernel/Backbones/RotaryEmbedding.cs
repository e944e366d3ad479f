using static TorchSharp.torch;

namespace ArKernel.Backbones;

/// <summary>Which channels of a head are rotated together.</summary>
public enum RotaryLayout
{
    /// <summary>(i, i + d_h/2): Llama in the Hugging Face layout, GPT-NeoX.</summary>
    Half,

    /// <summary>(2i, 2i + 1): Meta's own Llama checkpoints, GPT-J.</summary>
    Interleaved,
}

/// <summary>How the frequencies are stretched for contexts longer than those trained on.</summary>
public enum RotaryScaling
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>Every position is divided by the factor.</summary>
    Linear,

    /// <summary>The base grows by factor^(d_h/(d_h − 2)).</summary>
    NeuralTangentKernel,

    /// <summary>Long wavelengths are divided by the factor, short ones kept, those between blended (Llama 3).</summary>
    Llama3,
}

/// <summary>The frequencies and layout of rotary positions.</summary>
public sealed record RotaryOptions
{
    /// <summary>The base of the frequencies base^(−2i/d_h).</summary>
    public double Base { get; init; } = 10_000;

    /// <summary>Which channels are rotated together.</summary>
    public RotaryLayout Layout { get; init; } = RotaryLayout.Half;

    /// <summary>How the frequencies are stretched.</summary>
    public RotaryScaling Scaling { get; init; } = RotaryScaling.None;

    /// <summary>The stretching factor (s).</summary>
    public double Factor { get; init; } = 1;

    /// <summary>Llama 3: wavelengths above <see cref="OriginalLength"/> / this are divided by the factor (c_l).</summary>
    public double LowFrequencyFactor { get; init; } = 1;

    /// <summary>Llama 3: wavelengths below <see cref="OriginalLength"/> / this are kept (c_h).</summary>
    public double HighFrequencyFactor { get; init; } = 4;

    /// <summary>Llama 3: the context the model was trained on (M).</summary>
    public int OriginalLength { get; init; } = 8192;

    /// <summary>
    /// The sides of a grid, such as rows and columns: each axis rotates an equal share of the channels by its own coordinate, the first axis
    /// the first. Positions count along the last axis first. Empty for a sequence.
    /// </summary>
    public IReadOnlyList<int> Shape { get; init; } = [];

    /// <summary>The number of positions before the grid, such as those of class tokens. They stand at its origin, coordinate 0 on every axis.</summary>
    public int ClassPositions { get; init; }

    /// <summary>
    /// Whether class positions are multiplied by zero in place of being rotated, as in the published LlamaGen and NAR: their queries and keys
    /// vanish, so every token gives the class a score of 0.
    /// </summary>
    public bool ZeroClassRope { get; init; }

    /// <summary>The angle a position adds to each pair of channels, in radians.</summary>
    /// <param name="headChannels">The width of a head (d_h), even.</param>
    public double[] InverseFrequencies(int headChannels)
    {
        double scaledBase = Scaling == RotaryScaling.NeuralTangentKernel
            ? Base * Math.Pow(Factor, headChannels / (headChannels - 2.0))
            : Base;
        var frequencies = new double[headChannels / 2];
        for (int i = 0; i < frequencies.Length; i++)
        {
            double frequency = Math.Pow(scaledBase, -2.0 * i / headChannels);
            frequencies[i] = Scaling switch
            {
                RotaryScaling.Linear => frequency / Factor,
                RotaryScaling.Llama3 => Llama3(frequency),
                _ => frequency,
            };
        }

        return frequencies;
    }

    private double Llama3(double frequency)
    {
        double wavelength = 2 * Math.PI / frequency; // λ
        if (wavelength < OriginalLength / HighFrequencyFactor)
        {
            return frequency;
        }

        if (wavelength > OriginalLength / LowFrequencyFactor)
        {
            return frequency / Factor;
        }

        double t = (OriginalLength / wavelength - LowFrequencyFactor) / (HighFrequencyFactor - LowFrequencyFactor);
        return (1 - t) * frequency / Factor + t * frequency;
    }
}

/// <summary>Rotates queries and keys by their position, so that their product depends on the distance alone (Su et al. 2021).</summary>
public sealed class RotaryEmbedding : nn.Module
{
    private readonly RotaryLayout layout;
    private readonly FollowingTable cosine; // [positions, d_h]
    private readonly FollowingTable sine; // [positions, d_h], negative at the first channel of each pair

    /// <summary>Tabulates the rotations.</summary>
    /// <param name="options">Frequencies and layout.</param>
    /// <param name="headChannels">The width of a head, even.</param>
    /// <param name="maximumLength">The number of positions of a sequence; a grid has as many as its shape says.</param>
    public RotaryEmbedding(RotaryOptions options, int headChannels, int maximumLength)
        : base(nameof(RotaryEmbedding))
    {
        layout = options.Layout;
        int axes = Math.Max(1, options.Shape.Count);
        double[] frequencies = options.InverseFrequencies(headChannels / axes);
        Tensor Angles() => cat([.. Coordinates(options, maximumLength).Select(axis => outer(tensor(axis), tensor(frequencies)))], 1);
        Tensor Pairs(Tensor first, Tensor second)
        {
            Tensor table = layout == RotaryLayout.Half ? cat([first, second], -1) : stack([first, second], -1).flatten(1);
            if (options.ZeroClassRope)
            {
                table.narrow(0, 0, options.ClassPositions).zero_();
            }

            return table;
        }

        cosine = new FollowingTable(() => Pairs(Angles().cos(), Angles().cos()));
        sine = new FollowingTable(() => Pairs(-Angles().sin(), Angles().sin()));
    }

    /// <summary>An axis: [positions] the coordinate of every position.</summary>
    private static double[][] Coordinates(RotaryOptions options, int maximumLength)
    {
        if (options.Shape.Count == 0)
        {
            return [[.. Enumerable.Range(0, maximumLength).Select(position => (double)position)]];
        }

        int count = options.Shape.Aggregate(1, (product, side) => product * side);
        var coordinates = new double[options.Shape.Count][];
        int stride = count;
        for (int axis = 0; axis < coordinates.Length; axis++)
        {
            (int side, int step) = (options.Shape[axis], stride / options.Shape[axis]);
            coordinates[axis] = [.. Enumerable.Repeat(0.0, options.ClassPositions), .. Enumerable.Range(0, count).Select(place => (double)(place / step % side))];
            stride = step;
        }

        return coordinates;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            cosine.Dispose();
            sine.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Rotates.</summary>
    /// <param name="x">[batch, time, heads, d_h] queries or keys.</param>
    /// <param name="start">The position of the first step, where positions follow one another.</param>
    /// <param name="positions">[batch, time] int64 positions where they do not, [1, time] for all rows alike; or null.</param>
    public Tensor Rotate(Tensor x, long start, Tensor? positions)
    {
        Tensor cos = cosine.For(x), sin = sine.For(x);
        if (positions is null)
        {
            cos = cos.narrow(0, start, x.shape[1]).unsqueeze(1);
            sin = sin.narrow(0, start, x.shape[1]).unsqueeze(1);
        }
        else
        {
            cos = cos[positions].unsqueeze(2);
            sin = sin[positions].unsqueeze(2);
        }

        long half = x.shape[^1] / 2;
        Tensor swapped = layout == RotaryLayout.Half
            ? x.roll(half, -1)
            : x.unflatten(3, [half, 2]).flip(4).flatten(3);
        return (x * cos).addcmul_(swapped, sin, 1);
    }
}
