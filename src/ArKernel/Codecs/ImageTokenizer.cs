using ArKernel.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace ArKernel.Codecs;

/// <summary>
/// A convolutional encoder, a quantizer and a decoder: images to tokens and back (VQ-VAE, van den Oord et al. 2017, in the networks of VQGAN). Which tokens
/// they are, the quantizer decides: one a latent pixel, residual maps of growing side, frequency bands. Trained by the one training loop:
/// <c>new TrainingRun(tokenizer, tokenizer.Loss, images.Batches(64), options) { Measure = tokenizer.Measure }</c>.
/// </summary>
public sealed class ImageTokenizer : nn.Module
{
    private readonly ConvolutionalEncoder encoder;
    private readonly Quantizer quantizer;
    private readonly ConvolutionalDecoder decoder;

    /// <summary>Composes a tokenizer and puts it where <see cref="Compute"/> says.</summary>
    /// <param name="shape">The networks.</param>
    /// <param name="quantizer">What turns the latent into tokens.</param>
    /// <exception cref="ArgumentException">The quantizer's latent is not the networks'.</exception>
    public ImageTokenizer(AutoencoderConfiguration shape, Quantizer quantizer)
        : base(nameof(ImageTokenizer))
    {
        shape.Validate();
        if (quantizer.Channels != shape.LatentChannels || quantizer.Height != shape.LatentSide || quantizer.Width != shape.LatentSide)
        {
            throw new ArgumentException(
                $"ImageTokenizer: the {quantizer.GetName()} takes latents of [{quantizer.Channels}, {quantizer.Height}, {quantizer.Width}], but {shape.ImageSide}×{shape.ImageSide} images " +
                $"reduced {shape.Reduction} times give [{shape.LatentChannels}, {shape.LatentSide}, {shape.LatentSide}].",
                nameof(quantizer));
        }

        (Configuration, this.quantizer) = (shape, quantizer);
        encoder = new ConvolutionalEncoder(shape, shape.LatentChannels);
        decoder = new ConvolutionalDecoder(shape);
        RegisterComponents();
        _ = this.to(Compute.DType).to(Compute.Device);
    }

    /// <summary>A tokenizer with one code a latent pixel.</summary>
    /// <param name="shape">The networks.</param>
    /// <param name="vocabularySize">The number of codes (V).</param>
    public static ImageTokenizer VectorQuantized(AutoencoderConfiguration shape, int vocabularySize) =>
        new(shape, new VectorQuantizer(new CodebookConfiguration(vocabularySize, shape.LatentChannels), shape.LatentSide, shape.LatentSide));

    /// <summary>LlamaGen's tokenizer: codes of unit length, learned by gradient (Sun et al. 2024, section 2.1).</summary>
    /// <param name="shape">The networks; <see cref="AutoencoderConfiguration.LlamaGen"/> are the paper's.</param>
    /// <param name="vocabularySize">The number of codes (V); the paper's is 16384.</param>
    public static ImageTokenizer LlamaGen(AutoencoderConfiguration shape, int vocabularySize = 16384) =>
        new(shape, new VectorQuantizer(
            new CodebookConfiguration(vocabularySize, shape.LatentChannels) { Learning = CodebookLearning.Gradient, Geometry = CodebookGeometry.Sphere },
            shape.LatentSide,
            shape.LatentSide));

    /// <summary>VAR's tokenizer: residual token maps of growing side.</summary>
    /// <param name="shape">The networks; <see cref="AutoencoderConfiguration.Var"/> are the paper's.</param>
    /// <param name="scales">The sides; the last is the latent's.</param>
    /// <param name="vocabularySize">The number of codes (V); the paper's is 4096.</param>
    public static ImageTokenizer MultiScale(AutoencoderConfiguration shape, ScaleList scales, int vocabularySize = 4096) =>
        new(shape, new MultiScaleQuantizer(new CodebookConfiguration(vocabularySize, shape.LatentChannels) { Learning = CodebookLearning.Gradient }, scales, shape.LatentSide));

    /// <summary>NFIG's tokenizer: token maps of growing side, each of a frequency band.</summary>
    /// <param name="shape">The networks.</param>
    /// <param name="scales">The sides; the last is the latent's.</param>
    /// <param name="vocabularySize">The number of codes (V); the paper's is 4096.</param>
    public static ImageTokenizer NextFrequency(AutoencoderConfiguration shape, ScaleList scales, int vocabularySize = 4096) =>
        new(shape, MultiScaleQuantizer.Frequency(
            new CodebookConfiguration(vocabularySize, shape.LatentChannels) { Learning = CodebookLearning.Gradient }, scales, shape.LatentSide));

