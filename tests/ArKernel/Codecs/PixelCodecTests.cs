using ArKernel.Codecs;
using CsCheck;
using static ArKernel.Tests.TestTensors;
using static TorchSharp.torch;

namespace ArKernel.Tests.Codecs;

public sealed class PixelCodecTests
{
    [Fact]
    public void Every_level_survives_decoding_and_encoding()
    {
        for (int levels = 2; levels <= 256; levels++)
        {
            using var scope = NewDisposeScope();
            var codec = new PixelCodec(1, levels, levels);
            Tensor all = arange(levels).unsqueeze(0), images = codec.Decode(all);
            AssertSame(all, codec.Encode(images));
            Assert.Equal((0f, 1f), (images.min().item<float>(), images.max().item<float>()));
        }
    }

    [Fact]
    public void Random_images_keep_their_tokens_and_lose_at_most_one_level() =>
        Gen.Select(Gen.Int[1, 5], Gen.Int[1, 5], Gen.Int[2, 256], Gen.ULong).Sample(
            (height, width, levels, seed) =>
            {
                using var scope = NewDisposeScope();
                using var random = new Generator(seed);
                var codec = new PixelCodec(height, width, levels);
                Tensor images = rand([3, 1, height, width], generator: random), tokens = codec.Encode(images);
                Assert.Equal([3, codec.TokenCount], tokens.shape);
                AssertSame(tokens, codec.Encode(codec.Decode(tokens)));
                AssertNear(images, codec.Decode(tokens), 1.0 / levels + 1e-6);
            },
            iter: 100,
            threads: 1);

    [Fact]
    public void Pixels_stand_row_by_row_and_the_ends_of_the_range_get_the_ends_of_the_levels()
    {
        using var scope = NewDisposeScope();
        var codec = new PixelCodec(2, 3, 4);
        Tensor image = tensor(new[] { 0, 0.24f, 0.25f, 0.5f, 0.99f, 1 }).view(1, 1, 2, 3);
        Assert.Equal([0, 0, 1, 2, 3, 3], codec.Encode(image).data<long>().ToArray());
    }

    [Fact]
    public void Wrong_shapes_and_tokens_are_named()
    {
        using var scope = NewDisposeScope();
        var codec = new PixelCodec(2, 3, 4);
        string Message(Func<object> call) => Assert.Throws<ArgumentException>(call).Message;
        Assert.Contains("images are [2, 3]; they must be [batch, 1, 2, 3]", Message(() => codec.Encode(zeros(2, 3))));
        Assert.Contains("images are Byte; they must be floating-point", Message(() => codec.Encode(zeros(1, 1, 2, 3, dtype: ScalarType.Byte))));
        Assert.Contains("run from 0 to 255; they must be 0 to 1", Message(() => codec.Encode(tensor(new float[] { 0, 1, 2, 3, 4, 255 }).view(1, 1, 2, 3))));
        Assert.Contains("they must be 0 to 1", Message(() => codec.Encode(full([1, 1, 2, 3], double.NaN))));
        Assert.Contains("tokens are [1, 5]; they must be [batch, 6]", Message(() => codec.Decode(zeros(1, 5, dtype: ScalarType.Int64))));
        Assert.Contains("token ids run from 0 to 4; the vocabulary is 0..3", Message(() => codec.Decode(tensor(new long[,] { { 0, 1, 2, 3, 4, 0 } }))));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PixelCodec(2, 3, 257));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PixelCodec(2, 3, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PixelCodec(0, 3, 4));
    }
}
