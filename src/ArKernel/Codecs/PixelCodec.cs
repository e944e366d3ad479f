using ArKernel.Backbones;
using static TorchSharp.torch;

namespace ArKernel.Codecs;

/// <summary>A token is a pixel's grey level, quantised to equal steps.</summary>
public sealed class PixelCodec
{
    /// <summary>Creates the codec.</summary>
    /// <param name="height">Rows of an image.</param>
    /// <param name="width">Columns of an image.</param>
    /// <param name="levels">Grey levels, 2..256.</param>
    public PixelCodec(int height, int width, int levels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(levels, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(levels, 256);
        (Height, Width, VocabularySize) = (height, width, levels);
    }

    /// <summary>Rows of an image.</summary>
    public int Height { get; }

    /// <summary>Columns of an image.</summary>
    public int Width { get; }

    /// <summary>The number of grey levels.</summary>
    public int VocabularySize { get; }

    /// <summary>The tokens of an image, row by row.</summary>
    public int TokenCount => Height * Width;

    /// <summary>The tokens of images: level ⌊v · levels⌋, the brightest for v = 1.</summary>
    /// <param name="images">[batch, 1, height, width] float, 0 to 1.</param>
    /// <returns>[batch, height · width] int64.</returns>
    /// <exception cref="ArgumentException">The shape is another, or a value is not in 0 to 1.</exception>
    public Tensor Encode(Tensor images)
    {
        if (images.dim() != 4 || images.shape[1] != 1 || images.shape[2] != Height || images.shape[3] != Width)
        {
            throw new ArgumentException($"PixelCodec: the images are [{string.Join(", ", images.shape)}]; they must be [batch, 1, {Height}, {Width}].");
        }

        using var scope = NewDisposeScope();
        if (!images.is_floating_point())
        {
            throw new ArgumentException($"PixelCodec: the images are {images.dtype}; they must be floating-point, 0 to 1. Divide bytes by 255.");
        }

        if (images.numel() > 0)
        {
            float darkest = images.min().to(ScalarType.Float32).item<float>(), brightest = images.max().to(ScalarType.Float32).item<float>();
            if (!(darkest >= 0 && brightest <= 1)) // so that NaN is refused
            {
                throw new ArgumentException($"PixelCodec: the grey values run from {darkest} to {brightest}; they must be 0 to 1.");
            }
        }

        return (images * VocabularySize).floor().clamp(0, VocabularySize - 1).to(ScalarType.Int64).flatten(1).MoveToOuterDisposeScope();
    }

    /// <summary>The images of tokens: the level spread over 0 to 1, so that black stays black and white white.</summary>
    /// <param name="tokens">[batch, height · width] int64.</param>
    /// <returns>[batch, 1, height, width] float32, 0 to 1.</returns>
    /// <exception cref="ArgumentException">The shape is another, or a token is no level.</exception>
    public Tensor Decode(Tensor tokens)
    {
        if (tokens.dim() != 2 || tokens.shape[1] != TokenCount)
        {
            throw new ArgumentException($"PixelCodec: the tokens are [{string.Join(", ", tokens.shape)}]; they must be [batch, {TokenCount}].");
        }

        TokenEmbedding.Check(tokens, VocabularySize, nameof(PixelCodec));
        return (tokens.to(ScalarType.Float32) / (VocabularySize - 1)).view(-1, 1, Height, Width);
    }
}
