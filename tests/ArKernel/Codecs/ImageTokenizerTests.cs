using ArKernel.Codecs;
using ArKernel.Data;
using ArKernel.Tests.Training;
using ArKernel.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Tests.Codecs;

[Collection(nameof(RunsAlone))]
public sealed class ImageTokenizerTests : IDisposable
{
    private static readonly ScaleList Scales = new(1, 2, 4);

    private readonly string folder = Directory.CreateTempSubdirectory("arkernel-tokenizer-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    /// <summary>Networks a few hundred steps of which take a second: 16×16 images, 4 times reduced.</summary>
    private static readonly AutoencoderConfiguration Small = new() { ImageSide = 16, Channels = 8, NormalizationGroups = 4, EncoderChannels = 16, LatentChannels = 4 };

    private static ImageTokenizer Create(string kind, AutoencoderConfiguration shape, int seed = 1)
    {
        using Generator _ = manual_seed(seed);
        int side = shape.LatentSide;
        return kind switch
        {
            "vector" => ImageTokenizer.VectorQuantized(shape, 32),
            "llamagen" => ImageTokenizer.LlamaGen(shape, 32),
            "multi-scale" => ImageTokenizer.MultiScale(shape, Scales, 32),
            "frequency" => ImageTokenizer.NextFrequency(shape, Scales, 32),
            "residual" => new ImageTokenizer(shape, MultiScaleQuantizer.Residual(new(32, shape.LatentChannels), side, 2)),
            _ => new ImageTokenizer(shape, new FiniteScalarQuantizer([4, 3, 3, 3], side, side)),
        };
    }

    private static ImageSet Garments(int side = 16) => FashionMnist.Training().ToImageSet().Pad(32).Resize(side);

    private static TrainingRun Run(ImageTokenizer tokenizer, ImageSet images, int steps, ImageSet? test = null, TrainingOptions? options = null) =>
        new(tokenizer, tokenizer.Loss, images.Batches(32), (options ?? new()) with { Steps = steps, LearningRate = 3e-3, WeightDecay = 0 }, test?.Batches(50, seed: null))
        {
            Measure = tokenizer.Measure,
            LossUnit = "squared error",
        };

    private static double Error(ImageTokenizer tokenizer, Tensor images) => (tokenizer.Reconstruct(images) - images).square().mean().item<float>();

    [Theory]
    [InlineData("vector", 16)]
    [InlineData("llamagen", 16)]
    [InlineData("multi-scale", 21)]
    [InlineData("frequency", 21)]
    [InlineData("residual", 32)]
    [InlineData("finite", 16)]
    public void Every_tokenizer_learns_garments_through_the_one_training_loop(string kind, int tokens)
    {
        using ImageSet images = Garments();
        using ImageTokenizer tokenizer = Create(kind, Small);
        Tensor held = images.ToTensor(2900);
        double mean = (held - held.mean([0], keepdim: true)).square().mean().item<float>();
        TrainingRun run = Run(tokenizer, images.Slice(0, 2900), 150);
        TrainingResult result = run.Run();
        tokenizer.eval();
        Assert.Equal(TrainingEnd.Completed, result.End);
        Assert.Equal([100L, tokens], tokenizer.Encode(held).shape);
        Assert.True(Error(tokenizer, held) < 0.5 * mean, $"{Error(tokenizer, held)} against {mean} of the mean image");

        TrainingStep last = run.History[^1];
        if (kind == "finite")
        {
            Assert.Empty(last.Measures!);
        }
        else
        {
            Assert.InRange(last.Measures!["codebook perplexity"], 8, 32);
            Assert.Equal(tokenizer.Quantizer.Usage!.Perplexity, last.Measures["codebook perplexity"]);
        }
    }

    [Fact]
    public void Later_scales_of_a_trained_tokenizer_leave_less_and_less()
    {
        using ImageSet images = Garments();
        using ImageTokenizer tokenizer = Create("multi-scale", Small);
        Run(tokenizer, images, 150).Run();
        tokenizer.eval();
        using IDisposable noGradient = no_grad();
        var quantizer = (MultiScaleQuantizer)tokenizer.Quantizer;
        Tensor latent = tokenizer.Latent(images.ToTensor(0, 200));
        double[] left = [.. quantizer.PartialSums(quantizer.Encode(latent)).Select(sum => (double)(latent - sum).square().mean().item<float>())];
        Assert.Equal(left.OrderDescending(), left);
        Assert.True(left[^1] < 0.5 * left[0], string.Join(", ", left));
    }

    [Fact]
    public void A_resumed_training_repeats_the_uninterrupted_one_codes_included()
    {
        using ImageSet images = Garments();
        TrainingOptions options = new() { EvaluateEvery = 10, EvaluationBatches = 1, CheckpointPath = folder };
        using ImageTokenizer whole = Create("vector", Small), first = Create("vector", Small), second = Create("vector", Small, seed: 77);
        TrainingRun uninterrupted = Run(whole, images, 30, images, options with { CheckpointPath = null });
        uninterrupted.Run();

        using var cancel = new CancellationTokenSource();
        TrainingRun half = Run(first, images, 30, images, options);
        half.StepCompleted += step => { if (step.Step == 16) { cancel.Cancel(); } };
        half.Run(cancel.Token);
        TrainingRun resumed = Run(second, images, 30, images, options with { Resume = true });
        resumed.Run();
        Assert.Equal(uninterrupted.History.Select(step => step.Loss), resumed.History.Select(step => step.Loss));
        TestTensors.AssertSame(((VectorQuantizer)whole.Quantizer).Codebook.Codes, ((VectorQuantizer)second.Quantizer).Codebook.Codes);
    }

    [Fact]
    public void A_collapse_shows_while_it_happens_and_revival_ends_it()
    {
        using ImageSet images = Garments();
        double Collapse(bool revive, out TrainingRun run)
        {
            using Generator _ = manual_seed(1);
            var codebook = new CodebookConfiguration(32, 4) { Revive = revive, DeadAfter = 10 };
            using var tokenizer = new ImageTokenizer(Small, new VectorQuantizer(codebook, 4, 4));
            ((VectorQuantizer)tokenizer.Quantizer).Codebook.Set(cat([zeros(1, 4), full([31, 4], 1e6f)], 0)); // all but one beyond reach
            run = Run(tokenizer, images, 40);
            run.Run();
            return run.History[^1].Measures!["codebook perplexity"];
        }

        Assert.Equal(1, Collapse(revive: false, out TrainingRun collapsed), 1e-3);
        Assert.Equal(31, collapsed.History[^1].Measures!["dead codes"]);
        Assert.True(Collapse(revive: true, out TrainingRun revived) > 4);
        Assert.Contains(revived.History, step => step.Measures!["dead codes"] == 31); // seen in the step it happened
        Assert.True(revived.History[^1].Measures!["codes re-initialised"] >= 31);
    }

    /// <summary>CTF's claim: a code may be replaced by another of its cluster, and the image hardly changes.</summary>
    [Fact]
    public void Codes_of_one_cluster_decode_alike_and_random_codes_do_not()
    {
        using ImageSet images = Garments();
        using Generator _ = manual_seed(1);
        using var tokenizer = new ImageTokenizer(Small, new VectorQuantizer(new(128, 4), 4, 4));
        Run(tokenizer, images, 150).Run();
        tokenizer.eval();
        CodebookClustering clusters = CodebookClustering.Fit(((VectorQuantizer)tokenizer.Quantizer).Codebook.Codes, 16);
        Tensor tokens = tokenizer.Encode(images.ToTensor(0, 100)), decoded = tokenizer.Decode(tokens);
        double Replaced(CodebookClustering clustering)
        {
            using var generator = new Generator(3);
            Tensor other = multinomial(clustering.Support(clustering.Coarse(tokens)).flatten(0, 1).to(ScalarType.Float32), 1, generator: generator).view(tokens.shape);
            return (tokenizer.Decode(other) - decoded).square().mean().item<float>();
        }

        double within = Replaced(clusters), random = Replaced(clusters.Shuffle(1));
        TestContext.Current.TestOutputHelper?.WriteLine($"k-means {within:0.0000}, random clusters of the same sizes {random:0.0000}, ratio {within / random:0.000}");
        Assert.True(within < 0.3 * random, $"{within} within clusters, {random} at random");
    }

    [Theory]
    [InlineData(1, 32)]
    [InlineData(3, 32)]
    [InlineData(3, 64)]
    public void Grey_and_colour_of_several_sizes_go_through_the_tiny_networks(int channels, int side)
    {
        var shape = new AutoencoderConfiguration { ImageChannels = channels, ImageSide = side };
        using Generator _ = manual_seed(1);
        using ImageTokenizer tokenizer = ImageTokenizer.MultiScale(shape, new ScaleList(1, 2, 4, side / 4), 16);
        using var autoencoder = new ImageAutoencoder(shape);
        Tensor images = rand(2, channels, side, side) * 2 - 1;
        Assert.Equal(images.shape, tokenizer.Reconstruct(images).shape);
        Assert.Equal(images.shape, autoencoder.Decode(autoencoder.Encode(images)).shape);
        Assert.Equal([2L, 8L, side / 4, side / 4], autoencoder.Encode(images).shape);
    }

    [Fact]
    public void Images_latents_and_quantizers_that_do_not_fit_are_refused_with_what_would()
    {
        using ImageTokenizer tokenizer = Create("vector", Small);
        Assert.Contains("[batch, 1, 16, 16]", Assert.Throws<ArgumentException>(() => tokenizer.Encode(zeros(1, 1, 28, 28))).Message);
        Assert.Contains("Byte", Assert.Throws<ArgumentException>(() => tokenizer.Encode(zeros([1, 1, 16, 16], ScalarType.Byte))).Message);
        Assert.Contains("[batch, 16]", Assert.Throws<ArgumentException>(() => tokenizer.Decode(zeros(1, 9, ScalarType.Int64))).Message);
        Assert.Contains("[4, 4, 4]", Assert.Throws<ArgumentException>(() => new ImageTokenizer(Small, new VectorQuantizer(new(8, 4), 8, 8))).Message);
        Assert.Contains("multiple of 4", Assert.Throws<ArgumentException>(() => ImageTokenizer.VectorQuantized(Small with { ImageSide = 30 }, 8)).Message);
        using var autoencoder = new ImageAutoencoder(Small);
        Assert.Contains("[batch, 4, 4, 4]", Assert.Throws<ArgumentException>(() => autoencoder.Decode(zeros(1, 3, 4, 4))).Message);
    }

    [Fact]
    public void A_trained_autoencoder_gives_standardised_latents_and_decodes_them()
    {
        using ImageSet images = Garments();
        using Generator _ = manual_seed(1);
        using var autoencoder = new ImageAutoencoder(Small);
        var run = new TrainingRun(autoencoder, autoencoder.Loss, images.Batches(32), new() { Steps = 150, LearningRate = 3e-3, WeightDecay = 0 });
        run.Run();
        autoencoder.eval();
        autoencoder.Standardize(images.Batches(300, seed: null), batchCount: 10);
        Tensor all = images.ToTensor(), latent = autoencoder.Encode(all);
        TestTensors.AssertNear(zeros(4), latent.mean([0, 2, 3]), 1e-4);
        TestTensors.AssertNear(ones(4), latent.std([0, 2, 3]), 1e-3);
        double mean = (all - all.mean([0], keepdim: true)).square().mean().item<float>();
        double error = (autoencoder.Decode(latent) - all).square().mean().item<float>();
        Assert.True(error < 0.3 * mean, $"{error} against {mean}");
    }

    [Fact]
    public void The_published_networks_have_the_published_size()
    {
        // 72 and 70 million: LlamaGen, table 1 of its tokenizers; with 16384 codes of 8 channels.
        Assert.Equal(72, Math.Round((AutoencoderConfiguration.LlamaGen(16).ParameterCount + 16384 * 8) / 1e6));
        Assert.Equal(70, Math.Round((AutoencoderConfiguration.LlamaGen(8).ParameterCount + 16384 * 8) / 1e6));
        Assert.Equal((16, 16, 8), (AutoencoderConfiguration.LlamaGen().Reduction, AutoencoderConfiguration.Var.LatentSide, AutoencoderConfiguration.LlamaGen(8).Reduction));

        using ImageTokenizer tiny = Create("vector", Small);
        Assert.Equal(Small.ParameterCount, tiny.parameters().Sum(parameter => parameter.numel()));
    }

    [Fact]
    public void Training_leaves_no_tensors_behind()
    {
        using ImageSet images = Garments();
        using ImageTokenizer tokenizer = Create("multi-scale", Small);
        TensorBatches batches = images.Batches(8);
        void Step(int number)
        {
            using Batch batch = batches.GetBatch(number);
            using Tensor loss = tokenizer.Loss(batch);
            loss.backward();
            tokenizer.Measure();
            foreach (Parameter parameter in tokenizer.parameters())
            {
                using Tensor? gradient = parameter.grad;
                parameter.grad = null;
            }
        }

        Step(0);
        long before = TestTensors.SettledTensorCount();
        for (int number = 1; number < 6; number++)
        {
            Step(number);
        }

        Assert.Equal(before, TestTensors.SettledTensorCount());
    }
}
