using ArKernel.Heads.Flow;
using ArKernel.Tests.Training;
using static TorchSharp.torch;

namespace ArKernel.Tests.Heads;

[Collection(nameof(RunsAlone))]
public sealed class FlowNetworkTests
{
    private static SpatialFlowNetwork Spatial(bool randomized = true, int? outputs = null)
    {
        using Generator _ = manual_seed(1);
        var network = new SpatialFlowNetwork(channels: 3, conditionChannels: 5, width: 16, depth: 2, heads: 2, outputs);
        return randomized ? network.Randomized(2, 0.2) : network;
    }

    [Fact]
    public void Waves_are_cosines_and_sines_of_a_thousand_times_the_time()
    {
        Tensor waves = TimeEmbedding.Waves(tensor(new float[] { 0, 0.25f }));
        Assert.Equal([2L, 256L], waves.shape);
        TestTensors.AssertNear(cat([ones(128), zeros(128)], 0), waves[0]);
        foreach (int i in new[] { 0, 5, 127 })
        {
            double angle = 250 * Math.Pow(10_000, -i / 128.0);
            Assert.Equal(Math.Cos(angle), waves[1, i].item<float>(), 1e-3);
            Assert.Equal(Math.Sin(angle), waves[1, 128 + i].item<float>(), 1e-3);
        }
    }

    [Fact]
    public void New_networks_predict_zero_and_their_blocks_change_nothing()
    {
        using Generator _ = manual_seed(3);
        using var token = new TokenFlowNetwork(3, 5, 16, 2);
        using SpatialFlowNetwork spatial = Spatial(randomized: false);
        Assert.Equal(0, token.Forward(rand(4, 3), rand(4), rand(4, 5)).abs().max().item<float>());
        Assert.Equal(0, spatial.Forward(rand(2, 9, 3), rand(2), rand(2, 9, 5)).abs().max().item<float>());
        using var block = new SpatialFlowBlock(16, 4);
        using var tokenBlock = new TokenFlowBlock(16);
        Tensor x = rand(2, 9, 16);
        TestTensors.AssertSame(x, block.Forward(x, rand(2, 9, 16)));
        TestTensors.AssertSame(x, tokenBlock.Forward(x, rand(2, 9, 16)));
    }

    [Fact]
    public void One_condition_of_all_positions_is_ordinary_adaptive_layer_norm()
    {
        using SpatialFlowNetwork network = Spatial();
        Tensor x = rand(2, 9, 3), time = rand(2), condition = randn(2, 1, 5);
        Tensor global = network.Forward(x, time, condition), spatial = network.Forward(x, time, condition.expand(2, 9, 5));
        TestTensors.AssertNear(global, spatial, 1e-5);
        Assert.False(global.allclose(network.Forward(x, time, condition + randn(2, 9, 5) * 0.1)));

        // And a time of all positions is one of each.
        TestTensors.AssertNear(global, network.Forward(x, time.unsqueeze(1).expand(2, 9), condition), 1e-5);
    }

    /// <summary>The equations of the block, one position and one head at a time.</summary>
    [Fact]
    public void The_block_is_that_of_the_equations()
    {
        using Generator _ = manual_seed(4);
        using var block = new SpatialFlowBlock(8, 2).Randomized(5, 0.3);
        Dictionary<string, Tensor> weights = block.named_parameters().ToDictionary(entry => entry.name, entry => (Tensor)entry.parameter);
        Tensor Linear(string name, Tensor x) => x.matmul(weights[name + ".weight"].t()) + weights[name + ".bias"];
        static Tensor Norm(Tensor x) => (x - x.mean()) / ((x - x.mean()).square().mean() + 1e-6).sqrt();
        Tensor x = randn(1, 3, 8), active = randn(1, 3, 8);

        Tensor[] Modulation(int position) => Linear("modulation", active[0, position]).chunk(6);
        Tensor[] projected = [.. Enumerable.Range(0, 3).Select(p => Linear("queryKeyValue", Norm(x[0, p]) * (1 + Modulation(p)[4]) + Modulation(p)[2]).view(3, 2, 4))];
        Tensor[] expected = new Tensor[3];
        for (int position = 0; position < 3; position++)
        {
            Tensor[] heads = new Tensor[2];
            for (int head = 0; head < 2; head++)
            {
                Tensor scores = stack(projected.Select(other => (projected[position][0, head] * other[1, head]).sum() / 2).ToArray()).softmax(0);
                heads[head] = stack(projected.Select((other, index) => other[2, head] * scores[index]).ToArray()).sum(dim: 0);
            }

            Tensor[] modulation = Modulation(position);
            Tensor middle = x[0, position] + modulation[0] * Linear("mixed", cat(heads, 0));
            Tensor inner = Linear("up", Norm(middle) * (1 + modulation[5]) + modulation[3]).gelu(TorchSharp.Modules.GELU.Approximate.tanh);
            expected[position] = middle + modulation[1] * Linear("down", inner);
        }

        TestTensors.AssertNear(stack(expected).unsqueeze(0), block.Forward(x, active), 1e-4);
    }

