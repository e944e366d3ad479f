using ArKernel.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace ArKernel.Codecs;

/// <summary>
/// A convolutional variational autoencoder (Kingma and Welling 2014; "KL-16" of Rombach et al. 2022, as MAR, FlowAR and xAR use it): images to latents of
/// continuous channels and back. The Kullback-Leibler term is tiny and only keeps the latent from growing. <see cref="Standardize"/> then measures the
/// latents, so that <see cref="Encode"/> gives every channel mean 0 and deviation 1 (the papers multiply by 0.2325 instead).
/// </summary>
public sealed class ImageAutoencoder : nn.Module
{
    private readonly ConvolutionalEncoder encoder; // to mean and log-variance
    private readonly ConvolutionalDecoder decoder;
    private readonly Tensor latentMean; // [C, 1, 1]
    private readonly Tensor latentDeviation;

    /// <summary>Composes an autoencoder and puts it where <see cref="Compute"/> says.</summary>
    /// <param name="shape">The networks.</param>
    /// <param name="divergenceWeight">
    /// The weight of the Kullback-Leibler divergence from N(0, 1), a mean over elements as the squared error is. It determines how much noise the decoder learns
    /// to bear, which is what a generator of latents needs.
    /// </param>
    public ImageAutoencoder(AutoencoderConfiguration shape, double divergenceWeight = 1e-4)
        : base(nameof(ImageAutoencoder))
    {
        ArgumentOutOfRangeException.ThrowIfNegative(divergenceWeight);
        (Configuration, DivergenceWeight) = (shape, divergenceWeight);
        encoder = new ConvolutionalEncoder(shape, 2 * shape.LatentChannels);
        decoder = new ConvolutionalDecoder(shape);
        latentMean = zeros(shape.LatentChannels, 1, 1).DetachFromDisposeScope();
        latentDeviation = ones(shape.LatentChannels, 1, 1).DetachFromDisposeScope();
        RegisterComponents();
        _ = this.to(Compute.DType).to(Compute.Device);
    }

    /// <summary>The networks.</summary>
    public AutoencoderConfiguration Configuration { get; }

    /// <summary>The weight of the Kullback-Leibler divergence.</summary>
    public double DivergenceWeight { get; }

    /// <summary>Where the parameters are.</summary>
    public Device Device => parameters().First().device;

    /// <summary>What training minimises: the mean squared error of images decoded from a drawn latent, plus the weighted divergence of the latent from N(0, 1).</summary>
    /// <param name="batch">The images are its tokens: [batch, image channels, side, side], −1 to 1.</param>
    /// <returns>A scalar.</returns>
    public Tensor Loss(Batch batch)
    {
        using var scope = NewDisposeScope();
        (Tensor mean, Tensor logVariance) = Distribution(batch.Tokens);
        Tensor latent = mean + (logVariance * 0.5).exp() * randn_like(mean);
        Tensor divergence = (mean.square() + logVariance.exp() - 1 - logVariance).mean() * 0.5;
        return (nn.functional.mse_loss(decoder.forward(latent), batch.Tokens.to(Device)) + divergence * DivergenceWeight).MoveToOuterDisposeScope();
    }

    /// <summary>Measures the latents of images, so that <see cref="Encode"/> standardises its own; to be called once, after training.</summary>
    /// <param name="batches">Images to measure on.</param>
    /// <param name="batchCount">How many batches of them.</param>
    public void Standardize(IBatchSource batches, int batchCount = 16)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchCount, 1);
        using IDisposable noGradient = no_grad();
        using var scope = NewDisposeScope();
        bool wasTraining = training;
        eval();
        try
        {
            Tensor all = cat([.. Enumerable.Range(0, batchCount).Select(number => Distribution(batches.GetBatch(number).Tokens).Mean.to(ScalarType.Float64))], 0);
            latentMean.copy_(all.mean([0, 2, 3]).view(-1, 1, 1));
            latentDeviation.copy_(all.std([0, 2, 3], unbiased: false).clamp_min(1e-6).view(-1, 1, 1));
        }
        finally
        {
            train(wasTraining);
        }
    }

    /// <summary>The standardised latents of images, without gradients: the mean of each image's distribution.</summary>
    /// <param name="images">[batch, image channels, side, side], −1 to 1.</param>
    /// <returns>[batch, latent channels, side / f, side / f].</returns>
    /// <exception cref="ArgumentException">The images are of another shape or dtype.</exception>
    public Tensor Encode(Tensor images)
    {
        using IDisposable noGradient = no_grad();
        using var scope = NewDisposeScope();
        return ((Distribution(images).Mean - latentMean) / latentDeviation).MoveToOuterDisposeScope();
    }

    /// <summary>The images of standardised latents, without gradients.</summary>
    /// <param name="latent">[batch, latent channels, side / f, side / f].</param>
    /// <returns>[batch, image channels, side, side], −1 to 1.</returns>
    /// <exception cref="ArgumentException">The latents are of another shape.</exception>
    public Tensor Decode(Tensor latent)
    {
        int side = Configuration.LatentSide;
        if (latent.dim() != 4 || latent.shape[1] != Configuration.LatentChannels || latent.shape[2] != side || latent.shape[3] != side)
        {
            throw new ArgumentException($"ImageAutoencoder: the latents are [{string.Join(", ", latent.shape)}]; they must be [batch, {Configuration.LatentChannels}, {side}, {side}].", nameof(latent));
        }

        using IDisposable noGradient = no_grad();
        using var scope = NewDisposeScope();
        return decoder.forward(latent.to(Device) * latentDeviation + latentMean).clamp(-1, 1).MoveToOuterDisposeScope();
    }

    private (Tensor Mean, Tensor LogVariance) Distribution(Tensor images)
    {
        Configuration.CheckImages(images, nameof(ImageAutoencoder));
        Tensor[] parts = encoder.forward(images.to(Device)).chunk(2, 1);
        return (parts[0], parts[1].clamp(-30, 20));
    }
}
