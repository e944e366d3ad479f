using System.IO.Compression;
using ArKernel.Data;
using CsCheck;

namespace ArKernel.Tests.Data;

public sealed class DataTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("arkernel-data-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void The_novel_splits_into_two_parts_that_together_are_the_whole()
    {
        TextCorpus whole = TextCorpus.MobyDick(0), split = TextCorpus.MobyDick(0.1);
        Assert.Equal(whole.Training, split.Training + split.Validation);
        Assert.InRange(whole.Training.Length, 1_150_000, 1_250_000);
        Assert.Equal(0.1, split.Validation.Length / (double)whole.Training.Length, 3);
        Assert.Contains("Call me Ishmael", split.Training);
        Assert.Equal(81, whole.Training.Distinct().Count());
    }

    [Fact]
    public void A_split_never_cuts_a_character_in_two()
    {
        string path = Path.Combine(folder, "faces.txt");
        File.WriteAllText(path, string.Concat(Enumerable.Repeat("😀", 50)));
        for (int i = 1; i < 30; i++)
        {
            TextCorpus corpus = TextCorpus.Read(path, i / 100.0);
            Assert.Equal(0, corpus.Training.Length % 2);
            Assert.Equal(100, corpus.Training.Length + corpus.Validation.Length);
        }
    }

    [Fact]
    public void Text_that_is_not_UTF8_is_refused()
    {
        string path = Path.Combine(folder, "latin1.txt");
        File.WriteAllBytes(path, [0x63, 0x61, 0x66, 0xE9, 0x20]);
        Assert.Contains("not UTF-8", Assert.Throws<InvalidDataException>(() => TextCorpus.Read(path)).Message);
    }

    [Fact]
    public void The_fashion_slices_have_their_images_labels_and_known_facts()
    {
        LabelledImages training = FashionMnist.Training(), test = FashionMnist.Test();
        Assert.Equal((3000, 28, 28), (training.Count, training.Height, training.Width));
        Assert.Equal((1000, 28, 28), (test.Count, test.Height, test.Width));
        Assert.Equal([9, 0, 0, 3, 0, 2, 7, 2, 5, 5], training.Labels.Take(10)); // the set's published first labels
        Assert.Equal([9, 2, 1, 1, 6, 1, 4, 6, 5, 7], test.Labels.Take(10));
        int[] perClass = [.. Enumerable.Range(0, 10).Select(label => training.Labels.Count(x => x == label))];
        Assert.Equal((282, 321), (perClass.Min(), perClass.Max()));
    }

    [Fact]
    public void Halving_averages_four_pixels_and_tokens_are_equal_bins()
    {
        var image = new LabelledImages([0, 4, 8, 12, 1, 3, 250, 255], [0], 2, 4);
        Assert.Equal([(byte)2, (byte)131], image.Halve().Pixels);
        var levels = new LabelledImages([0, 15, 16, 255], [0], 2, 2);
        Assert.Equal([0, 0, 1, 15], levels.Tokens(16));
        Assert.Throws<InvalidOperationException>(() => new LabelledImages(new byte[9], [0], 3, 3).Halve());
    }

    [Theory]
    [InlineData(4, "too short")]
    [InlineData(100, "bytes of data")]
    public void A_truncated_image_file_is_refused(int length, string message)
    {
        using var zip = new GZipStream(File.OpenRead(DataFolder.Find("fashion-t10k-1000-images-idx3-ubyte.gz")), CompressionMode.Decompress);
        byte[] bytes = new byte[length];
        zip.ReadExactly(bytes);
        string path = Path.Combine(folder, "images");
        File.WriteAllBytes(path, bytes);
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => FashionMnist.ReadIdx(path, path)).Message);
    }

    [Fact]
    public void Labels_in_place_of_images_are_refused()
    {
        string labels = DataFolder.Find("fashion-t10k-1000-labels-idx1-ubyte.gz");
        Assert.Contains("0x00000801", Assert.Throws<InvalidDataException>(() => FashionMnist.ReadIdx(labels, labels)).Message);
    }

    [Fact]
    public void A_missing_file_is_reported_with_the_folders_searched_and_the_remedy()
    {
        FileNotFoundException error = Assert.Throws<FileNotFoundException>(() => DataFolder.Find("no-such-data.gz"));
        Assert.Contains(Path.Combine(Directory.GetCurrentDirectory(), "data"), error.Message);
        Assert.Contains("ARKERNEL_DATA", error.Message);
    }

    [Fact]
    public void An_epoch_shows_every_sample_once_in_a_new_sequence()
    {
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 9], Gen.Int).Sample(
            (count, batchSize, seed) =>
            {
                var source = new LabelledTokens([.. Enumerable.Range(0, count)], 1, [.. Enumerable.Range(0, count).Select(x => (byte)x)], batchSize, seed);
                var seen = new List<long>();
                for (int step = 0; seen.Count < 3 * count; step++)
                {
                    using Batch batch = source.GetBatch(step);
                    Assert.Equal([batchSize, 1], batch.Tokens.shape);
                    Assert.Equal(batch.Tokens.data<long>().ToArray(), batch.Condition!.data<long>().ToArray());
                    seen.AddRange(batch.Tokens.data<long>().ToArray());
                }

                for (int epoch = 0; epoch < 3; epoch++)
                {
                    Assert.Equal(Enumerable.Range(0, count).Select(x => (long)x), seen.Skip(epoch * count).Take(count).Order());
                }

                Assert.True(count < 8 || !seen.Take(count).SequenceEqual(seen.Skip(count).Take(count)));
            },
            iter: 100,
            threads: 1);
    }

    [Fact]
    public void Batches_are_functions_of_their_number_and_windows_are_pieces_of_the_sequence()
    {
        var windows = new TokenWindows([.. Enumerable.Range(0, 50)], 8, 4, seed: 3);
        using Batch first = windows.GetBatch(17);
        windows.GetBatch(2).Dispose();
        using Batch again = windows.GetBatch(17), other = windows.GetBatch(18);
        Assert.Equal(first.Tokens.data<long>().ToArray(), again.Tokens.data<long>().ToArray());
        Assert.NotEqual(first.Tokens.data<long>().ToArray(), other.Tokens.data<long>().ToArray());
        var starts = new HashSet<long>();
        for (int step = 0; step < 200; step++)
        {
            using Batch batch = windows.GetBatch(step);
            long[] ids = batch.Tokens.data<long>().ToArray();
            for (int i = 0; i < ids.Length; i++)
            {
                Assert.Equal(ids[i / 8 * 8] + i % 8, ids[i]);
            }

            starts.UnionWith(Enumerable.Range(0, 4).Select(row => ids[row * 8]));
        }

        Assert.Equal(Enumerable.Range(0, 43).Select(x => (long)x), starts.Order()); // the first and the last place occur too
        Assert.Throws<ArgumentException>(() => new TokenWindows([1, 2], 3, 1));
    }

    [Fact]
    public void A_token_file_holds_what_was_written_and_a_damaged_one_is_refused()
    {
        string path = Path.Combine(folder, "tokens");
        TokenStream.Write(path, Enumerable.Range(0, 100_000).Select(x => x * 3));
        using (TokenStream stream = TokenStream.Open(path))
        {
            long[] read = new long[5];
            stream.Copy(99_995, read);
            Assert.Equal([299_985L, 299_988, 299_991, 299_994, 299_997], read);
            Assert.Throws<ArgumentOutOfRangeException>(() => stream.Copy(99_996, new long[5]));
        }

        File.AppendAllText(path, "x");
        Assert.Contains("4 for each token", Assert.Throws<InvalidDataException>(() => TokenStream.Open(path)).Message);
    }
}
