using ArKernel.Codecs;
using ArKernel.Tests.Training;
using static TorchSharp.torch;

namespace ArKernel.Tests.Codecs;

[Collection(nameof(RunsAlone))]
public sealed class TokenShuffleTests
{
    [Theory]
    [InlineData(4, 6, 1)]
    [InlineData(4, 6, 2)]
    [InlineData(8, 8, 4)]
    [InlineData(3, 9, 3)]
    [InlineData(5, 5, 5)]
    public void Unwindow_undoes_window_bit_for_bit(int height, int width, int window)
    {
        Tensor tokens = rand(2, height * width, 3);
        TestTensors.AssertSame(tokens, TokenShuffle.Unwindow(TokenShuffle.Window(tokens, height, width, window), height, width, window));
        Tensor ids = arange(height * width).view(1, -1);
        TestTensors.AssertSame(ids, TokenShuffle.Unwindow(TokenShuffle.Window(ids, height, width, window), height, width, window));
    }

    [Fact]
    public void Windows_stand_in_raster_order_and_their_tokens_row_after_row() =>
        Assert.Equal([0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15], TokenShuffle.Window(arange(16).view(1, 16), 4, 4, 2).data<long>());

    [Fact]
    public void Varying_one_token_moves_the_fused_vector_in_its_own_share_of_the_channels_only()
    {
        using Generator _ = manual_seed(3);
        using var shuffle = new TokenShuffle(channels: 16, window: 2, mixers: 0);
        Tensor vocabulary = randn(100, 16), grid = randn(1, 16, 16);
        int[] places = [0, 1, 4, 5]; // the first window of a 4 × 4 grid
        for (int place = 0; place < 4; place++)
        {
            Tensor varied = grid.repeat(100, 1, 1);
            varied.select(1, places[place]).copy_(vocabulary);
            Tensor change = shuffle.Forward(varied, 4, 4) - shuffle.Forward(grid, 4, 4);
            Assert.Equal(0, change.narrow(1, 1, 3).abs().max().item<float>()); // the other windows
            Tensor own = change.select(1, 0);
            Tensor outside = own.clone();
            outside.narrow(1, 4 * place, 4).zero_();
            Assert.Equal(0, outside.abs().max().item<float>());
            Tensor singular = linalg.svdvals(own.detach());
            Assert.True(singular[4].item<float>() < 1e-4 * singular[0].item<float>(), "The rank is more than d/s².");
        }
    }

    [Fact]
    public void With_windows_of_one_identity_weights_and_no_mixers_nothing_changes()
    {
        using var shuffle = new TokenShuffle(8, 1, 0);
        using var unshuffle = new TokenUnshuffle(8, 1, 0);
        using (no_grad())
        {
            shuffle.parameters().Single().copy_(eye(8));
            unshuffle.parameters().Single().copy_(eye(8));
        }

        Tensor tokens = rand(2, 12, 8);
        TestTensors.AssertNear(tokens, TokenShuffle.Unwindow(unshuffle.Forward(shuffle.Forward(tokens, 3, 4)), 3, 4, 1), 1e-6);
    }

    [Fact]
    public void Unshuffling_a_part_of_the_windows_gives_the_same_tokens_as_all_of_them()
    {
        using Generator _ = manual_seed(4);
        using var unshuffle = new TokenUnshuffle(16, 2).Randomized(5);
        Tensor fused = randn(2, 6, 16), all = unshuffle.Forward(fused);
        Assert.Equal([2L, 24L, 16L], all.shape);
        TestTensors.AssertNear(all.narrow(1, 8, 4), unshuffle.Forward(fused.narrow(1, 2, 1)), 1e-5);
    }

    [Fact]
    public void Sizes_that_do_not_divide_are_refused()
    {
        Assert.Contains("multiple of 9", Assert.Throws<ArgumentException>(() => new TokenShuffle(128, 3)).Message);
        Assert.Contains("5×4", Assert.Throws<ArgumentException>(() => TokenShuffle.Window(zeros(1, 20, 3), 5, 4, 2)).Message);
        Assert.Contains("[1, 21, 3]", Assert.Throws<ArgumentException>(() => TokenShuffle.Unwindow(zeros(1, 21, 3), 4, 5, 1)).Message);
    }
}
