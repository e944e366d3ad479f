using System.Globalization;
using ArKernel.Data;
using ArKernel.Training;
using ArKernel.Weights;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Metrics;

/// <summary>
/// A small convolutional classifier trained on the real images. Its last hidden layer gives the features, and its output the class probabilities, that
/// <see cref="ImageMetrics"/> judge drawn images by.
/// </summary>
public sealed class FeatureNetwork : nn.Module
{
    /// <summary>The number of features.</summary>
    public const int FeatureCount = 64;

    private const string ShapeKey = "classes channels";
    private const int RowsAtOnce = 256;
    private const int LargestShift = 2; // pixels

    private readonly Sequential trunk;
    private readonly Linear output;

    /// <summary>Creates an untrained network and puts it where <see cref="Compute"/> says.</summary>
    /// <param name="classes">The number of classes.</param>
    /// <param name="channels">Channels of an image.</param>
    /// <param name="mirror">Whether training shows images mirrored half the time, as fits garments and not digits.</param>
    public FeatureNetwork(int classes, int channels = 1, bool mirror = true)
        : base(nameof(FeatureNetwork))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classes, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        (Classes, Channels, Mirror) = (classes, channels, mirror);
        List<nn.Module<Tensor, Tensor>> layers = [];
        long width = channels;
        foreach (long next in new long[] { 32, 64, 128 })
        {
            layers.AddRange([nn.Conv2d(width, next, 3, padding: 1, bias: false), nn.BatchNorm2d(next), nn.ReLU(), nn.MaxPool2d(2)]);
            width = next;
        }