    [Fact]
    public void The_spatial_network_mixes_positions_and_the_token_network_does_not()
    {
        using SpatialFlowNetwork spatial = Spatial();
        using Generator _ = manual_seed(6);
        using var token = new TokenFlowNetwork(3, 5, 16, 2).Randomized(7);
        Tensor x = rand(1, 9, 3), time = rand(1, 9), condition = rand(1, 9, 5), changed = x.clone();
        changed.select(1, 4).add_(1);
        Tensor spatialChange = (spatial.Forward(changed, time, condition) - spatial.Forward(x, time, condition)).abs().sum(-1)[0];
        Assert.True((spatialChange > 0).all().item<bool>());
        Tensor tokenChange = (token.Forward(changed, time, condition) - token.Forward(x, time, condition)).abs().sum(-1)[0];
        Assert.Equal([4L], (tokenChange > 0).nonzero().flatten().data<long>());
    }

    [Fact]
    public void Where_tokens_stand_matters_and_may_be_said()
    {
        using SpatialFlowNetwork network = Spatial();
        Tensor x = rand(1, 6, 3), time = rand(1), condition = rand(1, 6, 5);
        Tensor places = tensor(new long[] { 0, 0, 0, 1, 0, 2, 1, 0, 1, 1, 1, 2 }, [6, 2]), order = tensor(new long[] { 3, 1, 5, 0, 2, 4 });
        Tensor there = network.Forward(x, time, condition, places);
        Tensor permuted = network.Forward(x.index_select(1, order), time, condition.index_select(1, order), places.index_select(0, order));
        TestTensors.AssertNear(there.index_select(1, order), permuted, 1e-5); // tokens are known by where they stand and not by their number
        Assert.False(there.allclose(network.Forward(x, time, condition, places.flip(1))));

        Tensor square = tensor(new long[] { 0, 0, 0, 1, 1, 0, 1, 1 }, [4, 2]);
        Tensor few = x.narrow(1, 0, 4), fewConditions = condition.narrow(1, 0, 4);
        TestTensors.AssertSame(network.Forward(few, time, fewConditions), network.Forward(few, time, fewConditions, square));
        Assert.Contains("no square", Assert.Throws<ArgumentException>(() => network.Forward(x, time, condition)).Message);
    }

    [Fact]
    public void Shapes_that_do_not_fit_are_refused_with_all_three_named()
    {
        using SpatialFlowNetwork spatial = Spatial();
        using var token = new TokenFlowNetwork(3, 5, 16, 2);
        Assert.Contains("[2, 9, 4]", Assert.Throws<ArgumentException>(() => spatial.Forward(rand(2, 9, 4), rand(2), rand(2, 9, 5))).Message);
        Assert.Contains("[7]", Assert.Throws<ArgumentException>(() => token.Forward(rand(4, 3), rand(7), rand(4, 5))).Message);
        Assert.Contains("multiple", Assert.Throws<ArgumentException>(() => new SpatialFlowNetwork(3, 5, 18, 2, 2)).Message);
    }

    [Fact]
    public void A_token_network_learns_two_conditional_gaussians()
    {
        using Generator _ = manual_seed(8);
        using var network = new TokenFlowNetwork(1, 1, 64, 3);
        using var optimizer = optim.AdamW(network.parameters(), lr: 2e-3);
        for (int step = 0; step < 500; step++)
        {
            using var scope = NewDisposeScope();
            Tensor condition = randint(0, 2, [256, 1]).to(ScalarType.Float32) * 2 - 1;
            Tensor data = condition + randn(256, 1) * 0.3; // N(±1, 0.3²)
            Tensor loss = FlowMatching.Loss((x, t) => network.Forward(x, t, condition), data).mean();
            optimizer.zero_grad();
            loss.backward();
            optimizer.step();
        }

        using var generator = new Generator(9);
        foreach (float wanted in new[] { -1f, 1f })
        {
            Tensor condition = full([2000, 1], wanted), noise = randn([2000, 1], generator: generator);
            Tensor drawn = FlowMatching.Sample((x, t) => network.Forward(x, full([2000], t, ScalarType.Float32), condition), noise, 20);
            Assert.Equal(wanted, drawn.mean().item<float>(), 0.12);
            Assert.Equal(0.3, drawn.std().item<float>(), 0.1);
        }
    }
}
