using ArKernel.Backbones;
using ArKernel.Data;
using ArKernel.Heads;
using ArKernel.Metrics;
using ArKernel.Orders;
using ArKernel.Queries;
using ArKernel.Tests.Training;
using static TorchSharp.torch;

namespace ArKernel.Tests.Metrics;

[Collection(nameof(RunsAlone))]
public sealed class FeatureNetworkTests : IClassFixture<FeatureNetworkTests.Trained>
{
    public sealed class Trained : IDisposable
    {
        public Trained()
        {
            Training = FashionMnist.Training().ToImageSet().Pad(32);
            Test = FashionMnist.Test().ToImageSet().Pad(32);
            Network = FeatureNetwork.Train(Training, steps: 80);
        }

        public ImageSet Training { get; }

        public ImageSet Test { get; }

        public FeatureNetwork Network { get; }

        public void Dispose()
        {
            Network.Dispose();
            Training.Dispose();
            Test.Dispose();
        }
    }

    private readonly Trained trained;

    public FeatureNetworkTests(Trained trained) => this.trained = trained;

    [Fact]
    public void Seconds_of_training_tell_most_garments_of_the_test_images_apart()
    {
        double accuracy = trained.Network.Accuracy(trained.Test);
        TestContext.Current.TestOutputHelper?.WriteLine($"accuracy {accuracy:0.000}");
        Assert.True(accuracy > 0.7, $"{accuracy}");
    }

    [Fact]
    public void Features_do_not_depend_on_the_other_images_nor_on_the_mode()
    {
        Tensor images = trained.Test.ToTensor(0, 300), all = trained.Network.Features(images);
        Assert.Equal([300L, 64L], all.shape);
        TestTensors.AssertNear(all.narrow(0, 280, 5), trained.Network.Features(images.narrow(0, 280, 5)), 1e-4);
        trained.Network.train();
        TestTensors.AssertSame(all, trained.Network.Features(images));
        Assert.True(trained.Network.training);
        trained.Network.eval();
        TestTensors.AssertNear(ones(300), trained.Network.Probabilities(images).sum(-1));
    }

    [Fact]
    public void Real_images_score_near_the_floor_and_noise_at_the_ceiling()
    {
        using var evaluator = new SampleEvaluator(trained.Network, trained.Training, count: 1000);
        SampleQuality real = evaluator.Evaluate(trained.Test.ToTensor(), trained.Test.Labels);
        Assert.True(real.FrechetDistance < 2 * evaluator.Floor + 1, $"{real} floor {evaluator.Floor}");
        Assert.True(evaluator.Ceiling > 10 * evaluator.Floor, $"floor {evaluator.Floor}, ceiling {evaluator.Ceiling}");
        Assert.True(real.Precision > 0.6 && real.Recall > 0.6, real.ToString());
        Assert.Equal(trained.Network.Accuracy(trained.Test), real.ClassAccuracy!.Value, 1e-9);
        Assert.InRange(real.ClassifierScore, 3, 10);

        // Worse images score worse in every way.
        SampleQuality blurred = evaluator.Evaluate(nn.functional.interpolate(trained.Test.Resize(4).ToTensor(), [32, 32], mode: InterpolationMode.Bilinear, align_corners: false), trained.Test.Labels);
        Assert.True(blurred.FrechetDistance > 2 * real.FrechetDistance, $"{blurred} against {real}");
        Assert.True(blurred.Precision < real.Precision && blurred.ClassAccuracy < real.ClassAccuracy, $"{blurred} against {real}");
    }

    [Fact]
    public void A_saved_network_gives_the_same_features_and_a_file_of_something_else_is_refused()
    {
        string path = Path.GetTempFileName();
        try
        {
            trained.Network.Save(path);
            using FeatureNetwork loaded = FeatureNetwork.Load(path);
            Tensor images = trained.Test.ToTensor(0, 20);
            TestTensors.AssertSame(trained.Network.Features(images), loaded.Features(images));
            ArKernel.Weights.SafeTensors.Write(path, new Dictionary<string, Tensor> { ["weight"] = ones(3) });
            Assert.Contains("FeatureNetwork.Save", Assert.Throws<InvalidDataException>(() => FeatureNetwork.Load(path)).Message);
            ArKernel.Weights.SafeTensors.Write(path, new Dictionary<string, Tensor> { ["weight"] = ones(3) }, new Dictionary<string, string> { ["classes channels"] = "10 1" });
            Assert.Contains("is missing", Assert.Throws<InvalidDataException>(() => FeatureNetwork.Load(path)).Message);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void The_network_that_ships_tells_unseen_garments_apart()
    {
        using FeatureNetwork network = FeatureNetwork.FashionMnist();
        Assert.InRange(network.Accuracy(trained.Test), 0.88, 1);
        Assert.InRange(network.Accuracy(trained.Training), 0.95, 1);
    }

    [Fact]
    public void Drawn_images_are_of_the_classes_in_turn_and_their_calls_are_counted()
    {
        using var model = new AutoregressiveModel(
            "pixels", GenerationOrder.Raster(16), new PreviousToken(new TokenEmbedding(4, 8), classes: 10), new TransformerBackbone(DecoderConfiguration.Gpt2(4, 8, 1, 2, 16)), new CategoricalHead(new TokenEmbedding(4, 8)));
        using var evaluator = new SampleEvaluator(trained.Network, trained.Test, count: 50);
        List<long> batches = [];
        using SampledImages drawn = evaluator.Sample(
            model,
            tokens =>
            {
                batches.Add(tokens.shape[0]);
                return nn.functional.interpolate((tokens / 1.5 - 1).view(-1, 1, 4, 4), [32, 32]);
            },
            batchSize: 20);
        Assert.Equal([20L, 20L, 10L], batches[..3]);
        Assert.All(batches[3..], count => Assert.Equal(1, count));
        Assert.True(drawn.SecondsAlone > 0 && drawn.ImagesPerSecond > 0);
        Assert.Equal(16, drawn.ModelCalls);
        Assert.Equal([50L, 1L, 32L, 32L], drawn.Images.shape);
        Assert.NotNull(drawn.Quality.ClassAccuracy);
    }

    [Fact]
    public void The_same_seed_trains_the_same_network()
    {
        using ImageSet few = trained.Training.Slice(0, 256);
        using FeatureNetwork first = FeatureNetwork.Train(few, steps: 3, seed: 5), second = FeatureNetwork.Train(few, steps: 3, seed: 5), third = FeatureNetwork.Train(few, steps: 3, seed: 6);
        Tensor images = few.ToTensor(0, 8);
        TestTensors.AssertSame(first.Probabilities(images), second.Probabilities(images));
        Assert.False(first.Probabilities(images).allclose(third.Probabilities(images)));
    }

    [Fact]
    public void Images_that_cannot_be_judged_are_refused()
    {
        Assert.Contains("[2, 3, 32, 32]", Assert.Throws<ArgumentException>(() => trained.Network.Features(zeros(2, 3, 32, 32))).Message);
        using var unlabelled = new ImageSet(zeros(4, 1, 32, 32));
        Assert.Contains("no labels", Assert.Throws<ArgumentException>(() => FeatureNetwork.Train(unlabelled)).Message);
        Assert.Contains("lower count", Assert.Throws<ArgumentException>(() => new SampleEvaluator(trained.Network, trained.Test, 2000)).Message);
        using var evaluator = new SampleEvaluator(trained.Network, trained.Test, 20);
        Assert.Contains("must be 20", Assert.Throws<ArgumentException>(() => evaluator.Evaluate(trained.Test.ToTensor(0, 10))).Message);
    }
}
