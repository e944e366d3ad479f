using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Codecs;

/// <summary>
/// Fuses each s × s window of neighbouring tokens into one along the channels (Token-Shuffle, "Towards High-Resolution Image Generation with Autoregressive
/// Models", 2025): each token is narrowed to d/s² channels, those of a window are put side by side, and residual networks mix them.
/// </summary>
public sealed class TokenShuffle : nn.Module
{
    private readonly Linear narrow; // W_c
    private readonly ModuleList<ResidualMixer> mixers;
    private readonly int window;

    /// <summary>Creates the fusing layer.</summary>
    /// <param name="channels">The width of a token, before as after (d); a multiple of s².</param>
    /// <param name="window">The side of a window (s).</param>
    /// <param name="mixers">Residual networks after the fusing (n).</param>
    /// <exception cref="ArgumentException">The width is no multiple of s².</exception>
    public TokenShuffle(int channels, int window, int mixers = 2)
        : base(nameof(TokenShuffle))
    {
        narrow = nn.Linear(channels, Narrowed(channels, window), hasBias: false);
        this.mixers = ResidualMixer.List(channels, mixers);
        this.window = window;
        RegisterComponents();
    }

    /// <summary>Fuses.</summary>
    /// <param name="tokens">[batch, height · width, channels], in raster order.</param>
    /// <param name="height">Rows, a multiple of the window's side.</param>
    /// <param name="width">Columns, a multiple of the window's side.</param>
    /// <returns>[batch, height · width / s², channels], windows in raster order.</returns>
    public Tensor Forward(Tensor tokens, int height, int width) => Fuse(Window(tokens, height, width, window));

    /// <summary>The tokens that one fused token is made of (s²).</summary>
    public int WindowTokens => window * window;

    /// <summary>Fuses tokens that stand window after window.</summary>
    /// <param name="windows">[batch, windows · s², channels]; a part of the windows may be given while generating.</param>
    /// <returns>[batch, windows, channels].</returns>
    public Tensor Fuse(Tensor windows)
    {
        Tensor x = narrow.forward(windows);
        x = x.reshape(x.shape[0], x.shape[1] / WindowTokens, x.shape[2] * WindowTokens);
        return mixers.Aggregate(x, (mixed, mixer) => mixer.forward(mixed));
    }

    /// <summary>Puts the tokens of each s × s window next to each other: windows in raster order, and row after row inside.</summary>
    /// <param name="tokens">[batch, height · width, ...], in raster order.</param>
    /// <param name="height">Rows, a multiple of the window's side.</param>
    /// <param name="width">Columns, a multiple of the window's side.</param>
    /// <param name="window">The side of a window (s).</param>
    /// <returns>The same shape.</returns>
    /// <exception cref="ArgumentException">The grid is not of that size, or no multiple of the window.</exception>
    public static Tensor Window(Tensor tokens, int height, int width, int window)
    {
        CheckGrid(tokens, height, width, window);
        long[] rest = tokens.shape[2..];
        return Swap(tokens.reshape([tokens.shape[0], height / window, window, width / window, window, .. rest])).reshape(tokens.shape);
    }

    /// <summary>The inverse of <see cref="Window"/>.</summary>
    /// <param name="tokens">[batch, height · width, ...], window after window.</param>
    /// <param name="height">Rows, a multiple of the window's side.</param>
    /// <param name="width">Columns, a multiple of the window's side.</param>
    /// <param name="window">The side of a window (s).</param>
    /// <returns>The same shape, in raster order.</returns>
    /// <exception cref="ArgumentException">The grid is not of that size, or no multiple of the window.</exception>
    public static Tensor Unwindow(Tensor tokens, int height, int width, int window)
    {
        CheckGrid(tokens, height, width, window);
        long[] rest = tokens.shape[2..];
        return Swap(tokens.reshape([tokens.shape[0], height / window, width / window, window, window, .. rest])).reshape(tokens.shape);
    }

    internal static int Narrowed(int channels, int window)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(window, 1);
        return channels >= 1 && channels % (window * window) == 0
            ? channels / (window * window)
            : throw new ArgumentException($"Token-Shuffle: {channels} channels cannot be shared by the {window * window} tokens of a {window}×{window} window; use a multiple of {window * window}.", nameof(channels));
    }

    private static Tensor Swap(Tensor x) => x.transpose(2, 3);

    private static void CheckGrid(Tensor tokens, int height, int width, int window)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(window, 1);
        if (tokens.dim() < 2 || tokens.shape[1] != (long)height * width || height % window != 0 || width % window != 0)
        {
            throw new ArgumentException(
                $"Token-Shuffle: the tokens are [{string.Join(", ", tokens.shape)}] for a grid of {height}×{width} and windows of {window}×{window}; they must be [batch, {height * width}, ...], and {window} must divide both sides.");
        }
    }
}

/// <summary>Splits each fused token into those of its window again, in raster order: the inverse shape of <see cref="TokenShuffle"/>.</summary>
public sealed class TokenUnshuffle : nn.Module
{
    private readonly ModuleList<ResidualMixer> mixers;
    private readonly Linear widen; // W_x
    private readonly int window;

    /// <summary>Creates the splitting layer.</summary>
    /// <param name="channels">The width of a token, before as after (d); a multiple of s².</param>
    /// <param name="window">The side of a window (s).</param>
    /// <param name="mixers">Residual networks before the splitting (n).</param>
    /// <exception cref="ArgumentException">The width is no multiple of s².</exception>
    public TokenUnshuffle(int channels, int window, int mixers = 2)
        : base(nameof(TokenUnshuffle))
    {
        this.mixers = ResidualMixer.List(channels, mixers);
        widen = nn.Linear(TokenShuffle.Narrowed(channels, window), channels, hasBias: false);
        this.window = window;
        RegisterComponents();
    }

    /// <summary>Splits.</summary>
    /// <param name="fused">[batch, windows, channels]; a part of the windows may be given while generating.</param>
    /// <returns>[batch, windows · s², channels], window after window; <see cref="TokenShuffle.Unwindow"/> puts a whole image in raster order.</returns>
    public Tensor Forward(Tensor fused)
    {
        Tensor x = mixers.Aggregate(fused, (mixed, mixer) => mixer.forward(mixed));
        return widen.forward(x.reshape(x.shape[0], x.shape[1] * window * window, -1));
    }
}

/// <summary>x + W_2 GELU(W_1 LayerNorm(x)), four times as wide inside.</summary>
internal sealed class ResidualMixer : nn.Module<Tensor, Tensor>
{
    private readonly LayerNorm norm;
    private readonly Linear up;
    private readonly Linear down;

    internal ResidualMixer(long channels)
        : base(nameof(ResidualMixer))
    {
        norm = nn.LayerNorm(channels, 1e-6);
        up = nn.Linear(channels, 4 * channels);
        down = nn.Linear(4 * channels, channels);
        RegisterComponents();
    }

    internal static ModuleList<ResidualMixer> List(int channels, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return nn.ModuleList([.. Enumerable.Range(0, count).Select(_ => new ResidualMixer(channels))]);
    }

    public override Tensor forward(Tensor input) => input + down.forward(up.forward(norm.forward(input)).gelu(GELU.Approximate.tanh));
}
