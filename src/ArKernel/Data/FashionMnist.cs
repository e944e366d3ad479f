using System.Buffers.Binary;
using System.IO.Compression;
using static TorchSharp.torch;

namespace ArKernel.Data;

/// <summary>Grey images with class labels.</summary>
/// <param name="Pixels">[images × height × width] grey levels 0..255, image after image, row after row.</param>
/// <param name="Labels">[images] class labels.</param>
/// <param name="Height">Rows an image.</param>
/// <param name="Width">Columns an image.</param>
public sealed record LabelledImages(byte[] Pixels, byte[] Labels, int Height, int Width)
{
    /// <summary>The number of images.</summary>
    public int Count => Labels.Length;

    /// <summary>The images at half the height and width, each pixel the mean of four.</summary>
    /// <exception cref="InvalidOperationException">Height or width is odd.</exception>
    public LabelledImages Halve()
    {
        if (Height % 2 != 0 || Width % 2 != 0)
        {
            throw new InvalidOperationException($"Images of {Height}×{Width} cannot be halved.");
        }

        int height = Height / 2, width = Width / 2;
        byte[] halved = new byte[Count * height * width];
        for (int i = 0; i < halved.Length; i++)
        {
            int image = i / (height * width), row = i / width % height, column = i % width;
            int corner = (image * Height + 2 * row) * Width + 2 * column;
            halved[i] = (byte)((Pixels[corner] + Pixels[corner + 1] + Pixels[corner + Width] + Pixels[corner + Width + 1] + 2) / 4);
        }

        return new LabelledImages(halved, Labels, height, width);
    }

    /// <summary>Batches of the images as tokens, a pixel each in raster order, with their labels as the condition.</summary>
    /// <param name="levels">The number of grey levels, 2 to 256.</param>
    /// <param name="batchSize">Images a batch.</param>
    /// <param name="seed">Determines the permutation of each epoch; null keeps the images' own sequence, as evaluation does.</param>
    public LabelledTokens Batches(int levels, int batchSize, int? seed = 1) => new(Tokens(levels), Height * Width, Labels, batchSize, seed);

    /// <summary>The images and labels as tensors of bytes.</summary>
    public ImageSet ToImageSet()
    {
        using Tensor pixels = tensor(Pixels, [Count, 1, Height, Width], ScalarType.Byte);
        using Tensor labels = tensor(Array.ConvertAll(Labels, label => (long)label));
        return new ImageSet(pixels, labels);
    }

    /// <summary>The images as tokens, one a pixel: the grey level quantised to a number of equal bins.</summary>
    /// <param name="levels">The number of bins, 2 to 256.</param>
    /// <returns>[images × height × width] token ids.</returns>
    public int[] Tokens(int levels)
    {
        if (levels is < 2 or > 256)
        {
            throw new ArgumentOutOfRangeException(nameof(levels), levels, "There must be 2 to 256 grey levels.");
        }

        return Array.ConvertAll(Pixels, pixel => pixel * levels / 256);
    }
}

/// <summary>Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017): clothes in ten classes, 28×28 pixels, under the MIT licence.</summary>
public static class FashionMnist
{
    /// <summary>The names of the ten classes, by label.</summary>
    public static IReadOnlyList<string> ClassNames { get; } =
        ["T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"];

    /// <summary>Images to learn from: the first 3000 ship with ArKernel; all 60000 with a folder.</summary>
    /// <param name="folder">A folder with the four original files, such as <c>/usr/share/datasets/fashion-mnist</c> of Debian's package dataset-fashion-mnist; null reads the slice that ships.</param>
    public static LabelledImages Training(string? folder = null) => folder is null
        ? ReadSlice("fashion-train-3000")
        : ReadIdx(Path.Combine(folder, "train-images-idx3-ubyte.gz"), Path.Combine(folder, "train-labels-idx1-ubyte.gz"));

    /// <summary>Images to be judged on: the first 1000 ship with ArKernel; all 10000 with a folder.</summary>
    /// <param name="folder">A folder with the four original files; null reads the slice that ships.</param>
    public static LabelledImages Test(string? folder = null) => folder is null
        ? ReadSlice("fashion-t10k-1000")
        : ReadIdx(Path.Combine(folder, "t10k-images-idx3-ubyte.gz"), Path.Combine(folder, "t10k-labels-idx1-ubyte.gz"));

    /// <summary>Reads images and labels in LeCun's IDX format; files that end in <c>.gz</c> are decompressed.</summary>
    /// <param name="images">The file of images: magic number 0x803, count, rows, columns, then the pixels.</param>
    /// <param name="labels">The file of labels: magic number 0x801, count, then the labels.</param>
    /// <exception cref="InvalidDataException">A file is not of the format or is truncated, or the two differ in number.</exception>
    public static LabelledImages ReadIdx(string images, string labels)
    {
        (int[] size, byte[] pixels) = ReadIdxFile(images, dimensions: 3);
        (int[] count, byte[] classes) = ReadIdxFile(labels, dimensions: 1);
        return size[0] == count[0]
            ? new LabelledImages(pixels, classes, size[1], size[2])
            : throw new InvalidDataException($"'{images}' has {size[0]} images, but '{labels}' has {count[0]} labels.");
    }

    private static LabelledImages ReadSlice(string name) =>
        ReadIdx(DataFolder.Find($"{name}-images-idx3-ubyte.gz"), DataFolder.Find($"{name}-labels-idx1-ubyte.gz"));

    private static (int[] Size, byte[] Data) ReadIdxFile(string path, int dimensions)
    {
        using FileStream file = File.OpenRead(path);
        using Stream stream = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(file, CompressionMode.Decompress) : file;
        try
        {
            byte[] header = new byte[4 * (1 + dimensions)];
            stream.ReadExactly(header);
            int magic = BinaryPrimitives.ReadInt32BigEndian(header);
            if (magic != 0x800 + dimensions)
            {
                throw new InvalidDataException($"'{path}' begins with 0x{magic:x8}, not with 0x{0x800 + dimensions:x8} as an IDX file of bytes in {dimensions} dimensions does.");
            }

            int[] size = [.. Enumerable.Range(1, dimensions).Select(i => BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(4 * i)))];
            long length = size.Aggregate(1L, (product, extent) => extent is >= 0 and <= 10_000_000 ? checked(product * extent) : -1);
            if (length is < 0 or > 1_000_000_000)
            {
                throw new InvalidDataException($"'{path}' claims the size {string.Join("×", size)}, which is not believable.");
            }

            using var data = new MemoryStream(); // grows with what is really there, whatever the header claims
            stream.CopyTo(data);
            return data.Length == length
                ? (size, data.ToArray())
                : throw new InvalidDataException($"'{path}' has {data.Length} bytes of data; its size {string.Join("×", size)} needs {length}.");
        }
        catch (Exception exception) when (exception is EndOfStreamException or OverflowException)
        {
            throw new InvalidDataException($"'{path}' is too short for an IDX file in {dimensions} dimensions.", exception);
        }
    }
}
