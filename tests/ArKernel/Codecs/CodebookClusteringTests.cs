using ArKernel.Codecs;
using static TorchSharp.torch;

namespace ArKernel.Tests.Codecs;

public sealed class CodebookClusteringTests
{
    private static Tensor Draw(ulong seed, params long[] shape)
    {
        using var generator = new Generator(seed);
        return randn(shape, generator: generator);
    }

    private static Tensor Centres(Tensor codes, CodebookClustering clustering) => stack(
        Enumerable.Range(0, clustering.ClusterCount)
            .Select(cluster => codes[tensor(clustering.CoarseOf.Select(other => other == cluster).ToArray())].mean([0]))
            .ToArray());

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(64)]
    [InlineData(200)]
    public void The_inertia_never_rises_and_at_the_end_every_code_is_nearest_to_its_own_centre(int clusters)
    {
        Tensor codes = Draw(1, 200, 6);
        CodebookClustering clustering = CodebookClustering.Fit(codes, clusters);
        Assert.All(clustering.Inertias.Zip(clustering.Inertias.Skip(1)), pair => Assert.True(pair.Second <= pair.First + 1e-9));
        Assert.Equal(clusters, clustering.CoarseOf.Distinct().Count());

        Tensor distances = cdist(codes, Centres(codes, clustering)).square();
        Tensor own = distances.gather(1, tensor(clustering.CoarseOf.Select(cluster => (long)cluster).ToArray()).unsqueeze(1)).squeeze(1);
        Assert.True((own <= distances.amin(1) + 1e-4).all().item<bool>());
        Assert.Equal(own.sum().item<float>(), clustering.Inertias[^1], 1e-2);
    }

    [Fact]
    public void A_seed_gives_one_clustering_and_another_seed_usually_another()
    {
        Tensor codes = Draw(2, 150, 3);
        Assert.Equal(CodebookClustering.Fit(codes, 9, seed: 4).CoarseOf, CodebookClustering.Fit(codes, 9, seed: 4).CoarseOf);
        Assert.NotEqual(CodebookClustering.Fit(codes, 9, seed: 4).CoarseOf, CodebookClustering.Fit(codes, 9, seed: 5).CoarseOf);
    }

    [Fact]
    public void Repeated_points_are_clustered_without_any_inertia()
    {
        Tensor codes = Draw(3, 5, 4).repeat(20, 1);
        CodebookClustering clustering = CodebookClustering.Fit(codes, 5);
        Assert.Equal(0, clustering.Inertias[^1]);
        Assert.All(Enumerable.Range(0, 100), code => Assert.Equal(clustering.CoarseOf[code % 5], clustering.CoarseOf[code]));
        Assert.Equal(0, CodebookClustering.Fit(codes, 8).Inertias[^1]); // more clusters than different points
    }

    [Fact]
    public void Coarse_tokens_and_their_support_agree_with_the_membership()
    {
        CodebookClustering clustering = CodebookClustering.Fit(Draw(4, 40, 2), 6);
        Tensor tokens = TestTensors.RandomIds(5, 40, 3, 7), coarse = clustering.Coarse(tokens);
        Assert.Equal(tokens.flatten().data<long>().Select(token => (long)clustering.CoarseOf[(int)token]), coarse.flatten().data<long>());

        Tensor support = clustering.Support(coarse);
        Assert.Equal([3L, 7L, 40L], support.shape);
        Assert.True(support.gather(-1, tokens.unsqueeze(-1)).all().item<bool>());
        long[] sizes = [.. clustering.CoarseOf.GroupBy(cluster => cluster).OrderBy(group => group.Key).Select(group => (long)group.Count())];
        Assert.Equal(coarse.flatten().data<long>().Select(cluster => sizes[cluster]), support.sum(-1).flatten().data<long>());
    }

    [Fact]
    public void Shuffling_keeps_the_sizes_and_loses_the_neighbourhood()
    {
        Tensor codes = Draw(6, 300, 3);
        CodebookClustering clustering = CodebookClustering.Fit(codes, 10), shuffled = clustering.Shuffle(1);
        Assert.Equal(Sizes(clustering), Sizes(shuffled));

        double Spread(CodebookClustering some) => (codes - Centres(codes, some)[some.Coarse(arange(300))]).square().sum().item<float>();
        Assert.True(Spread(shuffled) > 2 * Spread(clustering));
        static IEnumerable<int> Sizes(CodebookClustering some) => some.CoarseOf.GroupBy(cluster => cluster).OrderBy(group => group.Key).Select(group => group.Count());
    }

    [Fact]
    public void Input_that_cannot_be_clustered_is_refused()
    {
        Assert.Contains("1 to 4", Assert.Throws<ArgumentOutOfRangeException>(() => CodebookClustering.Fit(zeros(4, 2), 5)).Message);
        Assert.Contains("not finite", Assert.Throws<ArgumentException>(() => CodebookClustering.Fit(full([4, 2], double.NaN), 2)).Message);
        Assert.Contains("[4]", Assert.Throws<ArgumentException>(() => CodebookClustering.Fit(zeros(4), 2)).Message);
        Assert.Throws<ArgumentException>(() => CodebookClustering.Fit(Draw(7, 4, 2), 2).Coarse(tensor(new long[] { 4 })));
    }
}
