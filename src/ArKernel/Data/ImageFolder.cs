using StbImageSharp;
using static TorchSharp.torch;

namespace ArKernel.Data;

/// <summary>A file of a folder that could not be read as an image.</summary>
/// <param name="Path">The file.</param>
/// <param name="Reason">What was wrong with it.</param>
public sealed record UnreadableImage(string Path, string Reason);

/// <summary>What was read from a folder of images.</summary>
/// <param name="Images">The images, in the sequence of their paths.</param>
/// <param name="Files">The file of each image.</param>
/// <param name="Skipped">The files that could not be read.</param>
public sealed record ImageFolder(ImageSet Images, IReadOnlyList<string> Files, IReadOnlyList<UnreadableImage> Skipped)
{
    // An image that claims more is taken for a broken one before its memory is asked for. Deflate packs at most 1032 bytes in one, of 8 pixels each.
    private const long MaximumPixels = 100_000_000;
    private const long MaximumPixelsPerByte = 8 * 1032;

    /// <summary>
    /// Reads the PNG and JPEG files of a folder and of its subfolders. Where images stand in subfolders, these are the classes, in the sequence of their
    /// names; an image directly in the folder then has no class, which is an error.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="side">Each image's largest square from the middle is brought to this many rows and columns; null takes them as they are, and all must be of one size.</param>
    /// <param name="channels">3 for colour, 1 for grey; null for what the first image is.</param>
    /// <param name="strict">Whether a file that cannot be read is an error; otherwise it is skipped, and named in <see cref="Skipped"/>.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">There is no image in it, sizes differ without <paramref name="side"/>, some images have a class and some have not, or a file cannot be read and <paramref name="strict"/> is set.</exception>
    public static ImageFolder Read(string folder, int? side = 32, int? channels = null, bool strict = false)
    {
        if (side is int wanted)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(wanted, 1, nameof(side));
        }