    /// <summary>The networks.</summary>
    public AutoencoderConfiguration Configuration { get; }

    /// <summary>What turns the latent into tokens.</summary>
    public Quantizer Quantizer => quantizer;

    /// <summary>The number of different tokens.</summary>
    public int VocabularySize => quantizer.VocabularySize;

    /// <summary>Tokens an image.</summary>
    public int TokenCount => quantizer.TokenCount;

    /// <summary>Where the parameters are.</summary>
    public Device Device => parameters().First().device;

    /// <summary>The latent of images, before quantization.</summary>
    /// <param name="images">[batch, image channels, side, side], −1 to 1.</param>
    /// <returns>[batch, latent channels, side / f, side / f].</returns>
    /// <exception cref="ArgumentException">The images are of another shape or dtype.</exception>
    public Tensor Latent(Tensor images)
    {
        Configuration.CheckImages(images, nameof(ImageTokenizer));
        return encoder.forward(images.to(Device));
    }

    /// <summary>The images of a latent, such as a quantizer's partial sum.</summary>
    /// <param name="latent">[batch, latent channels, side / f, side / f].</param>
    /// <returns>[batch, image channels, side, side], −1 to 1.</returns>
    public Tensor Render(Tensor latent) => decoder.forward(latent).clamp(-1, 1);

    /// <summary>The tokens of images, without gradients.</summary>
    /// <param name="images">[batch, image channels, side, side], −1 to 1.</param>
    /// <returns>[batch, tokens] int64.</returns>
    /// <exception cref="ArgumentException">The images are of another shape or dtype.</exception>
    public Tensor Encode(Tensor images)
    {
        using IDisposable noGradient = no_grad();
        using var scope = NewDisposeScope();
        return quantizer.Encode(Latent(images)).MoveToOuterDisposeScope();
    }

    /// <summary>The images of tokens, without gradients.</summary>
    /// <param name="tokens">[batch, tokens] int64.</param>
    /// <returns>[batch, image channels, side, side], −1 to 1.</returns>
    /// <exception cref="ArgumentException">The tokens are of another shape or vocabulary.</exception>
    public Tensor Decode(Tensor tokens)
    {
        using IDisposable noGradient = no_grad();
        using var scope = NewDisposeScope();
        return Render(quantizer.Decode(tokens.to(Device))).MoveToOuterDisposeScope();
    }

    /// <summary>What the tokens keep of images: <c>Decode(Encode(images))</c>.</summary>
    /// <param name="images">[batch, image channels, side, side], −1 to 1.</param>
    /// <returns>[batch, image channels, side, side], −1 to 1.</returns>
    public Tensor Reconstruct(Tensor images)
    {
        using Tensor tokens = Encode(images);
        return Decode(tokens);
    }

    /// <summary>
    /// What training minimises: the mean squared error of the pixels plus the quantizer's loss, plus what <see cref="PerceptualLoss"/> adds.
    /// </summary>
    /// <param name="batch">The images are its tokens: [batch, image channels, side, side], −1 to 1.</param>
    /// <returns>A scalar.</returns>
    public Tensor Loss(Batch batch)
    {
        using var scope = NewDisposeScope();
        Quantization quantized = quantizer.Quantize(Latent(batch.Tokens));
        Tensor images = batch.Tokens.to(Device), decoded = decoder.forward(quantized.Latent);
        Tensor loss = nn.functional.mse_loss(decoded, images) + quantized.Loss;
        return (PerceptualLoss is null ? loss : loss + PerceptualLoss(decoded, images)).MoveToOuterDisposeScope();
    }

    /// <summary>A further loss between decoded and true images, such as a distance of a network's features or an adversary's verdict; null for none.</summary>
    public Func<Tensor, Tensor, Tensor>? PerceptualLoss { get; init; }

    /// <summary>What a live view shows of a codebook's health; empty where there is no codebook.</summary>
    public IReadOnlyDictionary<string, double> Measure() => quantizer.Usage?.ToMeasures() ?? new Dictionary<string, double>(StringComparer.Ordinal);
}
