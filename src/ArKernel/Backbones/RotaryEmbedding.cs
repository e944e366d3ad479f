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
    private readonly Tensor cosine; // [positions, d_h]
    private readonly Tensor sine; // [positions, d_h], negative at the first channel of each pair

    /// <summary>Tabulates the rotations.</summary>
    /// <param name="options">Frequencies and layout.</param>
    /// <param name="headChannels">The width of a head, even.</param>
    /// <param name="maximumLength">The number of positions.</param>
    public RotaryEmbedding(RotaryOptions options, int headChannels, int maximumLength)
        : base(nameof(RotaryEmbedding))
    {
        layout = options.Layout;
        using var scope = NewDisposeScope();
        Tensor angles = outer(arange(maximumLength, dtype: ScalarType.Float64), tensor(options.InverseFrequencies(headChannels)));
        (Tensor cos, Tensor sin) = (angles.cos(), angles.sin());
        (cosine, sine) = layout == RotaryLayout.Half
            ? (cat([cos, cos], -1), cat([-sin, sin], -1))
            : (stack([cos, cos], -1).flatten(1), stack([-sin, sin], -1).flatten(1));
        cosine = cosine.to(ScalarType.Float32).MoveToOuterDisposeScope();
        sine = sine.to(ScalarType.Float32).MoveToOuterDisposeScope();
        register_buffer(nameof(cosine), cosine, persistent: false);
        register_buffer(nameof(sine), sine, persistent: false);
    }

    /// <summary>Rotates.</summary>
    /// <param name="x">[batch, time, heads, d_h] queries or keys.</param>
    /// <param name="start">The position of the first step, where positions follow one another.</param>
    /// <param name="positions">[batch, time] int64 positions where they do not (left padding), or null.</param>
    public Tensor Rotate(Tensor x, long start, Tensor? positions)
    {
        Tensor cos, sin;
        if (positions is null)
        {
            cos = cosine.narrow(0, start, x.shape[1]).unsqueeze(1);
            sin = sine.narrow(0, start, x.shape[1]).unsqueeze(1);
        }
        else
        {
            cos = cosine[positions].unsqueeze(2);
            sin = sine[positions].unsqueeze(2);
        }

        long half = x.shape[^1] / 2;
        Tensor swapped = layout == RotaryLayout.Half
            ? x.roll(half, -1)
            : x.unflatten(3, [half, 2]).flip(4).flatten(3);
        return (x * cos).addcmul_(swapped, sin, 1);
    }
}
