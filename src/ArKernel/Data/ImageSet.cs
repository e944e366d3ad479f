using static TorchSharp.torch;

namespace ArKernel.Data;

/// <summary>Images of one size, grey or colour, with class labels where there are any. Pixels are kept as bytes; models take floats of −1 to 1.</summary>
public sealed class ImageSet : IDisposable
{
    private const int EncodedAtOnce = 100;

    /// <summary>Takes a copy of images.</summary>
    /// <param name="images">[count, channels, height, width]: bytes, or floats of −1 to 1, which are rounded to bytes.</param>
    /// <param name="labels">[count] int64, or null.</param>
    /// <param name="classNames">The names of the classes by label, or null.</param>
    /// <exception cref="ArgumentException">The shape, the dtype or the range is another, or the labels are not one an image.</exception>
    public ImageSet(Tensor images, Tensor? labels = null, IReadOnlyList<string>? classNames = null)
    {
        if (images.dim() != 4 || images.numel() == 0)
        {
            throw new ArgumentException($"ImageSet: the images are [{string.Join(", ", images.shape)}]; they must be [count, channels, height, width], none of these 0.", nameof(images));
        }

        if (labels is not null && (labels.dim() != 1 || labels.shape[0] != images.shape[0] || labels.dtype != ScalarType.Int64))
        {
            throw new ArgumentException($"ImageSet: the labels are {labels.dtype} [{string.Join(", ", labels.shape)}] for {images.shape[0]} images; there must be one Int64 an image.", nameof(labels));
        }

        Pixels = ToBytes(images).DetachFromDisposeScope();
        Labels = labels?.clone().DetachFromDisposeScope();
        ClassNames = classNames;
    }

    /// <summary>[count, channels, height, width] bytes.</summary>
    public Tensor Pixels { get; }

    /// <summary>[count] int64, or null.</summary>
    public Tensor? Labels { get; }

    /// <summary>The names of the classes by label, or null.</summary>
    public IReadOnlyList<string>? ClassNames { get; }

    /// <summary>The number of images.</summary>
    public int Count => (int)Pixels.shape[0];

    /// <summary>1 for grey, 3 for colour.</summary>
    public int Channels => (int)Pixels.shape[1];

    /// <summary>Rows an image.</summary>
    public int Height => (int)Pixels.shape[2];

    /// <summary>Columns an image.</summary>
    public int Width => (int)Pixels.shape[3];

    /// <summary>Consecutive images as models take them.</summary>
    /// <param name="first">The first.</param>
    /// <param name="count">How many; null for all that follow.</param>
    /// <returns>[count, channels, height, width] float32, −1 to 1.</returns>
    public Tensor ToTensor(int first = 0, int? count = null)
    {
        using Tensor part = Pixels.narrow(0, first, count ?? Count - first);
        return ToUnit(part);
    }

    /// <summary>Batches of the images as floats of −1 to 1, with their labels as the condition. The set must live as long as they are used.</summary>
    /// <param name="batchSize">Images a batch.</param>
    /// <param name="seed">Determines the permutation of each epoch; null keeps the images' own sequence, as evaluation does.</param>
    public TensorBatches Batches(int batchSize, int? seed = 1) => new(Pixels, Labels, batchSize, seed);

    /// <summary>Batches of what a codec makes of the images, each encoded once: tokens or latents, with the labels as the condition.</summary>
    /// <param name="encode">Images [batch, channels, height, width] of −1 to 1 to [batch, ...], such as a tokenizer's Encode.</param>
    /// <param name="batchSize">Images a batch.</param>
    /// <param name="seed">Determines the permutation of each epoch; null keeps the images' own sequence.</param>
    public TensorBatches Batches(Func<Tensor, Tensor> encode, int batchSize, int? seed = 1)
    {
        using IDisposable noGradient = no_grad();
        using var scope = NewDisposeScope();
        List<Tensor> parts = [];
        for (int first = 0; first < Count; first += EncodedAtOnce)
        {
            using var inner = NewDisposeScope();
            parts.Add(encode(ToTensor(first, Math.Min(EncodedAtOnce, Count - first))).MoveToOuterDisposeScope());
        }

        return new TensorBatches(cat(parts, 0).DetachFromDisposeScope(), Labels, batchSize, seed);
    }

