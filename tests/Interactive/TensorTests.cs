using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace ArKernel.Interactive.Tests;

public sealed class TensorTests
{
    public static TheoryData<string> Kinds => [.. Make.Keys];

    private static Dictionary<string, Func<Tensor>> Make { get; } = new(StringComparer.Ordinal)
    {
        ["scalar"] = () => tensor(1.5),
        ["empty"] = () => zeros(0, 3),
        ["meta"] = () => zeros([3, 4], device: META),
        ["bool"] = () => ones(3, 4).to(ScalarType.Bool),
        ["bool large"] = () => ones(30, 40).to(ScalarType.Bool),
        ["int8"] = () => ones(30, 40).to(ScalarType.Int8),
        ["int64"] = () => arange(6, dtype: ScalarType.Int64).reshape(2, 3),
        ["half"] = () => randn(20, 20).to(ScalarType.Float16),
        ["bfloat16"] = () => randn(20, 20).to(ScalarType.BFloat16),
        ["complex"] = () => complex(randn(2, 3), randn(2, 3)),
        ["complex large"] = () => complex(randn(20, 30), randn(20, 30)),
        ["nan"] = () => full(20, 20, double.NaN),
        ["some nan"] = () => tensor(new[] { 1f, float.NaN, float.PositiveInfinity, 3f }),
        ["constant"] = () => full(20, 20, 7.0),
        ["vector"] = () => randn(5000),
        ["five axes"] = () => randn([2, 3, 4, 5, 6]),
        ["column"] = () => randn(500, 1),
        ["transposed"] = () => randn(300, 20).t(),
        ["parameter"] = () => new TorchSharp.Modules.Parameter(randn(20, 20)),
        ["images"] = () => rand(5, 3, 8, 8),
        ["byte images"] = () => (rand(5, 1, 8, 8) * 255).to(ScalarType.Byte),
        ["sparse"] = () => eye(4).to_sparse(),
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_kind_of_tensor_has_a_view_and_leaves_nothing_behind(string kind)
    {
        using Tensor tensor = Make[kind]();
        Notebook.HtmlOf(tensor);
        long before = Notebook.SettledTensorCount();
        string html = Notebook.HtmlOf(tensor);
        string text = Notebook.TextOf(tensor);
        Assert.Equal(before, Tensor.TotalCount);
        Assert.Contains($"[{string.Join(", ", tensor.shape)}]", text, StringComparison.Ordinal);
        Assert.InRange(html.Length, 50, 60_000);
        Assert.True(is_grad_enabled());
    }

    [Fact]
    public void A_disposed_tensor_says_so()
    {
        Tensor tensor = ones(3);
        tensor.Dispose();
        Assert.Equal("disposed tensor", Notebook.TextOf(tensor));
        Assert.Contains("disposed", Notebook.HtmlOf(tensor), StringComparison.Ordinal);
    }

    [Fact]
    public void Few_values_stand_under_one_another()
    {
        using Tensor tensor = torch.tensor(new long[,] { { 1, -20, 3 }, { 400, 5, 6 } });
        Assert.Equal("int64 [2, 3] on cpu, 48 B: min -20, mean 65.83, max 400, std 164\n  1  -20    3\n400    5    6", Notebook.TextOf(tensor));
    }

    [Fact]
    public void Values_that_are_no_numbers_are_counted_apart()
    {
        using Tensor tensor = torch.tensor(new[] { 1f, float.NaN, float.PositiveInfinity, 3f });
        Assert.StartsWith("float32 [4] on cpu, 16 B: NaN 1, infinite 1, min 1, mean 2, max 3, std 1.414", Notebook.TextOf(tensor), StringComparison.Ordinal);
    }

    [Fact]
    public void Statistics_are_torchs_own()
    {
        using var random = new Generator(1);
        using Tensor tensor = randn([50, 70], generator: random);
        string text = Notebook.TextOf(tensor);
        string shown = text.Split("mean ")[1].Split(',')[0];
        Assert.Equal(tensor.mean().item<float>(), double.Parse(shown, CultureInfo.InvariantCulture), 1e-4);
    }

    [Fact]
    public void A_matrix_is_a_picture_with_a_pixel_for_each_number()
    {
        using Tensor matrix = zeros(20, 30);
        matrix[0, 0] = torch.tensor(1f);
        (byte[] pixels, int width, int height, int channels) = TestPng.FirstOf(Notebook.HtmlOf(matrix));
        Assert.Equal((30, 20, 3), (width, height, channels));
        Assert.Equal([253, 231, 37], pixels[..3]);
        Assert.Equal([68, 1, 84], pixels[3..6]);
    }

    [Fact]
    public void A_large_matrix_is_a_picture_of_block_means()
    {
        using Tensor matrix = randn(1000, 3000);
        (_, int width, int height, _) = TestPng.FirstOf(Notebook.HtmlOf(matrix));
        Assert.Equal((64, 21), (width, height));
    }

    [Fact]
    public void Images_are_a_grid_of_their_own_pixels()
    {
        using Tensor images = zeros(2, 1, 4, 5);
        images[1, 0, 2, 3] = torch.tensor(1f);
        (byte[] pixels, int width, int height, int channels) = TestPng.FirstOf(Notebook.HtmlOf(images));
        Assert.Equal((13, 6, 1), (width, height, channels));
        Assert.Equal(255, pixels[3 * 13 + 1 + 6 + 3]); // below the border of one pixel, right of the first image
        Assert.Equal(1, pixels.Count(value => value == 255));
    }

    [Fact]
    public void A_picture_decodes_to_the_pixels_it_was_made_of()
    {
        byte[] pixels = [.. Enumerable.Range(0, 7 * 5 * 3).Select(i => (byte)(i * 37))];
        Assert.Equal(pixels, TestPng.Decode(PngEncoder.Encode(pixels, 7, 5, 3)).Pixels);
        Assert.Throws<ArgumentException>(() => PngEncoder.Encode(pixels, 7, 5, 1));
    }

    [Fact]
    public void An_image_grid_takes_captions_by_image_or_by_row()
    {
        using Tensor images = rand(6, 1, 8, 8);
        string html = Notebook.HtmlOf(ImageGrid.Of(images, ["<a>", "b", "c", "d", "e", "f"], 3));
        Assert.Contains("&lt;a&gt;", html, StringComparison.Ordinal);
        ImageGrid byRow = ImageGrid.Of(images, ["original", "model"], 3);
        Assert.Equal("6 images in rows of 3: original, model", Notebook.TextOf(byRow));
        Assert.Equal(2, Notebook.HtmlOf(byRow).Split("<tr").Length - 1);
        Assert.Contains("4 captions for 6 images in 2 rows", Assert.Throws<ArgumentException>(() => ImageGrid.Of(images, ["1", "2", "3", "4"], 3)).Message, StringComparison.Ordinal);
        Assert.Contains("[n, 1 or 3, height, width]", Assert.Throws<ArgumentException>(() => ImageGrid.Of(rand(3, 3))).Message, StringComparison.Ordinal);
    }
}