        if (channels is not (null or 1 or 3))
        {
            throw new ArgumentOutOfRangeException(nameof(channels), channels, "Images have 1 (grey) or 3 (colour) channels.");
        }

        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"There is no folder '{Path.GetFullPath(folder)}' to read images from.");
        }

        string[] paths = [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(IsImageName).Order(StringComparer.Ordinal)];
        List<Tensor> images = [];
        List<string> files = [];
        List<UnreadableImage> skipped = [];
        try
        {
            foreach (string path in paths)
            {
                if (Decode(path, channels, out string reason) is not Tensor image)
                {
                    skipped.Add(strict ? throw new InvalidDataException($"'{path}' cannot be read as an image: {reason} Remove it, or read without strict.") : new(path, reason));
                    continue;
                }

                channels ??= (int)image.shape[1];
                if (side is int given)
                {
                    using Tensor whole = image;
                    image = ImageSet.Fit(whole, given);
                }

                images.Add(image);
                files.Add(path);
                if (image.shape[2] != images[0].shape[2] || image.shape[3] != images[0].shape[3])
                {
                    throw new InvalidDataException(
                        $"The images differ in size: '{files[0]}' is {images[0].shape[2]}×{images[0].shape[3]}, '{path}' is {image.shape[2]}×{image.shape[3]}. Give side, to bring all to one.");
                }
            }

            if (images.Count == 0)
            {
                throw new InvalidDataException(
                    skipped.Count == 0
                        ? $"There is no .png, .jpg or .jpeg file in '{Path.GetFullPath(folder)}' or its subfolders."
                        : $"None of the {skipped.Count} image files in '{Path.GetFullPath(folder)}' can be read; the first, '{skipped[0].Path}': {skipped[0].Reason}");
            }

            using var scope = NewDisposeScope();
            (Tensor? labels, string[]? classes) = Classes(folder, files);
            return new ImageFolder(new ImageSet(cat(images, 0), labels, classes), files, skipped);
        }
        finally
        {
            images.ForEach(image => image.Dispose());
        }
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        string classes = Images.ClassNames is { } names ? $" in {names.Count} classes" : "";
        string unread = Skipped.Count > 0 ? $"; {Skipped.Count} unreadable files skipped, the first '{Skipped[0].Path}' ({Skipped[0].Reason})" : "";
        return $"{Images.Count} images of {Images.Height}×{Images.Width}, {Images.Channels} channel{(Images.Channels == 1 ? "" : "s")}{classes}{unread}";
    }

    private static bool IsImageName(string path) => Path.GetExtension(path).ToLowerInvariant() is ".png" or ".jpg" or ".jpeg";

    private static (Tensor? Labels, string[]? Names) Classes(string folder, List<string> files)
    {
        string[] classOf = [.. files.Select(file => Path.GetDirectoryName(Path.GetRelativePath(folder, file)) ?? "")];
        string[] names = [.. classOf.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        if (names is [""])
        {
            return (null, null);
        }

        int without = Array.IndexOf(classOf, "");
        return without < 0
            ? (tensor(classOf.Select(name => (long)Array.IndexOf(names, name)).ToArray()), names)
            : throw new InvalidDataException($"'{files[without]}' stands in no subfolder, while others stand in '{names[1]}': subfolders are classes. Move it into one, or all out of them.");
    }

    /// <summary>[1, channels, height, width] bytes, or null and the reason.</summary>
    private static Tensor? Decode(string path, int? channels, out string reason)
    {
        try
        {
            byte[] data = File.ReadAllBytes(path);
            if (!IsPng(data) && !IsJpeg(data))
            {
                reason = data.Length == 0 ? "it is empty." : "it begins neither as a PNG nor as a JPEG file does.";
                return null;
            }

            using var stream = new FileBytes(data);
            if (ImageInfo.FromStream(stream) is not ImageInfo info || info.Width < 1 || info.Height < 1 || (long)info.Width * info.Height > Math.Min(MaximumPixels, MaximumPixelsPerByte * data.Length))
            {
                reason = "its header is broken, or claims a size that is not believable.";
                return null;
            }

            bool isGrey = info.ColorComponents is ColorComponents.Grey or ColorComponents.GreyAlpha;
            int kept = channels ?? (isGrey ? 1 : 3);
            stream.Position = 0;
            ImageResult image = ImageResult.FromStream(stream, kept == 1 ? ColorComponents.Grey : ColorComponents.RedGreenBlue);
            using Tensor rows = tensor(image.Data, [1, image.Height, image.Width, kept], ScalarType.Byte);
            reason = "";
            return rows.permute(0, 3, 1, 2).contiguous();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            reason = exception.Message; // the decoder throws what its arithmetic meets in a broken file
            return null;
        }
    }

    private static bool IsPng(ReadOnlySpan<byte> data) => data.Length > 8 && data[0] == 0x89 && data[1..].StartsWith("PNG\r\n"u8);

    private static bool IsJpeg(ReadOnlySpan<byte> data) => data.Length > 3 && data[0] == 0xFF && data[1] == 0xD8 && data[2] == 0xFF;
}

/// <summary>
/// The bytes of an image file. The decoder takes the end of a file for zeros, and on a broken one would read them for ever: after some it meets an error.
/// </summary>
internal sealed class FileBytes(byte[] data) : MemoryStream(data, writable: false)
{
    private const int ReadsPastTheEnd = 1000;

    private int past;

    /// <inheritdoc/>
    public override int ReadByte() => Checked(base.ReadByte(), atEnd: -1);

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => count == 0 ? 0 : Checked(base.Read(buffer, offset, count), atEnd: 0);

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer) => buffer.IsEmpty ? 0 : Checked(base.Read(buffer), atEnd: 0);

    private int Checked(int result, int atEnd) =>
        result != atEnd || ++past <= ReadsPastTheEnd ? result : throw new EndOfStreamException("it ends before the image does.");
}
