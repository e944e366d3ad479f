using ArKernel.Data;

namespace ArKernel.Tests.Data;

public sealed class ImageFolderTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("arkernel-images-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string Write(string name, byte[] data)
    {
        string path = Path.Combine(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, data);
        return path;
    }

    private static byte[] Flat(int height, int width, int value, int channels = 3) => TestImages.Png(height, width, channels, (_, _, _) => value);

    [Fact]
    public void Every_pixel_of_a_png_comes_through_in_its_place()
    {
        Write("a.png", TestImages.Png(6, 6, 3, (row, column, channel) => 10 * row + column + 100 * channel / 2));
        ImageFolder read = ImageFolder.Read(folder, side: null);
        Assert.Equal([1L, 3L, 6L, 6L], read.Images.Pixels.shape);
        Assert.Equal(10 * 4 + 3 + 100, read.Images.Pixels[0, 2, 4, 3].item<byte>());
        Assert.Equal((10 * 5 + 1 + 50) / 127.5 - 1, read.Images.ToTensor()[0, 1, 5, 1].item<float>(), 1e-6);
        Assert.Null(read.Images.Labels);
    }

    [Fact]
    public void Mixed_sizes_kinds_and_colours_are_brought_to_one_size_and_the_first_images_channels()
    {
        Write("a.png", Flat(40, 64, 200));
        Write("b.PNG", Flat(10, 10, 100, channels: 1));
        Write("c.jpg", TestImages.Jpeg);
        Write("d.jpeg", TestImages.ProgressiveJpeg);
        Write("e.png", Flat(5, 7, 50, channels: 4));
        Write("notes.txt", [1, 2, 3]);
        ImageFolder read = ImageFolder.Read(folder, side: 32);
        Assert.Equal([5L, 3L, 32L, 32L], read.Images.Pixels.shape);
        Assert.Equal(["a.png", "b.PNG", "c.jpg", "d.jpeg", "e.png"], read.Files.Select(Path.GetFileName));
        Assert.Empty(read.Skipped);
        Assert.Equal([200, 100, 50], new[] { 0, 1, 4 }.Select(image => (int)read.Images.Pixels[image, 1, 16, 16].item<byte>()));
        foreach (int jpeg in new[] { 2, 3 }) // red above, blue below
        {
            Assert.True(read.Images.Pixels[jpeg, 0, 0, 16].item<byte>() > 200 && read.Images.Pixels[jpeg, 2, 31, 16].item<byte>() > 200);
        }

        Assert.Equal([5L, 1L, 64L, 64L], ImageFolder.Read(folder, side: 64, channels: 1).Images.Pixels.shape);
    }

    [Fact]
    public void Subfolders_are_classes_in_the_sequence_of_their_names()
    {
        Write("cats/1.png", Flat(4, 4, 1));
        Write("ants/2.png", Flat(4, 4, 2));
        Write("ants/3.png", Flat(4, 4, 3));
        ImageFolder read = ImageFolder.Read(folder, side: 4);
        Assert.Equal(["ants", "cats"], read.Images.ClassNames!);
        Assert.Equal([0, 0, 1], read.Images.Labels!.data<long>());
        Assert.Equal([2, 3, 1], Enumerable.Range(0, 3).Select(image => (int)read.Images.Pixels[image, 0, 0, 0].item<byte>()));
        Assert.Contains("2 classes", read.ToString());

        Write("stray.png", Flat(4, 4, 1));
        Assert.Contains("stray.png", Assert.Throws<InvalidDataException>(() => ImageFolder.Read(folder, side: 4)).Message);
    }

    [Fact]
    public void An_unreadable_file_is_named_and_skipped_or_an_error_when_strict()
    {
        Write("a.png", Flat(8, 8, 9));
        string empty = Write("b.png", []), text = Write("c.jpg", "not an image"u8.ToArray()), cut = Write("d.png", Flat(8, 8, 9)[..30]);
        ImageFolder read = ImageFolder.Read(folder, side: 8);
        Assert.Equal(1, read.Images.Count);
        Assert.Equal([empty, text, cut], read.Skipped.Select(file => file.Path));
        Assert.Contains("empty", read.Skipped[0].Reason);
        Assert.Contains("3 unreadable", read.ToString());
        Assert.Contains(empty, Assert.Throws<InvalidDataException>(() => ImageFolder.Read(folder, side: 8, strict: true)).Message);
    }

    [Fact]
    public void Folders_without_images_and_sizes_that_differ_are_errors_that_say_what_to_do()
    {
        Assert.Throws<DirectoryNotFoundException>(() => ImageFolder.Read(Path.Combine(folder, "none")));
        Assert.Contains("no .png", Assert.Throws<InvalidDataException>(() => ImageFolder.Read(folder)).Message);
        Write("a.png", [1]);
        Assert.Contains("None of the 1", Assert.Throws<InvalidDataException>(() => ImageFolder.Read(folder)).Message);
        Write("b.png", Flat(4, 4, 1));
        Write("c.png", Flat(4, 6, 1));
        string message = Assert.Throws<InvalidDataException>(() => ImageFolder.Read(folder, side: null)).Message;
        Assert.Contains("4×6", message);
        Assert.Contains("Give side", message);
    }

    /// <summary>The decoder works with pointers: what a damaged file does to it must stay an exception.</summary>
    [Fact]
    public void Damaged_files_are_read_or_skipped_and_never_worse()
    {
        byte[][] originals = [TestImages.Jpeg, TestImages.ProgressiveJpeg, TestImages.Png(9, 9, 3, (row, column, channel) => row * column * channel)];
        var random = new Random(1);
        const int Count = 1500;
        for (int number = 0; number < Count; number++)
        {
            byte[] data = [.. originals[number % 3]];
            for (int change = random.Next(1, 6); change > 0; change--)
            {
                data[random.Next(3, data.Length)] = (byte)random.Next(256);
            }

            Write($"{number:0000}.{(number % 3 == 2 ? "png" : "jpg")}", random.Next(4) == 0 ? data[..random.Next(data.Length)] : data);
        }

        Write("whole.png", Flat(8, 8, 9));
        ImageFolder read = ImageFolder.Read(folder, side: 8);
        Assert.Equal(Count + 1, read.Images.Count + read.Skipped.Count);
        Assert.True(read.Skipped.Count > Count / 20 && read.Images.Count > Count / 20, read.ToString());
        Assert.All(read.Skipped, file => Assert.NotEmpty(file.Reason));
    }
}
