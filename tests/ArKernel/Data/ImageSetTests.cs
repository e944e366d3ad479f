using ArKernel.Data;
using static TorchSharp.torch;

namespace ArKernel.Tests.Data;

public sealed class ImageSetTests
{
    [Fact]
    public void Fashion_images_are_padded_to_32_with_black_around_them()
    {
        LabelledImages images = FashionMnist.Test();
        using ImageSet set = images.ToImageSet(), padded = set.Pad(32);
        Assert.Equal([1000L, 1L, 32L, 32L], padded.Pixels.shape);
        TestTensors.AssertSame(set.Pixels, padded.Pixels.narrow(2, 2, 28).narrow(3, 2, 28));
        Assert.Equal(set.Pixels.sum().item<long>(), padded.Pixels.sum().item<long>());
        Assert.Equal(images.Labels.Select(label => (long)label), padded.Labels!.data<long>());
        Tensor floats = padded.ToTensor(0, 10);
        Assert.Equal((-1f, 1f), (floats.min().item<float>(), floats.max().item<float>()));
        Assert.Contains("Resize", Assert.Throws<ArgumentException>(() => set.Pad(20)).Message);
    }

    [Theory]
    [InlineData(3, 32)]
    [InlineData(3, 64)]
    [InlineData(1, 28)]
    public void Tensors_of_floats_survive_the_way_through_bytes(int channels, int side)
    {
        Tensor images = (randint(0, 256, [5, channels, side, side]).to(ScalarType.Float32) / 127.5 - 1).clamp(-1, 1);
        using var set = new ImageSet(images);
        TestTensors.AssertNear(images, set.ToTensor(), 1e-6);
        Assert.Equal((5, channels, side, side), (set.Count, set.Channels, set.Height, set.Width));
    }

    [Fact]
    public void An_epoch_shows_every_image_once_with_its_label_and_a_seed_gives_one_sequence()
    {
        using var set = new ImageSet(arange(10).to(ScalarType.Byte).view(10, 1, 1, 1), arange(10));
        TensorBatches batches = set.Batches(5, seed: 3), again = set.Batches(5, seed: 3), plain = set.Batches(5, seed: null);
        List<long> seen = [];
        foreach (int step in new[] { 0, 1 })
        {
            using Batch batch = batches.GetBatch(step), same = again.GetBatch(step);
            TestTensors.AssertSame(batch.Tokens, same.Tokens);
            Assert.Equal(ScalarType.Float32, batch.Tokens.dtype);
            Assert.Equal(batch.Condition!.data<long>().Select(label => label / 127.5f - 1), batch.Tokens.flatten().data<float>());
            seen.AddRange(batch.Condition.data<long>());
        }

        Assert.Equal(Enumerable.Range(0, 10).Select(i => (long)i), seen.Order());
        Assert.NotEqual(Enumerable.Range(0, 10).Select(i => (long)i), seen);
        Assert.Equal([5, 6, 7, 8, 9], plain.GetBatch(1).Condition!.data<long>());
        Assert.Equal([0, 1, 2, 3, 4], plain.GetBatch(2).Condition!.data<long>());
    }

    [Fact]
    public void Resizing_down_averages_and_takes_the_middle_square()
    {
        Tensor image = zeros([1, 1, 4, 8], ScalarType.Byte);
        image.narrow(3, 2, 2).fill_(100); // the left half of the middle square
        using var set = new ImageSet(image);
        using ImageSet small = set.Resize(2);
        Assert.Equal([100, 0, 100, 0], small.Pixels.data<byte>().Select(value => (int)value));
    }

    [Fact]
    public void What_are_no_images_is_refused()
    {
        Assert.Contains("[3, 4, 4]", Assert.Throws<ArgumentException>(() => new ImageSet(zeros(3, 4, 4))).Message);
        Assert.Contains("255", Assert.Throws<ArgumentException>(() => new ImageSet(full([1, 1, 2, 2], 255f))).Message);
        Assert.Contains("Int64", Assert.Throws<ArgumentException>(() => new ImageSet(zeros(1, 1, 2, 2), zeros(2, ScalarType.Int64))).Message);
        Assert.Contains("Int32", Assert.Throws<ArgumentException>(() => new ImageSet(zeros([1, 1, 2, 2], ScalarType.Int32))).Message);
        Assert.Throws<ArgumentException>(() => new TensorBatches(zeros(0, 3), null, 2));
    }
}
