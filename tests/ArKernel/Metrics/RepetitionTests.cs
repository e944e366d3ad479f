using ArKernel.Metrics;

namespace ArKernel.Tests.Metrics;

public sealed class RepetitionTests
{
    [Fact]
    public void A_loop_repeats_all_but_its_first_round()
    {
        long[] loop = [.. Enumerable.Range(0, 60).Select(i => (long)(i % 5))];
        Assert.Equal(1 - 5.0 / 57, Repetition.OfNGrams(loop), 1e-12);
        Assert.Equal(5, Repetition.LoopLength(loop));
        Assert.Equal(5, Repetition.LoopLength([.. Enumerable.Range(100, 40).Select(i => (long)i), .. loop[..15]]));
        Assert.Equal(0, Repetition.LoopLength([.. Enumerable.Range(100, 40).Select(i => (long)i), .. loop[..14]]));
    }

    [Fact]
    public void Distinct_tokens_repeat_nothing()
    {
        long[] distinct = [.. Enumerable.Range(0, 60).Select(i => (long)i)];
        Assert.Equal(0, Repetition.OfNGrams(distinct));
        Assert.Equal(0, Repetition.LoopLength(distinct));
        Assert.Equal(0, Repetition.OfNGrams([1, 1], 3));
    }

    [Fact]
    public void Single_tokens_are_counted_too()
    {
        Assert.Equal(0.5, Repetition.OfNGrams([7, 8, 7, 8], 1));
        Assert.Equal(1, Repetition.LoopLength([3, 4, 4, 4]));
    }
}