    /// <summary>The images in the middle of a larger black square, as 28×28 digits are often put into 32×32.</summary>
    /// <param name="side">Rows and columns of the result.</param>
    /// <exception cref="ArgumentException">The images are larger.</exception>
    public ImageSet Pad(int side)
    {
        if (side < Height || side < Width)
        {
            throw new ArgumentException($"ImageSet: images of {Height}×{Width} do not fit into {side}×{side}; use Resize.", nameof(side));
        }

        using var scope = NewDisposeScope();
        Tensor padded = zeros([Count, Channels, side, side], ScalarType.Byte);
        padded.narrow(2, (side - Height) / 2, Height).narrow(3, (side - Width) / 2, Width).copy_(Pixels);
        return new ImageSet(padded, Labels, ClassNames);
    }

    /// <summary>The images at another size: their largest square from the middle, averaged down or interpolated up bilinearly.</summary>
    /// <param name="side">Rows and columns of the result.</param>
    public ImageSet Resize(int side)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(side, 1);
        using var scope = NewDisposeScope();
        return new ImageSet(Fit(Pixels, side), Labels, ClassNames);
    }

    /// <summary>Consecutive images as a set of their own.</summary>
    /// <param name="first">The first.</param>
    /// <param name="count">How many.</param>
    public ImageSet Slice(int first, int count)
    {
        using var scope = NewDisposeScope();
        return new ImageSet(Pixels.narrow(0, first, count), Labels?.narrow(0, first, count), ClassNames);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Pixels.Dispose();
        Labels?.Dispose();
    }

    /// <summary>Bytes as floats of −1 to 1; anything else as it is.</summary>
    internal static Tensor ToUnit(Tensor values)
    {
        if (values.dtype != ScalarType.Byte)
        {
            return values.alias();
        }

        using var scope = NewDisposeScope();
        return (values.to(ScalarType.Float32) / 127.5 - 1).MoveToOuterDisposeScope();
    }

    /// <summary>The largest square from the middle of images, at another size.</summary>
    /// <param name="images">[count, channels, height, width] bytes.</param>
    /// <param name="side">Rows and columns of the result.</param>
    internal static Tensor Fit(Tensor images, int side)
    {
        using var scope = NewDisposeScope();
        long height = images.shape[2], width = images.shape[3], square = Math.Min(height, width);
        Tensor centre = images.narrow(2, (height - square) / 2, square).narrow(3, (width - square) / 2, square);
        if (square == side)
        {
            return centre.clone().MoveToOuterDisposeScope();
        }

        Tensor values = centre.to(ScalarType.Float32);
        Tensor resized = side < square
            ? nn.functional.adaptive_avg_pool2d(values, [side, side])
            : nn.functional.interpolate(values, [side, side], mode: InterpolationMode.Bilinear, align_corners: false);
        return resized.round().clamp(0, 255).to(ScalarType.Byte).MoveToOuterDisposeScope();
    }

    private static Tensor ToBytes(Tensor images)
    {
        if (images.dtype == ScalarType.Byte)
        {
            return images.cpu().clone();
        }

        if (!images.is_floating_point())
        {
            throw new ArgumentException($"ImageSet: the images are {images.dtype}; they must be bytes, or floats of −1 to 1.", nameof(images));
        }

        using var scope = NewDisposeScope();
        float low = images.min().to(ScalarType.Float32).item<float>(), high = images.max().to(ScalarType.Float32).item<float>();
        return low >= -1 && high <= 1 // so that NaN is refused
            ? ((images.cpu().to(ScalarType.Float32) + 1) * 127.5).round().clamp(0, 255).to(ScalarType.Byte).MoveToOuterDisposeScope()
            : throw new ArgumentException($"ImageSet: the values run from {low} to {high}; they must be −1 to 1.", nameof(images));
    }
}
