using static TorchSharp.torch;

namespace ArKernel.Codecs;

/// <summary>What quantization in training gives.</summary>
/// <param name="Latent">[batch, channels, height, width]: the quantized latent; its gradient goes to the latent as if it had not been quantized (straight through).</param>
/// <param name="Tokens">[batch, tokens] int64.</param>
/// <param name="Loss">A scalar: what pulls codes and latents to each other.</param>
public sealed record Quantization(Tensor Latent, Tensor Tokens, Tensor Loss);

/// <summary>Turns a latent of continuous channels into tokens and back.</summary>
public abstract class Quantizer : nn.Module
{
    /// <summary>Creates a quantizer.</summary>
    /// <param name="name">The name shown for it.</param>
    /// <param name="channels">Channels of the latent (C).</param>
    /// <param name="height">Rows of the latent.</param>
    /// <param name="width">Columns of the latent.</param>
    /// <param name="vocabularySize">The number of different tokens (V).</param>
    /// <param name="tokenCount">Tokens an image.</param>
    protected Quantizer(string name, int channels, int height, int width, int vocabularySize, int tokenCount)
        : base(name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        (Channels, Height, Width, VocabularySize, TokenCount) = (channels, height, width, vocabularySize, tokenCount);
    }

    /// <summary>Channels of the latent (C).</summary>
    public int Channels { get; }

    /// <summary>Rows of the latent.</summary>
    public int Height { get; }

    /// <summary>Columns of the latent.</summary>
    public int Width { get; }

    /// <summary>The number of different tokens (V).</summary>
    public int VocabularySize { get; }

    /// <summary>Tokens an image.</summary>
    public int TokenCount { get; }

    /// <summary>How the codes are used, or null where there is no codebook.</summary>
    public virtual CodebookUsage? Usage => null;

    /// <summary>Quantizes with gradients, and in training mode lets the codes follow.</summary>
    /// <param name="latent">[batch, channels, height, width].</param>
    public abstract Quantization Quantize(Tensor latent);

    /// <summary>The tokens of latents.</summary>
    /// <param name="latent">[batch, channels, height, width].</param>
    /// <returns>[batch, tokens] int64.</returns>
    public abstract Tensor Encode(Tensor latent);

    /// <summary>The latents of tokens.</summary>
    /// <param name="tokens">[batch, tokens] int64.</param>
    /// <returns>[batch, channels, height, width].</returns>
    public abstract Tensor Decode(Tensor tokens);

    /// <summary>Refuses latents of another shape.</summary>
    /// <param name="latent">What should be [batch, channels, height, width].</param>
    /// <exception cref="ArgumentException">It is not.</exception>
    protected void CheckLatent(Tensor latent)
    {
        if (latent.dim() != 4 || latent.shape[1] != Channels || latent.shape[2] != Height || latent.shape[3] != Width)
        {
            throw new ArgumentException($"{GetName()}: the latent is [{string.Join(", ", latent.shape)}]; it must be [batch, {Channels}, {Height}, {Width}].");
        }
    }

    /// <summary>Refuses tokens of another shape.</summary>
    /// <param name="tokens">What should be [batch, tokens].</param>
    /// <exception cref="ArgumentException">It is not.</exception>
    protected void CheckTokens(Tensor tokens)
    {
        if (tokens.dim() != 2 || tokens.shape[1] != TokenCount)
        {
            throw new ArgumentException($"{GetName()}: the tokens are [{string.Join(", ", tokens.shape)}]; they must be [batch, {TokenCount}].");
        }
    }

    /// <summary>[batch, channels, height, width] to [batch · height · width, channels].</summary>
    internal static Tensor ToRows(Tensor map) => map.permute(0, 2, 3, 1).reshape(-1, map.shape[1]);

    /// <summary>[batch · height · width, channels], or the same unflattened, to [batch, channels, height, width].</summary>
    internal static Tensor ToMap(Tensor rows, long batch, long height, long width) => rows.reshape(batch, height, width, -1).permute(0, 3, 1, 2);
}

/// <summary>
/// One code a latent pixel, in raster order (van den Oord et al. 2017). The loss is ‖sg(z) − e‖² + β‖z − sg(e)‖², averaged over elements; of a codebook
/// that follows a moving average the first term has no gradient.
/// </summary>
public sealed class VectorQuantizer : Quantizer
{
    private readonly Codebook codebook;
    private readonly double commitment;

    /// <summary>Creates the quantizer.</summary>
    /// <param name="codebook">The codes.</param>
    /// <param name="height">Rows of the latent.</param>
    /// <param name="width">Columns of the latent.</param>
    /// <param name="commitment">The weight of the commitment loss (β).</param>
    public VectorQuantizer(CodebookConfiguration codebook, int height, int width, double commitment = 0.25)
        : base(nameof(VectorQuantizer), codebook.Channels, height, width, codebook.Size, height * width)
    {
        this.codebook = new Codebook(codebook);
        this.commitment = commitment;
        RegisterComponents();
    }

    /// <summary>The codes.</summary>
    public Codebook Codebook => codebook;

    /// <inheritdoc/>
    public override CodebookUsage Usage => codebook.Usage;

    /// <inheritdoc/>
    public override Quantization Quantize(Tensor latent)
    {
        CheckLatent(latent);
        Tensor rows = codebook.Project(ToRows(latent));
        Tensor tokens = codebook.Nearest(rows);
        Tensor found = codebook.Lookup(tokens);
        codebook.Learn(rows, tokens);
        Tensor loss = nn.functional.mse_loss(found, rows.detach()) + nn.functional.mse_loss(rows, found.detach()) * commitment;
        Tensor straightThrough = rows + (found - rows).detach();
        return new Quantization(ToMap(straightThrough, latent.shape[0], Height, Width), tokens.view(-1, TokenCount), loss);
    }

    /// <inheritdoc/>
    public override Tensor Encode(Tensor latent)
    {
        CheckLatent(latent);
        return codebook.Nearest(codebook.Project(ToRows(latent))).view(-1, TokenCount);
    }

    /// <inheritdoc/>
    public override Tensor Decode(Tensor tokens)
    {
        CheckTokens(tokens);
        return ToMap(codebook.Lookup(tokens), tokens.shape[0], Height, Width);
    }
}