        layers.AddRange([nn.AdaptiveAvgPool2d([4, 4]), nn.Flatten(), nn.Dropout(0.3), nn.Linear(width * 16, FeatureCount), nn.ReLU()]);
        trunk = nn.Sequential(layers);
        output = nn.Linear(FeatureCount, classes);
        RegisterComponents();
        _ = this.to(Compute.DType).to(Compute.Device);
    }

    /// <summary>The number of classes.</summary>
    public int Classes { get; }

    /// <summary>Channels of an image.</summary>
    public int Channels { get; }

    /// <summary>Whether training shows images mirrored half the time.</summary>
    public bool Mirror { get; }

    /// <summary>Where the parameters are.</summary>
    public Device Device => parameters().First().device;

    /// <summary>Trains a network, in evaluation mode afterwards.</summary>
    /// <param name="images">The real images, with labels.</param>
    /// <param name="steps">Updates of 64 images each.</param>
    /// <param name="seed">Determines the first parameters, the sequence and the changes of the images.</param>
    /// <param name="mirror">Whether training shows images mirrored half the time.</param>
    /// <exception cref="ArgumentException">The images have no labels.</exception>
    public static FeatureNetwork Train(ImageSet images, int steps = 600, int seed = 1, bool mirror = true)
    {
        if (images.Labels is null)
        {
            throw new ArgumentException("FeatureNetwork: the images have no labels to learn.", nameof(images));
        }

        using Generator _ = manual_seed(seed);
        using Tensor highest = images.Labels.max();
        var network = new FeatureNetwork((int)highest.item<long>() + 1, images.Channels, mirror);
        var options = new TrainingOptions { Steps = steps, LearningRate = 3e-3, WeightDecay = 0.05, Seed = seed };
        new TrainingRun(network, network.Loss, images.Batches(64, seed), options) { LossUnit = "nats/image" }.Run();
        network.eval();
        return network;
    }

    /// <summary>The network for Fashion-MNIST that ships with ArKernel, trained on the shipped images padded to 32×32; data/NOTICE says how it was made.</summary>
    public static FeatureNetwork FashionMnist() => Load(DataFolder.Find("fashion-mnist-features.safetensors"));

    /// <summary>Reads a network that <see cref="Save"/> has written, in evaluation mode.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">The file is not of such a network.</exception>
    public static FeatureNetwork Load(string path)
    {
        using SafeTensors file = SafeTensors.Open(path);
        if (!file.Metadata.TryGetValue(ShapeKey, out string? shape) || shape.Split(' ') is not [var classes, var channels]
            || !int.TryParse(classes, CultureInfo.InvariantCulture, out int classCount) || !int.TryParse(channels, CultureInfo.InvariantCulture, out int channelCount))
        {
            throw new InvalidDataException($"{path}: the metadata have no '{ShapeKey}', which FeatureNetwork.Save writes.");
        }

        var network = new FeatureNetwork(classCount, channelCount);
        using IDisposable noGradient = no_grad();
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> tensors = SafeTensors.Read(path);
        foreach ((string name, Tensor target) in network.state_dict())
        {
            if (!tensors.TryGetValue(name, out Tensor? source) || !source.shape.SequenceEqual(target.shape))
            {
                throw new InvalidDataException($"{path}: '{name}' is {(source is null ? "missing" : $"[{string.Join(", ", source.shape)}]")}; it must be [{string.Join(", ", target.shape)}].");
            }

            target.copy_(source);
        }

        network.eval();
        return network;
    }

    /// <summary>Writes the parameters to a file of safetensors.</summary>
    /// <param name="path">The file.</param>
    public void Save(string path) =>
        SafeTensors.Write(path, state_dict(), new Dictionary<string, string>(StringComparer.Ordinal) { [ShapeKey] = string.Create(CultureInfo.InvariantCulture, $"{Classes} {Channels}") });

    /// <summary>The mean cross-entropy of labels. In training mode the images are shifted by up to two pixels, and mirrored where <see cref="Mirror"/> is set.</summary>
    /// <param name="batch">Images [batch, channels, height, width] of −1 to 1, and labels.</param>
    /// <returns>A scalar, in nats an image.</returns>
    public Tensor Loss(Batch batch)
    {
        if (batch.Condition is null)
        {
            throw new ArgumentException("FeatureNetwork: the batch has no labels to learn.", nameof(batch));
        }

        using var scope = NewDisposeScope();
        Tensor images = Checked(batch.Tokens);
        Tensor logits = output.forward(trunk.forward(training ? Changed(images) : images));
        return nn.functional.cross_entropy(logits, batch.Condition.to(Device), label_smoothing: training ? 0.05 : 0).MoveToOuterDisposeScope();
    }

    /// <summary>The features of images.</summary>
    /// <param name="images">[samples, channels, height, width], −1 to 1.</param>
    /// <returns>[samples, 64].</returns>
    public Tensor Features(Tensor images) => InParts(images, trunk.forward);

    /// <summary>The probability of every class for images.</summary>
    /// <param name="images">[samples, channels, height, width], −1 to 1.</param>
    /// <returns>[samples, classes].</returns>
    public Tensor Probabilities(Tensor images) => InParts(images, part => output.forward(trunk.forward(part)).softmax(-1));

    /// <summary>The share of images that are taken for the class they are of.</summary>
    /// <param name="images">Images with labels.</param>
    public double Accuracy(ImageSet images)
    {
        using Tensor values = images.ToTensor(), probabilities = Probabilities(values);
        return ImageMetrics.ClassAccuracy(probabilities, images.Labels ?? throw new ArgumentException("FeatureNetwork: the images have no labels.", nameof(images)));
    }

    private Tensor InParts(Tensor images, Func<Tensor, Tensor> network)
    {
        using IDisposable noGradient = no_grad();
        using var scope = NewDisposeScope();
        bool wasTraining = training;
        eval(); // features must not depend on the other images of the batch
        try
        {
            List<Tensor> parts = [];
            foreach (Tensor part in Checked(images).split(RowsAtOnce, 0))
            {
                using var inner = NewDisposeScope();
                parts.Add(network(part).MoveToOuterDisposeScope());
            }

            return cat(parts, 0).MoveToOuterDisposeScope();
        }
        finally
        {
            train(wasTraining);
        }
    }

    private Tensor Checked(Tensor images) =>
        images.dim() == 4 && images.shape[1] == Channels && images.shape[2] >= 8 && images.shape[3] >= 8 && images.is_floating_point()
            ? images.to(Device)
            : throw new ArgumentException(
                $"FeatureNetwork: the images are {images.dtype} [{string.Join(", ", images.shape)}]; they must be floats [samples, {Channels}, height, width] of 8×8 pixels at least.", nameof(images));

    /// <summary>One shift for the whole batch, and each image mirrored or not; the global generator draws, which training seeds for every step.</summary>
    private Tensor Changed(Tensor images)
    {
        long[] shift = randint(0, 2 * LargestShift + 1, [2]).data<long>().ToArray();
        Tensor padded = nn.functional.pad(images, [LargestShift, LargestShift, LargestShift, LargestShift], PaddingModes.Replicate);
        Tensor moved = padded.narrow(2, shift[0], images.shape[2]).narrow(3, shift[1], images.shape[3]);
        return Mirror ? where(rand(images.shape[0], 1, 1, 1, device: images.device) < 0.5, moved, moved.flip(3)) : moved;
    }
}
