using static TorchSharp.torch;

namespace ArKernel.Codecs;

/// <summary>
/// The shape of a convolutional encoder and decoder, in the layout of VQGAN (Esser et al. 2021) that LlamaGen and VAR share. The defaults are a tiny
/// network that trains on a CPU in two minutes.
/// </summary>
public sealed record AutoencoderConfiguration
{
    /// <summary>Channels of an image: 1 for grey, 3 for colour.</summary>
    public int ImageChannels { get; init; } = 1;

    /// <summary>Rows and columns of an image.</summary>
    public int ImageSide { get; init; } = 32;

    /// <summary>The width of the first level.</summary>
    public int Channels { get; init; } = 24;

    /// <summary>The width of each level, in multiples of <see cref="Channels"/>; the side halves between two levels.</summary>
    public IReadOnlyList<int> Multipliers { get; init; } = [1, 2, 2];

    /// <summary>Residual blocks a level of the encoder has.</summary>
    public int EncoderBlocks { get; init; } = 1;

    /// <summary>Residual blocks a level of the decoder has.</summary>
    public int DecoderBlocks { get; init; } = 1;

    /// <summary>Whether self-attention follows the residual blocks of the lowest level, and a pair of blocks with attention between them stands below it.</summary>
    public bool Attention { get; init; }

    /// <summary>Groups of each group normalization.</summary>
    public int NormalizationGroups { get; init; } = 8;

    /// <summary>Channels that the encoder ends with and the decoder begins with.</summary>
    public int EncoderChannels { get; init; } = 48;

    /// <summary>Channels of the latent (C), which a 3×3 or 1×1 convolution makes of <see cref="EncoderChannels"/>.</summary>
    public int LatentChannels { get; init; } = 8;

    /// <summary>The side of the convolutions before and after the latent, odd.</summary>
    public int LatentKernel { get; init; } = 1;

    /// <summary>How many times smaller than the image the latent's side is (f).</summary>
    public int Reduction => 1 << (Multipliers.Count - 1);

    /// <summary>Rows and columns of the latent.</summary>
    public int LatentSide => ImageSide / Reduction;

    /// <summary>LlamaGen's tokenizer (Sun et al. 2024, table 1): 256×256 images, 16 times smaller (or 8), 8 channels of latent; 72 (70) million parameters.</summary>
    /// <param name="reduction">16 or 8.</param>
    public static AutoencoderConfiguration LlamaGen(int reduction = 16) => new()
    {
        ImageChannels = 3,
        ImageSide = 256,
        Channels = 128,
        Multipliers = reduction switch
        {
            16 => [1, 1, 2, 2, 4],
            8 => [1, 2, 2, 4],
            _ => throw new ArgumentOutOfRangeException(nameof(reduction), reduction, "LlamaGen's tokenizers reduce 16 or 8 times."),
        },
        EncoderBlocks = 2,
        DecoderBlocks = 3,
        Attention = true,
        NormalizationGroups = 32,
        EncoderChannels = 256,
        LatentChannels = 8,
    };

    /// <summary>VAR's tokenizer (Tian et al. 2024): 256×256 images, 16 times smaller, 32 channels of latent.</summary>
    public static AutoencoderConfiguration Var { get; } = LlamaGen() with { Channels = 160, EncoderChannels = 32, LatentChannels = 32, LatentKernel = 3 };

    /// <summary>The number of trainable parameters of encoder, decoder and the convolutions around the latent, without allocating them.</summary>
    public long ParameterCount
    {
        get
        {
            using var encoder = new ConvolutionalEncoder(this, LatentChannels, META);
            using var decoder = new ConvolutionalDecoder(this, META);
            return encoder.parameters().Concat(decoder.parameters()).Sum(parameter => parameter.numel());
        }
    }

    internal void Validate()
    {
        Require(ImageChannels >= 1, nameof(ImageChannels), ImageChannels, "at least 1");
        Require(Channels >= 1, nameof(Channels), Channels, "at least 1");
        Require(Multipliers.Count >= 1 && Multipliers.All(factor => factor >= 1), nameof(Multipliers), string.Join(", ", Multipliers), "one or more positive factors");
        Require(ImageSide >= 1 && ImageSide % Reduction == 0, nameof(ImageSide), ImageSide, $"a multiple of {Reduction}, as {Multipliers.Count} levels halve it {Multipliers.Count - 1} times");
        Require(EncoderBlocks >= 1, nameof(EncoderBlocks), EncoderBlocks, "at least 1");
        Require(DecoderBlocks >= 1, nameof(DecoderBlocks), DecoderBlocks, "at least 1");
        Require(NormalizationGroups >= 1 && Channels % NormalizationGroups == 0, nameof(NormalizationGroups), NormalizationGroups, $"a divisor of Channels = {Channels}");
        Require(EncoderChannels >= 1, nameof(EncoderChannels), EncoderChannels, "at least 1");
        Require(LatentChannels >= 1, nameof(LatentChannels), LatentChannels, "at least 1");
        Require(LatentKernel >= 1 && LatentKernel % 2 == 1, nameof(LatentKernel), LatentKernel, "odd");
    }

    internal void CheckImages(Tensor images, string who)
    {
        if (images.dim() != 4 || images.shape[0] == 0 || images.shape[1] != ImageChannels || images.shape[2] != ImageSide || images.shape[3] != ImageSide)
        {
            throw new ArgumentException(
                $"{who}: the images are [{string.Join(", ", images.shape)}]; they must be [batch, {ImageChannels}, {ImageSide}, {ImageSide}]. Resize them, or set ImageChannels and ImageSide.");
        }

        if (!images.is_floating_point())
        {
            throw new ArgumentException($"{who}: the images are {images.dtype}; they must be floating-point, −1 to 1. ImageSet.Batches makes such of bytes.");
        }
    }

    private static void Require(bool holds, string name, object value, string what)
    {
        if (!holds)
        {
            throw new ArgumentException($"AutoencoderConfiguration.{name} is {value}; it must be {what}.");
        }
    }
}
