using ArKernel.Codecs;
using ArKernel.Decoding;
using ArKernel.Recipes;
using TorchSharp.Modules;
using static ArKernel.Tests.TestTensors;
using static TorchSharp.torch;

namespace ArKernel.Tests.Recipes;

public sealed class CoarseToFineTests
{
    private static CodebookClustering Clusters(int count)
    {
        using Tensor codes = arange(4).unsqueeze(1).to(ScalarType.Float32);
        return CodebookClustering.Fit(codes, count);
    }

    private static AutoregressiveModel Model(CodebookClustering clustering, ulong seed) =>
        CoarseToFine.Compose(VisualSystems.Raster(clustering.ClusterCount, 2, 2), VisualSystems.Raster(4, 2, 2), clustering, 0).Randomized(seed);

    [Fact]
    public void A_cluster_a_code_makes_the_fine_step_free_and_the_rest_raster_autoregression()
    {
        using var scope = NewDisposeScope();
        CodebookClustering clustering = Clusters(4);
        AutoregressiveModel model = Model(clustering, 1), raster = LlamaGen.Compose(VisualSystems.Raster(4, 2, 2), 0).Randomized(2);
        using (no_grad())
        {
            var from = model.named_parameters().ToDictionary(entry => entry.name, entry => entry.parameter);
            foreach ((string name, Parameter parameter) in raster.named_parameters())
            {
                parameter.copy_(from[name]);
            }
        }

        Tensor fine = RandomIds(3, 4, 5, 4), coarse = clustering.Coarse(fine), nats = model.NegativeLogLikelihood(CoarseToFine.Tokens(clustering, fine));
        AssertSame(zeros(5, 4), nats.narrow(1, 4, 4));
        AssertSame(raster.NegativeLogLikelihood(coarse), nats.narrow(1, 0, 4));
        Tensor sample = Sampler.Sample(model, 5, new() { Seed = 4 });
        AssertSame(Sampler.Sample(raster, 5, new() { Seed = 4 }), sample.narrow(1, 0, 4));
        AssertSame(sample.narrow(1, 0, 4), clustering.Coarse(sample.narrow(1, 4, 4)));
    }

    [Fact]
    public void One_cluster_makes_the_coarse_steps_free_and_the_fine_tokens_independent()
    {
        using var scope = NewDisposeScope();
        CodebookClustering clustering = Clusters(1);
        AutoregressiveModel model = Model(clustering, 5);
        Tensor fine = RandomIds(6, 4, 1, 4), nats = model.NegativeLogLikelihood(CoarseToFine.Tokens(clustering, fine));
        AssertNear(zeros(1, 4), nats.narrow(1, 0, 4));
        Tensor other = fine.clone();
        other.select(1, 2).add_(1).remainder_(4);
        Tensor changed = model.NegativeLogLikelihood(CoarseToFine.Tokens(clustering, other)).eq(nats);
        Assert.Equal([true, true, false, true], changed.narrow(1, 4, 4).data<bool>().ToArray());
    }

    [Fact]
    public void Every_sampled_code_is_of_its_cluster_with_guidance_too()
    {
        using var scope = NewDisposeScope();
        AutoregressiveModel model = CoarseToFine.Compose(VisualSystems.Raster(2, 2, 2), VisualSystems.Raster(4, 2, 2), VisualSystems.Clustering, 2).Randomized(7);
        Tensor sample = Sampler.Sample(model, 64, new() { GuidanceScale = 3 }, RandomIds(8, 2, 64));
        AssertSame(sample.narrow(1, 0, 4), VisualSystems.Clustering.Coarse(sample.narrow(1, 4, 4)));
    }

    [Fact]
    public void Vocabularies_other_than_the_clusterings_are_refused() =>
        Assert.Contains("the vocabularies are 3 and 4; the clustering has 2 clusters of 4 codes", Assert.Throws<ArgumentException>(() =>
            CoarseToFine.Compose(VisualSystems.Raster(3, 2, 2), VisualSystems.Raster(4, 2, 2), VisualSystems.Clustering, 0)).Message);
}
